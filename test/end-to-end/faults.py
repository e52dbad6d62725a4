#!/usr/bin/env python3
"""What a run survives: refused commands, full disks, limits, bad images.

Small runs of the real tools. Whatever goes wrong, the checkpoint before it is
whole, and the run that goes on from it ends in the bits of an undisturbed one.
"""

import argparse
import glob
import json
import os
import resource
import shutil
import subprocess
import tempfile
import unittest

DATA = "/usr/share/datasets/fashion-mnist"
DEADLINE = 300
USAGE, BAD_DATA, IO = 2, 65, 74


class Faults(unittest.TestCase):
    tools = photos = ""

    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp(prefix="bcssl-faults-")
        cls.addClassCleanup(shutil.rmtree, cls.root)
        cls.expected = cls.undisturbed("whole", 5)

    @classmethod
    def folder(cls, *names):
        return os.path.join(cls.root, *names)

    @classmethod
    def command(cls, output, *flags, data=DATA):
        """All runs but the first have the program of the first."""
        program = cls.folder("whole", "program.bcx")
        model = [f"--program={program}"] if os.path.exists(program) else ["--batch=16"]
        return [f"{cls.tools}/bcssl-train", "--preset=fashion", *model, f"--data={data}",
                f"--output={cls.folder(output)}", "--save-every=5", "--progress=none", *flags]

    @classmethod
    def train(cls, output, *flags, data=DATA, **settings):
        return subprocess.run(cls.command(output, *flags, data=data), timeout=DEADLINE, check=False,
                              capture_output=True, text=True, **settings)

    @classmethod
    def undisturbed(cls, output, first, data=DATA):
        """The hash of a run of so many steps that is made ten steps long: the schedules know."""
        for steps in first, 10:
            done = cls.train(output, f"--steps={steps}", data=data)
            if done.returncode:
                raise RuntimeError(f"the undisturbed run failed: {done.stderr}")
        return json.loads(done.stdout)["hash"]

    def begin(self, output):
        """A run of five steps, which is to become one of ten."""
        done = self.train(output, "--steps=5")
        self.assertEqual(done.returncode, 0, done.stderr)

    def expect_failure(self, done, code, *words):
        self.assertEqual(done.returncode, code, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def expect_whole(self, output, step=5):
        """The checkpoint of that step is the newest, and leads to the end."""
        folder = self.folder(output)
        self.assertEqual(os.readlink(folder + "/checkpoint"), f"checkpoint_{step:07}")
        self.assertEqual(glob.glob(folder + "/.*"), [])
        done = self.train(output, "--steps=10")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["hash"], self.expected)

    def test_refused_commands_change_nothing(self):
        self.begin("refused")

        def content():
            found = {}
            for name in "program.bcx", "config.json", "log.txt":
                with open(self.folder("refused", name), "rb") as file:
                    found[name] = file.read()
            return found | {"names": sorted(os.listdir(self.folder("refused")))}

        before = content()
        for flags, word in ((["--resume=none"], "output-used"), (["--seed=5"], "resume-seed"),
                            (["--steps=3"], "resume-length")):
            with self.subTest(flags=flags):
                done = self.train("refused", "--steps=10", "--lr=1e-3", *flags)
                self.expect_failure(done, USAGE, word)
                self.assertEqual(content(), before)
        self.expect_whole("refused")

    def test_file_size_limit(self):
        self.begin("limit")
        largest = os.path.getsize(self.folder("limit", "checkpoint", "model.safetensors"))
        done = self.train("limit", "--steps=10", preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (largest - 1, largest - 1)))
        self.expect_failure(done, IO, "file-limit", "ulimit -f", "model.safetensors")
        self.expect_whole("limit")

    def test_full_disk(self):
        """A file system of its own, with room for one checkpoint and a half."""
        self.begin("size")
        sizes = [os.path.getsize(file) for file in glob.glob(self.folder("size", "checkpoint", "*"))]
        room = int(1.5 * sum(sizes)) + os.path.getsize(self.folder("whole", "program.bcx")) + (1 << 20)
        mount = self.folder("disk")
        os.mkdir(mount)
        namespace = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        if subprocess.run([*namespace, "true"], check=False, capture_output=True).returncode:
            self.skipTest("needs a mount namespace")
        script = ('mount -t tmpfs -o size="$1" tmpfs "$2" || exit 1; kept=$3; shift 3; '
                  '"$@" --steps=5 && "$@" --steps=10; code=$?; cp -a "$OUTPUT/." "$kept"; exit $code')
        output = os.path.join("disk", "run")
        command = self.command(output)
        done = subprocess.run([*namespace, "sh", "-c", script, "sh", str(room), mount, self.folder("copy"), *command],
                              env=os.environ | {"OUTPUT": self.folder(output)}, timeout=DEADLINE,
                              check=False, capture_output=True, text=True)
        self.expect_failure(done, IO, "disk-full", "bytes are free", "are whole")
        self.expect_whole("copy")

    def test_bad_image_costs_only_its_step(self):
        photos = self.folder("photos")
        subprocess.run([self.photos, photos, "64", "40", "40"], check=True)
        expected = self.undisturbed("photos-whole", 4, data=photos)
        self.assertEqual(self.train("photos-run", "--steps=4", data=photos).returncode, 0)
        photo = os.path.join(photos, "photo-7.jpg")
        shutil.copy(photo, self.folder("whole.jpg"))
        os.truncate(photo, os.path.getsize(photo) // 2)
        for _ in range(2):
            done = self.train("photos-run", "--steps=10", data=photos)
            self.expect_failure(done, BAD_DATA, "photo-7.jpg")
        shutil.copy(self.folder("whole.jpg"), photo)
        done = self.train("photos-run", "--steps=10", data=photos)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["hash"], expected)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tools", required=True, help="folder of the tools")
    parser.add_argument("--photos", required=True, help="the program that writes JPEGs")
    arguments, rest = parser.parse_known_args()
    Faults.tools = os.path.abspath(arguments.tools)
    Faults.photos = os.path.abspath(arguments.photos)
    unittest.main(argv=["faults.py", *rest], verbosity=2)
