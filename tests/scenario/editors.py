#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The files for editors are those that the program makes now, and no word of a scenario stays without colour but names.

usage: editors.py SOURCE_ROOT PROGRAM        prints what is not so, then «N passed, N failed»

Vim is asked too where it is installed. And the table of words has every word that the reader asks for.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[1])
PROGRAM = sys.argv[2]
EDITORS = ROOT / "docs" / "editors"
# Vim gives its memory back and takes it again a thousand times a second, unless the C library is told to keep it: two thirds of its time.
MEMORY_KEPT = {"MALLOC_TOP_PAD_": "67108864", "MALLOC_TRIM_THRESHOLD_": "268435456"}
passed = failed = 0


def judge(good, what):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print(f"failed: {what}")


def said(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=True, encoding="utf-8").stdout


# ---- a line as TextMate sees it: the earliest pattern wins, of two the first ----

def grammar_load():
    patterns = []
    for entry in json.loads((EDITORS / "vscode/syntaxes/lastack.tmLanguage.json").read_text(encoding="utf-8"))["patterns"]:
        patterns.append((entry["name"], re.compile(entry.get("match", entry.get("begin"))), re.compile(entry["end"]) if "end" in entry else None))
    return patterns


def scopes(patterns, line):
    """(scope, from, to) of each part that has one."""
    at = 0
    while at < len(line):
        best = None
        for name, begin, end in patterns:
            found = begin.search(line, at)
            if found and found.end() > found.start() and (best is None or found.start() < best[1].start()):
                best = (name, found, end)
        if best is None:
            return
        name, found, end = best
        stop = found.end()
        if end is not None:  # a string: over its escapes to its end
            while stop < len(line) and line[stop] != '"':
                stop += 2 if line[stop] == "\\" else 1
            stop = min(stop + 1, len(line))
        yield name, found.start(), stop
        at = stop


def mask_by_grammar(patterns, line):
    mask = [False] * len(line)
    for _, start, stop in scopes(patterns, line):
        mask[start:stop] = [True] * (stop - start)
    return mask


# ---- which words may stay without colour ----

def names_of(text):
    names = set(re.findall(r"\b(?:host|firewall|nat|as|app|service)\s+([A-Za-z_][\w-]*)", text))
    for name, value in re.findall(r"^\s*let\s+([\w-]+)\s*=\s*([^#\n]*)", text, flags=re.M):
        names |= {name, value.strip()}
    return names


def bare(line, mask, names):
    """The words of the line that have no colour and are no names."""
    left = "".join(" " if coloured else c for c, coloured in zip(line, mask))
    return [word for word in re.findall(r"[A-Za-z0-9_()-]+", left) if word not in names and word.strip("-") != ""]


def first_is_coloured(line, mask):
    start = len(line) - len(line.lstrip())
    return start >= len(line) or mask[start]


def masks_by_vim(paths):
    """For each file the lines' masks, one byte a character: our scenarios are ASCII outside of strings and comments."""
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "ask.vim"
        script.write_text(f"""set nocompatible encoding=utf-8 nomore noswapfile nofsync
set runtimepath^={EDITORS / 'vim'}
syntax on
for name in readfile('{folder}/files')
  execute 'edit! ' . fnameescape(name)
  if &filetype != 'lastack'
    cquit!
  endif
  syntax sync fromstart
  let all = []
  for l in range(1, line('$'))
    call add(all, join(map(range(1, len(getline(l))), 'synID(l, v:val, 1) != 0'), ''))
  endfor
  call writefile(all + ['---'], '{folder}/masks', 'a')
endfor
qall!
""", encoding="utf-8")
        (pathlib.Path(folder) / "files").write_text("\n".join(map(str, paths)) + "\n", encoding="utf-8")
        done = subprocess.run(["vim", "-es", "-u", "NONE", "-i", "NONE", "-N", "-S", str(script)], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=240, check=False, env={**os.environ, "TERM": "dumb", "LC_ALL": "C.UTF-8", **MEMORY_KEPT})
        if done.returncode != 0:
            return None
        files = (pathlib.Path(folder) / "masks").read_text(encoding="utf-8").split("---\n")
        return [[[bit == "1" for bit in mask] for mask in part.split("\n")] for part in files]


def judge_file(how, path, lines, masks, names):
    for number, (line, mask) in enumerate(zip(lines, masks), 1):
        mask = mask + [False] * (len(line) - len(mask))
        left = bare(line, mask, names)
        judge(not left, f"{how}: {path.relative_to(ROOT)}:{number}: without colour: {' '.join(left)}")
        judge(first_is_coloured(line, mask), f"{how}: {path.relative_to(ROOT)}:{number}: its first word has no colour")


# ---- the words that the reader asks for ----

def words_asked():
    asked = re.compile(r'(?:cursor_take|cursor_require)\(r, "([^"]+)"|\{"([a-z]+)", (?:ITEM|STATEMENT)_')
    for path in sorted((ROOT / "src/scenario").glob("*.c")):
        for found in asked.finditer(path.read_text(encoding="utf-8")):
            yield found.group(1) or found.group(2), path.name


def main():
    for how, file in (("textmate", "vscode/syntaxes/lastack.tmLanguage.json"), ("vim", "vim/syntax/lastack.vim")):
        judge(said("keywords", "--format", how) == (EDITORS / file).read_text(encoding="utf-8"),
              f"docs/editors/{file} is out of date: build/lastack keywords --format {how} -o docs/editors/{file}")
    words = {row.split("\t")[1] for row in said("keywords", "--format", "tsv").splitlines()[1:]}
    for word, where in words_asked():
        judge(word in words or word == "-1", f"{where} reads the word {word}, which src/scenario/keywords.c has not")
    patterns = grammar_load()
    gallery = sorted((ROOT / "scenarios").rglob("*.scn"))
    paths = gallery + sorted((ROOT / "tests").rglob("*.scn"))
    texts = [path.read_text(encoding="utf-8") for path in paths]
    for path, text in zip(paths, texts):
        lines = text.split("\n")
        judge_file("grammar", path, lines, [mask_by_grammar(patterns, line) for line in lines], names_of(text))
    version = subprocess.run(["vim", "--version"], capture_output=True, text=True, check=False).stdout if shutil.which("vim") else ""
    if "+syntax" in version and "+eval" in version:
        masks = masks_by_vim(gallery)
        judge(masks is not None, "vim does not load docs/editors/vim")
        for path, text, mask in zip(gallery, texts, masks or []):
            ascii_lines = ["".join(c for c in line.encode("utf-8").decode("latin-1")) for line in text.split("\n")]
            judge_file("vim", path, ascii_lines, mask, names_of(text))
    else:
        print("no vim with +syntax here: its file was not tried")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
