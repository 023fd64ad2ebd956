#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The rules of the house that a machine can check; each function below is one rule, and its first line says it.

usage: tidy.py SOURCE_ROOT      prints every breach as file:line, then «N passed, N failed»
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# From the lowest to the highest. A file may include its own room and those below it.
ROOMS = ["base", "tcp", "net", "story", "sim", "judge", "states", "scenario", "view", "app"]
CORE = ROOMS[:6]
BLIND = {("scenario", "view"), ("view", "scenario")}
LINES_MAX = 700
ARCHITECTURE_LINES_MAX = 200
README_LINES_MAX = 80

ROOT = pathlib.Path(sys.argv[1]).resolve()
SKIPPED_FOLDERS = {".git", "__pycache__"}


def tree():
    for folder, names, files in os.walk(ROOT):
        names[:] = sorted(n for n in names if n not in SKIPPED_FOLDERS and not (pathlib.Path(folder) == ROOT and n.split("-")[0] == "build"))
        for name in sorted(files):
            yield pathlib.Path(folder) / name


FILES = [path for path in tree() if not path.is_symlink()]
C_FILES = [path for path in FILES if path.suffix in (".c", ".h")]
HEADERS = [path for path in C_FILES if path.suffix == ".h"]
DOCS = [path for path in FILES if path.suffix == ".md"]


def relative(path):
    return path.relative_to(ROOT).as_posix()


def read(path):
    return path.read_text(encoding="utf-8", errors="replace")


def room_of(path):
    parts = path.relative_to(ROOT).parts
    return parts[1] if len(parts) > 2 and parts[0] == "src" else None


def code_of(text):
    """The text with comments and strings blanked, lines kept."""

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))

    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def matches(text, pattern):
    for number, line in enumerate(text.split("\n"), 1):
        found = re.search(pattern, line)
        if found:
            yield number, found.group(0)


def includes_point_downwards():
    """An include names a room below, or its own; scenario and view do not see each other."""
    for path in C_FILES:
        room = room_of(path)
        if room is None:
            continue
        if room not in ROOMS:
            yield f"{relative(path)}:1: {room} is not a room"
            continue
        for number, line in enumerate(read(path).split("\n"), 1):
            found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not found:
                continue
            target = found.group(1).split("/")[0] if "/" in found.group(1) else None
            if target not in ROOMS:
                yield f'{relative(path)}:{number}: "{found.group(1)}": write the room in front'
            elif ROOMS.index(target) > ROOMS.index(room) or (room, target) in BLIND:
                yield f"{relative(path)}:{number}: {room} must not see {target}"


def files_are_short():
    """A source file has at most LINES_MAX lines."""
    for path in C_FILES:
        lines = read(path).count("\n")
        if lines > LINES_MAX:
            yield f"{relative(path)}:{LINES_MAX}: {lines} lines, more than {LINES_MAX}"


def licence_stands_first():
    """The first line of a source file is its licence (the second, in a script)."""
    for path in FILES:
        if path.suffix in (".c", ".h"):
            if not read(path).startswith("/* SPDX-License-Identifier: MIT */\n"):
                yield f"{relative(path)}:1: no SPDX line"
        elif path.suffix in (".py", ".sh") or path.name in ("meson.build", "meson_options.txt", "check", "lastack"):
            if not any("SPDX-License-Identifier: MIT" in line for line in read(path).split("\n")[:2]):
                yield f"{relative(path)}:1: no SPDX line"


def nothing_is_left_undone():
    """No word that means: somebody must come back here."""
    words = r"\b(TODO|FIXME|XXX|[Pp]laceholder|[Ss]tub(bed|s)?|[Ff]or now|[Nn]ot implemented|[Uu]nimplemented)\b"
    for path in FILES:
        if "tidy" in path.relative_to(ROOT).parts:
            continue
        for number, found in matches(read(path), words):
            yield f"{relative(path)}:{number}: «{found}»"


def no_path_of_a_machine():
    """No absolute path that exists on one machine only."""
    for path in FILES:
        if "tidy" in path.relative_to(ROOT).parts:
            continue
        for number, found in matches(read(path), r"(?<![\w.])/(work|farm|root|home)/|/tmp/bash[_]jobs"):
            yield f"{relative(path)}:{number}: «{found}»"


def documents_name_what_exists():
    """Every path that a document names is there."""
    top = {p.name for p in ROOT.iterdir()}
    for path in DOCS:
        for number, line in enumerate(read(path).split("\n"), 1):
            for token in re.findall(r"`([^`\s]+)`|\]\(([^)\s#]+)[^)]*\)", line):
                name = (token[0] or token[1]).rstrip(".,:;")
                if "://" in name or any(c in name for c in "<>*{}$=…|"):
                    continue
                name = name[2:] if name.startswith("./") else name
                first = name.split("/")[0]
                if first.split("-")[0] == "build":
                    continue
                linked = bool(token[1])
                room = "/" in name and first in ROOMS  # `sim/engine.h`
                known = "/" in name and (first in top or first.startswith("."))
                if not (linked or room or known):
                    continue
                places = [ROOT / name, path.parent / name, ROOT / "src" / name]
                if room:
                    places += [ROOT / "src" / (name + ".c"), ROOT / "src" / (name + ".h")]
                if not any(place.exists() for place in places):
                    yield f"{relative(path)}:{number}: {name} is not there"


def architecture_is_short():
    """ARCHITECTURE.md is under 200 lines, README.md about a screen."""
    for name, most in (("ARCHITECTURE.md", ARCHITECTURE_LINES_MAX), ("README.md", README_LINES_MAX)):
        if not (ROOT / name).exists():
            yield f"{name}:1: is missing"
        elif read(ROOT / name).count("\n") >= most:
            yield f"{name}:{most}: {most} lines or more"


def core_has_no_floating_point():
    """No float, double or mathematics library in the core: results must not depend on the machine."""
    for path in C_FILES:
        if room_of(path) in CORE:
            for number, found in matches(code_of(read(path)), r"\b(float|double)\b|<math\.h>|\b\d+\.\d+f?\b"):
                yield f"{relative(path)}:{number}: «{found}»"


def core_touches_no_machine():
    """The core reads no clock and no environment, draws from no foreign chance, does no input or output."""
    calls = r"\b(time|clock|clock_gettime|gettimeofday|rand|random|srand|drand48|getenv|fopen|fprintf|printf|puts|putchar|fputs|fwrite|open|read|write|exit)\s*\("
    for path in C_FILES:
        room = room_of(path)
        if room not in CORE:
            continue
        text = code_of(read(path))
        for number, found in matches(text, r"(?<![\w.>])" + calls):
            if not re.search(r"->|\.", found):
                yield f"{relative(path)}:{number}: «{found}»"


def core_keeps_no_hidden_state():
    """No variable outside of the world in the core; the one assertion handler apart."""
    for path in C_FILES:
        if room_of(path) not in CORE or relative(path).startswith("src/base/invariant"):
            continue
        for number, found in matches(code_of(read(path)), r"^\s*static\s+(?!.*\bconst\b)(?!inline\b)[\w\s\*]+(\[[^\]]*\])*\s*(=|;)"):
            yield f"{relative(path)}:{number}: «{found.strip()}»"


def one_function_changes_a_state():
    """Only one function changes a TCP state (that a TCB begins in LISTEN or CLOSED apart)."""
    states = []
    for path in C_FILES:
        if room_of(path) in CORE:
            states += [f"{relative(path)}:{n}" for n, _ in matches(code_of(read(path)), r"\btcb(->|\.)state\s*=(?!=|\s*TCP_(CLOSED|LISTEN)\b)")]
    if len(states) > 1:
        for place in states:
            yield f"{place}: a TCP state is assigned in {len(states)} places"


def switches_over_states_name_them_all():
    """A switch over TCP states has no default: -Wswitch-enum then finds the forgotten one."""
    for path in C_FILES:
        if room_of(path) != "tcp":
            continue
        text = code_of(read(path))
        for found in re.finditer(r"switch\s*\([^{]*state\w*\)*\s*\{", text):
            depth, end = 1, found.end()
            while depth and end < len(text):
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
            if re.search(r"\bdefault\s*:", text[found.end():end]):
                yield f"{relative(path)}:{text.count(chr(10), 0, found.start()) + 1}: default in a switch over states"


def compiles(compiler, language, header, folder):
    source = pathlib.Path(folder) / ("probe.cc" if language == "c++" else "probe.c")
    source.write_text(f'#include "{header}"\n#include "{header}"\nextern int lastack_probe;\n', encoding="utf-8")
    standard = "-std=c++17" if language == "c++" else "-std=c17"
    command = [compiler, "-x", language, standard, "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
               "-I", str(ROOT / "src"), "-I", str(ROOT / "include"), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stderr


def headers_stand_alone():
    """Every header compiles alone; those of include/ as C++ too."""
    compiler = os.environ.get("CC", "").split(" ")[0] or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    plus = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    with tempfile.TemporaryDirectory() as folder:
        for path in HEADERS:
            if relative(path).startswith("src/"):
                name = relative(path)[len("src/"):]
            elif relative(path).startswith("include/"):
                name = relative(path)[len("include/"):]
            else:
                continue
            good, why = compiles(compiler, "c", name, folder)
            if not good:
                yield f"{relative(path)}:1: does not compile alone\n{why}"
            if relative(path).startswith("include/") and plus:
                good, why = compiles(plus, "c++", name, folder)
                if not good:
                    yield f"{relative(path)}:1: is not C++\n{why}"


def every_source_is_built():
    """Every .c file below src and tests is in a list of a meson.build."""
    for path in C_FILES:
        if path.suffix != ".c" or path.relative_to(ROOT).parts[0] not in ("src", "tests", "bench"):
            continue
        folder, listed = path.parent, False
        while not listed and folder != ROOT.parent:
            build = folder / "meson.build"
            listed = build.exists() and (path.name in read(build) or f"'{path.stem}'" in read(build) or f"'{path.stem.removeprefix('test_')}'" in read(build))
            folder = folder.parent
        if not listed:
            yield f"{relative(path)}:1: in no meson.build"


def scripts_may_be_executed():
    """The commands that the documents name can be executed."""
    for name in ("lastack", "check", ".ci/run"):
        if not os.access(ROOT / name, os.X_OK):
            yield f"{name}:1: is not executable"


RULES = [
    includes_point_downwards, files_are_short, licence_stands_first, nothing_is_left_undone, no_path_of_a_machine,
    documents_name_what_exists, architecture_is_short, core_has_no_floating_point, core_touches_no_machine, core_keeps_no_hidden_state,
    one_function_changes_a_state, switches_over_states_name_them_all, headers_stand_alone, every_source_is_built,
    scripts_may_be_executed,
]


def main():
    passed = failed = 0
    for rule in RULES:
        breaches = list(rule())
        print(f"{'FAILED' if breaches else 'ok'}: {rule.__doc__.strip()}")
        for breach in breaches:
            print("   ", breach)
        passed += not breaches
        failed += bool(breaches)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
