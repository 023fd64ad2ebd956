#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Some three hundred mistaken lines, each with all that `lastack check` says to it: place, words, caret and help.

usage: strangers.py SOURCE_ROOT PROGRAM [--rewrite]      prints what differs, then «N passed, N failed»

Each must be refused (exit 2), and be written as the table has it. With --rewrite the table is made anew: commit only what you can explain.
"""
import pathlib
import subprocess
import sys

TABLE = pathlib.Path(sys.argv[1]) / "tests" / "scenario" / "strangers.txt"
WORLD = "host client\nhost server\nlink client -- server  delay 10ms\napp client\n    connect server:80\n"
SERVICE = "service server 80\n    close\n"


def file_of(kind, line):
    line = line.replace("\\n", "\n") + "\n"
    return WORLD + "    close\n" + SERVICE + line if kind == "statement" else WORLD + "    " + line + SERVICE


def said(kind, line):
    done = subprocess.run([sys.argv[2], "check", "-"], input=file_of(kind, line), capture_output=True, text=True, encoding="utf-8", timeout=60,
                          check=False)
    rows = [] if done.returncode == 2 else [f"exit status {done.returncode}"]
    return rows + [row for row in done.stderr.split("\n") if row]


def main():
    head, entries = [], []
    for row in TABLE.read_text(encoding="utf-8").split("\n"):
        kind, _, line = row.partition(" ")
        if row.startswith("#"):
            head.append(row)
        elif kind in ("statement", "call"):
            entries.append((row, kind, line, []))
        elif row:
            entries[-1][3].append(row.removeprefix("    "))
    failed = 0
    text = head
    for row, kind, line, wanted in entries:
        now = said(kind, line)
        text = text + [row] + ["    " + part for part in now]
        if now != wanted or now[:1] == [] or now[0].startswith("exit status"):
            failed += 1
            print(f"failed: {row}\n  said:\n    " + "\n    ".join(now) + "\n  wanted:\n    " + "\n    ".join(wanted))
    if "--rewrite" in sys.argv:
        TABLE.write_text("\n".join(text) + "\n", encoding="utf-8")
    print(f"{len(entries) - failed} passed, {failed} failed")
    return 1 if failed or not entries else 0


sys.exit(main())
