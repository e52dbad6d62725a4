#!/usr/bin/env python3
"""Trains the micro model here and in PyTorch and prints what their features are worth.

    compare_knn.py --bin=FOLDER [--seeds 0,1,2] [--images N] [--bank N] [--queries N] [--threads N]

Called by compare-learning --knn. Each side has weights, crops and an order of
its own by the seed, so only the means over the seeds compare: exit code 1 where
those of k-NN differ by more than 1.5 points. Both sides judge the teacher, with
BatchNorm's statistics from the first 2,000 images, before and after training.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

PEERS = pathlib.Path(__file__).resolve().parent
OPENBLAS = "/usr/lib/x86_64-linux-gnu/openblas-openmp"
RECALIBRATE = 2000
ALLOWED = 1.5

# {"knn": per cent, "linear": per cent}
Judgement = dict[str, float]


def last_json(command: list, environment: dict | None = None) -> dict:
    return lines_of(command, environment)[-1]


def lines_of(command: list, environment: dict | None = None) -> list[dict]:
    output = subprocess.run([str(word) for word in command], env=environment, check=True, stdout=subprocess.PIPE,
                            text=True).stdout
    return [json.loads(line) for line in output.strip().splitlines()]


class Comparison:
    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.counts = [f"--bank={options.bank}", f"--queries={options.queries}"]

    def judge(self, network: list, features: pathlib.Path) -> Judgement:
        """Of a network as bcssl-eval takes it; its features are left in a file."""
        evaluate, options = self.options.bin / "bcssl-eval", self.options
        data = [f"--data={options.data}", *self.counts, "--json"]
        knn = last_json([evaluate, "knn", *network, *data, "--nb-knn=20", f"--recalibrate={RECALIBRATE}",
                         f"--dump-features={features}"])
        linear = last_json([evaluate, "linear", "--solver=lbfgs", f"--load-features={features}", *data])
        return {"knn": knn["results"][0]["top1"], "linear": linear["results"][0]["top1"]}

    def ours(self, seed: int, folder: pathlib.Path) -> list[Judgement]:
        """Before and after training."""
        options, run = self.options, folder / f"run{seed}"
        subprocess.run([options.bin / "bcssl-train", "--preset=fashion", f"--images={options.images}",
                        f"--seed={seed}", f"--data={options.data}", f"--output={run}", f"--threads={options.threads}",
                        "--progress=none"], check=True, stdout=subprocess.DEVNULL)
        untrained = self.judge([f"--program={run}/program.bcx", f"--seed={seed}"], folder / f"untrained{seed}")
        return [untrained, self.judge([f"--checkpoint={run}"], folder / f"trained{seed}")]

    def peers(self, seed: int) -> list[Judgement]:
        options = self.options
        reports = lines_of(["/usr/bin/python3", PEERS / "dino_torch.py", f"--images={options.images}",
                            f"--report-images={options.images}", f"--seed={seed}", f"--data={options.data}",
                            f"--threads={options.threads}", f"--recalibrate={RECALIBRATE}", *self.counts],
                           dict(os.environ, LD_LIBRARY_PATH=OPENBLAS))
        return [{"knn": report["knn20"], "linear": report["linear"]} for report in (reports[0], reports[-1])]


def print_table(title: str, stage: int, seeds: list[int], ours: list, peers: list) -> dict[str, float]:
    """A row for each figure and side; returns the differences of the means."""
    print(f"| {title}, % right |" + "".join(f" seed {seed} |" for seed in seeds) + " mean |")
    print("| --- |" + " --: |" * (len(seeds) + 1))
    differences = {}
    for figure, name in (("knn", "k-NN"), ("linear", "linear")):
        means = []
        for side, runs in (("here", ours), ("PyTorch", peers)):
            values = [run[stage][figure] for run in runs]
            means.append(statistics.mean(values))
            print(f"| {name}, {side} |" + "".join(f" {value:.2f} |" for value in values + means[-1:]))
        differences[figure] = means[0] - means[1]
    print()
    return differences


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--images", type=int, default=20000)
    parser.add_argument("--bank", type=int, default=10000)
    parser.add_argument("--queries", type=int, default=5000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    seeds = [int(word) for word in options.seeds.split(",")]
    comparison, ours, peers = Comparison(options), [], []
    with tempfile.TemporaryDirectory() as name:
        for seed in seeds:
            print(f"== seed {seed}, here", file=sys.stderr)
            ours.append(comparison.ours(seed, pathlib.Path(name)))
            print(f"== seed {seed}, PyTorch", file=sys.stderr)
            peers.append(comparison.peers(seed))
    print_table("untrained", 0, seeds, ours, peers)
    differences = print_table(f"{options.images} images", 1, seeds, ours, peers)
    print(f"difference of the means: k-NN {differences['knn']:+.2f} (allowed: {ALLOWED}), "
          f"linear {differences['linear']:+.2f}")
    return 0 if abs(differences["knn"]) <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
