#!/usr/bin/env python3
"""Compares our resize with the Pillow that is installed, bit for bit.

    resize_pillow.py [--tool build/bin/bcssl-resize] [--cases 300] [--seed 0]

Random images of random sizes, grey and RGB, by both filters. Equal to 10.4.0
and 12.0.0; 13.0.0 rounds otherwise. Exit code 1 where a pixel differs.
"""

import argparse
import random
import subprocess
import sys

import PIL
from PIL import Image

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def draw(generator: random.Random) -> tuple:
    """A request: an image, the size it is to get, and how."""
    size, wanted = ((generator.randint(1, 400), generator.randint(1, 400)) for _ in range(2))
    mode = generator.choice(["L", "RGB"])
    channels = len(mode)
    if generator.random() < 0.5:  # noise
        pixels = generator.randbytes(size[0] * size[1] * channels)
    else:  # black and white blocks, which overshoot
        pixels = bytes(255 * ((i // channels // 7 + i // channels // size[0] // 5) % 2)
                       for i in range(size[0] * size[1] * channels))
    return Image.frombytes(mode, size, pixels), wanted, generator.choice(list(FILTERS))


def ours(tool: str, requests: list) -> list:
    words = b""
    for image, wanted, name in requests:
        numbers = *image.size, len(image.mode), *wanted
        words += (" ".join(map(str, numbers)) + f" {name}\n").encode() + image.tobytes()
    answer = subprocess.run([tool], input=words, check=True, capture_output=True).stdout
    results = []
    for image, wanted, _ in requests:
        length = wanted[0] * wanted[1] * len(image.mode)
        results.append(answer[:length])
        answer = answer[length:]
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default="build/bin/bcssl-resize")
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    generator = random.Random(options.seed)
    requests = [draw(generator) for _ in range(options.cases)]
    differing = 0
    for (image, wanted, name), got in zip(requests, ours(options.tool, requests)):
        expected = image.resize(wanted, FILTERS[name]).tobytes()
        if got != expected:
            differing += 1
            most = max(abs(a - b) for a, b in zip(got, expected))
            print(f"{image.mode} {image.size} to {wanted}, {name}: off by up to {most}")
    print(f"Pillow {PIL.__version__}: {differing} of {len(requests)} results differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
