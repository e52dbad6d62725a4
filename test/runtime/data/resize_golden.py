#!/usr/bin/env python3
"""Prints the table of ResizeTest.cpp: CRC-32 of resized images.

A second, independent model of Pillow's 8-bit resize, in numpy: weights in
double, rounded to 22 bits; horizontal pass, then vertical pass, each rounded
to 8 bits. Run it by hand; its output is part of the test.
"""
import zlib

import numpy as np


def weights(size_in, size_out, support, kernel):
    scale = size_in / size_out
    stretch = max(scale, 1.0)
    radius = support * stretch
    matrix = np.zeros((size_out, size_in), np.int64)
    for i in range(size_out):
        center = (i + 0.5) * scale
        low = max(int(center - radius + 0.5), 0)
        high = min(int(center + radius + 0.5), size_in)
        taps = [kernel((x - center + 0.5) * (1.0 / stretch)) for x in range(low, high)]
        total = 0.0
        for tap in taps:
            total += tap
        for x, tap in zip(range(low, high), taps):
            weight = tap / total * (1 << 22)
            matrix[i, x] = int(weight + (0.5 if weight >= 0 else -0.5))
    return matrix


def cubic(x):
    x = abs(x)
    if x < 1.0:
        return ((-0.5 + 2.0) * x - (-0.5 + 3.0)) * x * x + 1
    return (((x - 5) * x + 8) * x - 4) * -0.5 if x < 2.0 else 0.0


def triangle(x):
    return max(1.0 - abs(x), 0.0)


def shrink(sums):
    return np.clip((sums + (1 << 21)) >> 22, 0, 255)


def resize(image, width, height, support, kernel):
    rows = weights(image.shape[1], width, support, kernel)
    image = shrink(np.einsum("ox,yxc->yoc", rows, image.astype(np.int64)))
    columns = weights(image.shape[0], height, support, kernel)
    return shrink(np.einsum("oy,yxc->oxc", columns, image)).astype(np.uint8)


def picture(width, height, channels):
    count = np.arange(width * height * channels, dtype=np.uint64)
    noise = (count * 2654435761 % 2**32 >> 13) & 255
    return noise.astype(np.uint8).reshape(height, width, channels)


for case in [(32, 32, 3, 7, 5), (50, 37, 3, 224, 224), (300, 200, 3, 96, 96), (640, 481, 3, 224, 224),
             (28, 28, 1, 32, 32), (1, 1, 3, 5, 4), (3, 200, 1, 96, 96), (500, 2, 3, 10, 30)]:
    width, height, channels, to_width, to_height = case
    sums = [zlib.crc32(resize(picture(width, height, channels), to_width, to_height, *filter).tobytes())
            for filter in ((1.0, triangle), (2.0, cubic))]
    print("    {%s, 0x%08x, 0x%08x}," % (", ".join(map(str, case)), *sums))
