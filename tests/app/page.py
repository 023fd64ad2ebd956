#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`--format html` in a real browser: a headless Chromium plays the page by its keys and tells what it shows.

usage: page.py PROGRAM SOURCE_ROOT        prints what is not so, then «N passed, N failed»; 77: there is no Chromium
"""
import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
ROOT = pathlib.Path(sys.argv[2]).resolve()
CHROMIUM = next((c for c in ("chromium", "chromium-browser", "google-chrome", "chrome") if shutil.which(c)), None)
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="lastack-page-"))
passed = failed = 0

# Runs in the page, behind its own script: what a reader at the keys would see, as JSON.
PLAYER = r"""
{ const told = {};
const key = name => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true }));
const one = name => panel().querySelector(name);
const panel = () => document.querySelector('.run:not([hidden])');
const where = () => one('.where').textContent;
const states = () => [...panel().querySelectorAll('figure > svg')].map(svg => svg.getAttribute('aria-label'));
told.begin = where();
key('ArrowRight'); key('ArrowRight'); told.three = where();
key('ArrowLeft'); told.two = where();
key('s'); told.states = states();
key('x'); told.surprise = where();
key('Home');
let steps = 0;
while (one('.card').hidden || !one('.card').classList.contains('question')) { key('ArrowRight'); if (++steps > 500) break; }
told.question = one('.card').textContent;
told.asked = where();
key('ArrowRight'); told.answer = one('.card').textContent; told.answered = where();
key('End'); told.end = where(); told.report = !one('.report').hidden;
told.sockets = [...panel().querySelectorAll('.sockets tbody')].map(body => body.textContent);
told.endStates = states();
const marks = [...panel().querySelectorAll('.ladder svg [tabindex]')];
marks[marks.length - 1].focus();
told.lit = panel().querySelectorAll('.lit').length; told.causes = panel().querySelectorAll('.causes li').length;
told.labels = marks.every(mark => mark.getAttribute('aria-label'));
document.getElementById('theme').click(); told.theme = document.documentElement.dataset.theme;
told.dark = getComputedStyle(document.body).backgroundColor;
document.getElementById('theme').click(); told.light = getComputedStyle(document.body).backgroundColor;
told.buttons = [...document.querySelectorAll('button')].every(button => button.textContent.trim());
told.headings = [...document.querySelectorAll('h1, [role=tablist], .run, .ladder, .card, .sockets, figure')].map(e => e.className || e.id || e.tagName);
const tab = document.querySelectorAll('[role=tab]')[1], other = document.getElementById('other');
if (tab) {
  tab.click(); told.second = document.querySelectorAll('.run')[0].hidden && !document.querySelectorAll('.run')[1].hidden;
  other.value = '0'; other.dispatchEvent(new Event('change'));
  told.beside = document.querySelectorAll('.run:not([hidden])').length;
  told.difference = document.getElementById('difference').textContent;
  told.marked = document.querySelectorAll('.different').length;
}
const out = document.createElement('pre'); out.id = 'told'; out.textContent = JSON.stringify(told); document.body.append(out); }
"""


def judge(good, what):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print("failed: " + what)


def page(name, *options):
    path = FOLDER / (pathlib.Path(name).name + ".html")
    run = subprocess.run([PROGRAM, "run", str(ROOT / "scenarios" / (name + ".scn")), "--format", "html", "-o", str(path), *options],
                         capture_output=True, text=True, timeout=120, check=False)
    judge(run.returncode == 0, f"{name}: {run.stderr}")
    return path


def browser(path):
    run = subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,720", f"--user-data-dir={FOLDER}/profile",
                          "--virtual-time-budget=20000", "--dump-dom", path.as_uri()], capture_output=True, text=True, timeout=180, check=False)
    found = re.search(r'<pre id="told">(.*?)</pre>', run.stdout, re.S)
    if found is None:
        judge(False, f"{path.name}: the page's script stopped: {run.stderr[-400:]}")
        return None
    return json.loads(html.unescape(found.group(1)))


def played(name):
    path = page(name)
    text = path.read_text(encoding="utf-8")
    judge(not re.search(r"""(?:src|href)\s*=|url\((?!#)|@import|fetch\(|XMLHttpRequest""", text), f"{name}: the page asks for something outside of itself")
    judge(text.count("</body>") == 1, f"{name}: one body")
    mine = FOLDER / ("played-" + path.name)
    mine.write_text(text.replace("</body>", f"<script>{PLAYER}</script></body>"), encoding="utf-8")
    return browser(mine)


def the_final_ack():
    told = played("lost-final-ack")
    if told is None:
        return
    judge("step 1 of" in told["begin"] and "step 3 of" in told["three"] and "step 2 of" in told["two"], f"the arrows step: {told}")
    judge(any("to SYN_SENT" in s for s in told["states"]), f"s goes to the next change of a state: {told['states']}")
    judge(re.search(r"step \d+ of \d+, \S", told["surprise"]), f"x goes to a surprise and names it: {told['surprise']}")
    judge("The last ACK is lost." in told["question"] and "tail-loss-probe" not in told["question"], f"a question waits: {told['question']}")
    judge("tail-loss-probe" in told["answer"] and told["answered"] == told["asked"], f"the next key answers it, and no more: {told['answer']}")
    judge(told["report"] and re.search(r"step (\d+) of \1\b", told["end"]), f"the end: {told['end']}")
    judge(len(told["sockets"]) == 2, f"a table for each host: {told['sockets']}")
    judge(told["endStates"] == ["client: from TIME_WAIT to CLOSED", "server: from LAST_ACK to CLOSED"], f"the diagrams: {told['endStates']}")
    judge(told["lit"] > 2 and told["causes"] > 2, f"an event lights its causes: {told['lit']}, {told['causes']}")
    judge(told["labels"] and told["buttons"], "everything that can be reached has a name")
    judge(told["theme"] == "dark" and told["dark"] != told["light"], f"two themes: {told['dark']}, {told['light']}")
    judge(told["headings"][0] == "H1" and "ladder" in " ".join(told["headings"]), f"the order: {told['headings']}")
    judge(told["second"] and told["beside"] == 2 and told["difference"].startswith("first difference: ") and told["marked"] == 2,
          f"variants in tabs, and beside each other: {told.get('difference')}, {told.get('marked')}")


def others():
    for name in ("nat-forgets", "time-wait/ephemeral-ports-run-out", "basics/a-relay-that-hangs-up-too-early"):
        path = page(name)
        text = path.read_text(encoding="utf-8")
        mine = FOLDER / ("opened-" + path.name)
        script = ("for (const run of runs) { run.go(0); for (let i = 0; i < run.model.steps.length; i++) run.go(i); }"
                  "const out = document.createElement('pre'); out.id = 'told';"
                  "out.textContent = JSON.stringify(runs.map(run => [run.model.steps.length, run.panel.querySelector('.where').textContent]));"
                  "document.body.append(out);")
        mine.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
        told = browser(mine)
        judge(told and all(f"step {steps} of {steps}" in where for steps, where in told), f"{name}: each step of each variant is shown: {told}")


def main():
    if CHROMIUM is None:
        print("skipped: the page in a browser (there is no Chromium)")
        return 77
    try:
        the_final_ack()
        others()
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
