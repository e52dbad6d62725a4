"""Twice the time of bcssl-run's stand-in; cannot compile."""
import json
import pathlib
import sys

flags = dict(zip(sys.argv, sys.argv[1:]))
row = {"side": "torch", "case": "step/micro/dino/k7/2x32+2x16/b64/f32", "variant": "eager", "ms": 1000.0, "p10": 900.0,
       "p90": 1100.0, "images_per_s": 64.0}
if "--mode=compile" in sys.argv:
    row = {"side": "torch", "case": row["case"], "variant": "compile", "error": "RuntimeError: no compiler"}
with pathlib.Path(flags["--output"]).open("a", encoding="utf-8") as file:
    file.write(json.dumps(row) + "\n")
sys.exit(3 if "error" in row else 0)
