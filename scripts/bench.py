#!/usr/bin/env python3
"""Measures our steps and PyTorch's alternately on this machine.

    bench.py --build=DIR [--json] [--case CASE] [--threads N] [--rounds N]
             [--peer-python PATH] [--newer-python PATH] [--no-peer]

Called by scripts/bench. A row is the median of the rounds; in each round both
sides run once, so that a change of the machine meets both. The peer runs in the
memory layout that is faster for it. A row during which other processes used
more than a tenth of the cores is repeated; if that does not help, both sides
are measured once more with one thread, by the CPU time of their steps.
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "test" / "peers"
OPENBLAS = "/usr/lib/x86_64-linux-gnu/openblas-openmp"
BUSY_SHARE = 0.1
ATTEMPTS = 3

# case: our model, its images per step, the peer's command, its flag for the number of steps.
CASES = {
    "step/bcssl-tiny/224/b8/f32": {
        "model": ["--model=bcssl-tiny", "--method=supervised", "--batch=8", "--image=224"],
        "batch": 8,
        "repeat": 3,
        "peer": ["supervised_torch.py", "--batch=8", "--image=224", "--warmup=1"],
        "peer_repeat": "--repeat",
    },
    "step/micro/dino/f32": {
        "model": ["--model=micro", "--method=dino", "--batch=64"],
        "batch": 64,
        "repeat": 20,
        "peer": ["dino_torch.py", "--batch=64", "--warmup=5"],
        "peer_repeat": "--time-steps",
    },
}


class Bench:
    def __init__(self, options: argparse.Namespace, folder: pathlib.Path):
        self.options, self.folder = options, folder
        self.bin = pathlib.Path(options.build) / "bin"

    def compile(self, case: str) -> pathlib.Path:
        program = self.folder / (case.replace("/", "-") + ".bcx")
        subprocess.run([self.bin / "bcssl-compile", *CASES[case]["model"], f"--output={program}"], check=True)
        return program

    def ours(self, program: pathlib.Path, case: str, threads: int) -> dict:
        """{"seconds": median of a step, "cpu_seconds": ..., ...}"""
        return last_json([self.bin / "bcssl-run", program, "--function=step", f"--repeat={CASES[case]['repeat']}",
                          f"--threads={threads}", "--json"])

    def peer(self, case: str, threads: int, layout: str, python: str) -> dict:
        spec = CASES[case]
        environment = dict(os.environ)
        # Debian's default BLAS starts threads of its own, which fight with
        # OpenMP's: up to three times slower.
        if python == self.options.peer_python:
            environment["LD_LIBRARY_PATH"] = OPENBLAS
        script, *flags = spec["peer"]
        return last_json([python, PEERS / script, *flags, f"{spec['peer_repeat']}={spec['repeat']}",
                          f"--threads={threads}", f"--layout={layout}"], environment)

    def pythons(self) -> dict[str, str]:
        """The interpreters to compare with, by the name of their column."""
        peers = {} if self.options.no_peer else {"peer": self.options.peer_python}
        return peers | {f"newer{i}": python for i, python in enumerate(self.options.newer_python)}

    def rounds(self, case: str, program: pathlib.Path, threads: int) -> dict[str, list[dict]]:
        """The results of all sides by name, in the order of the rounds."""
        results: dict[str, list[dict]] = {"ours": []}
        layouts = {}
        for name, python in self.pythons().items():
            trial = {layout: self.peer(case, threads, layout, python) for layout in ("NHWC", "NCHW")}
            layouts[name] = min(trial, key=lambda layout: trial[layout]["seconds"])
            results[name] = []
        for _ in range(self.options.rounds):
            results["ours"].append(self.ours(program, case, threads))
            for name, python in self.pythons().items():
                results[name].append(self.peer(case, threads, layouts[name], python))
        return results

    def row(self, case: str) -> dict:
        options = self.options
        program = self.compile(case)
        for _ in range(ATTEMPTS):
            with Load() as load:
                results = self.rounds(case, program, options.threads)
            if not load.busy:
                return describe(case, results, "seconds", options.threads, busy=False)
        results = self.rounds(case, program, 1)
        return describe(case, results, "cpu_seconds", 1, busy=True)


class Load:
    """How much of the machine other processes use meanwhile."""

    def __enter__(self) -> "Load":
        self._start = self.sample()
        return self

    def __exit__(self, *_: object) -> None:
        end = self.sample()
        elapsed, all_cpu, our_cpu = (b - a for a, b in zip(self._start, end))
        self.share = max(0.0, all_cpu - our_cpu) / (elapsed * (os.cpu_count() or 1))
        self.busy = self.share > BUSY_SHARE

    @staticmethod
    def sample() -> tuple[float, float, float]:
        """Wall seconds, CPU seconds of all processes, CPU seconds of ours."""
        fields = [int(x) for x in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
        user, nice, system, _, _, irq, softirq, steal = fields[:8]
        everyone = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
        children, own = resource.getrusage(resource.RUSAGE_CHILDREN), resource.getrusage(resource.RUSAGE_SELF)
        ours = children.ru_utime + children.ru_stime + own.ru_utime + own.ru_stime
        return time.perf_counter(), everyone, ours


def last_json(command: list, environment: dict | None = None) -> dict:
    output = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output.strip().splitlines()[-1])


def describe(case: str, results: dict[str, list[dict]], key: str, threads: int, busy: bool) -> dict:
    batch = CASES[case]["batch"]
    speeds = {side: [batch / result[key] for result in values] for side, values in results.items()}
    median = {side: statistics.median(values) for side, values in speeds.items()}
    # Of the whole range over the median, the larger one of both sides.
    spread = max((max(values) - min(values)) / median[side] for side, values in speeds.items())
    row = {"case": case, "ours": round(median["ours"], 2), "peer": None, "ratio": None,
           "unit": "images/s" if key == "seconds" else "images/cpu-s", "spread": round(spread, 3), "busy": busy,
           "threads": threads}
    for name in (side for side in results if side != "ours"):
        about = results[name][-1]
        prefix = "" if name == "peer" else f"{name}_"
        row[name] = round(median[name], 2)
        row[f"{prefix}ratio"] = round(median["ours"] / median[name], 3)
        row |= {f"{prefix}{field}": about[field] for field in ("torch", "blas", "layout")}
    return row


def print_row(row: dict) -> None:
    print(f"\n{row['case']} ({row['threads']} threads{', machine busy' if row['busy'] else ''})")
    print(f"  ours    {row['ours']:10.2f} {row['unit']}")
    if row["peer"] is not None:
        print(f"  PyTorch {row['peer']:10.2f} {row['unit']}   {row['torch']}, {row['layout']}, {row['blas']}")
        print(f"  ratio   {row['ratio']:10.2f}   spread {100 * row['spread']:.0f} %")
    for name in (key for key in row if key.startswith("newer") and "_" not in key):
        print(f"  PyTorch {row[name]:10.2f} {row['unit']}   {row[name + '_torch']}, {row[name + '_layout']}, "
              f"ratio {row[name + '_ratio']:.2f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--json", action="store_true", help="one JSON object per row")
    parser.add_argument("--case", action="append", choices=CASES, help="only this one; may be repeated")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-peer", action="store_true", help="without Debian's PyTorch")
    parser.add_argument("--peer-python", default="/usr/bin/python3")
    parser.add_argument("--newer-python", action="append", default=[],
                        help="an interpreter with a newer PyTorch, as one more column")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, pathlib.Path(folder))
        for case in options.case or CASES:
            row = bench.row(case)
            if options.json:
                print(json.dumps(row), flush=True)
            else:
                print_row(row)
    return 0


if __name__ == "__main__":
    sys.exit(main())
