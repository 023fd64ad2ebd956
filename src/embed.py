#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns text files into C strings, so that the program needs none of them beside it.

usage: embed.py OUTPUT PREFIX FILE...      FILE name.gp becomes `static const char PREFIX_name_gp[]`; common.* stands in front of each other
"""
import pathlib
import re
import sys

output, prefix, *names = sys.argv[1:]
files = [pathlib.Path(name) for name in names]
common = "".join(f.read_text(encoding="utf-8") for f in files if f.stem == "common")
lines = ["/* Made by embed.py. */"]
for file in files:
    if file.stem == "common":
        continue
    text = common + file.read_text(encoding="utf-8")
    name = re.sub(r"[^a-z0-9]+", "_", f"{prefix}_{file.name}".lower())
    lines.append(f"static const char {name}[] =")
    for line in text.split("\n")[:-1]:
        lines.append('    "' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"')
    lines[-1] += ";"
pathlib.Path(output).write_text("\n".join(lines) + "\n", encoding="utf-8")
