#!/usr/bin/env python3
"""The yardstick: BC-SSL with DINO in PyTorch on the CPU, on Fashion-MNIST.

The model, loss, crops and schedules of the preset `micro`, written with
PyTorch's own operators, to compare learning and speed on one machine.

    export LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu/openblas-openmp
    /usr/bin/python3 dino_torch.py --images 100000              # learning: a report every 20,000 images
    /usr/bin/python3 dino_torch.py --time-steps 20 --warmup 5   # speed: one JSON object
    /usr/bin/python3 dino_torch.py --steps 200 --weights W --batches DIR --losses losses.jsonl

--weights takes a safetensors file with student.* and teacher.* under their
published names; --batches a folder of batch_0000000.safetensors and so on with
float32 NHWC tensors `globals` and `locals`, view-major. --dump DIR writes both
for the run at hand, so that another implementation can start from them.
"""

import argparse
import json
import math
import pathlib
import time
from typing import Iterator

import torch

import environment
import fashion
import judge
import safetensors_numpy
from bcssl_torch import Backbone, BackboneOptions, DinoHead, MultiCropNet, load_tensors, tensors_of
from dino_step import Dino, DinoOptions, StepValues, cosine_schedule


def quick_values(options: argparse.Namespace, step: int, total: int) -> StepValues:
    """The quick recipe: warm-up as a share of the run, the rate never below a hundredth."""
    done = min(step / total, 1.0)
    cosine = 0.5 * (1 + math.cos(math.pi * done))
    first, last = options.weight_decay
    return StepValues(
        learning_rate=options.lr * min(1.0, done / max(options.warmup_share, 1e-9) + 0.02) * (0.99 * cosine + 0.01),
        weight_decay=last + (first - last) * cosine,
        teacher_momentum=1 - (1 - options.momentum) * cosine,
        teacher_temp=options.teacher_temp,
        freeze_last_layer=done < options.freeze_share,
    )


def published_values(options: argparse.Namespace, step: int, total: int) -> StepValues:
    """DINO's schedules; lr as given, not scaled by the batch."""
    warmup = round(options.warmup_share * total)
    at = min(step, total - 1)
    return StepValues(
        learning_rate=float(cosine_schedule(options.lr, 1e-6, total, warmup)[at]),
        weight_decay=float(cosine_schedule(*options.weight_decay, total)[at]),
        teacher_momentum=float(cosine_schedule(options.momentum, 1.0, total)[at]),
        teacher_temp=options.teacher_temp,
        freeze_last_layer=step < options.freeze_share * total,
    )


class Run:
    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.format = torch.channels_last if options.layout == "NHWC" else torch.contiguous_format
        self.train = fashion.Images.open(options.data, "train")
        student, teacher = self.make_net(options.drop_path), self.make_net(0.0)
        teacher.load_state_dict(student.state_dict())
        if options.weights:
            tensors = safetensors_numpy.read(options.weights)
            load_tensors(student, tensors, "student.")
            load_tensors(teacher, tensors, "teacher.")
        self.dino = Dino(student.to(memory_format=self.format), teacher.to(memory_format=self.format), options.out_dim,
                         DinoOptions(local_crops=options.locals, centring=options.centring))
        self.values = quick_values if options.schedule == "quick" else published_values
        self.total = options.total_steps or options.steps

    def make_net(self, drop_path: float) -> MultiCropNet:
        options = self.options
        backbone = BackboneOptions(channels=1, patch=options.patch, dims=options.dims, depths=options.depths,
                                   kernel=options.kernel, layer_scale=options.layer_scale, drop_path=drop_path,
                                   init=options.init)
        head = DinoHead(options.dims[-1], options.out_dim, options.hidden, options.bottleneck, init=options.init)
        return MultiCropNet(Backbone(backbone), head).train()

    def batches(self) -> Iterator[list[torch.Tensor]]:
        options = self.options
        if options.batches:
            yield from fashion.read_batches(pathlib.Path(options.batches))
            return
        crops = fashion.CropOptions(options.global_size, options.local_size, options.locals,
                                    tuple(options.global_scale), tuple(options.local_scale))
        cropper = fashion.Cropper(self.train, crops, options.batch, options.seed)
        while True:
            yield cropper.groups()

    def step(self, groups: list[torch.Tensor], index: int) -> tuple[float, StepValues]:
        values = self.values(self.options, index, self.total)
        groups = [group.contiguous(memory_format=self.format) for group in groups]
        return self.dino.step(groups, values).item(), values

    def train_steps(self) -> None:
        """Trains; prints a report now and then, dumps what was asked for."""
        options = self.options
        dump = pathlib.Path(options.dump) if options.dump else None
        if dump:
            dump.mkdir(parents=True, exist_ok=True)
            self.save(dump / "initial.safetensors")
        losses = open(options.losses, "w", encoding="utf-8") if options.losses else None
        if options.report_images:
            self.report(0, math.nan, 0.0)
        begin, seconds, loss = time.perf_counter(), 0.0, math.nan
        for index, groups in zip(range(options.steps), self.batches()):
            if dump:
                fashion.write_batch(dump, index, groups)
            loss, values = self.step(groups, index)
            if losses:
                losses.write(json.dumps({"step": index, "loss": loss, **vars(values)}) + "\n")
            seen, every = (index + 1) * options.batch, options.report_images
            if every and (seen // every > index * options.batch // every or index + 1 == options.steps):
                seconds += time.perf_counter() - begin
                self.report(index + 1, loss, seconds)
                begin = time.perf_counter()
        if losses:
            losses.close()
        if options.save:
            self.save(pathlib.Path(options.save))

    def save(self, path: pathlib.Path) -> None:
        tensors = tensors_of(self.dino.student, "student.") | tensors_of(self.dino.teacher, "teacher.")
        safetensors_numpy.write(path, tensors)

    def report(self, step: int, loss: float, seconds: float) -> None:
        """Judges the teacher; seconds are those of training."""
        options, backbone = self.options, self.dino.teacher.backbone
        bank = self.train.first(options.bank)
        queries = fashion.Images.open(options.data, "t10k", options.queries)
        line = {"step": step, "images": step * options.batch, "loss": None if math.isnan(loss) else loss,
                "seconds": round(seconds, 1)}
        with judge.recalibrated(backbone, self.train.first(options.recalibrate)):
            rows, asked = judge.features(backbone, bank), judge.features(backbone, queries)
        line["knn20"] = round(judge.knn(rows, bank.labels, asked, queries.labels), 2)
        line["linear"] = round(judge.linear(rows, bank.labels, asked, queries.labels), 2)
        print(json.dumps(line), flush=True)

    def time_steps(self) -> None:
        """Times steps on crops that are ready, without the crops' own time."""
        options, watch = self.options, environment.Stopwatch()
        count = options.warmup + options.time_steps
        for index, groups in zip(range(count), self.batches()):
            if index < options.warmup:
                self.step(groups, index)
                continue
            with watch:
                self.step(groups, index)
        summary = watch.summary()
        print(json.dumps({"case": "step/micro/dino/f32", **summary,
                          "images_per_s": options.batch / summary["seconds"],
                          **environment.describe(options.layout)}), flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", default="/usr/share/datasets/fashion-mnist")
    add("--images", type=int, default=0, help="train on so many source images")
    add("--steps", type=int, default=0, help="or for so many steps")
    add("--total-steps", type=int, default=0, help="length of the schedules; 0: the run")
    add("--time-steps", type=int, default=0, help="time so many steps instead of training")
    add("--warmup", type=int, default=5, help="steps before the timed ones")
    add("--threads", type=int, default=2)
    add("--layout", choices=["NHWC", "NCHW"], default="NHWC")
    add("--seed", type=int, default=0)
    add("--weights", help="initial weights, safetensors")
    add("--batches", help="folder of dumped batches")
    add("--dump", help="folder for initial.safetensors and the batches")
    add("--losses", help="file for one JSON object per step: loss and schedule values")
    add("--save", help="file for the last weights")
    add("--batch", type=int, default=64)
    add("--patch", type=int, default=4)
    add("--dims", type=int, nargs="+", default=[64, 128, 256])
    add("--depths", type=int, nargs="+", default=[1, 1, 1])
    add("--kernel", type=int, default=7)
    add("--layer-scale", type=float, default=1.0)
    add("--drop-path", type=float, default=0.0)
    add("--init", choices=["fixed", "fan"], default="fan")
    add("--out-dim", type=int, default=1024)
    add("--hidden", type=int, default=512)
    add("--bottleneck", type=int, default=128)
    add("--locals", type=int, default=2)
    add("--global-size", type=int, default=32)
    add("--local-size", type=int, default=16)
    add("--global-scale", type=float, nargs=2, default=(0.6, 1.0))
    add("--local-scale", type=float, nargs=2, default=(0.3, 0.6))
    add("--centring", choices=["mean", "sinkhorn"], default="sinkhorn")
    add("--schedule", choices=["quick", "published"], default="quick")
    add("--lr", type=float, default=5e-4)
    add("--warmup-share", type=float, default=0.1)
    add("--freeze-share", type=float, default=0.0, help="share of the run with the last layer held still")
    add("--weight-decay", type=float, nargs=2, default=(0.04, 0.04))
    add("--momentum", type=float, default=0.99)
    add("--teacher-temp", type=float, default=0.02)
    add("--report-images", type=int, default=20000, help="judge the teacher this often; 0: never")
    add("--recalibrate", type=int, default=2000, help="images for the BatchNorm statistics of a report")
    add("--bank", type=int, default=10000)
    add("--queries", type=int, default=5000)
    options = parser.parse_args()
    if options.images:
        options.steps = -(-options.images // options.batch)
    options.steps = options.steps or options.warmup + options.time_steps
    if not options.steps:
        parser.error("expects --images, --steps or --time-steps")
    return options


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    run = Run(options)
    if options.time_steps:
        run.time_steps()
    else:
        run.train_steps()


if __name__ == "__main__":
    main()
