#!/usr/bin/env python3
"""Writes the golden data beside this file: what PyTorch computes in float64.

    LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu/openblas-openmp /usr/bin/python3 generate.py [--check]

Inputs, weights and moments are float32 values, so that a float32 program starts
from exactly these numbers; results are float64, tensors of them stored in
float32. An update is a difference of float64 parameters: it is a thousandth of
its parameter, whose float32 form would hide an error in it. With --check nothing
is written; the files must agree with what would be. Contents:

features.safetensors      a small backbone's weights, images and features, with
                          none, ReLU and GELU behind BatchNorm, and of ConvNeXt
dino_start.safetensors    parameters, BatchNorm buffers, moments, center and
                          crops of a small DINO run
dino_mean.safetensors     of each of three steps: loss, clipped gradients, what
                          was added to the student's parameters, teacher,
                          BatchNorm buffers and center; the last step's moments
dino_sinkhorn.safetensors the three losses and the last step alone, with
                          Sinkhorn's assignment instead of the center
dino_free_norm.safetensors   the same with a center and a trained weight_g
schedules.json            DINO's schedules at sampled steps
knn.safetensors           votes of weighted nearest neighbours
"""

import argparse
import dataclasses
import json
import pathlib
import sys

import numpy as np
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "peers"))

import safetensors_numpy  # noqa: E402
from bcssl_torch import (Backbone, BackboneOptions, DinoHead, MultiCropNet, load_tensors,  # noqa: E402
                         tensors_of)
from dino_step import Dino, DinoOptions, StepValues, cosine_schedule  # noqa: E402

Tensors = dict[str, np.ndarray]


def randomize(module: torch.nn.Module, random: np.random.Generator) -> None:
    """Weights that leave no term of the computation near zero, exact in float32."""
    state = module.state_dict()
    for name, value in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        if name.endswith(("weight_g", "gamma", "running_var")) or value.ndim == 1 and name.endswith("weight"):
            draw = random.uniform(0.5, 1.5, value.shape)
        elif value.ndim == 1:
            draw = random.uniform(-0.5, 0.5, value.shape)
        else:
            draw = random.normal(0, value[0].numel() ** -0.5, value.shape)
        state[name] = torch.from_numpy(draw.astype(np.float32)).to(value.dtype)
    module.load_state_dict(state)


def nhwc(images: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1))


def make_features() -> Tensors:
    """Evaluation-mode features; the kernel is larger than every map."""
    base = BackboneOptions(channels=3, patch=4, dims=(8, 12, 16, 24), depths=(1, 1, 2, 1), kernel=9)
    random = np.random.default_rng(20)
    images = random.normal(0, 1, (3, 3, 32, 32)).astype(np.float32)
    tensors: Tensors = {"images": nhwc(images)}
    cases = {
        "none": base,
        "relu": dataclasses.replace(base, bn_activation="relu"),
        "gelu": dataclasses.replace(base, bn_activation="gelu"),
        "convnext": dataclasses.replace(base, batch_norm=False, kernel=7),
    }
    for case, options in cases.items():
        model = Backbone(options).double().eval()
        if case in ("none", "convnext"):
            randomize(model, random)
            prefix = "model." if case == "none" else "convnext."
            tensors |= {k: v.astype(np.float32) for k, v in tensors_of(model, prefix).items()
                        if not k.endswith("num_batches_tracked")}
        else:
            load_tensors(model, tensors, "model.")
        with torch.no_grad():
            tensors[f"features.{case}"] = model(torch.from_numpy(images).double()).numpy()
    return tensors


# Steps 3, 4 and 5 of a run with 5 steps an epoch: the learning rate warms up
# until step 4, the last layer is frozen until step 4.
DINO_BACKBONE = BackboneOptions(channels=1, patch=4, dims=(8, 12, 16), depths=(1, 1, 2), kernel=5)
DINO_HEAD = {"out_dim": 32, "hidden": 16, "bottleneck": 8}
# Between the norms of this configuration's gradients.
CLIP = 3.0
DINO_BATCH, DINO_STEPS, DINO_FIRST, STEPS_PER_EPOCH, EPOCHS = 4, 3, 3, 5, 4
# Updates that the moments have seen. The last layer has its own count, because
# AdamW does not touch a parameter without gradient.
COUNT, LAST_LAYER_COUNT = 30, 7


def dino_values() -> list[StepValues]:
    steps = STEPS_PER_EPOCH * EPOCHS
    rates = cosine_schedule(5e-3, 1e-6, steps, STEPS_PER_EPOCH)
    decays = cosine_schedule(0.04, 0.4, steps)
    momenta = cosine_schedule(0.9, 1.0, steps)
    temperatures = np.concatenate([np.linspace(0.04, 0.07, 2), np.full(EPOCHS - 2, 0.07)])
    return [StepValues(float(rates[i]), float(decays[i]), float(momenta[i]), float(temperatures[i // STEPS_PER_EPOCH]),
                       i // STEPS_PER_EPOCH < 1)
            for i in range(DINO_FIRST, DINO_FIRST + DINO_STEPS)]


def make_net(norm_last_layer: bool, dtype: torch.dtype) -> MultiCropNet:
    head = DinoHead(DINO_BACKBONE.dims[-1], norm_last_layer=norm_last_layer, **DINO_HEAD)
    return MultiCropNet(Backbone(DINO_BACKBONE), head).to(dtype).train()


class RecordedDino(Dino):
    """Keeps the clipped gradients by name, also those that a frozen layer drops."""

    def clip_gradients(self) -> None:
        super().clip_gradients()
        self.clipped = {name: parameter.grad.numpy().copy() for name, parameter in self.student.named_parameters()
                        if parameter.requires_grad}


def make_dino(start: Tensors, centring: str, norm_last_layer: bool, dtype: torch.dtype) -> RecordedDino:
    student, teacher = make_net(norm_last_layer, dtype), make_net(True, dtype)
    load_tensors(student, start, "student.")
    load_tensors(teacher, start, "teacher.")
    with torch.no_grad():
        if norm_last_layer:
            student.head.last_layer.weight_g.fill_(1)
        teacher.head.last_layer.weight_g.fill_(1)
    options = DinoOptions(local_crops=2, centring=centring, clip=CLIP)
    dino = RecordedDino(student, teacher, DINO_HEAD["out_dim"], options)
    dino.center = torch.from_numpy(start["center"]).to(dtype)
    for name, parameter in student.named_parameters():
        if parameter.requires_grad:
            count = LAST_LAYER_COUNT if "last_layer" in name else COUNT
            # Copies: AdamW works in place, and every run starts from these.
            dino.optimizer.state[parameter] = {
                "step": torch.tensor(float(count)),
                "exp_avg": torch.from_numpy(start[f"optimizer.{name}.exp_avg"]).to(dtype, copy=True),
                "exp_avg_sq": torch.from_numpy(start[f"optimizer.{name}.exp_avg_sq"]).to(dtype, copy=True),
            }
    return dino


def crops_of(start: Tensors, step: int, dtype: torch.dtype) -> list[torch.Tensor]:
    return [torch.from_numpy(start[f"step{step}.{kind}"].transpose(0, 3, 1, 2).copy()).to(dtype)
            for kind in ("globals", "locals")]


def make_start() -> Tensors:
    """Student, teacher and moments all differ. Moments have the size of the first
    step's gradients, so that neither hides the other in an update."""
    random = np.random.default_rng(21)
    start: Tensors = {"center": random.normal(0, 0.1, (1, DINO_HEAD["out_dim"])).astype(np.float32)}
    for prefix in ("student.", "teacher."):
        net = make_net(False, torch.float64)
        randomize(net, random)
        start |= {k: v.astype(np.float32) for k, v in tensors_of(net, prefix).items()
                  if not k.endswith("num_batches_tracked")}
    start["teacher.head.last_layer.weight_g"].fill(1)
    for step in range(DINO_STEPS):
        for kind, size in (("globals", 32), ("locals", 16)):
            start[f"step{step}.{kind}"] = random.normal(0, 1, (2 * DINO_BATCH, size, size, 1)).astype(np.float32)
    net = make_net(False, torch.float64)
    for name, parameter in net.named_parameters():
        for moment in ("exp_avg", "exp_avg_sq"):
            start[f"optimizer.{name}.{moment}"] = np.zeros(parameter.shape, np.float32)
    dino = make_dino(start, "mean", False, torch.float64)
    dino.backward(crops_of(start, 0, torch.float64), dataclasses.replace(dino_values()[0], freeze_last_layer=False))
    for name, parameter in dino.student.named_parameters():
        size = parameter.grad.square().mean().sqrt().item()
        shape = parameter.shape
        start[f"optimizer.{name}.exp_avg"] = (size * random.normal(0, 0.5, shape)).astype(np.float32)
        start[f"optimizer.{name}.exp_avg_sq"] = (size**2 * random.uniform(0.5, 1.5, shape)).astype(np.float32)
    return start


def state_of(dino: Dino) -> Tensors:
    tensors = tensors_of(dino.student, "student.") | tensors_of(dino.teacher, "teacher.")
    tensors = {k: v for k, v in tensors.items() if not k.endswith("num_batches_tracked")}
    if dino.options.centring == "mean":
        tensors["center"] = dino.center.numpy().copy()
    for name in learned_names(dino):
        for moment in ("exp_avg", "exp_avg_sq"):
            state = dino.optimizer.state[dino.student.get_parameter(name)]
            tensors[f"optimizer.{name}.{moment}"] = state[moment].numpy().copy()
    return tensors


def learned_names(dino: RecordedDino) -> list[str]:
    return [name for name, parameter in dino.student.named_parameters() if parameter.requires_grad]


def run_dino(start: Tensors, centring: str, norm_last_layer: bool, dtype: torch.dtype) -> Tensors:
    """Loss, schedule values, gradients, updates and the rest of the state of each step."""
    dino = make_dino(start, centring, norm_last_layer, dtype)
    results: Tensors = {}
    for step, values in enumerate(dino_values()):
        before = state_of(dino)
        loss = dino.step(crops_of(start, step, dtype), values)
        results[f"step{step}.loss"] = np.float64(loss.item())
        for field in dataclasses.fields(values):
            results[f"step{step}.{field.name}"] = np.float64(getattr(values, field.name))
        after = state_of(dino)
        check_movement(before, after, values, norm_last_layer)
        if step == 0:
            check_clipping(dino)
        for name in learned_names(dino):
            results[f"step{step}.gradient.{name}"] = dino.clipped[name]
            after[f"update.{name}"] = after[f"student.{name}"] - before[f"student.{name}"]
            del after[f"student.{name}"]
        results |= {f"step{step}.{name}": value for name, value in after.items()
                    if step == DINO_STEPS - 1 or not name.startswith("optimizer.")}
    return results


def check_clipping(dino: RecordedDino) -> None:
    """Some gradients must be clipped, and some not."""
    norms = [float(np.linalg.norm(gradient)) for gradient in dino.clipped.values()]
    clipped = sum(norm > 0.999 * CLIP for norm in norms)
    assert 0 < clipped < len(norms), f"{clipped} of {len(norms)} gradients are clipped"


def check_movement(before: Tensors, after: Tensors, values: StepValues, norm_last_layer: bool) -> None:
    """Everything moves but what is frozen: data that stands still tests nothing."""
    for name, value in after.items():
        still = np.array_equal(before[name], value)
        frozen = "last_layer" in name and not name.startswith("teacher.") and values.freeze_last_layer
        frozen |= name == "teacher.head.last_layer.weight_g" and (norm_last_layer or values.freeze_last_layer)
        frozen |= name == "student.head.last_layer.weight_g" and norm_last_layer
        if name == "teacher.head.last_layer.weight_g" and not norm_last_layer:
            continue  # follows the student's, frozen or not
        assert still == frozen, f"{name} {'stands still' if still else 'moves'}"


def largest_difference(results: Tensors, reference: Tensors) -> float:
    """The largest relative L2 distance of a tensor."""
    return max(float(np.linalg.norm(results[k] - v) / max(np.linalg.norm(v), 1e-30)) for k, v in reference.items())


def make_schedules() -> list[dict]:
    """utils.cosine_scheduler and the teacher's temperature, at both ends and around each border."""
    cases = [
        ("learning_rate", 0.0005 * 512 / 256, 1e-6, 100, 2502, 10),
        ("weight_decay", 0.04, 0.4, 100, 2502, 0),
        ("teacher_momentum", 0.996, 1.0, 100, 2502, 0),
        ("short", 0.01, 1e-6, 3, 7, 1),
    ]
    schedules = []
    for name, base, final, epochs, per_epoch, warmup in cases:
        values = cosine_schedule(base, final, epochs * per_epoch, warmup * per_epoch)
        total, border = epochs * per_epoch, warmup * per_epoch
        samples = {0, 1, 2, border - 1, border, border + 1, total // 3, total // 2, total - 2, total - 1}
        steps = sorted(step for step in samples if 0 <= step < total)
        schedules.append({"name": name, "base": base, "final": final, "epochs": epochs, "steps_per_epoch": per_epoch,
                          "warmup_epochs": warmup, "steps": steps, "values": [float(values[s]) for s in steps]})
    temperatures = np.concatenate([np.linspace(0.04, 0.07, 30), np.full(70, 0.07)])
    epochs = [0, 1, 15, 28, 29, 30, 99]
    schedules.append({"name": "teacher_temp", "base": 0.04, "final": 0.07, "epochs": 100, "warmup_epochs": 30,
                      "at_epochs": epochs, "values": [float(temperatures[e]) for e in epochs]})
    return schedules


def make_knn() -> Tensors:
    """eval_knn.py: normalized features, votes exp(similarity / 0.07)."""
    random = np.random.default_rng(22)
    classes, width = 7, 12
    centers = random.normal(0, 0.5, (classes, width))
    tensors: Tensors = {}
    for name, rows in (("bank", 240), ("queries", 53)):
        labels = random.integers(0, classes, rows)
        tensors[f"{name}.features"] = (centers[labels] + random.normal(0, 1, (rows, width))).astype(np.float32)
        tensors[f"{name}.labels"] = labels.astype(np.int32)
    bank, queries = (torch.nn.functional.normalize(torch.from_numpy(tensors[f"{name}.features"]).double(), dim=1)
                     for name in ("bank", "queries"))
    labels = torch.from_numpy(tensors["bank.labels"]).long()
    similarity = queries @ bank.t()
    for k in (10, 20, 100, 200):
        nearest, index = similarity.topk(k, dim=1)
        weights = (nearest / 0.07).exp()
        votes = torch.zeros(len(queries), classes, dtype=torch.float64).scatter_add_(1, labels[index], weights)
        tensors[f"votes.{k}"] = (votes / votes.sum(1, keepdim=True)).numpy()
        tensors[f"predictions.{k}"] = votes.argmax(1).numpy().astype(np.int32)
    return tensors


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the stored files, write nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)

    start = make_start()
    files = {"features": make_features(), "dino_start": start, "knn": make_knn()}
    for case, centring, norm_last_layer in (("mean", "mean", True), ("sinkhorn", "sinkhorn", True),
                                            ("free_norm", "mean", False)):
        results = run_dino(start, centring, norm_last_layer, torch.float64)
        single = run_dino(start, centring, norm_last_layer, torch.float32)
        for kind in ("gradient", "update", "teacher"):
            part = {k: v for k, v in results.items() if f".{kind}." in k}
            print(f"{case}: in float32 a {kind} differs by {largest_difference(single, part):.1e}")
        if case != "mean":
            last = f"step{DINO_STEPS - 1}."
            results = {k: v for k, v in results.items() if k.startswith(last) or v.ndim == 0}
        files[f"dino_{case}"] = {k: v.astype(np.float32) if v.ndim else v for k, v in results.items()}

    faults = 0
    for name, tensors in files.items():
        path = HERE / f"{name}.safetensors"
        if options.check:
            difference = largest_difference(safetensors_numpy.read(path), tensors)
            print(f"{path.name}: differs by {difference:.1e}")
            faults += difference > 1e-7
        else:
            safetensors_numpy.write(path, tensors)
            print(f"{path.name}: {path.stat().st_size} bytes")
    schedules, path = make_schedules(), HERE / "schedules.json"
    if options.check:
        # Libraries differ in the last digit of a cosine.
        stored = json.loads(path.read_text())
        faults += len(stored) != len(schedules)
        faults += any(not np.allclose(a.pop("values"), b.pop("values"), rtol=1e-12, atol=0) or a != b
                      for a, b in zip(stored, schedules))
    else:
        path.write_text(json.dumps(schedules, indent=1) + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
