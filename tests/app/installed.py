#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `meson install` puts in place works from there: the program finds its scenarios, and prints what the built one prints.

usage: installed.py MESON BUILD_ROOT SOURCE_ROOT
"""
import os
import pathlib
import subprocess
import sys
import tempfile

MESON, BUILD, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
WANTED = ["bin/lastack", "man1/lastack.1", "man5/lastack-scenario.5", "doc/lastack/language.md", "lastack/scenarios/four-packets.scn",
          "vimfiles/syntax/lastack.vim", "vimfiles/ftdetect/lastack.vim", "editors/lastack.tmLanguage.json"]


def main():
    environment = {key: value for key, value in os.environ.items() if key not in ("DESTDIR", "LASTACK_SCENARIOS")}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([MESON, "install", "-C", str(BUILD), "--no-rebuild", "--destdir", folder], capture_output=True, text=True,
                              check=False, env=environment)
        if done.returncode != 0:
            sys.exit(f"meson install failed:\n{done.stdout}{done.stderr}")
        files = [str(path) for path in pathlib.Path(folder).rglob("*") if path.is_file()]
        for wanted in WANTED:
            if not any(path.endswith("/" + wanted) for path in files):
                sys.exit(f"{wanted} is not installed")
        program = next(path for path in files if path.endswith("/bin/lastack"))

        def run(*words):
            done = subprocess.run([program, *words], cwd="/", env=environment, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                sys.exit(f"lastack {' '.join(words)} gave {done.returncode}:\n{done.stdout[-2000:]}{done.stderr}")
            return done.stdout

        rows = [row.split("\t") for row in run("list", "--format", "tsv").splitlines()[1:]]
        if len(rows) != len(list((SOURCE / "scenarios").rglob("*.scn"))):
            sys.exit(f"{len(rows)} scenarios are listed")
        for theme, name, _, _, path in rows:
            if not path.startswith(folder) or run("show", f"{theme}/{name}") != pathlib.Path(path).read_text(encoding="utf-8"):
                sys.exit(f"{theme}/{name} is not the installed file {path}")
        here = run("run", "four-packets", "--format", "jsonl")
        there = subprocess.run([str(BUILD / "lastack"), "run", "four-packets", "--format", "jsonl"], cwd="/", env=environment,
                               capture_output=True, text=True, check=False).stdout
        if here.splitlines()[1:] != there.splitlines()[1:]:  # the head names the file
            sys.exit("the installed program prints something else")
        run("test", "resets")
    print(f"{len(rows)} scenarios are found where they were installed")


main()
