#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every rule of the rulebook has a test that names it, or a row in docs/deviations.md that says why not.

usage: rules.py SOURCE_ROOT      prints the rules that have neither, then «N passed, N failed»

A test names a rule by its id, «R-112», «L-08» or «T-3», in a comment or in a string. Ranges count: «R-070..R-072».
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1]).resolve()
TIDY = ROOT / "tests" / "tidy"


def ids_in(text):
    found = set()
    for letter, number in re.findall(r"\b([RLTBW])-(\d+)\b", text):
        found.add((letter, int(number)))
    for letter, first, last in re.findall(r"\b([RLTBW])-(\d+)\s*(?:\.\.|to)\s*(?:[RLTBW]-)?(\d+)", text):
        found.update((letter, n) for n in range(int(first), int(last) + 1))
    return found


def main():
    wanted = [line.strip() for line in (TIDY / "rule_ids.txt").read_text(encoding="utf-8").split("\n")]
    wanted = [line for line in wanted if line and not line.startswith("#")]
    found = set()
    for path in sorted((ROOT / "tests").rglob("*")) + sorted((ROOT / "scenarios").rglob("*.scn")):
        if path.suffix in (".c", ".h", ".scn") and TIDY not in path.parents:
            found |= ids_in(path.read_text(encoding="utf-8", errors="replace"))
    deviations = ROOT / "docs" / "deviations.md"
    rows = "\n".join(line for line in deviations.read_text(encoding="utf-8").split("\n") if line.startswith("|")) if deviations.exists() else ""
    found |= ids_in(rows)
    missing = [rule for rule in wanted if (rule[0], int(rule[2:])) not in found]
    for rule in missing:
        print(f"{rule}: no test names it, no row in docs/deviations.md")
    print(f"{len(wanted) - len(missing)} passed, {len(missing)} failed")
    return 1 if missing else 0


sys.exit(main())
