#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts what a Meson test run ran: each cmocka test of a program, each rule of tidy, not only the programs.

usage: count.py build/meson-logs/testlog.json    prints «N passed, N failed»
"""
import json
import re
import sys


def count(entry):
    """(passed, failed) of one program."""
    text = entry.get("stdout") or ""
    text += entry.get("stderr") or ""
    passed = sum(int(n) for n in re.findall(r"^\[  PASSED  \] (\d+) test\(s\)", text, re.M))
    failed = sum(int(n) for n in re.findall(r"^\[  FAILED  \] (\d+) test\(s\)", text, re.M))
    own = re.findall(r"^(\d+) passed, (\d+) failed$", text, re.M)
    if own:
        passed, failed = int(own[-1][0]), int(own[-1][1])
    good = entry["result"] in ("OK", "EXPECTEDFAIL")
    if entry["result"] == "SKIP":
        return 0, 0
    if good and passed == 0:
        passed = 1
    if not good and failed == 0:
        failed = 1  # it crashed, leaked or hung
    return passed, failed


def main():
    passed = failed = 0
    try:
        with open(sys.argv[1], encoding="utf-8") as log:
            for line in log:
                if line.strip():
                    more = count(json.loads(line))
                    passed += more[0]
                    failed += more[1]
    except OSError as error:
        print(error)
        failed = 1
    print(f"{passed} passed, {failed} failed")


main()
