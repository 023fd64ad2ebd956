#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table of docs/incidents.md against the scenarios of the tree.

usage: incidents.py SOURCE_ROOT      prints every disagreement as file:line, then «N passed, N failed»
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1]).resolve()
TABLE = ROOT / "docs" / "incidents.md"
SCENARIOS = ROOT / "scenarios"
INCIDENTS = 84


def rows():
    """Line, number, names of scenarios, the last column."""
    for line, text in enumerate(TABLE.read_text(encoding="utf-8").split("\n"), 1):
        found = re.match(r"\| I-(\d\d) \|([^|]*)\|([^|]*)\|([^|]*)\|$", text)
        if found:
            yield line, int(found.group(1)), re.findall(r"`([^`]+)`", found.group(3)), found.group(4).strip()
        elif text.startswith("| I-"):
            yield line, 0, [], ""


def named_by(path):
    """The numbers in a scenario's `Source` line, and its text. A rule of the standard may be a source, too."""
    text = path.read_text(encoding="utf-8")
    source = "\n".join(line for line in text.split("\n") if line.startswith("# Source:"))
    return [int(number) for number in re.findall(r"\bI-(\d\d)\b", source)], text


def each_number_stands_once():
    """The table has each incident once, in their order."""
    numbers = [number for _, number, _, _ in rows()]
    if numbers != list(range(1, INCIDENTS + 1)):
        yield f"docs/incidents.md: the numbers are not 1 to {INCIDENTS}, each once: {numbers}"


def each_row_says_where_or_why_not():
    """A row names scenarios, or says why there is none."""
    for line, number, names, how in rows():
        if not names and not how.startswith("not shown."):
            yield f"docs/incidents.md:{line}: I-{number:02} names no scenario, and does not say why"
        if names and how.startswith("not shown."):
            yield f"docs/incidents.md:{line}: I-{number:02} is shown, and said not to be"


def rows_name_what_names_them():
    """A scenario of the table exists, and its Source line has that number."""
    for line, number, names, _ in rows():
        for name in names:
            path = SCENARIOS / (name + ".scn")
            if not path.is_file():
                yield f"docs/incidents.md:{line}: there is no scenarios/{name}.scn"
            elif number not in named_by(path)[0]:
                yield f"docs/incidents.md:{line}: scenarios/{name}.scn does not name I-{number:02} as its source"


def scenarios_are_in_the_table():
    """Every scenario of a theme names an incident, and stands in that incident's row; or it plays a rule of the standard, and names that."""
    table = {number: names for _, number, names, _ in rows()}
    for path in sorted(SCENARIOS.rglob("*.scn")):
        name = path.relative_to(SCENARIOS).with_suffix("").as_posix()
        numbers, text = named_by(path)
        if "/" in name and not numbers and not re.search(r"^# Source:.*(RFC \d|RULES [RL]-)", text, flags=re.M):
            yield f"scenarios/{name}.scn: no incident and no rule in its Source line"
        for number in numbers:
            if name not in table.get(number, []):
                yield f"scenarios/{name}.scn: it is not in the row of I-{number:02} in docs/incidents.md"


def gallery_files_have_the_form():
    """A scenario of a theme has its stakes above the title, narration, a question, expectations, and a variant with expectations of its own."""
    for path in sorted(SCENARIOS.glob("*/**/*.scn")):
        name = path.relative_to(ROOT).as_posix()
        numbers, text = named_by(path)
        if not numbers:
            continue
        head, _, body = text.partition("\nscenario \"")
        base, *variants = re.split(r"^variant ", body, flags=re.M)
        if len([line for line in head.split("\n") if line.startswith("# ") and not line.startswith("# Source")]) < 2:
            yield f"{name}:1: fewer than two lines of what is at stake"
        for word, what in ((r"\bsay \"", "no narration"), (r"\bask \"", "no question"), (r"^expect ", "no expectation")):
            if word.startswith(r"\bask") and re.search(r"^app \S+ x \d", base, flags=re.M):
                continue  # of a crowd no end can be named
            if not re.search(word, base, flags=re.M):
                yield f"{name}:1: {what}"
        if not variants:
            yield f"{name}:1: no variant"
        for variant in variants:
            if not re.search(r"^    expect ", variant, flags=re.M):
                yield f"{name}: the variant {variant.splitlines()[0]} expects nothing"


RULES = [
    each_number_stands_once, each_row_says_where_or_why_not, rows_name_what_names_them, scenarios_are_in_the_table, gallery_files_have_the_form,
]


def main():
    failed = 0
    for rule in RULES:
        breaches = list(rule())
        print(f"{'FAILED' if breaches else 'ok'}: {rule.__doc__.strip()}")
        for breach in breaches:
            print("   ", breach)
        failed += bool(breaches)
    print(f"{len(RULES) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
