"""How the peer was run: a time without this says nothing."""

import os
import pathlib
import statistics
import time

import torch


def blas() -> str:
    """The BLAS library that this process has loaded."""
    for line in pathlib.Path("/proc/self/maps").read_text().splitlines():
        if "openblas" in line or "libblas" in line or "libmkl_core" in line:
            return os.path.realpath(line.split()[-1])
    return "unknown"


def describe(layout: str) -> dict:
    return {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "blas": blas(),
        "layout": layout,
    }


class Stopwatch:
    """Wall and CPU seconds of repeated pieces of work."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []

    def __enter__(self) -> "Stopwatch":
        self._start = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall.append(time.perf_counter() - self._start[0])
        self.cpu.append(time.process_time() - self._start[1])

    def summary(self) -> dict:
        return {
            "seconds": statistics.median(self.wall),
            "fastest": min(self.wall),
            "slowest": max(self.wall),
            "cpu_seconds": statistics.median(self.cpu),
            "repeats": len(self.wall),
        }
