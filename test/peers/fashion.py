"""Fashion-MNIST, the quick recipe's crops, and batches from files."""

import dataclasses
import gzip
import math
import pathlib
from typing import Iterator

import numpy as np
import torch
import torch.nn.functional as F

import safetensors_numpy

MEAN, DEVIATION = 0.2860, 0.3530


def read_idx(path: pathlib.Path) -> np.ndarray:
    data = gzip.open(path).read()
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


@dataclasses.dataclass
class Images:
    """Pixels [N, 1, 32, 32] in 0..1 (28 x 28 with a black border) and classes [N]."""

    pixels: torch.Tensor
    labels: torch.Tensor

    @staticmethod
    def open(folder: str, part: str, limit: int = 0) -> "Images":
        pixels = read_idx(pathlib.Path(folder) / f"{part}-images-idx3-ubyte.gz")
        labels = read_idx(pathlib.Path(folder) / f"{part}-labels-idx1-ubyte.gz")
        limit = limit or len(pixels)
        scaled = torch.from_numpy(pixels[:limit].astype(np.float32) / 255)[:, None]
        return Images(F.pad(scaled, (2, 2, 2, 2)), torch.from_numpy(labels[:limit].astype(np.int64)))

    def first(self, count: int) -> "Images":
        return Images(self.pixels[:count], self.labels[:count])


def normalise(pixels: torch.Tensor) -> torch.Tensor:
    return (pixels - MEAN) / DEVIATION


@dataclasses.dataclass
class CropOptions:
    global_size: int = 32
    local_size: int = 16
    local_crops: int = 2
    global_scale: tuple[float, float] = (0.6, 1.0)
    local_scale: tuple[float, float] = (0.3, 0.6)
    ratio: float = 4 / 3
    flip: float = 0.5
    jitter: float = 0.4
    jitter_share: float = 0.8
    blur: tuple[float, float, float] = (0.5, 0.1, 0.5)  # first global, second global, local


class Cropper:
    """Draws crops: random resized crop, flip, brightness, contrast, box blur."""

    def __init__(self, images: Images, options: CropOptions, batch: int, seed: int):
        self.images, self.options, self.batch = images, options, batch
        self.random = np.random.default_rng(seed)

    def groups(self) -> list[torch.Tensor]:
        """Global crops [2 * batch, 1, s, s] and local crops, view-major."""
        options = self.options
        chosen = self.random.choice(len(self.images.pixels), self.batch, replace=False)
        pixels = self.images.pixels[torch.from_numpy(chosen)]
        views = [self.crop(pixels, options.global_size, options.global_scale, blur) for blur in options.blur[:2]]
        groups = [normalise(torch.cat(views))]
        if options.local_crops:
            views = [self.crop(pixels, options.local_size, options.local_scale, options.blur[2])
                     for _ in range(options.local_crops)]
            groups.append(normalise(torch.cat(views)))
        return groups

    def column(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.asarray(values, np.float32)).view(-1, 1, 1, 1)

    def crop(self, pixels: torch.Tensor, size: int, scale: tuple[float, float], blur_share: float) -> torch.Tensor:
        out = self.sample(pixels, size, scale)
        out = self.jitter(out)
        blurred = self.column(self.random.random(len(out)) < blur_share)
        soft = F.avg_pool2d(F.pad(out, (1, 1, 1, 1), mode="reflect"), 3, 1)
        return blurred * soft + (1 - blurred) * out

    def sample(self, pixels: torch.Tensor, size: int, scale: tuple[float, float]) -> torch.Tensor:
        count, random, options = len(pixels), self.random, self.options
        area = random.uniform(*scale, count)
        ratio = np.exp(random.uniform(-math.log(options.ratio), math.log(options.ratio), count))
        width, height = np.clip(np.sqrt(area * ratio), 0, 1), np.clip(np.sqrt(area / ratio), 0, 1)
        theta = np.zeros((count, 2, 3), np.float32)
        theta[:, 0, 2] = random.uniform(-1, 1, count) * (1 - width)
        theta[:, 1, 2] = random.uniform(-1, 1, count) * (1 - height)
        theta[:, 0, 0] = width * np.where(random.random(count) < options.flip, -1, 1)
        theta[:, 1, 1] = height
        grid = F.affine_grid(torch.from_numpy(theta), (count, 1, size, size), align_corners=False)
        return F.grid_sample(pixels, grid, padding_mode="reflection", align_corners=False)

    def jitter(self, pixels: torch.Tensor) -> torch.Tensor:
        count, random, jitter = len(pixels), self.random, self.options.jitter
        on = random.random(count) < self.options.jitter_share
        bright, contrast = (self.column(np.where(on, random.uniform(1 - jitter, 1 + jitter, count), 1))
                            for _ in range(2))
        pixels = (pixels * bright).clamp(0, 1)
        mean = pixels.mean((1, 2, 3), keepdim=True)
        return ((pixels - mean) * contrast + mean).clamp(0, 1)


def batch_path(folder: pathlib.Path, step: int) -> pathlib.Path:
    return folder / f"batch_{step:07d}.safetensors"


def read_batches(folder: pathlib.Path) -> Iterator[list[torch.Tensor]]:
    """Batches from files: tensors `globals` and, with local crops, `locals`, float32
    NHWC, view-major. Ends with the first missing number."""
    step = 0
    while batch_path(folder, step).exists():
        tensors = safetensors_numpy.read(batch_path(folder, step))
        yield [torch.from_numpy(tensors[kind]).permute(0, 3, 1, 2).contiguous()
               for kind in ("globals", "locals") if kind in tensors]
        step += 1


def write_batch(folder: pathlib.Path, step: int, groups: list[torch.Tensor]) -> None:
    tensors = {kind: group.permute(0, 2, 3, 1).contiguous().numpy()
               for kind, group in zip(("globals", "locals"), groups)}
    safetensors_numpy.write(batch_path(folder, step), tensors)
