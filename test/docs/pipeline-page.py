#!/usr/bin/env python3
"""Writes docs/Pipeline.md: one BC-SSL block after each stage of the compiler.

    pipeline-page.py BCSSL_COMPILE [--check]

Compiles test/docs/Inputs/block.mlir with the tool named, and shows what
`--dump-dir` leaves. With --check nothing is written: exit code 1 if the page
is not what it would be.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "Pipeline.md"
BLOCK = ROOT / "test" / "docs" / "Inputs" / "block.mlir"
STAGES = ("input", "differentiated", "expanded", "kernels", "planned")


def compile_stages(tool: str) -> dict:
    """The lines of the module after each stage."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([tool, str(BLOCK), "--to=planned", f"--dump-dir={folder}", "-o", f"{folder}/end"], check=True)
        return {
            stage: (pathlib.Path(folder) / f"{number}-{stage}.mlir").read_text().splitlines()
            for number, stage in enumerate(STAGES)
        }


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
    bodies = {stage: body_of_step(lines) for stage, lines in stages.items()}
    formed, planned = kernels_of(bodies["kernels"]), kernels_of(bodies["planned"])
    step = next(line for line in stages["planned"] if "func.func @step" in line)
    bytes_of = dict(re.findall(r"bcssl\.(\w+)_bytes = (\d+)", step + stages["planned"][0]))
    small = next(k for k in planned if "math.exp" not in "".join(k) and "select" in "".join(k))
    symbol = re.search(r'symbol = "(\w+)"', small[0]).group(1)
    return f"""<!-- Written by test/docs/pipeline-page.py; change that, or test/docs/Inputs/block.mlir. -->
# One block after each stage

A block of BC-SSL (9x9 depthwise convolution, BatchNorm, LayerNorm, an inverted bottleneck with GELU, layer scale, drop path, residual) on two maps of 8x8x16, a loss, the gradient of the depthwise filter and a step against it. `bcssl-compile FILE --to=STAGE` shows the same for any program; `passes/Pipelines.cpp` lists the passes between. Constants are left out below.

## input

The program as a model records it: coarse operations on tensors, no memory. Variables go in and come out as values.

{block(BLOCK.read_text().splitlines())}
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

The convolution with the sums of BatchNorm, the sums of all images, and BatchNorm with LayerNorm:

{block(formed[0] + formed[1] + formed[2] + formed[3])}
## planned

`bcssl-tile-large-kernels`, `bcssl-choose-tiles`, `bcssl-emit-cpu-kernels` and `bcssl-plan-memory`. A slot is [space, offset, bytes] for each operand and result, with the spaces 0 arena, 1 state, 2 inputs, 3 outputs. The arena holds {bytes_of['arena']} bytes, the state {bytes_of['state']}, inputs {bytes_of['input']}, outputs {bytes_of['output']}; the new filter is written over the old one.

| value | function | tiles | tile | slots |
|---|---|---|---|---|
{chr(10).join(map(placement, planned))}

Equal kernels share a function. That of `{symbol}`, the factor of each sample under drop path:

{block(function_of(stages['planned'], symbol))}"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("compile", help="the tool bcssl-compile")
    parser.add_argument("--check", action="store_true", help="compare only")
    options = parser.parse_args()
    page = make_page(compile_stages(options.compile))
    if not options.check:
        PAGE.write_text(page)
    elif not PAGE.exists() or PAGE.read_text() != page:
        print(f"docs/Pipeline.md is out of date: run {__file__} {options.compile}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
