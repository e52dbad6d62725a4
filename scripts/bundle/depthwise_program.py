#!/usr/bin/env python3
"""Prints a depthwise convolution as MLIR text, to be compiled.

    depthwise_program.py forward --kernel=9 --map=56x96 --batch=64 --type=bf16

The function bears the operation's name and applies it to several tensors that
are together larger than the L2 cache, as test/peers/gpu/depthwise.py does.
"""

import argparse
import math
import sys

# Three times the L2 cache of an H100 or H200.
ROTATED_BYTES = 150 << 20
BYTES = {"bf16": 2, "f32": 4}
OPERANDS = {"forward": ("x",), "input_grad": ("dy",), "filter_grad": ("x", "dy")}


def tensor(shape: list[int], kind: str) -> str:
    return f"tensor<{'x'.join(map(str, shape))}x{kind}>"


def function(operation: str, maps: str, filters: str, gradients: str, sets: int) -> str:
    """One function: each set has its own tensors, all share the filter."""
    arguments, lines, values, results = [], [], [], []
    name = "bcssl.depthwise_conv2d" + ("" if operation == "forward" else f"_{operation}")
    types = [maps, maps if operation == "filter_grad" else filters]
    result = gradients if operation == "filter_grad" else maps
    for index in range(sets):
        own = [f"%{operand}{index}" for operand in OPERANDS[operation]]
        arguments += [f'{value}: {maps} {{bcssl.input = "{value[1:]}"}}' for value in own]
        own += [] if operation == "filter_grad" else ["%w"]
        lines.append(f"  %r{index} = {name} {', '.join(own)} : {', '.join(types)} -> {result}")
        values.append(f"%r{index}")
        results.append(f'{result} {{bcssl.output = "r{index}"}}')
    if operation != "filter_grad":
        arguments.append(f'%w: {filters} {{bcssl.input = "w"}}')
    return "\n".join([f"func.func @{operation}({', '.join(arguments)}) -> ({', '.join(results)}) {{", *lines,
                      f"  return {', '.join(values)} : {', '.join([result] * sets)}", "}"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("operation", choices=OPERANDS)
    parser.add_argument("--kernel", type=int, required=True)
    parser.add_argument("--map", required=True, help="SIDExCHANNELS")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--type", choices=BYTES, default="bf16")
    options = parser.parse_args()
    side, channels = map(int, options.map.split("x"))
    shape, window = [options.batch, side, side, channels], [options.kernel, options.kernel, channels]
    pair = (2 * math.prod(shape) + math.prod(window)) * BYTES[options.type]
    sets = math.ceil(ROTATED_BYTES / pair)
    # A gradient of a parameter is in f32, whatever the maps are.
    print(function(options.operation, tensor(shape, options.type), tensor(window, options.type), tensor(window, "f32"),
                   sets))
    return 0


if __name__ == "__main__":
    sys.exit(main())
