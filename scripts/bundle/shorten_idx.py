#!/usr/bin/env python3
"""Copies the first images of an IDX data set, which gzip files hold.

    shorten_idx.py SOURCE TARGET --train=20000 --test=5000
"""

import argparse
import gzip
import pathlib
import struct
import sys


def shorten(data: bytes, count: int) -> bytes:
    """The first `count` entries of an IDX file of unsigned bytes."""
    rank = data[3]
    entries, *inner = struct.unpack_from(f">{rank}I", data, 4)
    count = min(count, entries)
    size = count
    for length in inner:
        size *= length
    begin = 4 + 4 * rank
    return data[:4] + struct.pack(f">{rank}I", count, *inner) + data[begin:begin + size]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("target", type=pathlib.Path)
    parser.add_argument("--train", type=int, required=True)
    parser.add_argument("--test", type=int, required=True)
    options = parser.parse_args()
    for part, count in (("train", options.train), ("t10k", options.test)):
        for kind in ("images-idx3-ubyte.gz", "labels-idx1-ubyte.gz"):
            data = gzip.decompress((options.source / f"{part}-{kind}").read_bytes())
            # Without the time of day, equal data makes equal files.
            (options.target / f"{part}-{kind}").write_bytes(gzip.compress(shorten(data, count), mtime=0))
    return 0


if __name__ == "__main__":
    sys.exit(main())
