#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same scenario gives the same bytes, whoever compiled the program, and however many run at once.

usage: same_bytes.py SCENARIOS PROGRAM...
Each scenario and variant is run by each program in each format, one after the other and then by eight at once.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

FORMATS = ("jsonl", "ladder", "table")
AT_ONCE = 8


def run(program, scenario, variant, form):
    command = [program, "run", str(scenario), "--variant", str(variant), "--format", form]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def first_difference(one, other):
    for number, (a, b) in enumerate(zip(one.split(b"\n"), other.split(b"\n")), 1):
        if a != b:
            return f"line {number}:\n    {a.decode('utf-8', 'replace')}\n    {b.decode('utf-8', 'replace')}"
    return "one is longer"


def main():
    folder, programs = sys.argv[1], sys.argv[2:]
    cases = []
    for scenario in sorted(pathlib.Path(folder).rglob("*.scn")):
        variants = len(re.findall(r"^variant\b", scenario.read_text(encoding="utf-8"), re.M))
        cases += [(scenario, variant, form) for variant in range(variants + 1) for form in FORMATS]
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as outer:

        def runs(case):
            each = [run(program, *case) for program in programs]
            crowd = [pool.submit(run, programs[n % len(programs)], *case) for n in range(AT_ONCE)]
            return each[0], each[1:] + [future.result() for future in crowd]

        for case, (wanted, others) in zip(cases, outer.map(runs, cases)):
            wrong = [other for other in others if other != wanted]
            if wrong or wanted[0] not in (0, 1, 2) or (wanted[0] < 2 and not wanted[1]):
                failed += 1
                print(f"failed: {case[0]}, variant {case[1]}, {case[2]}: exit {wanted[0]}, {len(wrong)} of {len(others)} differ")
                if wrong:
                    print("   ", first_difference(wanted[1], wrong[0][1]))
            else:
                passed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
