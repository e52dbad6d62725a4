#!/usr/bin/env python3
"""Turns results (a JSON object a line) into tables in Markdown.

    report.py RESULTS

Times are medians, with the 10th and 90th percentile where a program gave them.
A ratio is the time of the peer's fastest variant over ours: above 1 we are
faster. Of a case that was measured again the last result counts.
"""

import json
import pathlib
import sys
from typing import Iterable

FILES = ("check", "train", "measure", "peers")


def short(row: dict) -> str:
    """One line for a person who waits."""
    if "error" in row:
        return f"FAILED {name_of(row)}: {row['error']}"
    words = [f"{key} {number(value)}" for key, value in row.items()
             if isinstance(value, (int, float, str)) and key not in ("side", "case", "check", "training", "kernels")]
    return f"{name_of(row)}: " + ", ".join(words)


def name_of(row: dict) -> str:
    keys = ("case", "check", "training", "kernels", "turn", "knn", "variant", "compared", "machine")
    return " ".join(str(row[key]) for key in keys if key in row)


def number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return str(value)


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines) + "\n"


def read(folder: pathlib.Path, names: Iterable[str]) -> list[dict]:
    """All rows; a line that was cut off is left out."""
    rows = []
    for name in names:
        path = folder / f"{name}.jsonl"
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError:
                continue
    return rows


def latest(rows: list[dict]) -> list[dict]:
    """The last row of each name."""
    return list({(name_of(row), row.get("side")): row for row in rows}.values())


def machines(rows: list[dict]) -> str:
    lines = {f"{row['cpu']}, {row['cores']} cores" + (f"; {row['gpu']}" if row.get("gpu") else "") +
             f"; bundle {row['bundle'].get('commit')}": None for row in rows if "cpu" in row}
    return "\n".join(lines) + "\n"


def checks(rows: list[dict]) -> str:
    cells = [[row["check"], "failed" if "error" in row else "passed",
              row.get("error") or row.get("values") or
              f"{row.get('passed', 0)} passed, {row.get('skipped', 0)} skipped"]
             for row in latest(rows) if "check" in row]
    return "### Checks\n\n" + table(["what", "result", "in detail"], cells) if cells else ""


def trainings(rows: list[dict]) -> str:
    cells = []
    for row in latest(rows):
        if "training" not in row:
            continue
        name = " ".join(str(row[key]) for key in ("training", "turn", "knn", "compared") if key in row)
        found = [f"{number(row[key])} {words}" for key, words in
                 (("images", "images"), ("images_per_s", "images/s"), ("top1", "% right"), ("train_loss", "loss"))
                 if row.get(key) is not None]
        if "equal" in row:
            found.append("equal" if row["equal"] else "not equal")
        cells.append([name, row.get("error") or ", ".join(found)])
    return "### Training\n\n" + table(["what", "result"], cells) if cells else ""


def time_cell(row: dict | None) -> str:
    if row is None:
        return ""
    if "error" in row:
        return "failed: " + row["error"][:60]
    spread = f" ({number(row['p10'])} - {number(row['p90'])})" if "p10" in row else ""
    return number(row["ms"]) + spread


def detail_cell(row: dict | None) -> str:
    """Rates and memory, as far as they are known."""
    if row is None or "error" in row:
        return ""
    parts = []
    if "images_per_s" in row:
        parts.append(f"{number(row['images_per_s'])} images/s")
    if "gbps" in row:
        parts.append(f"{number(row['gbps'])} GB/s, {number(row['tflops'])} TFLOP/s")
    if "peak_bytes" in row:
        parts.append(f"{row['peak_bytes'] / 2**30:.1f} GiB")
    if "compile_s" in row:
        parts.append(f"compiled in {row['compile_s']:.0f} s")
    return ", ".join(parts)


def comparison(title: str, rows: list[dict], prefix: str) -> str:
    rows = [row for row in latest(rows) if row.get("case", "").startswith(prefix)]
    if not rows:
        return ""
    variants = sorted({row.get("variant", "") for row in rows if row["side"] != "bcssl"})
    cells = []
    for case in dict.fromkeys(row["case"] for row in rows):
        found = {(row["side"], row.get("variant", "")): row for row in rows if row["case"] == case}
        ours = found.get(("bcssl", ""))
        theirs = {variant: found.get(("torch", variant)) for variant in variants}
        times = [row["ms"] for row in theirs.values() if row and "ms" in row]
        ratio = f"{min(times) / ours['ms']:.2f}" if times and ours and ours.get("ms") else ""
        best = min((row for row in theirs.values() if row and "ms" in row), key=lambda row: row["ms"], default=None)
        cells.append([case.removeprefix(prefix), time_cell(ours), *[time_cell(theirs[name]) for name in variants], ratio,
                      detail_cell(ours), detail_cell(best)])
    head = ["case", "ours, ms", *[f"PyTorch {name}, ms".replace(" ,", ",") for name in variants], "ratio", "ours",
            "PyTorch's fastest"]
    return f"### {title}\n\n" + table(head, cells)


def kernels(rows: list[dict]) -> str:
    text = ""
    for row in latest(rows):
        if "kernels" in row and "longest" in row:
            cells = [[kernel["name"], str(kernel["launches"]), number(kernel["ms"]),
                      f"{100 * kernel['ms'] / row['ms']:.1f} %" if row["ms"] else ""] for kernel in row["longest"]]
            text += (f"#### {row['kernels']}: {number(row['ms'])} ms in all kernels\n\n" +
                     table(["kernel", "launches", "ms of one step", "share"], cells) + "\n")
    return "### Longest kernels\n\n" + text if text else ""


def tables(folder: pathlib.Path, only: str | None = None) -> str:
    """Of one command, or of all; measure and peers belong together."""
    together = ("measure", "peers") if only in ("measure", "peers") else (only,) if only else FILES
    rows = read(folder, together)
    parts = [machines(rows), checks(rows), trainings(rows), comparison("Training steps", rows, "step/"),
             comparison("Training steps without specialized warps", rows, "unspecialized/"),
             comparison("Training steps that take bytes", rows, "bytes/"),
             comparison("Depthwise convolutions", rows, "depthwise/"), kernels(rows)]
    return "\n".join(part for part in parts if part.strip())


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    print(tables(pathlib.Path(sys.argv[1])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
