"""One step of DINO (facebookresearch/dino, main_dino.py) in any precision.

Order: teacher on the global crops, student on all crops, loss, gradients, clip
per tensor, the last layer's gradients dropped while it is frozen, AdamW, moving
average over parameters only, center. The teacher stays in train mode.
"""

import dataclasses
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclasses.dataclass
class DinoOptions:
    global_crops: int = 2
    local_crops: int = 8
    student_temp: float = 0.1
    center_momentum: float = 0.9
    centring: str = "mean"  # mean, sinkhorn
    sinkhorn_iterations: int = 3
    clip: float = 3.0
    betas: tuple[float, float] = (0.9, 0.999)


@dataclasses.dataclass
class StepValues:
    """What the schedules say for one step."""

    learning_rate: float
    weight_decay: float
    teacher_momentum: float
    teacher_temp: float
    freeze_last_layer: bool = False


def cosine_schedule(base: float, final: float, steps: int, warmup_steps: int = 0, start: float = 0.0) -> np.ndarray:
    """utils.cosine_scheduler: a value per step."""
    warmup = np.linspace(start, base, warmup_steps)
    rest = np.arange(steps - warmup_steps)
    cosine = final + 0.5 * (base - final) * (1 + np.cos(math.pi * rest / max(len(rest), 1)))
    return np.concatenate([warmup, cosine])


class Dino:
    """Student, teacher, optimizer and center."""

    def __init__(self, student: nn.Module, teacher: nn.Module, out_dim: int, options: DinoOptions):
        self.student, self.teacher, self.options = student, teacher, options
        for parameter in teacher.parameters():
            parameter.requires_grad = False
        decayed, plain = [], []
        for name, parameter in student.named_parameters():
            if parameter.requires_grad:
                (plain if name.endswith(".bias") or parameter.ndim == 1 else decayed).append(parameter)
        groups = [{"params": decayed}, {"params": plain, "weight_decay": 0.0}]
        fastest = {"fused": True} if decayed[0].is_cuda else {"foreach": True}
        self.optimizer = torch.optim.AdamW(groups, betas=options.betas, **fastest)
        self.center = decayed[0].new_zeros(1, out_dim)

    def targets(self, logits: torch.Tensor, temperature: float) -> torch.Tensor:
        """The teacher's probabilities, a row per crop and image."""
        if self.options.centring == "mean":
            return F.softmax((logits - self.center) / temperature, dim=-1)
        scaled = logits / temperature
        q = (scaled - scaled.max()).exp()
        for _ in range(self.options.sinkhorn_iterations):
            q = q / q.sum(0, keepdim=True)
            q = q / q.sum(1, keepdim=True)
        return q

    def loss(self, student_logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Mean cross-entropy over all pairs of a teacher crop and another student crop."""
        crops = self.options.global_crops + self.options.local_crops
        views = F.log_softmax(student_logits / self.options.student_temp, dim=-1).chunk(crops)
        terms = [-(q * view).sum(-1).mean()
                 for i, q in enumerate(targets.chunk(self.options.global_crops))
                 for j, view in enumerate(views) if i != j]
        return sum(terms) / len(terms)

    def forward(self, groups: list[torch.Tensor], temperature: float) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss and the teacher's logits."""
        with torch.no_grad():
            teacher_logits = self.teacher(groups[:1])
            targets = self.targets(teacher_logits, temperature)
        return self.loss(self.student(groups), targets), teacher_logits

    def backward(self, groups: list[torch.Tensor], values: StepValues) -> torch.Tensor:
        """Computes loss and gradients, clipped, and updates the center. Crops are
        view-major; groups[0] holds the global ones."""
        loss, teacher_logits = self.forward(groups, values.teacher_temp)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.clip_gradients()
        if values.freeze_last_layer:
            for parameter in self.student.head.last_layer.parameters():
                parameter.grad = None
        if self.options.centring == "mean":
            momentum = self.options.center_momentum
            batch_center = teacher_logits.mean(0, keepdim=True)
            self.center = momentum * self.center + (1 - momentum) * batch_center
        return loss.detach()

    def clip_gradients(self) -> None:
        """Per tensor, not over all of them (utils.clip_gradients)."""
        gradients = [p.grad for p in self.student.parameters() if p.grad is not None]
        for gradient, norm in zip(gradients, torch._foreach_norm(gradients)):
            factor = self.options.clip / (norm + 1e-6)
            if factor < 1:
                gradient.mul_(factor)

    def update(self, values: StepValues) -> None:
        """AdamW, then the teacher's moving average."""
        for index, group in enumerate(self.optimizer.param_groups):
            group["lr"] = values.learning_rate
            group["weight_decay"] = values.weight_decay if index == 0 else 0.0
        self.optimizer.step()
        with torch.no_grad():
            ours, theirs = list(self.teacher.parameters()), list(self.student.parameters())
            torch._foreach_mul_(ours, values.teacher_momentum)
            torch._foreach_add_(ours, theirs, alpha=1 - values.teacher_momentum)

    def step(self, groups: list[torch.Tensor], values: StepValues) -> torch.Tensor:
        loss = self.backward(groups, values)
        self.update(values)
        return loss
