#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a failing world small: leaves out lines, then words, then makes numbers smaller, as long as the same thing fails.

    tests/worlds/shrink.py build/tests/worlds world-1-513.scn ack-means-kept > small.scn
"""
import re
import subprocess
import sys
import tempfile

WORLDS, PATH, WHAT = sys.argv[1:4]
TEMPORARY = tempfile.NamedTemporaryFile("w", suffix=".scn")


def fails(lines):
    TEMPORARY.seek(0)
    TEMPORARY.truncate()
    TEMPORARY.write("\n".join(lines) + "\n")
    TEMPORARY.flush()
    run = subprocess.run([WORLDS, "-r", TEMPORARY.name], capture_output=True, text=True)
    return f": {WHAT}: " in run.stdout


def without_lines(lines):
    size = max(1, len(lines) // 2)
    while size >= 1:
        at = 0
        while at < len(lines):
            shorter = lines[:at] + lines[at + size:]
            if fails(shorter):
                lines = shorter
            else:
                at += size
        size //= 2
    return lines


def without_words(lines):
    for number in range(len(lines)):
        for size in (6, 5, 4, 3, 2, 1):
            at = 1
            while True:
                indent = re.match(r" *", lines[number]).group()
                words = lines[number].split()
                if at + size > len(words):
                    break
                shorter = lines[:number] + [indent + " ".join(words[:at] + words[at + size:])] + lines[number + 1:]
                if fails(shorter):
                    lines = shorter
                else:
                    at += 1
    return lines


def rounder(text):
    """Simpler values for one number, the simplest first."""
    whole = text.split(".")[0]
    tries = ["0", "1", "10", "100", whole, whole[0] + "0" * (len(whole) - 1), str(int(whole) // 2)]
    return [t for t in dict.fromkeys(tries) if len(t) < len(text) or (len(t) == len(text) and t < text and t.strip("0") != text.strip("0"))]


def smaller_numbers(lines):
    for number in range(len(lines)):
        for match in reversed(list(re.finditer(r"(?<![\w.-])\d+(\.\d+)?", lines[number]))):
            for value in rounder(match.group()):
                line = lines[number][:match.start()] + value + lines[number][match.end():]
                shorter = lines[:number] + [line] + lines[number + 1:]
                if fails(shorter):
                    lines = shorter
                    break
    return lines


def main():
    with open(PATH, encoding="utf-8") as file:
        lines = [line for line in file.read().split("\n") if line.strip()]
    if not fails(lines):
        sys.exit(f"{PATH} does not fail with {WHAT}")
    before = None
    while lines != before:
        before = lines
        lines = smaller_numbers(without_words(without_lines(lines)))
    print("\n".join(lines))


main()
