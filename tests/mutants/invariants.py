#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: invariants.py SOURCE_ROOT

Does docs/invariants.md name, for each invariant that the judge knows, a scenario that expects its break or a mutant that must cause it? A
scenario that expects a break which does not come fails in `lastack test`, such a mutant in tests/mutants/run.
"""
import os
import re
import sys

ROOT = sys.argv[1]


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def known():
    """All for which the judge has a rule, as reports spell them."""
    rules = re.search(r"rules\[INVARIANTS\] = \{(.*?)\n\};", read("src/judge/judge.c"), re.S)
    return [name.lower().replace("_", "-") for name in re.findall(r"\[INVARIANT_(\w+)\]", rules.group(1))]


def scenario_breaks(path, invariant):
    if not os.path.exists(os.path.join(ROOT, path)):
        return "is not there"
    text = read(path)
    implied = invariant == "ends-agree" and re.search(r"^ *expect verdict half-open\b", text, re.M)
    return None if implied or re.search(rf"^ *expect breaks {invariant}$", text, re.M) else f"does not expect a break of {invariant}"


def mutant_breaks(name, invariant):
    block = re.search(rf"^== {re.escape(name)}\n(.*?)\n---\n", read("tests/mutants/mutants.txt"), re.S | re.M)
    if block is None:
        return "is no mutant"
    breaks = re.search(r"^breaks: (.*)$", block.group(1), re.M)
    return None if breaks and invariant in breaks.group(1).split() else f"need not break {invariant}"


def main():
    rows = re.findall(r"^\| `([a-z-]+)` \| (?:`([^`]+)`|mutant: ([^|]+?)) \|", read("docs/invariants.md"), re.M)
    faults = []
    for name in known():
        if name not in [row[0] for row in rows]:
            faults.append(f"{name} has no row")
    for name, scenario, mutant in rows:
        fault = scenario_breaks(scenario, name) if scenario else mutant_breaks(mutant, name)
        if name not in known():
            fault = "is no invariant"
        if fault:
            faults.append(f"{name}: {scenario or mutant} {fault}")
    for fault in faults:
        print(fault)
    if len(known()) != 14:
        faults.append("")
        print(f"the judge knows {len(known())} invariants")
    print(f"{len(rows) - len(faults)} passed, {len(faults)} failed")
    sys.exit(1 if faults else 0)


main()
