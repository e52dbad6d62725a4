#!/usr/bin/env python3
"""A GPU's whole way on a machine without one: kernels and a training on simt.

Kernels run with all checks in three orders of their threads, give the same bits
in each and stay within their bounds: those of a covering set, in which any two
sizes or forms meet, and every different kernel of models' steps, in f32 and
bf16. A training of micro with DINO through the CUDA runtime has the losses of
the CPU's and ends in its variables, and its network gives the CPU's features. A
small one has the same bits without graphs, and after calls of the driver that
failed. The nightly mode takes more kernels and also trains with every kernel
launched by itself, with the same bits.
"""

import argparse
import array
import json
import math
import os
import re
import shutil
import subprocess
import tempfile
import unittest

DATA = "/usr/share/datasets/fashion-mnist"
STEPS = 20
INTERNAL, NO_RESOURCE, STOPPED = 70, 71, 75
# Launches of a kernel take these orders in turn.
ORDERS = ["forward", "reverse", "7"]
# The nightly mode takes the kernels of all models, and has any three sizes or
# forms meet.
NIGHTLY = int(os.environ.get("BCSSL_MUTANTS", "500")) > 5000
EVERY = ["DinoMean", "DinoSinkhornGelu", "SupervisedRelu", "ConvNeXt"] if NIGHTLY else []
DEADLINE = 3 * 3600 if NIGHTLY else 900  # seconds; ends what hangs


def numbers(path):
    """The float32 elements of a .npy file of version 1."""
    with open(path, "rb") as file:
        content = file.read()
    values = array.array("f")
    values.frombytes(content[10 + int.from_bytes(content[8:10], "little"):])
    return values


def tensors(path):
    """Type and elements of each tensor of a safetensors file."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        content = file.read()
    header.pop("__metadata__", None)
    found = {}
    for name, tensor in header.items():
        begin, end = tensor["data_offsets"]
        found[name] = tensor["dtype"], array.array({"F32": "f", "I64": "q"}[tensor["dtype"]], content[begin:end])
    return found


class Simt(unittest.TestCase):
    tools = driver = ""

    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp(prefix="bcssl-simt-")
        cls.addClassCleanup(shutil.rmtree, cls.root)

    def end_of(self, tool, *flags, **variables):
        """How the tool ended, and what it said."""
        environment = {**os.environ, "BCSSL_CUDA_DRIVER": self.driver, **variables}
        return subprocess.run([f"{self.tools}/{tool}", *flags], timeout=DEADLINE, check=False,
                              capture_output=True, text=True, env=environment)

    def run_tool(self, tool, *flags, **variables):
        done = self.end_of(tool, *flags, **variables)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-4000:])
        self.assertNotIn("simt:", done.stderr)
        return done.stdout

    def check_kernels(self, *flags):
        folder = os.path.join(self.root, "".join(flags))
        with self.subTest(flags=flags):
            written = self.run_tool("write-kernel-cases", folder, "cuda:simt", *flags)
            self.assertRegex(written, r": \d{3,} kernels")
            said = self.run_tool("run-kernel-cases", folder, "--device=cuda", f"--repeat={len(ORDERS)}",
                                 BCSSL_SIMT_CHECKS="on", BCSSL_SIMT_ORDER=",".join(ORDERS))
            self.assertIn(" 0 wrong", said)
        shutil.rmtree(folder, ignore_errors=True)

    def test_kernels_of_all_sizes(self):
        self.check_kernels("--cover=triples" if NIGHTLY else "--cover=pairs")

    def test_kernels_of_steps(self):
        for model in EVERY or ["DinoMean"]:
            self.check_kernels(f"--model={model}")

    def test_kernels_of_steps_in_bf16(self):
        for model in EVERY or ["ConvNeXt"]:
            self.check_kernels(f"--model={model}", "--precision=bf16")

    def train(self, output, program, device, *flags, steps=STEPS, **variables):
        """What the run printed, and the losses of its log."""
        folder = os.path.join(self.root, output)
        said = self.run_tool("bcssl-train", "--preset=fashion", f"--program={program}", f"--data={DATA}",
                             f"--output={folder}", f"--device={device}", f"--steps={steps}",
                             "--log-every=1", "--progress=none", *flags, **variables)
        with open(os.path.join(folder, "log.txt"), encoding="utf-8") as log:
            rows = [json.loads(line) for line in log]
        return json.loads(said), rows

    @unittest.skipUnless(NIGHTLY, "a program of its own takes a minute to compile")
    def test_shared_launches_change_no_bit(self):
        hashes = []
        for name, flags in ("merged", []), ("single", ["--no-merge"]):
            program = os.path.join(self.root, f"{name}.bcx")
            self.run_tool("bcssl-compile", "--model=micro", "--method=dino", "--batch=2", *flags,
                          "--target=cuda:simt", "-o", program)
            said, _ = self.train(name, program, "cuda", steps=2, BCSSL_SIMT_CHECKS="off")
            hashes.append(said["hash"])
        self.assertEqual(*hashes)

    def features(self, program, device):
        """Of the trained teacher, from the folded network of a program."""
        folder = os.path.join(self.root, f"features-{device}")
        self.run_tool("bcssl-eval", "knn", f"--checkpoint={os.path.join(self.root, 'graph')}",
                      f"--program={program}", f"--data={DATA}", "--bank=64", "--queries=16",
                      f"--dump-features={folder}", f"--device={device}", BCSSL_SIMT_CHECKS="off")
        return numbers(os.path.join(folder, "queries.npy"))

    def compare_variables(self, path, expected):
        """Of two checkpoints: floats within 1e-4 of each tensor's norm (5e-6 was seen), counts alike."""
        ours, theirs = tensors(path), tensors(expected)
        self.assertEqual(ours.keys(), theirs.keys())
        for name, (kind, values) in theirs.items():
            self.assertEqual((ours[name][0], len(ours[name][1])), (kind, len(values)), name)
            if kind == "I64":
                self.assertEqual(ours[name][1], values, name)
            else:
                self.assertLessEqual(math.dist(ours[name][1], values), 1e-4 * math.hypot(*values), name)

    def test_training_equals_that_of_the_cpu(self):
        programs = {}
        for device, target in ("cpu", "cpu:native"), ("cuda", "cuda:simt"):
            programs[device] = os.path.join(self.root, f"{device}.bcx")
            self.run_tool("bcssl-compile", "--model=micro", "--method=dino", "--batch=4",
                          f"--target={target}", "-o", programs[device])
        _, expected = self.train("cpu", programs["cpu"], "cpu")
        _, losses = self.train("graph", programs["cuda"], "cuda", BCSSL_SIMT_CHECKS="off")
        self.assertEqual(len(losses), len(expected))
        self.assertGreater(len({row["train_lr"] for row in losses}), len(losses) // 2)
        for ours, theirs in zip(losses, expected):
            self.assertAlmostEqual(ours["train_loss"] / theirs["train_loss"], 1, delta=1e-3)
        for file in "model", "optim":
            self.compare_variables(*(os.path.join(self.root, run, "checkpoint", f"{file}.safetensors")
                                     for run in ("graph", "cpu")))
        host = self.features(programs["cpu"], "cpu")
        device = self.features(programs["cuda"], "cuda")
        largest = max(map(abs, host))
        self.assertGreater(largest, 0)
        for ours, theirs in zip(device, host, strict=True):
            self.assertAlmostEqual(ours / largest, theirs / largest, delta=1e-3)

    def toy(self, name, target, *flags):
        """The program of a network as small as one with all parts may be."""
        program = os.path.join(self.root, f"{name}.bcx")
        if not os.path.exists(program):
            self.run_tool("bcssl-compile", "--model=micro", "--method=dino", "--batch=2", "--dims=8", "--depths=1",
                          "--kernel=3", "--image=16", "--local-image=8", "--local-crops=1", "--out-dim=16",
                          "--hidden=8", "--bottleneck=8", f"--target={target}", *flags, "-o", program)
        return program

    def train_toy(self, output, **variables):
        """How six steps of the toy on simt end, with a checkpoint after every second one."""
        program = self.toy("simt", "cuda:simt", "--image-type=u8")
        return self.end_of("bcssl-train", "--preset=fashion", f"--program={program}", f"--data={DATA}",
                           f"--output={os.path.join(self.root, output)}", "--device=cuda", "--augment=dino",
                           "--steps=6", "--save-every=2", "--progress=none", BCSSL_SIMT_CHECKS="off", **variables)

    def hash_of_toy(self, output, **variables):
        done = self.train_toy(output, **variables)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["hash"]

    def test_failing_calls_and_graphs_change_no_bit(self):
        expected = self.hash_of_toy("eager", BCSSL_CUDA_GRAPH="off")
        # One run, which goes on after each failure: the call, the exit code, and the step that is saved by then.
        for call, code, step in (("cuGraphLaunch:4=719", STOPPED, 2),         # step 4
                                 ("cuMemcpyDtoHAsync:50=719", STOPPED, 2),    # amid the checkpoint of step 4
                                 ("cuMemcpyHtoDAsync:9", INTERNAL, None),     # amid the loading of step 2
                                 ("cuEventSynchronize:3", INTERNAL, 4),       # step 5
                                 ("cuGraphLaunch:1=2", NO_RESOURCE, 4)):
            with self.subTest(call=call):
                done = self.train_toy("faults", BCSSL_SIMT_FAIL=call)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(call.split(":", maxsplit=1)[0] + " failed with", done.stderr)
                self.assertEqual(re.findall(r"step (\d+) is saved in", done.stderr), [str(step)] if step else [])
        self.assertEqual(self.hash_of_toy("faults"), expected)

    def test_bytes_are_normalized_as_the_loader_does(self):
        hashes = {}
        for name, target, *flags in (("floats", "cpu:native"), ("bytes", "cpu:native", "--image-type=u8"),
                                     ("simt", "cuda:simt", "--image-type=u8")):
            program = self.toy(name, target, *flags)
            device = "cuda" if name == "simt" else "cpu"
            ended, losses = self.train(f"images-{name}", program, device, "--augment=dino", steps=4,
                                       BCSSL_SIMT_CHECKS="off")
            hashes[name] = ended["hash"]
            expected = losses if name == "floats" else expected
            for ours, theirs in zip(losses, expected, strict=True):
                self.assertAlmostEqual(ours["train_loss"] / theirs["train_loss"], 1, delta=1e-3)
        self.assertEqual(hashes["floats"], hashes["bytes"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tools", required=True)
    parser.add_argument("--driver", required=True)
    options, rest = parser.parse_known_args()
    Simt.tools, Simt.driver = options.tools, options.driver
    unittest.main(argv=["simt.py", *rest])
