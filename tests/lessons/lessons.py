#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lessons' tasks can be solved, are not solved yet and take no half answer, and the site is whole.

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

# What a pupil may try, and what a task must not take: its file, a line of it, and what stands there instead.
WRONG = (
    ("1-three-packets.scn", "    after 100ms  close", "    sleep 100ms"),
    ("2-ask-and-listen.scn", "    close", "    shutdown write\n    close"),  # nobody reads
    ("2-ask-and-listen.scn", "    close", "    recv until eof\n    close"),  # the server waits for the end of the question
    ("3-lose-the-last-ack.scn", "expect never RST", "drop 1st..2nd FIN server -> client\nexpect never RST"),  # not the ACK
    ("4-let-the-answer-through.scn", "    recv 1000 = 1000", "    recv 8000"),  # knows how much one client sends
    ("4-let-the-answer-through.scn", "    close\n\nexpect", "    shutdown write\n    recv until eof\n    close\n\nexpect"),  # for ever
    ("4-let-the-answer-through.scn", "    close\n\nexpect", "    shutdown write\n    drain\n    close\n\nexpect"),  # drain does not wait
    ("5-close-what-ended.scn", "    recv 3000 = 3000", "    recv 3000 = 3000\n    after 5.2s  close"),  # knows when
    ("6-notice-the-dead.scn", "    recv until eof", "    set user_timeout 10s\n    recv until eof"),  # nothing is unacknowledged
    ("7-outlive-the-box.scn", "    at 10min  send 100", "    at 4min  send 100"),
    ("7-outlive-the-box.scn", "idle 5min", "idle 15min"),  # another box
    ("8-the-worst-millisecond.scn", "from 10s for 5min", "from 1s for 20min"),  # a longer outage
    ("8-the-worst-millisecond.scn", "from 10s", "from 1.019s"),  # the FIN is just through
)


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


def wrong():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lastack-tasks-"))
    try:
        for name, line, instead in WRONG:
            text = (LESSONS / "tasks" / name).read_text(encoding="utf-8")
            judge(line in text, f"{name}: has {line!r}")
            (folder / name).write_text(text.replace(line, instead, 1), encoding="utf-8")
            done = run("test", folder / name)
            judge(done.returncode == 1, f"{name}: does not take {instead!r}: {done.stdout}{done.stderr}")
    finally:
        shutil.rmtree(folder)


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
wrong()
site()
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
