#!/usr/bin/env python3
"""scripts/demo, interrupted and repeated, with scripts in the place of tools."""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import unittest

# Each takes one line of the environment: its exit code, and what it prints.
TRAIN = """#!/bin/sh
for flag; do case $flag in --output=*) output=${flag#*=} ;; --preset=*) preset=${flag#*=} ;; esac; done
echo trained >>"$output/calls"
echo "{\\"preset\\": \\"$preset\\"}" >"$output/config.json"
echo "$TRAIN_PRINTS"
exit ${TRAIN_CODE:-0}
"""
EVAL = """#!/bin/sh
echo '{"results": [{"top1": 81.234}]}'
for flag; do case $flag in --dump-features=*) mkdir -p "${flag#*=}" ;; esac; done
exit ${EVAL_CODE:-0}
"""
# Nothing is to be built.
NINJA = "".join(f"build {tool}: phony\n" for tool in ("bcssl-compile", "bcssl-train", "bcssl-eval"))


def part(images, seconds):
    return json.dumps({"images": images, "seconds": seconds, "checkpoint": "c", "hash": "h"})


class Demo(unittest.TestCase):
    scripts = ""

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="bcssl-demo-")
        self.addCleanup(shutil.rmtree, self.root)
        os.mkdir(os.path.join(self.root, "bin"))
        for name, text in (("bin/bcssl-train", TRAIN), ("bin/bcssl-eval", EVAL), ("build.ninja", NINJA)):
            path = os.path.join(self.root, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(path, 0o755)
        self.output = os.path.join(self.root, "output")

    def demo(self, *flags, prints=part(1000, 10.0), train=0, judge=0):
        environment = os.environ | {"BCSSL_BUILD_DIR": self.root, "TRAIN_PRINTS": prints, "TRAIN_CODE": str(train),
                                    "EVAL_CODE": str(judge)}
        return subprocess.run([f"{self.scripts}/demo", f"--output={self.output}", *flags], env=environment,
                              check=False, capture_output=True, text=True, timeout=100)

    def summary(self):
        with open(os.path.join(self.output, "summary.json"), encoding="utf-8") as file:
            return json.load(file)

    def trainings(self):
        with open(os.path.join(self.output, "calls"), encoding="utf-8") as file:
            return len(file.readlines())

    def test_in_one_go(self):
        done = self.demo()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.summary()["trained_knn"], 81.23)
        self.assertEqual(self.summary()["images"], 1000)
        # A complete one is replaced, by any recipe.
        done = self.demo("--preset=fashion-long", prints=part(3000, 20.0))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.summary()["images_per_s"], 150)
        self.assertEqual(self.trainings(), 1)

    def test_interrupted_training(self):
        self.assertEqual(self.demo(train=75).returncode, 75)
        done = self.demo(prints=part(500, 2.0))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.summary()["images"], self.summary()["seconds"]), (1500, 12))
        self.assertEqual(self.summary()["images_per_s"], 125)

    def test_interrupted_judging(self):
        self.assertNotEqual(self.demo(judge=130).returncode, 0)
        done = self.demo(prints=part(0, 7e-7))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.trainings(), 1)
        self.assertEqual(self.summary()["images"], 1000)

    def test_recipes_are_not_mixed(self):
        self.assertEqual(self.demo(train=75).returncode, 75)
        done = self.demo("--preset=fashion-long")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("unfinished demo with --preset fashion, got fashion-long", done.stderr)
        self.assertEqual(self.trainings(), 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--scripts", required=True, help="folder of the scripts")
    arguments, rest = parser.parse_known_args()
    Demo.scripts = os.path.abspath(arguments.scripts)
    unittest.main(argv=["demo_script.py", *rest], verbosity=2)
