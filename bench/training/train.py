#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Has the compiler's counts made: plays train.c's program once, from nothing, and notes what came of it.

usage: train.py HEADER COUNTS... -- PROGRAM SCENARIO...    HEADER is included wherever the counts are used, so that new counts compile anew

Where the program cannot be run it says so, and leaves no counts: the compiler goes on without.
"""
import hashlib
import os
import pathlib
import subprocess
import sys

at = sys.argv.index("--")
header, *counts = (pathlib.Path(name) for name in sys.argv[1:at])
command = sys.argv[at + 1 :]

# The program adds to counts that it finds.
for file in counts:
    file.unlink(missing_ok=True)
environment = {name: value for name, value in os.environ.items() if not name.startswith("GCOV_")}
try:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", timeout=300)
    failure = f"exit status {done.returncode}: {done.stderr.strip()}" if done.returncode != 0 else ""
except (OSError, subprocess.TimeoutExpired) as error:
    failure = str(error)
missing = [file.name for file in counts if not file.exists()]
if not failure and missing:
    failure = "it left no " + ", ".join(missing)
if failure:
    print(f"warning: built without profile-guided optimisation: {command[0]} did not run ({failure})")
    for file in counts:
        file.unlink(missing_ok=True)
    said = "No counts."
else:
    digest = hashlib.sha256()
    for file in counts:
        digest.update(file.read_bytes())
    said = digest.hexdigest()
header.write_text(f"/* Made by train.py. {said} */\n", encoding="utf-8")
