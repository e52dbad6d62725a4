#!/usr/bin/env python3
"""Builds and trains a user's own model against the installed package.

    install-test.py --build=DIR --source=DIR --cmake=PATH --compiler=PATH [--llvm=DIR]

Installs into a temporary folder and moves what is there, so that a path of the
build or of the first place cannot help; then builds test/install/project,
which compiles its program with the installed compiler, trains it, and reads the
trained features in a program of its own. Training must move weights, not only
give a number. With --llvm, where LLVM's package is, also builds
test/install/emulator, and runs kernels on what is installed of tools/simt.
"""

import argparse
import json
import math
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile

STEPS = 4


def run(*words, expect: int = 0, **variables: str) -> subprocess.CompletedProcess:
    result = subprocess.run([str(word) for word in words], env=os.environ | variables, text=True, capture_output=True)
    if result.returncode != expect:
        raise SystemExit(f"expects exit code {expect}, got {result.returncode} from: {' '.join(map(str, words))}\n"
                         f"{result.stdout}{result.stderr}")
    return result


def check(condition: bool, message: str) -> None:
    if not condition:
        raise SystemExit(message)


def write_idx(path: pathlib.Path, shape: tuple[int, ...], data: bytes) -> None:
    """The form of the MNIST files: two zeros, type 8 (bytes), rank, sizes, data."""
    path.write_bytes(struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape) + data)


def write_data(folder: pathlib.Path, images: int = 32, side: int = 16) -> None:
    """Stripes, whose width is the class."""
    folder.mkdir()
    labels = bytes(number % 4 for number in range(images))
    pixels = bytes(255 * ((column + number) // (label + 1) % 2)
                   for number, label in enumerate(labels) for _ in range(side) for column in range(side))
    write_idx(folder / "train-images-idx3-ubyte", (images, side, side), pixels)
    write_idx(folder / "train-labels-idx1-ubyte", (images,), labels)


def install(options: argparse.Namespace, folder: pathlib.Path) -> pathlib.Path:
    first, prefix = folder / "first", folder / "moved"
    run(options.cmake, "--install", options.build, "--prefix", first)
    shutil.move(first, prefix)
    for file in (prefix / "lib" / "cmake").rglob("*.cmake"):
        text = file.read_text()
        for place in (options.build, options.source, str(first)):
            check(place not in text, f"{file.name} names {place}")
    return prefix


def build_project(options: argparse.Namespace, name: str, prefix: pathlib.Path, folder: pathlib.Path,
                  *flags) -> pathlib.Path:
    """Builds test/install/NAME, copied away, against the package; returns its build folder."""
    source, build = folder / name, folder / f"{name}-build"
    shutil.copytree(pathlib.Path(__file__).parent / name, source)
    run(options.cmake, "-S", source, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
        f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_CXX_COMPILER={options.compiler}", *flags)
    run(options.cmake, "--build", build)
    return build


def check_training(prefix: pathlib.Path, build: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    write_data(folder / "data")
    output = folder / "run"
    result = run(prefix / "bin" / "bcssl-train", f"--program={build}/step.bcx", f"--data={folder}/data",
                 f"--output={output}", f"--steps={STEPS}", "--save-every=1", "--keep=0", "--lr=0.1",
                 "--warmup-epochs=0", "--threads=1", "--progress=none")
    summary = json.loads(result.stdout)
    check(summary["step"] == STEPS, f"expects {STEPS} steps, got {summary['step']}")
    check(math.isfinite(summary["train_loss"]), f"loss is {summary['train_loss']}")
    return output


def read_weights(checkpoint: pathlib.Path) -> dict[str, bytes]:
    """The bytes of the tensors of a checkpoint's model by name."""
    data = (checkpoint / "model.safetensors").read_bytes()
    begin = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:begin])
    header.pop("__metadata__", None)
    return {name: data[begin + entry["data_offsets"][0] : begin + entry["data_offsets"][1]]
            for name, entry in header.items()}


def check_weights(output: pathlib.Path) -> None:
    """Every learned tensor of the user's layers moves between the steps, in student and teacher."""
    first, last = (read_weights(output / f"checkpoint_{step:07}") for step in (1, STEPS))
    for network in ("student", "teacher"):
        for tensor in ("stem.weight", "mix.weight", "bn.weight", "bn.bias", "project.weight", "project.bias"):
            name = f"{network}.backbone.{tensor}"
            check(first[name] != last[name], f"training leaves {name} as it was")


def read_features(*words) -> list[list[float]]:
    lines = run(*words).stdout.splitlines()
    rows = [[float(word) for word in line.split()] for line in lines]
    check([len(row) for row in rows] == [16] * 4, f"expects 4 rows of 16 features, got {lines}")
    check(rows == [rows[0]] * 4 and any(rows[0]), f"expects equal rows of some length, got {lines}")
    return rows


def check_features(build: pathlib.Path, output: pathlib.Path) -> None:
    """A user's program reads the weights of the checkpoint that it is given."""
    first, last = (read_features(build / "print-features", output / "program.bcx", output / f"checkpoint_{step:07}")
                   for step in (1, STEPS))
    check(first != last, f"features before and after training are equal: {first[0]}")


def check_readme(prefix: pathlib.Path) -> None:
    """The model that the README shows is the one that is installed."""
    shown = (prefix / "share/doc/bcssl/README.md").read_text().split("```cpp\n")[1].split("```")[0]
    check(shown in (prefix / "include/bcssl/models/Bcssl.h").read_text(), "README.md shows another model than Bcssl.h")


def check_mistake(build: pathlib.Path) -> None:
    """A user's wrong model is reported at the user's line, as the README shows it."""
    header = (pathlib.Path(__file__).parent / "project" / "Marble.h").read_text().splitlines()
    line = next(number for number, text in enumerate(header, 1) if "mix(x)" in text)
    expected = f"Marble.h:{line}: error: depthwise_conv2d expects an odd kernel size, got 4x4"
    message = run(build / "record-model", 4, expect=2).stderr.strip()
    check(message.endswith(expected), f"expects {expected}, got {message}")
    readme = (pathlib.Path(__file__).parents[2] / "README.md").read_text()
    check(f"\n{expected}\n" in readme, f"README.md shows another message than {expected}")


def check_emulator(options: argparse.Namespace, prefix: pathlib.Path, folder: pathlib.Path) -> None:
    """A user's kernel runs on the executor as docs/Simt.md shows it, a compiled program on the driver."""
    build = build_project(options, "emulator", prefix, folder, f"-DLLVM_DIR={options.llvm}")
    check(run(build / "fill", 65536).stdout == "", "a kernel without a fault has a finding")
    found = run(build / "fill", 65532).stdout
    check("out-of-bounds in fill" in found, f"expects an access out of bounds, got {found}")

    source = pathlib.Path(options.source)
    shown = (source / "docs/Simt.md").read_text().split("## The executor alone")[1].split("```cpp\n")[1].split("```")[0]
    lines = {line.strip() for line in (source / "test/install/emulator/fill.cpp").read_text().splitlines()}
    for line in shown.splitlines():
        check(line.strip() in lines, f"docs/Simt.md shows a line that fill.cpp has not: {line}")

    program = folder / "depthwise.bcx"
    run(prefix / "bin/bcssl-compile", source / "test/tools/Inputs/depthwise.mlir", "--target=cuda:simt", "-o", program)
    driver = (build / "driver-path").read_text()
    check(driver.startswith(str(prefix)), f"expects the driver in {prefix}, got {driver}")
    run(prefix / "bin/bcssl-run", program, "--function=step", "--device=cuda", "--repeat=1", BCSSL_CUDA_DRIVER=driver)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("build", "source", "cmake", "compiler"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--llvm")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bcssl-install-") as name:
        folder = pathlib.Path(name)
        prefix = install(options, folder)
        check_readme(prefix)
        build = build_project(options, "project", prefix, folder)
        output = check_training(prefix, build, folder)
        check_weights(output)
        check_features(build, output)
        check_mistake(build)
        if options.llvm:
            check_emulator(options, prefix, folder)


if __name__ == "__main__":
    main()
