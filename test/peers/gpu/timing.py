"""Times pieces of work on a device and appends the rows to a file, at once.

Times on a GPU are those between two events of the stream, on a CPU those of the
clock. A row is one JSON object a line: "side", "case", "ms" (median), "p10",
"p90", "repeats", what was counted, and where it ran. A case that fails leaves
its row too, with "error" instead of times, so that nothing is lost silently.
"""

import argparse
import contextlib
import json
import pathlib
import platform
import sys
import time
from typing import Callable, Iterator, Sequence

import torch

PRECISIONS = ("bf16", "f32", "tf32")


def add_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--output", default="-", help="file to append the rows to, - for stdout")
    add("--device", choices=["cuda", "cpu"], default="cuda")
    add("--warmup", type=int, default=3)
    add("--repeat", type=int, default=20)
    add("--tiny", action="store_true", help="sizes that take a second on a CPU, to try the program itself")


def prepare(options: argparse.Namespace, precision: str) -> None:
    """Seeds, and lets the libraries choose the fastest that the precision allows."""
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit("error: PyTorch finds no CUDA device; --device=cpu tries the program without one")
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    allow = precision == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = allow
    torch.backends.cudnn.allow_tf32 = allow


def autocast(options: argparse.Namespace, precision: str) -> contextlib.AbstractContextManager:
    return torch.autocast(options.device, dtype=torch.bfloat16, enabled=precision == "bf16")


def milliseconds(work: Callable[[], object], device: str, warmup: int, repeat: int) -> list[float]:
    """Of each of `repeat` calls. Nothing waits for the device between them, so
    what the host takes to launch a call shows only where it is the slower one."""
    for _ in range(warmup):
        work()
    if device == "cpu":
        marks = [time.perf_counter()]
        for _ in range(repeat):
            work()
            marks.append(time.perf_counter())
        return [1e3 * (b - a) for a, b in zip(marks, marks[1:])]
    torch.cuda.synchronize()
    events = [torch.cuda.Event(enable_timing=True) for _ in range(repeat + 1)]
    events[0].record()
    for event in events[1:]:
        work()
        event.record()
    torch.cuda.synchronize()
    return [a.elapsed_time(b) for a, b in zip(events, events[1:])]


def replayable(work: Callable[[], object], device: str) -> Callable[[], object]:
    """`work` as one CUDA graph, whose launches cost nothing; itself on a CPU."""
    if device == "cpu":
        return work
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(2):
            work()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def summary(values: Sequence[float]) -> dict:
    return {"ms": quantile(values, 0.5), "p10": quantile(values, 0.1), "p90": quantile(values, 0.9),
            "repeats": len(values)}


def describe(device: str) -> dict:
    about = {"torch": torch.__version__, "device": platform.processor() or platform.machine()}
    if device == "cuda":
        about |= {"device": torch.cuda.get_device_name(), "cuda": torch.version.cuda,
                  "cudnn": torch.backends.cudnn.version()}
    return about


class Rows:
    """Where the rows of one program go."""

    def __init__(self, options: argparse.Namespace):
        self.options, self.failed = options, 0

    def append(self, row: dict) -> None:
        text = json.dumps({"side": "torch", **row, **describe(self.options.device)}) + "\n"
        if self.options.output == "-":
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        path = pathlib.Path(self.options.output)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(text)

    @contextlib.contextmanager
    def guard(self, **about: object) -> Iterator[None]:
        """An error in the block becomes a row with `about`, and the program goes on."""
        try:
            yield
        except Exception as error:  # whatever a library raises is a result here
            self.failed += 1
            self.append({**about, "error": f"{type(error).__name__}: {error}".splitlines()[0][:300]})
            if self.options.device == "cuda":
                torch.cuda.empty_cache()

    def exit_code(self) -> int:
        """3: a row says what failed."""
        return 3 if self.failed else 0
