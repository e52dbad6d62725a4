#!/usr/bin/env python3
"""Times a training step of BC-SSL in PyTorch on a GPU: supervised, or DINO's.

    python3 train_step.py supervised --kernel=9 --batch=256 --mode=compile --output=peers.jsonl
    python3 train_step.py dino --precision=f32 --mode=eager --output=peers.jsonl
    python3 train_step.py dino --device=cpu --tiny

channels_last, fused AdamW, autocast to bf16, on random images that lie on the
device. "images_per_s" counts source images, "peak_bytes" is what the allocator
held at most, "compile_s" the seconds of the first step. --mode=blocks compiles
each block's branch by itself, which takes less time than the whole network.
"""

import argparse
import dataclasses
import pathlib
import sys
import time
from typing import Callable

import torch
import torch.nn.functional as F

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))

import timing
from bcssl_torch import Backbone, BackboneOptions, Block, DinoHead, MultiCropNet
from dino_step import Dino, DinoOptions, StepValues
from supervised_torch import SIZES, Classifier

MODES = ("eager", "compile", "blocks")


def compiled(part):
    """A kernel for each shape, as ours are. The blocks of a stage share theirs."""
    torch._dynamo.config.recompile_limit = 64
    return torch.compile(part, dynamic=False)


class DeviceDino(Dino):
    """DINO's step in mixed precision, in which the host waits for no value."""

    def __init__(self, options: argparse.Namespace, student: torch.nn.Module, teacher: torch.nn.Module):
        super().__init__(student, teacher, options.out_dim, DinoOptions(local_crops=options.local_crops))
        self.flags = options
        if options.mode == "compile":
            self.student, self.teacher = compiled(student), compiled(teacher)
        if options.mode != "eager":
            self.loss, self.targets = compiled(self.loss), compiled(self.targets)

    def forward(self, groups: list[torch.Tensor], temperature: float) -> tuple[torch.Tensor, torch.Tensor]:
        with timing.autocast(self.flags, self.flags.precision):
            return super().forward(groups, temperature)

    def clip_gradients(self) -> None:
        gradients = [p.grad for p in self.student.parameters() if p.grad is not None]
        factors = (self.options.clip / (torch.stack(torch._foreach_norm(gradients)) + 1e-6)).clamp(max=1)
        torch._foreach_mul_(gradients, list(factors.unbind()))


def backbone_options(options: argparse.Namespace) -> BackboneOptions:
    chosen = dataclasses.replace(SIZES[options.model], kernel=options.kernel, drop_path=options.drop_path)
    return dataclasses.replace(chosen, dims=(8, 16, 24, 32), depths=(1, 1, 2, 1)) if options.tiny else chosen


def images(options: argparse.Namespace, count: int, side: int) -> torch.Tensor:
    random = torch.randn(count, 3, side, side, device=options.device)
    return random.contiguous(memory_format=torch.channels_last)


def placed(module: torch.nn.Module, options: argparse.Namespace) -> torch.nn.Module:
    module = module.to(options.device).to(memory_format=torch.channels_last).train()
    if options.mode == "blocks":
        for block in module.modules():
            if isinstance(block, Block):
                block.branch = compiled(block.branch)
    return module


def supervised_step(options: argparse.Namespace) -> Callable[[], torch.Tensor]:
    model = placed(Classifier(backbone_options(options), options.classes), options)
    fastest = {"fused": True} if options.device == "cuda" else {"foreach": True}
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.05, **fastest)
    batch = images(options, options.batch, options.image)
    labels = torch.randint(options.classes, (options.batch,), device=options.device)
    network = compiled(model) if options.mode == "compile" else model

    def step() -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        with timing.autocast(options, options.precision):
            loss = F.cross_entropy(network(batch), labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def dino_step(options: argparse.Namespace) -> Callable[[], torch.Tensor]:
    def net() -> torch.nn.Module:
        head = DinoHead(backbone_options(options).dims[-1], options.out_dim, options.hidden, options.bottleneck)
        return placed(MultiCropNet(Backbone(backbone_options(options)), head), options)

    student, teacher = net(), net()
    teacher.load_state_dict(student.state_dict())
    dino = DeviceDino(options, student, teacher)
    groups = [images(options, 2 * options.batch, options.image),
              images(options, options.local_crops * options.batch, options.local_image)]
    values = StepValues(learning_rate=5e-4, weight_decay=0.04, teacher_momentum=0.996, teacher_temp=0.04)
    return lambda: dino.step(groups, values)


def case_name(options: argparse.Namespace) -> str:
    size = f"{options.image}"
    if options.method == "dino":
        size = f"2x{options.image}+{options.local_crops}x{options.local_image}"
    return f"step/{options.model}/{options.method}/k{options.kernel}/{size}/b{options.batch}/" + (
        "f32" if options.precision == "tf32" else options.precision)


def time_step(options: argparse.Namespace) -> dict:
    if options.mode != "eager" and not hasattr(torch, "compile"):
        raise RuntimeError(f"PyTorch {torch.__version__} has no torch.compile")
    step = {"supervised": supervised_step, "dino": dino_step}[options.method](options)
    begin = time.perf_counter()
    loss = step().item()
    first_step = time.perf_counter() - begin
    found = timing.summary(timing.milliseconds(step, options.device, options.warmup, options.repeat))
    row = {**found, "images_per_s": options.batch / found["ms"] * 1e3, "first_loss": loss, "last_loss": step().item()}
    if options.mode != "eager":
        row["compile_s"] = first_step
    if options.device == "cuda":
        row["peak_bytes"] = torch.cuda.max_memory_allocated()
        row["reserved_bytes"] = torch.cuda.max_memory_reserved()
    return row


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    timing.add_flags(parser)
    add = parser.add_argument
    add("method", choices=["supervised", "dino"])
    add("--model", choices=SIZES, default="bcssl-tiny")
    add("--mode", choices=MODES, nargs="+", default=["eager"], help="one or more, each timed by itself")
    add("--precision", choices=timing.PRECISIONS, default="bf16")
    add("--kernel", type=int, default=9)
    add("--batch", type=int, default=64)
    add("--image", type=int, default=224)
    add("--local-image", type=int, default=96)
    add("--local-crops", type=int, default=8)
    add("--drop-path", type=float, default=0.1)
    add("--classes", type=int, default=1000)
    add("--out-dim", type=int, default=65536)
    add("--hidden", type=int, default=2048)
    add("--bottleneck", type=int, default=256)
    options = parser.parse_args()
    if options.tiny:
        options.batch, options.image, options.local_image, options.local_crops = 2, 64, 32, 2
        options.out_dim, options.hidden, options.repeat, options.warmup = 64, 32, 3, 1
    return options


def main() -> int:
    options = parse()
    modes = options.mode
    rows = timing.Rows(options)
    timing.prepare(options, options.precision)
    for options.mode in modes:
        variant = options.mode + ("/tf32" if options.precision == "tf32" else "")
        with rows.guard(case=case_name(options), variant=variant):
            rows.append({"case": case_name(options), "variant": variant, **time_step(options)})
    return rows.exit_code()


if __name__ == "__main__":
    sys.exit(main())
