#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A saved trace is as good as the run: view shows of it, byte for byte, what run shows.

usage: saved.py PROGRAM PATH...      every scenario below the paths and each of its variants, in every way to show it
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

WAYS = (
    ["--format", "jsonl"],
    ["--format", "table"],
    ["--format", "ladder", "--width", "80"],
    ["--format", "ladder", "--width", "160", "--color", "always"],
    ["--format", "ladder", "--full"],
    ["--format", "svg"],
    ["--format", "html"],
    ["--format", "pcapng"],
    ["--format", "csv"],
    ["--format", "mermaid"],
    ["--format", "perfetto"],
)


def call(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def first_difference(one, other):
    for number, (a, b) in enumerate(zip(one.split(b"\n"), other.split(b"\n")), 1):
        if a != b:
            return f"line {number}:\n    run:  {a.decode('utf-8', 'replace')}\n    view: {b.decode('utf-8', 'replace')}"
    return f"{len(one)} bytes and {len(other)} bytes"


def compare(program, scenario, options, folder):
    """What differs, in words; nothing if all is the same."""
    status, saved, errors = call(program, "run", scenario, *options, "--format", "jsonl")
    if status not in (0, 1):
        return [f"run ends with {status}: {errors.decode('utf-8', 'replace')}"]
    handle, name = tempfile.mkstemp(suffix=".jsonl", dir=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(saved)
    wrong = []
    for way in WAYS:
        shown = saved if way[1] == "jsonl" else call(program, "run", scenario, *options, *way)[1]
        status, viewed, errors = call(program, "view", name, *way)
        if status != 0:
            wrong.append(f"view {' '.join(way)} ends with {status}: {errors.decode('utf-8', 'replace')}")
        elif viewed != shown:
            wrong.append(f"view {' '.join(way)}: {first_difference(shown, viewed)}")
    os.unlink(name)
    return wrong


def cases(paths):
    for path in map(pathlib.Path, paths):
        for scenario in sorted(path.rglob("*.scn")) if path.is_dir() else [path]:
            variants = len(re.findall(r"^variant\b", scenario.read_text(encoding="utf-8"), re.M))
            for variant in range(variants + 1):
                yield str(scenario), ["--variant", str(variant)]
            yield str(scenario), ["--variant", "0", "--seed", "18446744073709551615", "--until", "700ms", "--profile", "rfc9293"]


def main():
    program, paths = sys.argv[1], sys.argv[2:]
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [(case, pool.submit(compare, program, *case, folder)) for case in cases(paths)]
        for (scenario, options), job in jobs:
            wrong = job.result()
            passed += not wrong
            failed += bool(wrong)
            for line in wrong:
                print(f"failed: {scenario} {' '.join(options)}: {line}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
