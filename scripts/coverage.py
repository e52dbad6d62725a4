#!/usr/bin/env python3
"""Prints the line coverage of everything that parses files from outside.

    llvm-cov export --summary-only ... | coverage.py [--least PERCENT]

Exit code 1 where a file is below the least, or has no figures at all.
"""

import argparse
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARSERS = {
    "PNG": ["runtime/data/Png.cpp"],
    "JPEG": ["runtime/data/Jpeg.cpp"],
    "IDX": ["runtime/data/Idx.cpp", "runtime/data/GzipReader.cpp"],
    "safetensors": ["runtime/train/Safetensors.cpp", "runtime/train/SafetensorsHeader.cpp"],
    "artifact": ["runtime/executable/Decode.cpp", "runtime/executable/Verify.cpp",
                 "runtime/executable/VerifyProgram.cpp", "runtime/executable/VerifyVariables.cpp"],
    "npy": ["runtime/executable/Npy.cpp"],
    "state.json": ["runtime/train/RunState.cpp"],
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--least", type=float, default=80, help="per cent of lines that each file needs")
    options = parser.parse_args()
    lines = {file["filename"]: file["summary"]["lines"] for file in json.load(sys.stdin)["data"][0]["files"]}

    print(f"{'format':12}{'file':44}{'lines':>7}{'covered':>10}")
    low = []
    for kind, names in PARSERS.items():
        for name in names:
            found = lines.get(str(ROOT / name), {"count": 0, "percent": 0})
            print(f"{kind:12}{name:44}{found['count']:7}{found['percent']:9.1f}%")
            if found["percent"] < options.least:
                low.append(name)
    if low:
        print(f"error: expects {options.least:g} % of the lines, got less in {', '.join(low)}", file=sys.stderr)
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
