#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mutants.py [-w WORLDS] [NAME ...]: does the collection notice deliberate bugs in the TCP?

Copies the tree to a scratch folder, builds it, and then, for each mutant of mutants.txt, makes its one change, builds again, and runs every
scenario below scenarios/ and WORLDS random worlds (default 2000; 0: scenarios only). Prints what noticed it: the failed runs and the
invariants that broke; goldens do not count. A mutant that nothing notices is a missing scenario: exit status 1. `--apply` only checks
that each change still finds its place. The last line is «N noticed, N not».

mutants.txt: a block a mutant: `== name`, `file: path`, then the text to be found behind `---` and its replacement behind `+++`.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def read_mutants():
    mutants = []
    for block in open(os.path.join(HERE, "mutants.txt"), encoding="utf-8").read().split("\n== ")[1:]:
        head, rest = block.split("\n---\n", 1)
        old, new = rest.split("\n+++", 1)
        name, file_line = head.strip().split("\n")
        mutants.append((name, file_line.split(":", 1)[1].strip(), old, new.strip("\n") if new.strip() else ""))
    return mutants


def changed(root, path, old, new):
    text = open(os.path.join(root, path), encoding="utf-8").read()
    if text.count(old) != 1:
        return None, text
    return text.replace(old, new), text


def run(command, cwd, seconds):
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=seconds, errors="replace")
        return done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        return 124, "longer than %d s" % seconds


def noticed_by(tree, worlds):
    notes = []
    status, said = run(["build/lastack", "test", "scenarios"], tree, 120)
    failed = sorted(set(re.findall(r"^failed +(\S+)", said, re.M)))
    broken = set(re.findall(r"\[?(prefix|no-silent-loss|ack-means-kept|fin-once|legal-moves|fin-is-answered|ends-agree|no-socket-for-ever|orphan-bound|time-wait|"
                            r"no-old-duplicates|rst-is-lawful|errors-are-told|comes-to-rest)\b(?= (?:broken|is broken)|:)", said))
    if status not in (0, 1):
        notes.append("test: exit %d" % status)
    notes += [os.path.basename(f)[:-4] for f in failed[:3]] + (["and %d more" % (len(failed) - 3)] if len(failed) > 3 else [])
    if worlds:
        status, said = run(["build/tests/worlds", str(worlds)], tree, 120)
        broken |= set(re.findall(r"^world \d+ of seed \d+: ([a-z -]+):", said, re.M))
        if status not in (0, 1):
            notes.append("worlds: exit %d" % status)
    return notes + sorted(broken)


def main():
    arguments = sys.argv[1:]
    worlds, apply_only = 2000, False
    while arguments and arguments[0].startswith("-"):
        option = arguments.pop(0)
        if option == "-w" and arguments:
            worlds = int(arguments.pop(0))
        elif option == "--apply":
            apply_only = True
        else:
            sys.exit(__doc__)
    mutants = [m for m in read_mutants() if not arguments or m[0] in arguments]
    lost = [name for name, path, old, new in mutants if changed(ROOT, path, old, new)[0] is None]
    for name in lost:
        print("no longer finds its place: %s" % name)
    if apply_only or lost:
        print("%d passed, %d failed" % (len(mutants) - len(lost), len(lost)))
        sys.exit(1 if lost else 0)
    missed = 0
    with tempfile.TemporaryDirectory() as scratch:
        tree = os.path.join(scratch, "tree")
        shutil.copytree(ROOT, tree, ignore=lambda folder, names: [n for n in names if folder == ROOT and (n == ".git" or n.startswith("build"))])
        for command in (["meson", "setup", "build", "--buildtype=debugoptimized", "-Dtests=enabled"], ["ninja", "-C", "build", "lastack", "tests/worlds"]):
            status, said = run(command, tree, 900)
            if status != 0:
                sys.exit("%s failed:\n%s" % (" ".join(command), said[-2000:]))
        baseline = noticed_by(tree, worlds)
        if baseline:
            sys.exit("without any mutant already: " + ", ".join(baseline))
        for name, path, old, new in mutants:
            text, before = changed(tree, path, old, new)
            with open(os.path.join(tree, path), "w", encoding="utf-8") as file:
                file.write(text)
            status, said = run(["ninja", "-C", "build", "lastack", "tests/worlds"], tree, 300)
            notes = noticed_by(tree, worlds) if status == 0 else None
            with open(os.path.join(tree, path), "w", encoding="utf-8") as file:
                file.write(before)
            missed += not notes
            print("%-46s %s" % (name, "does not build: " + said[-300:] if notes is None else ", ".join(notes) or "NOT NOTICED"), flush=True)
    print("%d noticed, %d not" % (len(mutants) - missed, missed))
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
