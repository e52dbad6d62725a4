#!/usr/bin/env python3
"""Trains `micro` on Fashion-MNIST with the real tools and compares hashes.

A run must end in the same checkpoint however many threads compute it and
however it was interrupted: killed twenty times, ten of them while a checkpoint
was being written.
"""

import argparse
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

DATA = "/usr/share/datasets/fashion-mnist"
KILLS = 20
STEPS = 20
DEADLINE = 300  # seconds that one run may take

USAGE, BAD_DATA, STOPPED = 2, 65, 75


class EndToEnd(unittest.TestCase):
    tools = ""

    @classmethod
    def setUpClass(cls):
        if not os.path.isdir(DATA):
            raise RuntimeError(f"{DATA} is missing; install dataset-fashion-mnist")
        cls.root = tempfile.mkdtemp(prefix="bcssl-end-to-end-")
        cls.addClassCleanup(shutil.rmtree, cls.root)
        cls.program = cls.compile("program.bcx")
        done = cls.finish(cls.start("undisturbed"))
        if done.returncode:
            raise RuntimeError(f"the undisturbed run failed: {done.stderr}")
        cls.expected = json.loads(done.stdout)["hash"]

    @classmethod
    def compile(cls, name):
        """The micro step, compiled by way of a run that takes one step."""
        output = os.path.join(cls.root, "compile-" + name)
        command = [f"{cls.tools}/bcssl-train", "--preset=fashion", "--batch=16",
                   f"--data={DATA}", f"--output={output}", "--steps=1",
                   "--progress=none"]
        subprocess.run(command, check=True, timeout=DEADLINE,
                       capture_output=True)
        return os.path.join(output, "program.bcx")

    @classmethod
    def start(cls, name, *flags, program=None):
        command = [f"{cls.tools}/bcssl-train", "--preset=fashion",
                   f"--program={program or cls.program}", f"--data={DATA}",
                   f"--output={cls.folder(name)}", f"--steps={STEPS}",
                   "--save-every=5", "--progress=none", *flags]
        return subprocess.Popen(command, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    @classmethod
    def folder(cls, name):
        return os.path.join(cls.root, name)

    @staticmethod
    def finish(process):
        try:
            out, err = process.communicate(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return subprocess.CompletedProcess(process.args, process.returncode,
                                           out, err)

    def expect_same(self, name, *flags):
        done = self.finish(self.start(name, *flags))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["hash"], self.expected)

    def wait_until(self, process, happened):
        """Whether it happened before the process ended."""
        while process.poll() is None:
            if happened():
                return True
            time.sleep(0.0005)
        return False

    def checkpoints(self, name):
        return set(glob.glob(self.folder(name) + "/checkpoint_[0-9]*"))

    def test_same_hash_again(self):
        self.expect_same("again")

    def test_same_hash_with_any_threads(self):
        for threads, loaders in (1, 4), (2, 0), (3, 1):
            with self.subTest(threads=threads, loader_threads=loaders):
                self.expect_same(f"threads-{threads}-{loaders}", f"--threads={threads}",
                                 f"--loader-threads={loaders}")

    def test_same_hash_after_kills(self):
        # Long enough that no run ends before its kill: each saves once or
        # twice before it dies.
        flags = f"--steps={6 * KILLS}", "--save-every=1"
        expected = self.finish(self.start("unkilled", *flags))
        self.assertEqual(expected.returncode, 0, expected.stderr)
        name = "killed"
        temporary = self.folder(name) + "/.checkpoint_*.tmp"
        inside = resumed = kills = 0
        # A kill that came too late to be inside a write is made up for.
        while kills < KILLS or inside < KILLS // 2:
            self.assertLess(kills, 2 * KILLS, f"only {inside} kills were inside")
            before = self.checkpoints(name)
            process = self.start(name, *flags)
            # A whole checkpoint first: the next run has something to go on from.
            reached = self.wait_until(
                process, lambda: self.checkpoints(name) - before)
            stale = set(glob.glob(temporary))
            if inside <= kills // 2:
                reached = reached and self.wait_until(
                    process, lambda: set(glob.glob(temporary)) - stale)
            process.kill()
            done = self.finish(process)
            self.assertTrue(reached, f"kill {kills} came late: {done.stderr}")
            self.assertEqual(done.returncode, -signal.SIGKILL)
            inside += bool(set(glob.glob(temporary)) - stale)
            resumed += bool(before)
            kills += 1
            self.assertTrue(self.checkpoints(name), "no checkpoint is left")
        print(f"{kills} kills, {resumed} of resumed runs, {inside} left a "
              "checkpoint half written")
        self.assertEqual(resumed, kills - 1)
        done = self.finish(self.start(name, *flags))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["hash"],
                         json.loads(expected.stdout)["hash"])

    def test_same_hash_after_sigterm(self):
        process = self.start("stopped")
        self.assertTrue(self.wait_until(
            process, lambda: self.checkpoints("stopped")))
        process.terminate()
        done = self.finish(process)
        self.assertEqual(done.returncode, STOPPED, done.stderr)
        self.expect_same("stopped")

    def test_compiled_twice_is_equal(self):
        with open(self.program, "rb") as first:
            with open(self.compile("second.bcx"), "rb") as second:
                self.assertEqual(first.read(), second.read())

    def test_wrong_flags(self):
        done = self.finish(self.start("flags", "--no-such-flag=1"))
        self.assertEqual(done.returncode, USAGE, done.stderr)

    def test_truncated_artifact(self):
        cut = os.path.join(self.root, "cut.bcx")
        with open(self.program, "rb") as whole, open(cut, "wb") as out:
            out.write(whole.read()[:5000])
        done = self.finish(self.start("cut", program=cut))
        self.assertEqual(done.returncode, BAD_DATA, done.stderr)

    def test_broken_checkpoint_gives_way_to_the_one_before(self):
        self.expect_same("broken")
        newest = sorted(self.checkpoints("broken"))[-1]
        with open(newest + "/model.safetensors", "r+b") as file:
            file.truncate(1000)
        self.expect_same("broken")

    def test_model_options_are_those_of_the_compiler(self):
        def options(tool):
            text = subprocess.run([f"{self.tools}/{tool}", "--help"],
                                  check=True, capture_output=True, text=True,
                                  timeout=60).stdout
            group = re.search(r"^model:?\n(.*?)(?:\n\n|\Z)", text,
                              re.MULTILINE | re.DOTALL | re.IGNORECASE)
            self.assertTrue(group, f"{tool} --help names no model options")
            return set(re.findall(r"^\s+(?:-\w, )?--([a-z0-9-]+)",
                                  group[1], re.MULTILINE))

        # The precision is an option of the compiler, not of a model.
        self.assertEqual(options("bcssl-train"), options("bcssl-compile") | {"precision"})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tools", required=True, help="folder of the tools")
    arguments, rest = parser.parse_known_args()
    EndToEnd.tools = os.path.abspath(arguments.tools)
    unittest.main(argv=["end_to_end.py", *rest], verbosity=2)
