#!/usr/bin/env python3
"""Writes docs/Pipeline.md: one BC-SSL block after each stage of the compiler.

    pipeline-page.py [--bin=FOLDER] [--check]

Compiles what record-block prints and shows what `--dump-dir` leaves, and what
bcssl-info says of the artifact. The tools are those in FOLDER, else in PATH.
With --check nothing is written: exit code 1 if the page is not what it would be.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "Pipeline.md"
STAGES = ("input", "differentiated", "expanded", "kernels", "planned")


def output_of(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def compile_stages(tools: pathlib.Path) -> dict:
    """The lines of the module after each stage, and what is said of the artifact."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        source, artifact = folder / "block.mlir", folder / "block.bcx"
        source.write_text(output_of(tools / "record-block"))
        # The page is the same on every machine.
        subprocess.run([tools / "bcssl-compile", source, "--target=cpu:x86-64-v4", f"--dump-dir={folder}", "-o", artifact],
                       check=True)
        stages = {
            stage: (folder / f"{number}-{stage}.mlir").read_text().splitlines() for number, stage in enumerate(STAGES)
        }
        stages["executable"] = output_of(tools / "bcssl-info", artifact).splitlines()
        stages["launches"] = output_of(tools / "bcssl-info", "kernels", artifact).splitlines()
        return stages


def recorded(lines: list) -> list:
    """Variables and `@step` as the model records them, one port a line."""
    variables = [line.strip() for line in lines if "bcssl.variable @" in line]
    step = next(line for line in lines if "func.func @step" in line).strip()
    arguments, results = (re.split(r", (?=%|tensor)", ports) for ports in re.fullmatch(
        r"func.func @step\((.*)\) -> \((.*)\) {", step).groups())
    head = ["func.func @step("] + [f"    {port}," for port in arguments[:-1]] + [f"    {arguments[-1]})"]
    head += [f"    {'->' if i == 0 else '  '} {'(' if i == 0 else ' '}{port}{',' if port != results[-1] else ') {'}"
             for i, port in enumerate(results)]
    return variables + [""] + head + [f"  {line}" for line in body_of_step(lines)] + ["}"]


def body_of_step(lines: list) -> list:
    """The lines inside `@step`, without constants."""
    first = next(i for i, line in enumerate(lines) if "func.func @step" in line)
    last = next(i for i in range(first, len(lines)) if lines[i] == "  }")
    return [line[4:] for line in lines[first + 1 : last] if "arith.constant" not in line]


def block(lines: list, language: str = "mlir") -> str:
    return f"```{language}\n" + "\n".join(lines) + "\n```\n"


def excerpt(lines: list, first: str, count: int) -> str:
    """`count` lines from the first that contains `first` on."""
    start = next(i for i, line in enumerate(lines) if first in line)
    shown = lines[start : start + count]
    before, after = start, len(lines) - start - len(shown)
    head = [f"// {before} lines before"] if before else []
    tail = [f"// {after} lines after"] if after else []
    return block(head + shown + tail)


def kernels_of(body: list) -> list:
    """One list of lines for each kernel."""
    kernels = []
    for number, line in enumerate(body):
        if "= bcssl.kernel" in line:
            end = next(i for i in range(number, len(body)) if body[i] == "}")
            kernels.append(body[number : end + 1])
    return kernels


def summary(kernel: list) -> str:
    """A row of the table: name, family, operations, results."""
    name, family = re.match(r"(%\d+)\S* = bcssl.kernel (\w+)", kernel[0]).groups()
    results = re.sub(r"tensor<([^>]*)>", r"\1", kernel[0].rsplit("->", 1)[1].rstrip("{ ").strip(" ()"))
    operations = []
    for line in kernel[1:-2]:
        operation = re.search(r"= (?:bcssl|arith|math)\.(\w+)", line).group(1)
        if operation != "broadcast" and (not operations or operations[-1] != operation):
            operations.append(operation)
    return f"| `{name}` | {family} | {', '.join(operations)} | {results} |"


def placement(kernel: list) -> str:
    """A row of the table: name, symbol, tiles, tile, slots."""
    head = kernel[0]
    name = re.match(r"(%\d+)", head).group(1)
    symbol = re.search(r'symbol = "(\w+)"', head).group(1)
    tiles = re.search(r"tiles = (\d+)", head).group(1)
    tile = re.search(r" tile \{([^}]*)\}", head)
    slots = re.search(r"slots = \[(.*?\])\]", head).group(1)
    return f"| `{name}` | `{symbol}` | {tiles} | {tile.group(1).replace(' : i64', '') if tile else ''} | {slots} |"


def function_of(lines: list, symbol: str) -> list:
    start = next(i for i, line in enumerate(lines) if f"func.func @{symbol}(" in line)
    end = next(i for i in range(start, len(lines)) if lines[i] == "    }")
    return [line[4:] for line in lines[start : end + 1]]


def make_page(stages: dict) -> str:
    bodies = {stage: body_of_step(stages[stage]) for stage in STAGES}
    formed, planned = kernels_of(bodies["kernels"]), kernels_of(bodies["planned"])
    step = next(line for line in stages["planned"] if "func.func @step" in line)
    bytes_of = dict(re.findall(r"bcssl\.(\w+)_bytes = (\d+)", step + stages["planned"][0]))
    normalise = next(k for k in formed if " rowwise(" in k[0] and "math.rsqrt" in "".join(k))
    average = next(i for i, k in enumerate(formed) if summary(k).split(" | ")[2] == "mulf, addf")
    symbol = re.search(r'symbol = "(\w+)"', planned[average][0]).group(1)
    return f"""<!-- Written by test/docs/pipeline-page.py; change that, or test/docs/record-block.cpp. -->
# One block after each stage

A block of BC-SSL (9x9 depthwise convolution, BatchNorm, LayerNorm, an inverted bottleneck with GELU, layer scale, drop path, residual) on two maps of 8x8x16, a loss, the gradient of the depthwise filter and a step against it. `bcssl-compile FILE --to=STAGE` shows the same for any program; `passes/Pipelines.cpp` lists the passes between. Constants are left out below.

## input

The program as `BcsslBlock` (`models/Bcssl.h`) records it: coarse operations on tensors, no memory. Variables go in and come out as values. BatchNorm takes its statistics twice, about the running mean and about the batch's; `all_reduce` adds those of several ranks.

{block(recorded(stages['input']))}
## differentiated

`bcssl-fold-batch-norm` (nothing to fold: the statistics are the batch's) and `bcssl-differentiate`. Forward stays, {len(bodies['differentiated']) - len(bodies['input'])} lines more. The backward graph begins behind the loss:

{excerpt(bodies['differentiated'], 'bcssl.reduce', 24)}
## expanded

`bcssl-expand` writes coarse operations with pointwise operations, broadcasts, reductions and anchors; equal pieces of forward and backward are merged. The convolution, the statistics, BatchNorm and the first half of LayerNorm:

{excerpt(bodies['expanded'], 'bcssl.depthwise_conv2d', 34)}
## kernels

`bcssl-pack-contractions` and `bcssl-form-kernels`. Forward and backward become {len(formed)} kernels:

| value | family | operations | results |
|---|---|---|---|
{chr(10).join(map(summary, formed))}

The convolution with BatchNorm's sums about the running mean, the batch's mean from them, and BatchNorm with LayerNorm:

{block(formed[0] + formed[1] + normalise)}
## planned

`bcssl-tile-large-kernels`, `bcssl-choose-tiles`, `bcssl-emit-cpu-kernels` and `bcssl-plan-memory`. A slot is [space, offset, bytes] for each operand and result, with the spaces 0 arena, 1 state, 2 inputs, 3 outputs. The arena holds {bytes_of['arena']} bytes, the state {bytes_of['state']}, inputs {bytes_of['input']}, outputs {bytes_of['output']}; new values of variables are written over the old ones.

| value | function | tiles | tile | slots |
|---|---|---|---|---|
{chr(10).join(map(placement, planned))}

Equal kernels share a function. That of `{symbol}`, a step of BatchNorm's running mean:

{block(function_of(stages['planned'], symbol))}
## executable

Functions become machine code, one image for each CPU level that was asked for, and the program a list of launches. What `bcssl-info` says of the artifact:

{block([line for line in stages['executable'] if not line.startswith(("file", "image", "variable"))], 'text')}
And `bcssl-info kernels`, the functions by their share of the work:

{block(stages['launches'], 'text')}"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, help="the folder of record-block and the tools; else PATH")
    parser.add_argument("--check", action="store_true", help="compare only")
    options = parser.parse_args()
    tools = options.bin or pathlib.Path(shutil.which("record-block") or "").parent
    page = make_page(compile_stages(tools))
    if not options.check:
        PAGE.write_text(page)
    elif not PAGE.exists() or PAGE.read_text() != page:
        print(f"docs/Pipeline.md is out of date: run {__file__} --bin={tools}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
