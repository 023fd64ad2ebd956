#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the documents show is true: their scenarios run, their commands work, their timelines are the program's own.

usage: manual.py SOURCE_ROOT PROGRAM [--rewrite]      prints what is not true, then «N passed, N failed»

With --rewrite the timelines shown (console blocks) are replaced by what the program prints now: commit only what you can explain.

In docs/*.md, docs/lessons/*.md and README.md:
    ```scn run     runs and holds (all variants)
    ```scn check   is accepted
    ```scn wrong   is refused (exit 2) with a caret
    ```console     `$ ./lastack …` lines; what follows each is its output, to the byte
In CONTRIBUTING.md and README.md:
    ```sh          each `./lastack …` line works; other lines must name things that exist (./check, build/lastack)
In docs/man/*: lines of an EXAMPLES section that begin with lastack work; troff finds nothing to warn of.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[1]).resolve()
PROGRAM = str(pathlib.Path(sys.argv[2]).resolve())
REWRITE = "--rewrite" in sys.argv
ENVIRONMENT = {**os.environ, "NO_COLOR": "1", "LC_ALL": "C.UTF-8", "COLUMNS": "80"}
passed = failed = 0


def judge(good, what, why=""):
    global passed, failed
    passed += good
    failed += not good
    if not good:
        print(f"failed: {what}")
        if why:
            print("    " + why.strip().replace("\n", "\n    "))


def run(arguments, folder=ROOT):
    return subprocess.run([PROGRAM, *arguments], cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          encoding="utf-8", timeout=60, check=False)


def blocks(path):
    """(line, what stands behind the fence, text) of each fenced block."""
    lines = path.read_text(encoding="utf-8").split("\n")
    start, info = None, ""
    for number, line in enumerate(lines, 1):
        if line.startswith("```"):
            if start is None:
                start, info = number, line[3:].strip()
            else:
                yield start, info, "\n".join(lines[start:number - 1]) + "\n"
                start = None


def scenario(where, how, text):
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "example.scn").write_text(text, encoding="utf-8")
        done = run(["test" if how == "run" else "check", "example.scn"], folder)
    said = done.stdout + done.stderr
    if how == "wrong":
        judge(done.returncode == 2 and "^" in said, f"{where}: should be refused, was {done.returncode}", said)
    else:
        judge(done.returncode == 0, f"{where}: {how} gave {done.returncode}", said)


def console(where, text):
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, _, shown = part.partition("\n")
        words = command.split()
        if words[0] not in ("./lastack", "lastack", "build/lastack"):
            judge((ROOT / words[0]).exists(), f"{where}: {words[0]} is not there")
            continue
        said = run(words[1:]).stdout
        judge(said.strip("\n") == shown.strip("\n"), f"{where}: `{command}` prints something else", said)


def rewrite(path):
    """Puts the program's own output behind each command of the console blocks."""

    def block(match):
        parts = []
        for part in re.split(r"^\$ ", match.group(1), flags=re.M)[1:]:
            command = part.partition("\n")[0]
            parts.append(f"$ {command}\n{run(command.split()[1:]).stdout.strip(chr(10))}\n")
        return "```console\n" + "".join(parts) + "```\n"

    text = path.read_text(encoding="utf-8")
    changed = re.sub(r"^```console\n(.*?)^```\n", block, text, flags=re.M | re.S)
    if changed != text:
        path.write_text(changed, encoding="utf-8")
        print(f"rewritten: {path.relative_to(ROOT)}")


def commands(where, text):
    for line in text.split("\n"):
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] in ("./lastack", "build/lastack", "lastack"):
            done = run(words[1:])
            judge(done.returncode == 0, f"{where}: `{line}` gave {done.returncode}", done.stdout[-600:] + done.stderr)
        elif words[0].startswith("./"):
            judge(os.access(ROOT / words[0], os.X_OK), f"{where}: {words[0]} cannot be executed")


def page(path):
    text = path.read_text(encoding="utf-8")
    inside = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(".SH"):
            inside = "EXAMPLES" in line
        elif inside and line.startswith("lastack "):
            words = line.replace("\\-", "-").split()
            done = run(words[1:])
            judge(done.returncode == 0, f"{path.name}:{number}: `{line}` gave {done.returncode}", done.stdout[-600:] + done.stderr)
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-man", "-Tutf8", "-wall", "-z", str(path)], capture_output=True, text=True, check=False)
        judge(done.returncode == 0 and not done.stderr, f"{path.name}: groff warns", done.stderr)
    if shutil.which("mandoc"):
        done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", str(path)], capture_output=True, text=True, check=False)
        judge(done.returncode == 0, f"{path.name}: mandoc warns", done.stdout + done.stderr)


def main():
    for path in sorted([*(ROOT / "docs").glob("*.md"), *(ROOT / "docs/lessons").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]):
        if not path.exists():
            continue
        if REWRITE:
            rewrite(path)
        for line, info, text in blocks(path):
            where = f"{path.relative_to(ROOT)}:{line}"
            if info.startswith("scn "):
                scenario(where, info.split()[1], text)
            elif info == "console":
                console(where, text)
            elif info == "sh":
                commands(where, text)
    for path in sorted((ROOT / "docs" / "man").glob("*.[15]")):
        page(path)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
