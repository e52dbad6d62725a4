#!/usr/bin/env python3
"""Counts the tests that a run left out, and why.

    left-out.py REPORTS [--ptxas=PATH] [--nccl=PATH]

Reads the XML reports of GoogleTest and lit below the folder REPORTS. A test
names what it lacks where it gives up: GTEST_SKIP() << "needs ptxas", or
`REQUIRES: ptxas` in a lit test. With the path of an optional tool the run
must not have left out a test for the lack of it: exit code 1 if it has.
"""

import argparse
import collections
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

OPTIONAL_TOOLS = ("ptxas", "nccl")


def left_out_tests(reports: pathlib.Path):
    """Yields (test, reason) for every skipped case in every report."""
    for report in sorted(reports.rglob("*.xml")):
        for case in xml.parse(report).iter("testcase"):
            skipped = case.find("skipped")
            if skipped is None:
                continue
            message = (skipped.get("message") or skipped.text or "no reason given").strip()
            # GoogleTest puts file and line in front of the reason.
            reason = message.splitlines()[-1].strip()
            yield f"{case.get('classname')}.{case.get('name')}", reason


def tool_of(reason: str) -> str:
    for tool in OPTIONAL_TOOLS:
        if re.search(rf"\b{tool}\b", reason, re.IGNORECASE):
            return tool
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", type=pathlib.Path)
    for tool in OPTIONAL_TOOLS:
        parser.add_argument(f"--{tool}", default="", help=f"where {tool} was found; empty: nowhere")
    options = parser.parse_args()

    tests_of = collections.defaultdict(list)
    for test, reason in left_out_tests(options.reports):
        tests_of[reason].append(test)
    print(f"tests left out: {sum(map(len, tests_of.values()))}")
    faults = 0
    for reason, tests in sorted(tests_of.items()):
        print(f"  {len(tests):4d}  {reason}")
        tool = tool_of(reason)
        if tool and getattr(options, tool):
            faults += 1
            print(f"error: {tool} is at {getattr(options, tool)}, but left out: {', '.join(tests)}", file=sys.stderr)
    for tool in OPTIONAL_TOOLS:
        print(f"{tool}: {getattr(options, tool) or 'not found'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
