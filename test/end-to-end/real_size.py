#!/usr/bin/env python3
"""Two DINO steps of BC-SSL-T at its real size, from a folder of JPEGs.

2 crops of 224 and 8 of 96 pixels, 65,536 outputs, two images a step: compiled,
trained and measured on this CPU. The plan of the arena is held against the
pages that the steps have touched.
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

IMAGES = 12
MODEL = {"model": "bcssl-tiny", "batch": 2, "image": 224, "local-image": 96,
         "local-crops": 8, "out-dim": 65536}
PARAMETERS = 28_038_720 + 23_138_560  # of the backbone and of the head
DEADLINE = 900


class RealSize(unittest.TestCase):
    tools = photos = ""

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="bcssl-real-size-")
        self.addCleanup(shutil.rmtree, self.root)
        self.data = os.path.join(self.root, "photos")
        subprocess.run([self.photos, self.data, str(IMAGES), "500", "375"], check=True)

    def test_two_steps(self):
        output = os.path.join(self.root, "run")
        command = [f"{self.tools}/bcssl-train", f"--data={self.data}", f"--output={output}",
                   "--preset=dino", "--steps=2", "--log-every=1", "--progress=none",
                   *(f"--{key}={value}" for key, value in MODEL.items())]
        done = subprocess.run(command, timeout=DEADLINE, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        summary = json.loads(done.stdout)
        touched, planned = summary["arena_touched_bytes"], summary["arena_bytes"]
        print(f"compiled in {summary['compile_seconds']:.1f} s, {summary['seconds'] / 2:.2f} s a step, "
              f"RSS {summary['peak_rss_bytes'] / 2**30:.2f} GiB, arena {touched / 2**20:.1f} of "
              f"{planned / 2**20:.1f} MiB touched ({100 * touched / planned:.1f} %)", file=sys.stderr)

        self.assertEqual(summary["step"], 2)
        self.assertEqual(summary["images"], 2 * MODEL["batch"])
        with open(output + "/log.txt", encoding="utf-8") as log:
            losses = [json.loads(line)["train_loss"] for line in log]
        self.assertEqual(len(losses), 2)
        # Untrained, all outputs are about equally likely.
        for loss in losses:
            self.assertAlmostEqual(loss, math.log(MODEL["out-dim"]), delta=1)
        # Within 5 % of the plan; whole pages count.
        self.assertLess(abs(touched - planned), 0.05 * planned)
        # Student, teacher, two moments and gradients at least.
        self.assertGreater(summary["peak_rss_bytes"], 4 * 4 * PARAMETERS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tools", required=True, help="folder of the tools")
    parser.add_argument("--photos", required=True, help="the program that writes JPEGs")
    arguments, rest = parser.parse_known_args()
    RealSize.tools = os.path.abspath(arguments.tools)
    RealSize.photos = os.path.abspath(arguments.photos)
    unittest.main(argv=["real_size.py", *rest], verbosity=2)
