"""k-NN and a linear probe on frozen features, and the BatchNorm statistics they are read with."""

import contextlib
from typing import Iterator

import torch
import torch.nn as nn
import torch.nn.functional as F

from fashion import Images, normalise

BATCH = 500


def features(backbone: nn.Module, images: Images) -> torch.Tensor:
    backbone.eval()
    with torch.no_grad():
        rows = [backbone(normalise(images.pixels[i : i + BATCH])) for i in range(0, len(images.pixels), BATCH)]
    backbone.train()
    return torch.cat(rows)


@contextlib.contextmanager
def recalibrated(backbone: nn.Module, images: Images) -> Iterator[None]:
    """Inside, running statistics are the plain average over batches of whole images."""
    norms = [m for m in backbone.modules() if isinstance(m, nn.BatchNorm2d)]
    kept = [(m.momentum, {k: v.clone() for k, v in m.state_dict().items()}) for m in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    with torch.no_grad():
        for i in range(0, len(images.pixels), BATCH):
            backbone(normalise(images.pixels[i : i + BATCH]))
    yield
    for norm, (momentum, state) in zip(norms, kept):
        norm.momentum = momentum
        norm.load_state_dict(state)


def knn(bank: torch.Tensor, labels: torch.Tensor, queries: torch.Tensor, truth: torch.Tensor, k: int = 20,
        temperature: float = 0.07) -> float:
    """DINO's weighted vote; per cent."""
    bank, queries = F.normalize(bank, dim=-1), F.normalize(queries, dim=-1)
    classes, right = int(labels.max()) + 1, 0
    for i in range(0, len(queries), BATCH):
        similarity, index = (queries[i : i + BATCH] @ bank.t()).topk(k, -1)
        votes = torch.zeros(len(similarity), classes).scatter_add_(1, labels[index], (similarity / temperature).exp())
        right += (votes.argmax(-1) == truth[i : i + BATCH]).sum().item()
    return 100.0 * right / len(queries)


def linear(bank: torch.Tensor, labels: torch.Tensor, queries: torch.Tensor, truth: torch.Tensor,
           iterations: int = 100, decay: float = 1e-3) -> float:
    """Multinomial logistic regression on standardised features by L-BFGS; per cent."""
    mean, deviation = bank.mean(0), bank.std(0) + 1e-6
    bank, queries = (bank - mean) / deviation, (queries - mean) / deviation
    classes = int(labels.max()) + 1
    weight = torch.zeros(bank.shape[1], classes, requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    solver = torch.optim.LBFGS([weight, bias], max_iter=iterations, history_size=10, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        solver.zero_grad()
        loss = F.cross_entropy(bank @ weight + bias, labels) + decay * weight.square().sum()
        loss.backward()
        return loss

    solver.step(closure)
    with torch.no_grad():
        return 100.0 * ((queries @ weight + bias).argmax(-1) == truth).float().mean().item()
