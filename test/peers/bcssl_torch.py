"""BC-SSL, ConvNeXt and the DINO head in PyTorch, under their published names.

The block is dwconv -> BatchNorm -> LayerNorm -> Linear(4d) -> GELU -> Linear(d)
-> gamma -> drop path -> + x (arXiv 2312.05695); ConvNeXt's has a bias in dwconv
instead of the BatchNorm.
"""

import dataclasses
from typing import Sequence

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclasses.dataclass
class BackboneOptions:
    channels: int = 3
    patch: int = 4
    dims: Sequence[int] = (96, 192, 384, 768)
    depths: Sequence[int] = (3, 3, 9, 3)
    kernel: int = 9
    batch_norm: bool = True  # False: ConvNeXt's block
    bn_activation: str = "none"  # between BatchNorm and LayerNorm: none, relu, gelu
    layer_scale: float = 1e-6
    drop_path: float = 0.0
    init: str = "fixed"  # fixed: standard deviation 0.02; fan: 1 / sqrt(fan in)


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of an NCHW tensor."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def drop_path(x: torch.Tensor, rate: float) -> torch.Tensor:
    """Drops whole samples of a residual branch and scales up the others."""
    if rate == 0:
        return x
    keep = torch.full((x.shape[0],) + (1,) * (x.ndim - 1), 1 - rate, device=x.device)
    return x * torch.bernoulli(keep) / (1 - rate)


class Block(nn.Module):
    def __init__(self, dim: int, options: BackboneOptions, drop_rate: float):
        super().__init__()
        kernel = options.kernel
        self.dwconv = nn.Conv2d(dim, dim, kernel, padding=kernel // 2, groups=dim, bias=not options.batch_norm)
        self.bn = nn.BatchNorm2d(dim) if options.batch_norm else nn.Identity()
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.pwconv1 = nn.Linear(dim, 4 * dim)
        self.pwconv2 = nn.Linear(4 * dim, dim)
        self.gamma = nn.Parameter(options.layer_scale * torch.ones(dim))
        self.activation = {"none": nn.Identity(), "relu": nn.ReLU(), "gelu": nn.GELU()}[options.bn_activation]
        self.drop_rate = drop_rate

    def branch(self, x: torch.Tensor) -> torch.Tensor:
        y = self.activation(self.bn(self.dwconv(x))).permute(0, 2, 3, 1)
        y = self.gamma * self.pwconv2(F.gelu(self.pwconv1(self.norm(y))))
        return y.permute(0, 3, 1, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + drop_path(self.branch(x), self.drop_rate if self.training else 0.0)


class Backbone(nn.Module):
    """Maps images [N, C, H, W] to features [N, dims[-1]]."""

    def __init__(self, options: BackboneOptions):
        super().__init__()
        dims, rates = options.dims, iter(np.linspace(0, options.drop_path, sum(options.depths)))
        self.downsample_layers, self.stages = nn.ModuleList(), nn.ModuleList()
        for i, (dim, depth) in enumerate(zip(dims, options.depths)):
            if i == 0:
                patchify = nn.Conv2d(options.channels, dim, options.patch, options.patch)
                layers = [patchify, ChannelNorm(dim, eps=1e-6)]
            else:
                layers = [ChannelNorm(dims[i - 1], eps=1e-6), nn.Conv2d(dims[i - 1], dim, 2, 2)]
            self.downsample_layers.append(nn.Sequential(*layers))
            self.stages.append(nn.Sequential(*[Block(dim, options, float(next(rates))) for _ in range(depth)]))
        self.norm = nn.LayerNorm(dims[-1], eps=1e-6)
        self.apply(lambda module: init_weights(module, options.init))
        if options.init == "fan":
            # Without a bias the LayerNorm behind the stem erases the grey level.
            nn.init.trunc_normal_(self.downsample_layers[0][0].bias, std=1.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for downsample, stage in zip(self.downsample_layers, self.stages):
            x = stage(downsample(x))
        return self.norm(x.mean((2, 3)))


def init_weights(module: nn.Module, init: str) -> None:
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        fan_in = module.weight[0].numel()
        nn.init.trunc_normal_(module.weight, std=0.02 if init == "fixed" else fan_in**-0.5)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class WeightNormLinear(nn.Module):
    """logits = g * v / |v| x, row by row (torch.nn.utils.weight_norm)."""

    def __init__(self, inputs: int, outputs: int, norm_last_layer: bool):
        super().__init__()
        self.weight_g = nn.Parameter(torch.ones(outputs, 1), requires_grad=not norm_last_layer)
        self.weight_v = nn.Parameter(torch.empty(outputs, inputs))
        nn.init.kaiming_uniform_(self.weight_v, a=5**0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        norm = self.weight_v.norm(dim=1, keepdim=True)
        return x @ (self.weight_v * (self.weight_g / norm)).t()


class DinoHead(nn.Module):
    def __init__(self, inputs: int, out_dim: int, hidden: int, bottleneck: int, norm_last_layer: bool = True,
                 init: str = "fixed"):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(inputs, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(),
                                 nn.Linear(hidden, bottleneck))
        self.apply(lambda module: init_weights(module, init))
        self.last_layer = WeightNormLinear(bottleneck, out_dim, norm_last_layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last_layer(F.normalize(self.mlp(x), dim=-1))


class MultiCropNet(nn.Module):
    """One backbone call per resolution, one head call for all crops."""

    def __init__(self, backbone: nn.Module, head: nn.Module):
        super().__init__()
        self.backbone, self.head = backbone, head

    def forward(self, groups: Sequence[torch.Tensor]) -> torch.Tensor:
        return self.head(torch.cat([self.backbone(group) for group in groups]))


def load_tensors(module: nn.Module, tensors: dict[str, np.ndarray], prefix: str) -> None:
    """Loads every parameter and buffer of `module` from the tensors named `prefix` + its name."""
    state = module.state_dict()
    for name, value in state.items():
        if prefix + name in tensors:
            state[name] = torch.from_numpy(np.asarray(tensors[prefix + name])).to(value.dtype)
        elif not name.endswith("num_batches_tracked"):
            raise KeyError(f"the file lacks {prefix + name}")
    module.load_state_dict(state)


def tensors_of(module: nn.Module, prefix: str) -> dict[str, np.ndarray]:
    """Copies of all parameters and buffers."""
    return {prefix + name: value.detach().clone().contiguous().numpy() for name, value in module.state_dict().items()}
