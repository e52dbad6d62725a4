#!/usr/bin/env python3
"""Turns the results of scripts/demo into a table and summary.json.

    summarize-demo.py OUTPUT
"""

import json
import pathlib
import sys

ROWS = [("raw pixels", "raw"), ("untrained network", "untrained"), ("trained network", "trained")]


def read(folder: pathlib.Path, name: str) -> list:
    return [json.loads(line) for line in (folder / "results" / f"{name}.json").read_text().splitlines()]


def accuracy(folder: pathlib.Path, name: str) -> float:
    return round(read(folder, name)[-1]["results"][0]["top1"], 2)


def training(folder: pathlib.Path) -> dict:
    """The figures of a training, whose parts each left a line."""
    parts = read(folder, "train")
    seconds = sum(part["seconds"] for part in parts)
    images = sum(part["images"] for part in parts)
    return {"images": images, "images_per_s": images / seconds if seconds else None, "seconds": seconds,
            "checkpoint": parts[-1]["checkpoint"], "hash": parts[-1]["hash"]}


def summarize(folder: pathlib.Path) -> dict:
    summary = {f"{key}_{judge}": accuracy(folder, f"{key}-{judge}")
               for _, key in ROWS for judge in ("knn", "linear")}
    for result in sorted((folder / "results").glob("*-knn-60000.json")):
        summary[result.stem.replace("-", "_")] = accuracy(folder, result.stem)
    return summary | training(folder)


def print_table(summary: dict, folder: pathlib.Path) -> None:
    print(f"{'Fashion-MNIST, % right':24}{'k-NN (k=20)':>14}{'linear':>10}")
    for title, key in ROWS:
        print(f"{title:24}{summary[key + '_knn']:14.2f}{summary[key + '_linear']:10.2f}")
    for title, key in ROWS:
        if f"{key}_knn_60000" in summary:
            print(f"{title + ', bank 60,000':24}{summary[key + '_knn_60000']:14.2f}")
    print(f"\ntrained on {summary['images']:,} images in {summary['seconds']:.0f} s: "
          f"{summary['images_per_s']:.0f} images/s")
    for title, name in (("checkpoint", "checkpoint"), ("log", "log.txt"), ("curve", "curve.png"),
                        ("crops", "crops.png"), ("neighbours", "neighbours.png"), ("these figures", "summary.json")):
        print(f"{title:14} {folder / name}")


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = pathlib.Path(sys.argv[1])
    summary = summarize(folder)
    (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    print_table(summary, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
