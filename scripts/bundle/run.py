#!/usr/bin/env python3
"""Checks, trains and measures with what is in this folder.

    ./run.sh check      test programs, and programs against the CPU's values
    ./run.sh train      trains twice, compares the bits, judges the features
    ./run.sh measure    times training steps and convolutions
    ./run.sh peers      times the same in PyTorch
    ./run.sh report     all results so far as tables in Markdown

Each command stops by itself before --limit seconds and appends a JSON object
to results/COMMAND.jsonl as soon as it has one; what failed, took too long or
was left out is such an object, too. What the programs said is in results/logs.
"""

import argparse
import json
import math
import os
import pathlib
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tarfile
import time
from typing import Callable, Sequence

import report

HERE = pathlib.Path(__file__).resolve().parent
TOLERANCES = {"f32": (1e-3, 1e-3), "bf16": (5e-2, 5e-2)}
# The exit code of a peer whose own rows say what failed.
TOLD = 3
# Small enough that rounding does not become a different training; bytes become
# about what they are in a training.
INPUTS = {"learning_rate": 1e-4, "weight_decay": 0.04, "teacher_momentum": 0.996, "teacher_temperature": 0.04,
          "last_layer_active": 1.0, "images.mean": 0.45, "images.deviation": 0.25}


class Bench:
    """Runs programs under limits and keeps what they found."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.results = pathlib.Path(options.results).resolve()
        (self.results / "logs").mkdir(parents=True, exist_ok=True)
        self.rows = self.results / f"{options.command}.jsonl"
        self.deadline = time.monotonic() + options.limit
        self.failed = 0

    def append(self, row: dict) -> None:
        with self.rows.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        if "error" in row:
            self.failed += 1
        print(report.short(row), flush=True)

    def wanted(self, name: str) -> bool:
        return self.options.only in name

    def run(self, about: dict, command: Sequence[object], limit: float) -> str | None:
        """Standard output, or nothing where the command failed, which is then a row."""
        left = self.deadline - time.monotonic()
        if left < 5:
            self.append({**about, "error": "left out: no time left"})
            return None
        name = re.sub(r"[^A-Za-z0-9+.-]+", "-", "-".join(str(value) for value in about.values()))
        log = self.results / "logs" / f"{name}.txt"
        limit = min(limit, left)
        words = [str(word) for word in command]
        with log.open("w", encoding="utf-8") as errors:
            errors.write(" ".join(words) + "\n")
            errors.flush()
            try:
                done = subprocess.run(words, stdout=subprocess.PIPE, stderr=errors, text=True, timeout=limit, check=False,
                                      cwd=HERE)
            except subprocess.TimeoutExpired:
                self.append({**about, "error": f"took longer than {limit:.0f} s"})
                return None
            except OSError as error:
                self.append({**about, "error": f"cannot start: {error}"})
                return None
            errors.write(done.stdout)
        if done.returncode == TOLD:
            self.failed += 1
            return None
        if done.returncode:
            self.append({**about, "error": f"exit code {done.returncode}: {reason(log)}"})
            return None
        return done.stdout

    def device_flags(self) -> list[str]:
        """The CPU is the default of every tool."""
        return [] if self.options.device == "cpu" else [f"--device={self.options.device}"]


def reason(log: pathlib.Path) -> str:
    """The tests that failed, else the last line."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    tests = dict.fromkeys(line.split()[3] for line in lines if re.match(r"\[  FAILED  \] \w+[./]", line))
    return (", ".join(tests) or lines[-1])[:300]


def unpack() -> None:
    """Programs and tools travel packed; a folder that is there is whole."""
    for name in ("programs", "tools"):
        folder, parts = HERE / name, HERE / f"{name}.part"
        if folder.exists():
            continue
        with tarfile.open(HERE / f"{name}.tar.xz") as archive:
            archive.extractall(parts)
        parts.rename(folder)


def tool(name: str) -> pathlib.Path:
    return HERE / "tools" / "bin" / name


def programs(kind: str) -> list[tuple[str, pathlib.Path]]:
    """(name, file) of all compiled programs of a kind, in the order of their list;
    the name is that of the case."""
    folder = HERE / "programs"
    names = (HERE / "cases.txt").read_text(encoding="utf-8").split()
    files = [(name, folder / f"{name}.bcx") for name in names if name.startswith(f"{kind}/")]
    return [(name, file) for name, file in files if file.exists()]


def last_json(text: str) -> dict:
    return json.loads(text.strip().splitlines()[-1])


def write_filled(path: pathlib.Path, value: float, shape: Sequence[int]) -> pathlib.Path:
    """A tensor of one float32 over and over as .npy, version 1.0."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {tuple(shape)}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header +
                     struct.pack("<f", value) * math.prod(shape))
    return path


def contents(bench: Bench, about: dict, file: pathlib.Path) -> dict | None:
    """What bcssl-info says of a program's file."""
    output = bench.run(about, [tool("bcssl-info"), file, "--json"], 60)
    return json.loads(output) if output else None


def find_program(artifact: dict, name: str) -> dict:
    found = [program for program in artifact["programs"] if program["name"] == name]
    return found[0] if found else {"name": name, "inputs": [], "outputs": []}


def input_flags(bench: Bench, program: dict) -> list[str]:
    folder = bench.results / "inputs"
    folder.mkdir(exist_ok=True)
    ports = [port for port in program["inputs"] if port["name"] in INPUTS]
    files = [write_filled(folder / f"{port['name']}.npy", INPUTS[port["name"]], port["shape"]) for port in ports]
    return [f"--input={port['name']}={file}" for port, file in zip(ports, files)]


def machine(bench: Bench) -> None:
    """What this machine is, into every file of results."""
    cpu = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), "unknown")
    row = {"machine": os.uname().nodename, "cpu": cpu, "cores": len(os.sched_getaffinity(0)),
           "date": time.strftime("%Y-%m-%d %H:%M"), "bundle": json.loads((HERE / "bundle.json").read_text())}
    if bench.options.device != "cpu" and shutil.which("nvidia-smi"):
        query = "--query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.sm"
        gpu = bench.run({"machine": "gpu"}, ["nvidia-smi", query, "--format=csv,noheader"], 30)
        row["gpu"] = gpu.strip() if gpu else None
    bench.append(row)


def check(bench: Bench) -> None:
    for file in sorted((HERE / "tools" / "tests").glob("*_test")):
        if bench.wanted(file.name):
            check_tests(bench, file)
    for kernels in sorted((HERE / "programs" / "kernels").glob("*")):
        about = {"check": f"kernels/{kernels.name}"}
        if bench.wanted(about["check"]):
            output = bench.run(about, [tool("run-kernel-cases"), kernels, *bench.device_flags()], 200)
            if output is not None:
                bench.append({**about, "values": "; ".join(output.strip().splitlines())})
    for folder in sorted((HERE / "programs" / "check").glob("*")):
        for name in TOLERANCES:
            file = folder / f"{name}.bcx"
            if file.exists() and bench.wanted(f"check/{folder.name}/{name}"):
                check_program(bench, folder, name)


def check_tests(bench: Bench, file: pathlib.Path) -> None:
    about = {"check": file.name}
    # Of a driver on the CPU some tests want the findings.
    environment = ["env", "BCSSL_SIMT_CHECKS=on", f"BCSSL_TEST_IMAGES={HERE / 'tools' / 'tests' / 'images'}",
                   f"BCSSL_TOOLS={HERE / 'tools' / 'bin'}"]
    output = bench.run(about, [*environment, file, "--gtest_brief=1"], 200)
    if output is None:
        return
    counts = {word.lower(): int(number)
              for word, number in re.findall(r"\[  (PASSED|SKIPPED) *\] (\d+) tests?", output)}
    bench.append({**about, **counts})


def check_program(bench: Bench, folder: pathlib.Path, precision: str) -> None:
    """The values of all functions after three runs against those of the CPU."""
    rtol, atol = TOLERANCES[precision]
    artifact = contents(bench, {"check": f"{folder.name}/{precision}"}, folder / "cpu.bcx")
    for program in artifact["programs"] if artifact else []:
        if not program["outputs"]:
            continue
        about = {"check": f"{folder.name}/{program['name']}/{precision}"}
        values = bench.results / "expected" / folder.name
        values.mkdir(parents=True, exist_ok=True)
        flags = [f"--function={program['name']}", "--repeat=2", *input_flags(bench, program)]
        files = {port["name"]: values / f"{program['name']}.{port['name']}.npy" for port in program["outputs"]}
        expected = [f"--output={name}={file}" for name, file in files.items()]
        if not all(file.exists() for file in files.values()) and bench.run(
                {"check": f"{folder.name}/{program['name']}/expected values"},
                [tool("bcssl-run"), folder / "cpu.bcx", *flags, *expected], 100) is None:
            continue
        output = bench.run(about, [tool("bcssl-run"), folder / f"{precision}.bcx", *flags, *bench.device_flags(),
                                   *[f"--expect={name}={file}" for name, file in files.items()],
                                   f"--rtol={rtol}", f"--atol={atol}"], 100)
        if output is not None:
            bench.append({**about, "rtol": rtol, "values": output.strip().splitlines()[-1]})


TRAININGS = {
    # name: program, data, flags
    "fashion": ("train/fashion", "data/fashion", ["--preset=fashion", "--images=100000"]),
    "photos": ("step/bcssl-tiny/dino/k9/2x224+8x96/b64/bf16", "photos", ["--steps=200", "--warmup-epochs=1"]),
}


def train(bench: Bench) -> None:
    for name, (program, data, flags) in TRAININGS.items():
        file = HERE / "programs" / f"{program}.bcx"
        if not bench.wanted(name) or not file.exists():
            continue
        folder = HERE / data if data.startswith("data/") else make_photos(bench)
        if folder is None:
            continue
        flags = [*flags, *(bench.options.train_flag or [])]
        hashes = [train_once(bench, name, turn, file, folder, flags) for turn in ("first", "again")]
        if None not in hashes:
            row = {"training": name, "compared": "bits of two runs", "equal": hashes[0] == hashes[1]}
            bench.append(row if row["equal"] else {**row, "error": "the same run gave other bits"})
        if name == "fashion" and hashes[0]:
            judge(bench, name, folder)


def make_photos(bench: Bench) -> pathlib.Path | None:
    folder = bench.results / "photos"
    if not folder.exists():
        made = bench.run({"training": "photos are made"}, [tool("write-photos"), folder / "train" / "made", 1024, 320, 256], 60)
        return folder if made is not None else None
    return folder


def train_once(bench: Bench, name: str, turn: str, program: pathlib.Path, data: pathlib.Path,
               flags: Sequence[str]) -> str | None:
    """The hash of all variables after a training."""
    about = {"training": name, "turn": turn}
    run = bench.results / "runs" / f"{name}-{turn}-{int(time.time())}"
    run.parent.mkdir(exist_ok=True)
    output = bench.run(about, [tool("bcssl-train"), f"--program={program}", f"--data={data}", f"--output={run}",
                               "--progress=none", *bench.device_flags(), *flags], 170)
    if output is None:
        return None
    found = last_json(output)
    (bench.results / "runs" / name).unlink(missing_ok=True)
    (bench.results / "runs" / name).symlink_to(run.name)
    bench.append({**about, **{key: found.get(key) for key in ("images", "seconds", "images_per_s", "train_loss", "hash")}})
    return found["hash"]


def judge(bench: Bench, name: str, data: pathlib.Path) -> None:
    """k-NN on the device, whose network has BatchNorm folded, and on pixels."""
    common = [f"--data={data}", "--bank=10000", "--queries=5000", "--nb-knn=20", "--json"]
    own = [f"--checkpoint={bench.results / 'runs' / name}", "--recalibrate=2000", *bench.device_flags(),
           *(bench.options.eval_flag or [])]
    for what, flags in (("features", own), ("pixels", ["--features=raw"])):
        about = {"training": name, "knn": what}
        output = bench.run(about, [tool("bcssl-eval"), "knn", *common, *flags], 100)
        if output is not None:
            bench.append({**about, "top1": last_json(output)["results"][0]["top1"]})


def measure(bench: Bench) -> None:
    for case, file in [*programs("step"), *programs("unspecialized"), *programs("bytes")]:
        if bench.wanted(case):
            measure_step(bench, case, file)
    for case, file in programs("depthwise"):
        if bench.wanted(case):
            measure_kernels(bench, case, file, case.split("/")[1])


def measure_step(bench: Bench, case: str, file: pathlib.Path) -> None:
    about = {"side": "bcssl", "case": case}
    artifact = contents(bench, about, file)
    if not artifact:
        return
    step = find_program(artifact, "step")
    flags = ["--function=step", *input_flags(bench, step), *bench.device_flags()]
    output = bench.run(about, [tool("bcssl-run"), file, *flags, f"--repeat={bench.options.repeat}", "--json"], 100)
    if output is None:
        return
    found = last_json(output)
    batch = int(re.search(r"/b(\d+)/", case)[1])
    planned = artifact["state_bytes"] + step["arena_bytes"] + step["input_bytes"] + step["output_bytes"]
    bench.append({**about, "ms": 1e3 * found["seconds"], "p10": 1e3 * found["p10"], "p90": 1e3 * found["p90"],
                  "repeats": found["repeat"], "images_per_s": batch / found["seconds"], "peak_bytes": planned,
                  "launches": step["launches"], "device": found["device"]})
    trace = bench.results / "logs" / (case.replace("/", "-") + ".json")
    about = {"kernels": case}
    if bench.run(about, [tool("bcssl-run"), file, *flags, f"--repeat={min(bench.options.repeat, 3)}",
                         f"--profile={trace}"], 100) is not None:
        totals, longest = kernel_times(trace)
        bench.append({**about, "ms": statistics.median(totals), "longest": longest})


def measure_kernels(bench: Bench, case: str, file: pathlib.Path, operation: str) -> None:
    """One convolution: the time of all launches over the number of results."""
    about = {"side": "bcssl", "case": case}
    trace = bench.results / "logs" / (case.replace("/", "-") + ".json")
    artifact = contents(bench, about, file)
    flags = [f"--function={operation}", f"--repeat={bench.options.repeat}", f"--profile={trace}", *bench.device_flags()]
    if not artifact or bench.run(about, [tool("bcssl-run"), file, *flags], 60) is None:
        return
    sets = len(find_program(artifact, operation)["outputs"])
    totals = [total / sets for total in kernel_times(trace)[0]]
    deciles = statistics.quantiles(totals, n=10, method="inclusive")
    milliseconds = statistics.median(totals)
    row = {**about, "ms": milliseconds, "p10": deciles[0], "p90": deciles[-1], "repeats": len(totals)}
    size = {"f32": 4, "bf16": 2}
    numbers = re.match(r"depthwise/\w+/k(\d+)/(\d+)x\d+x(\d+)/b(\d+)/(\w+)", case)
    kernel, side, channels, batch = map(int, numbers.groups()[:-1])
    reach = kernel // 2
    pairs = sum(min(side - 1, at + reach) - max(0, at - reach) + 1 for at in range(side))
    bytes_moved = (2 * batch * side * side * channels + kernel * kernel * channels) * size[numbers[5]]
    bench.append({**row, "gbps": bytes_moved / milliseconds / 1e6,
                  "tflops": 2 * batch * channels * pairs * pairs / milliseconds / 1e9})


def kernel_times(trace: pathlib.Path) -> tuple[list[float], list[dict]]:
    """Milliseconds of all launches and moves of each run but the first, and the
    launches that took longest of one run, by name."""
    runs: list[dict[str, list[float]]] = []
    for event in json.loads(trace.read_text())["traceEvents"]:
        if event["cat"] == "program":
            runs.append({})
        else:
            runs[-1].setdefault(event["name"], []).append(event["dur"] / 1e3)
    runs = runs[1:] or runs
    totals = [sum(sum(times) for times in run.values()) for run in runs]
    ordered = sorted(((sum(times), len(times), name) for name, times in runs[-1].items()), reverse=True)
    return totals, [{"name": name, "ms": total, "launches": count} for total, count, name in ordered[:12]]


def peers(bench: Bench) -> None:
    folder = HERE / "peers" / "gpu"
    rows = ["--output", bench.rows, "--device", bench.options.device.split(":")[0]]
    rows += ["--tiny"] if bench.options.tiny else []
    for case, _ in programs("step"):
        method, kernel, size, batch, precision = case.split("/")[2:]
        flags = [method, f"--model={case.split('/')[1]}", f"--kernel={kernel[1:]}", f"--batch={batch[1:]}",
                 f"--precision={precision}"]
        if method == "dino":
            image, locals_ = size.split("+")
            flags += [f"--image={image.split('x')[1]}", f"--local-crops={locals_.split('x')[0]}",
                      f"--local-image={locals_.split('x')[1]}"]
        else:
            flags.append(f"--image={size}")
        for mode in bench.options.mode:
            run_peer(bench, {"side": "torch", "case": case, "variant": mode},
                     [folder / "train_step.py", *flags, f"--mode={mode}", *rows])
    shapes = dict.fromkeys((case.split("/")[2], *case.split("/")[4:]) for case, _ in programs("depthwise"))
    for kernel, batch, precision in shapes:
        run_peer(bench, {"side": "torch", "case": f"depthwise/{kernel}/{batch}/{precision}"},
                 [folder / "depthwise.py", f"--kernel={kernel[1:]}", f"--batch={batch[1:]}", f"--precision={precision}",
                  *rows])


def run_peer(bench: Bench, about: dict, command: Sequence[object]) -> None:
    """It appends its rows itself; one is ours only where it came to no end."""
    if bench.wanted("/".join(str(value) for value in about.values())):
        print("torch " + " ".join(list(about.values())[1:]), flush=True)
        bench.run(about, [sys.executable, *command], bench.options.peer_limit)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("command", choices=[*COMMANDS, "report"])
    add("--results", default=str(HERE / "results"), help="folder to append to")
    add("--device", default="cuda", help="cuda, cuda:N, or cpu to try the bundle")
    add("--limit", type=float, default=520, help="seconds for the whole command")
    add("--only", default="", help="only what has this text in its name")
    add("--repeat", type=int, default=20, help="runs that are timed")
    add("--peer-limit", type=float, default=100, help="seconds for one program of the peer")
    add("--mode", nargs="+", default=["eager", "compile"], choices=["eager", "compile", "blocks"])
    add("--tiny", action="store_true", help="the peer's smallest sizes, to try its programs")
    add("--train-flag", action="append", help="one more flag for bcssl-train; may be repeated")
    add("--eval-flag", action="append", help="one more flag for bcssl-eval of the network; may be repeated")
    return parser.parse_args()


COMMANDS: dict[str, Callable[[Bench], None]] = {"check": check, "train": train, "measure": measure, "peers": peers}


def main() -> int:
    options = parse()
    if options.command == "report":
        print(report.tables(pathlib.Path(options.results)))
        return 0
    unpack()
    bench = Bench(options)
    machine(bench)
    COMMANDS[options.command](bench)
    text = report.tables(bench.results, options.command)
    print("\n" + text)
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
