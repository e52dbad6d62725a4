#!/usr/bin/env python3
"""Times PyTorch's depthwise convolutions: forward and both gradients.

    python3 depthwise.py --output=peers.jsonl
    python3 depthwise.py --device=cpu --tiny

The maps of BC-SSL tiny at 224 pixels, in both memory layouts, alternately. Each
time is that of a CUDA graph over several sets of tensors, together larger than
the L2 cache, divided by their number. "gbps" counts each tensor once; "tflops"
counts the taps that fall on the map, twice.
"""

import argparse
import math
import sys

import torch

import timing

STAGES = ((56, 96), (28, 192), (14, 384), (7, 768))
TINY_STAGES = ((6, 8), (3, 16))
OPERATIONS = ("forward", "input_grad", "filter_grad")
LAYOUTS = {"NHWC": torch.channels_last, "NCHW": torch.contiguous_format}
DTYPES = {"bf16": torch.bfloat16, "f32": torch.float32}
# Three times the L2 cache of an H100 or H200.
ROTATED_BYTES = 150 << 20


def useful_flops(batch: int, side: int, channels: int, kernel: int) -> int:
    """Multiplications and additions of the taps on the map, stride 1, same padding."""
    reach = kernel // 2
    pairs = sum(min(side - 1, at + reach) - max(0, at - reach) + 1 for at in range(side))
    return 2 * batch * channels * pairs * pairs


def convolve(operation: str, x: torch.Tensor, dy: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    """y, dx or dw of a depthwise convolution with padding "same"."""
    padding, groups = w.shape[-1] // 2, w.shape[0]
    if operation == "forward":
        return torch.nn.functional.conv2d(x, w, padding=padding, groups=groups)
    mask = [operation == "input_grad", operation == "filter_grad", False]
    results = torch.ops.aten.convolution_backward(dy, x, w, None, [1, 1], [padding, padding], [1, 1], False, [0, 0],
                                                  groups, mask)
    return results[0] if mask[0] else results[1]


class Case:
    """The tensors of one shape and layout, in several sets."""

    def __init__(self, options: argparse.Namespace, side: int, channels: int, kernel: int, layout: str):
        def draw(*size: int) -> torch.Tensor:
            random = torch.randn(*size, device=options.device).to(DTYPES[options.precision])
            return random.contiguous(memory_format=LAYOUTS[layout])

        shape = options.batch, channels, side, side
        self.filter = draw(channels, 1, kernel, kernel)
        self.bytes = (2 * math.prod(shape) + self.filter.numel()) * self.filter.element_size()
        sets = 1 if options.tiny else math.ceil(ROTATED_BYTES / self.bytes)
        self.sets = [(draw(*shape), draw(*shape)) for _ in range(sets)]

    def run(self, operation: str) -> None:
        for x, dy in self.sets:
            convolve(operation, x, dy, self.filter)

    def error(self, operation: str) -> float:
        """Largest difference from float64 over the largest value, on the first two images."""
        tensors = [tensor[:2] for tensor in self.sets[0]] + [self.filter]
        exact = convolve(operation, *[tensor.double().contiguous() for tensor in tensors])
        return float((convolve(operation, *tensors).double() - exact).abs().max() / exact.abs().max())

    def backend(self) -> str:
        """PyTorch's own word for the kernel that it chooses forward."""
        reach = self.filter.shape[-1] // 2
        try:
            chosen = torch._C._select_conv_backend(self.sets[0][0], self.filter, None, (1, 1), (reach, reach), (1, 1),
                                                   False, (0, 0), self.filter.shape[0])
        except (AttributeError, TypeError, RuntimeError):
            return "unknown"
        return str(chosen).rsplit(".", maxsplit=1)[-1]


def time_shape(rows: timing.Rows, side: int, channels: int, kernel: int) -> None:
    options = rows.options
    flops = useful_flops(options.batch, side, channels, kernel)
    for operation in OPERATIONS:
        # Both layouts next to each other: a change of the clock meets both.
        for layout in LAYOUTS:
            about = {"case": f"depthwise/{operation}/k{kernel}/{side}x{side}x{channels}/b{options.batch}/"
                             f"{options.precision}", "variant": layout}
            with rows.guard(**about):
                case = Case(options, side, channels, kernel, layout)
                run = timing.replayable(lambda: case.run(operation), options.device)
                times = timing.milliseconds(run, options.device, options.warmup, options.repeat)
                found = timing.summary([time / len(case.sets) for time in times])
                seconds = found["ms"] / 1e3
                rows.append({**about, **found, "gbps": case.bytes / seconds / 1e9, "tflops": flops / seconds / 1e12,
                             "error_to_f64": case.error(operation), "backend": case.backend()})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    timing.add_flags(parser)
    parser.add_argument("--kernel", type=int, nargs="+", default=[7, 9, 15, 31])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--precision", choices=DTYPES, default="bf16")
    options = parser.parse_args()
    if options.tiny:
        options.kernel, options.batch, options.repeat = options.kernel[:2], 2, 3
    timing.prepare(options, options.precision)
    rows = timing.Rows(options)
    with torch.no_grad():
        for kernel in options.kernel:
            for side, channels in TINY_STAGES if options.tiny else STAGES:
                time_shape(rows, side, channels, kernel)
    return rows.exit_code()


if __name__ == "__main__":
    sys.exit(main())
