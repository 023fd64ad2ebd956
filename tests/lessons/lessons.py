#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lessons' tasks can be solved and are not solved yet, and the site is whole.

usage: lessons.py PROGRAM SOURCE_ROOT        prints what is not so, then «N passed, N failed»
"""
import difflib
import html.parser
import pathlib
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
ROOT = pathlib.Path(sys.argv[2]).resolve()
LESSONS = ROOT / "docs/lessons"
passed = failed = 0


def judge(good, what):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print("failed: " + what)


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)


def words(path):
    """The lines that say something, without their space at the ends."""
    return [line.strip() for line in path.read_text(encoding="utf-8").split("\n") if line.strip() and not line.startswith("#")]


def tasks():
    for task in sorted((LESSONS / "tasks").glob("*.scn")):
        solution = ROOT / "tests/lessons" / task.name
        judge(run("test", task).returncode == 1, f"{task.name}: the task reads, and does not hold yet")
        done = run("test", solution)
        judge(done.returncode == 0, f"{task.name}: the solution holds: {done.stdout}{done.stderr}")
        expects = [[line for line in words(path) if line.startswith("expect")] for path in (task, solution)]
        judge(expects[0] == expects[1] and expects[0], f"{task.name}: the solution keeps what is expected")
        changed = [line for line in difflib.ndiff(words(task), words(solution)) if line[0] in "+-"]
        judge(1 <= len(changed) <= 4, f"{task.name}: a small change solves it: {changed}")
        judge(f"tasks/{task.name}" in "".join(p.read_text(encoding="utf-8") for p in LESSONS.glob("[0-9]*.md")), f"{task.name}: in a lesson")


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ("href", "src")]


def site():
    if shutil.which("cmark") is None:
        print("skipped: the site (there is no cmark)")
        return
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lastack-lessons-"))
    try:
        done = subprocess.run([sys.executable, LESSONS / "site.py", folder, PROGRAM], capture_output=True, text=True, timeout=300, check=False)
        judge(done.returncode == 0 and done.stdout.strip().endswith("index.html"), f"the site is made: {done.stderr}")
        pages = sorted(folder.glob("*.html"))
        judge(len(pages) == 1 + len(list(LESSONS.glob("[0-9]*.md"))) == 9, f"a page each: {[p.name for p in pages]}")
        for page in pages:
            links = Links()
            text = page.read_text(encoding="utf-8")
            links.feed(text)
            for link in links.found:
                judge((folder / link).exists(), f"{page.name}: {link} leads nowhere")
            runs = text.count("<summary><code>lastack run")
            judge(text.count("<figure>") == runs and (runs > 0 or page.name == "index.html"), f"{page.name}: a picture for each run")
        for picture in sorted((folder / "pictures").glob("*.svg")):
            judge(xml.etree.ElementTree.parse(picture).getroot().tag.endswith("svg"), f"{picture.name} is a picture")
    finally:
        shutil.rmtree(folder)


tasks()
site()
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
