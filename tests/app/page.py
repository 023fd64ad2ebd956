#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`--format html` in a real browser: a headless Chromium plays the page by its keys, prints it, and tells what it shows and what it tells a
screen reader.

usage: page.py PROGRAM SOURCE_ROOT        prints what is not so, then «N passed, N failed»; 77: there is no Chromium
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import chromium

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
ROOT = pathlib.Path(sys.argv[2]).resolve()
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="lastack-page-"))
passed = failed = 0


def judge(good, what):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print("failed: " + what)


def page(name, *options, form="html"):
    source = ROOT / "scenarios" / (name + ".scn") if isinstance(name, str) else name
    path = FOLDER / f"{source.stem}.{form}"
    run = subprocess.run([PROGRAM, "run", str(source), "--format", form, "-o", str(path), *options], capture_output=True, text=True,
                         timeout=120, check=False)
    judge(run.returncode in (0, 1) and run.stderr == "", f"{name}: {run.stderr}")
    return path


class Page:
    """What a reader sees of the page that is open: of the variant that is shown."""

    def __init__(self, browser, path, **how):
        self.browser = browser
        self.text = path.read_text(encoding="utf-8")
        browser.open(path.as_uri(), **how)

    def one(self, selector, what="textContent"):
        return self.browser.evaluate(f"document.querySelector('.run:not([hidden])').querySelector({selector!r}).{what}")

    def all(self, selector, what="textContent"):
        return self.browser.evaluate(f"[...document.querySelector('.run:not([hidden])').querySelectorAll({selector!r})].map(e => e.{what})")

    def keys(self, *names):
        for name in names:
            self.browser.key(name)

    def where(self):
        return self.one(".where")

    def height(self, selector):
        return self.browser.evaluate(f"document.querySelector({selector!r}).getBoundingClientRect().height")


def the_final_ack_is_played_by_keys(browser):
    it = Page(browser, page("lost-final-ack"))
    judge(not re.search(r"""(?:src|href)\s*=|url\((?!#)|@import|fetch\(|XMLHttpRequest""", it.text), "the page asks for something outside of itself")
    judge("step 1 of" in it.where(), f"it begins at the beginning: {it.where()}")
    it.keys("ArrowRight", "ArrowRight")
    judge("step 3 of" in it.where(), f"the arrow steps: {it.where()}")
    it.keys("ArrowLeft")
    judge("step 2 of" in it.where(), f"and back: {it.where()}")
    it.keys("s")
    states = it.all("figure > svg", "getAttribute('aria-label')")
    judge(any("to SYN_SENT" in s for s in states), f"s goes to the next change of a state: {states}")
    it.keys("x")
    judge(re.search(r"step \d+ of \d+, \S", it.where()), f"x goes to a surprise and names it: {it.where()}")
    it.keys("Home")
    for _ in range(60):
        if "question" in it.one(".card", "className") and not it.one(".card", "hidden"):
            break
        it.keys("ArrowRight")
    question, asked = it.one(".card"), it.where()
    judge("The last ACK is lost." in question and "tail-loss-probe" not in question, f"a question waits: {question}")
    it.keys("ArrowRight")
    judge("tail-loss-probe" in it.one(".card") and it.where() == asked, f"the next key answers it, and no more: {it.one('.card')}")
    it.keys("End")
    judge(not it.one(".report", "hidden") and re.search(r"step (\d+) of \1\b", it.where()), f"the end: {it.where()}")
    states = it.all("figure > svg", "getAttribute('aria-label')")
    judge(states == ["client: from TIME_WAIT to CLOSED", "server: from LAST_ACK to CLOSED"], f"the diagrams: {states}")
    browser.evaluate("document.querySelector('.ladder').focus()")
    it.keys("ArrowUp")
    judge(len(it.all(".lit")) > 2 and len(it.all(".causes li")) > 2, "an event lights its causes")
    grounds = []
    for _ in range(2):
        it.keys("t")
        grounds.append(browser.evaluate("getComputedStyle(document.body).backgroundColor"))
    judge(browser.evaluate("document.documentElement.dataset.theme") == "light" and grounds[0] != grounds[1], f"two themes: {grounds}")
    it.keys("v")
    judge("no TIME_WAIT" in browser.evaluate("document.querySelector('[aria-selected=true]').textContent"), "v shows the next variant")
    browser.evaluate("other.value = '0'; other.dispatchEvent(new Event('change'))")
    told = browser.evaluate("difference.name ? document.getElementById('difference').textContent : ''")
    judge(len(browser.evaluate("[...document.querySelectorAll('.run:not([hidden])')].map(e => e.id)")) == 2, "two variants beside each other")
    judge(told.startswith("first difference: ") and browser.evaluate("document.querySelectorAll('.different').length") == 2, f"the first difference: {told}")


def two_variants_are_stepped_together(browser):
    it = Page(browser, page("lost-final-ack"))
    shown = "pair.map(one => [one.all, one.position, timeAt(one, one.position), one.order.filter(e => !e.classList.contains('later')).length])"
    browser.evaluate("other.value = '1'; other.dispatchEvent(new Event('change'))")
    first = browser.evaluate(shown)
    judge(len(first) == 2 and all(one[0] for one in first), f"at first all of both is shown: {first}")
    it.keys("Home")
    begin = browser.evaluate(shown)
    judge([one[1] for one in begin] == [0, 0] and all(b[3] < a[3] for a, b in zip(first, begin)), f"Home goes to the beginning of both: {begin}")
    judge(browser.evaluate("getComputedStyle(document.getElementById('together')).display") == "flex", "one bar of buttons stands above both")
    times = []
    for _ in range(25):
        it.keys("ArrowRight")
        times.append([one[2] for one in browser.evaluate(shown)])
    told = browser.evaluate("document.querySelector('#together .where').textContent")
    judge(all(max(a) <= max(b) for a, b in zip(times, times[1:])) and times[-1][0] != times[-1][1], f"each step is the next of either: {times}")
    judge(browser.evaluate("""pair.every((one, i) => one.position === one.model.steps.length - 1 ||
      timeAt(one, one.position + 1) >= Math.max(...pair.map(two => timeAt(two, two.position))))"""), "and neither lags behind")
    judge(re.search(r"\d, step \d+ of \d+ beside step \d+ of \d+$", told), f"and the bar tells where both stand: {told}")
    there = browser.evaluate(shown)
    it.keys("ArrowLeft", "ArrowLeft", "ArrowRight", "ArrowRight")
    judge(browser.evaluate(shown) == there, "back is the way that it came")
    it.keys("s")
    judge(browser.evaluate("pair.some(one => one.step()[MOVES])"), "s goes to the next change of a state of either")
    browser.evaluate("pair[0].jump(pair[0].model.steps.length - 1)")
    judge(browser.evaluate("pair.every(one => one.position === one.model.steps.length - 1)"), "what is pointed at in one, both go to")
    it.keys("a")
    judge(all(one[0] for one in browser.evaluate(shown)), "a shows all of both")
    browser.evaluate("other.value = ''; other.dispatchEvent(new Event('change'))")
    it.keys("Home", "ArrowRight")
    judge("step 2 of" in it.where() and browser.evaluate("pair.length") == 0, f"and alone it is stepped alone: {it.where()}")


def variants_come_from_standard_input_too():
    text = (ROOT / "scenarios/lost-final-ack.scn").read_bytes()
    run = subprocess.run([PROGRAM, "run", "-", "--format", "html"], input=text, capture_output=True, timeout=120, check=False)
    judge(run.returncode == 0 and run.stdout.count(b'role="tab" id=') == 2, f"from standard input: {run.returncode} {run.stderr}")


def the_tables_show_ports_as_ss_does(browser):
    it = Page(browser, page("close-wait/proxy-between"))
    it.keys("s", "s", "s", "s", "s", "s", "s", "s", "s", "s")
    rows = it.all(".sockets tbody tr")
    judge(any("ESTABclient" in row or "client:32768" in row for row in rows) and not any(re.search(r"(client|proxy|backend):\*", row) for row in rows),
          f"a port that the host has chosen is a number: {rows}")


def each_step_of_each_variant_is_shown(browser):
    for name in ("nat-forgets", "time-wait/ephemeral-ports-run-out", "basics/a-relay-that-hangs-up-too-early"):
        Page(browser, page(name))
        told = browser.evaluate("panels.map((panel, i) => { show(i); const one = run(i);"
                                "for (let s = 0; s < one.model.steps.length; s++) one.go(s);"
                                "return [one.model.steps.length, panel.querySelector('.where').textContent]; })")
        judge(told and all(f"step {steps} of {steps}" in where for steps, where in told), f"{name}: each step of each variant is shown: {told}")


def what_the_ladder_does_not_show_is_passed_over(browser):
    it = Page(browser, page("close-wait/two-hundred-readers"))
    steps = browser.evaluate("run(0).model.steps.length")
    presses = browser.evaluate("(() => { let n = 0; while (run(0).position < run(0).model.steps.length - 1 && n < 1000) { run(0).forward(); n++; } return n; })()")
    judge(steps > 5000 and presses < 200, f"of {steps} steps {presses} are gone through")
    it.keys("Home")
    told = []
    for _ in range(60):
        it.keys("ArrowRight")
        told += it.all(".passed")
    judge(any(re.match(r"… \d+ events that the ladder does not show", words) for words in told), f"and the page says so: {told[:3]}")


def the_ladder_has_the_place(browser):
    for name, share in (("edges/ended-by-others", 0.45), ("lost-final-ack", 0.45), ("basics/a-relay-that-hangs-up-too-early", 0.42)):
        it = Page(browser, page(name))
        it.keys("ArrowRight", "ArrowRight", "s", "s", "s", "s")
        area = browser.evaluate("(() => { const box = document.querySelector('.run:not([hidden]) .ladder').getBoundingClientRect(); return [box.top, box.width * box.height]; })()")
        judge(area[0] <= 112, f"{name}: the ladder begins at {area[0]} of 720")
        judge(area[1] >= share * 1280 * 720, f"{name}: the ladder has {area[1] / 12.80 / 720:.0f} % of a projector")
        judge(browser.evaluate("document.documentElement.scrollHeight <= 720 && document.documentElement.scrollWidth <= 1280"), f"{name}: the page is no larger than the screen")
        it.keys("w")
        judge(browser.evaluate("document.querySelector('.run:not([hidden]) .ladder').clientWidth") > 1240, f"{name}: w gives it the whole width")
        it.keys("w")
    Page(browser, page("edges/ended-by-others"))
    browser.evaluate("document.querySelector('[role=tab]').focus()")
    browser.key("End")
    told = browser.evaluate("(() => { const tab = document.activeElement.getBoundingClientRect(), row = document.getElementById('tabs').getBoundingClientRect();"
                            "return [document.activeElement.id, tab.left >= row.left && tab.right <= row.right + 1, row.height]; })()")
    judge(told[0] == "tab8" and told[1] and told[2] < 48, f"the last of nine tabs is reached by a key, and seen, in one row: {told}")


def names_stay_in_sight(browser):
    it = Page(browser, page("lost-final-ack"))
    it.keys("End")
    told = browser.evaluate("(() => { const ladder = document.querySelector('.ladder'), name = ladder.querySelector('.names text').getBoundingClientRect();"
                            "return [ladder.scrollTop, name.top - ladder.getBoundingClientRect().top]; })()")
    judge(told[0] > 0 and 0 <= told[1] < 30, f"the hosts' names stand above what is scrolled: {told}")


# ---- what a screen reader is told ----

INTERACTIVE = {"button", "tab", "combobox", "link", "textbox", "checkbox", "option", "MenuListPopup"}


def a_reader_who_hears(browser):
    it = Page(browser, page("lost-final-ack"))
    it.keys("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight")
    tree = [node for node in browser.tree() if node[1] not in ("InlineTextBox", "ListMarker")]
    nameless = [node for node in tree if (node[1] in INTERACTIVE - {"MenuListPopup"} or node[3].get("focusable")) and not node[2].strip()]
    judge(not nameless, f"reached, and without a name: {nameless[:3]}")
    symbols = [node[2] for node in tree if node[1] in ("button", "tab") and re.search(r"[^\w\s.,:;()=…>#↻'?-]", node[2])]
    judge(not symbols, f"a name that is read as signs: {symbols[:3]}")
    named = [node[1:3] for node in tree]
    order = [("heading", "The final ACK is lost"), ("tablist", "Variants"), ("group", "Steps"), ("region", "Ladder"), ("region", "What happens"),
             ("heading", "Now"), ("region", "Sockets"), ("table", "client$ ss -tano"), ("table", "server$ ss -tano")]
    found = [named.index(node) if node in named else -1 for node in order]
    judge(-1 not in found and found == sorted(found), f"the order of the page: {list(zip(order, found))}")
    begin, end = found[3], found[4]
    inside = tree[begin + 1:end]
    events = [node[2] for node in inside if node[1] == "button"]
    strange = [node for node in inside if node[1] not in ("button", "group", "StaticText", "generic") or (node[1] == "generic" and not node[2] and len(inside) > 400)]
    judge(len(events) > 5 and not strange, f"the ladder is read as its events: {strange[:3]}")
    judge(len(inside) < 3 * len(events) + 10, f"and as little else: {len(inside)} nodes for {len(events)} events")
    judge(not any("TIME_WAIT" in name or "FIN" in name for name in events), f"what has not happened is not read: {events}")
    clocks = [float(re.match(r"[\d.]+", name).group()) for name in events if re.match(r"[\d.]+, ", name)]
    judge(clocks == sorted(clocks) and len(clocks) > 3, f"in the order of time: {clocks}")


def live(browser):
    """The words in live regions."""
    tree, told = browser.tree(), []
    for i, (depth, _, _, properties) in enumerate(tree):
        if properties.get("live") != "polite" or (i > 0 and tree[i - 1][3].get("live") == "polite" and tree[i - 1][0] < depth):
            continue
        words = []
        for node in tree[i + 1:]:
            if node[0] <= depth:
                break
            if node[1] == "StaticText":
                words.append(node[2])
        told.append(" ".join(words))
    return told


def the_step_is_announced(browser):
    it = Page(browser, page("lost-final-ack"))
    it.keys("ArrowRight")
    first = live(browser)
    it.keys("ArrowRight")
    second = live(browser)
    judge(any("step 2 of" in words for words in first) and any("step 3 of" in words for words in second), f"where it is, is announced: {first} {second}")
    judge(any("client" in words or "server" in words for words in second) and first != second, f"and what happens: {second}")


def the_tabulator_goes_down_the_page(browser):
    it = Page(browser, page("lost-final-ack"))
    it.keys("ArrowRight")
    tree = [node for node in browser.tree() if node[3].get("focusable")]
    places, seen = [], []
    for _ in range(25):
        it.keys("Tab")
        focused = [i for i, node in enumerate([node for node in browser.tree() if node[3].get("focusable")]) if node[3].get("focused")]
        if not focused or focused[-1] in places:
            break
        places.append(focused[-1])
        seen.append(tree[focused[-1]][1:3])
    judge(places == sorted(places) and len(places) >= 10, f"the focus goes in the order of the page: {seen}")


def a_picture_is_one_image(browser):
    path = page("lost-final-ack", form="svg")
    browser.open(path.as_uri())
    tree = browser.tree()
    judge(len(tree) < 6, f"a picture is {len(tree)} nodes")
    image = [node for node in tree if node[1] == "image"]
    judge(image and image[0][2] == "The final ACK is lost", f"and has its title for a name: {tree[:3]}")
    text = path.read_text("ascii")
    judge("<desc" in text and "client to server: clean" in text, "its description says what came of it")


# ---- on paper ----

CUT = r"""(() => { const wrong = [];
for (const sheet of document.querySelectorAll('.sheet')) {
  const box = sheet.lastElementChild.getBoundingClientRect();
  for (const text of sheet.lastElementChild.querySelectorAll('text')) {
    const own = text.getBoundingClientRect();
    const inside = own.top >= box.top - 2 && own.bottom <= box.bottom + 2;
    if (!inside && own.bottom > box.top + 2 && own.top < box.bottom - 2) wrong.push(text.textContent);
  }
}
return [document.querySelectorAll('.sheet').length, wrong, [...document.querySelectorAll('.sheet')].map(s => s.getBoundingClientRect().height / 3.7795)]; })()"""


def nothing_is_cut_at_the_end_of_a_sheet(browser):
    for name, tall in (("edges/ended-by-others", 273), ("close-wait/proxy-between", 186), ("fin-wait/five-minutes-of-download", 273)):
        it = Page(browser, page(name), width=703 if tall == 273 else 1032, height=1000, dark=True)
        browser.evaluate("if (tabs.length > 3) show(3); document.documentElement.dataset.theme = 'dark'")
        browser.pdf(FOLDER / "page.pdf")
        pages = len(re.findall(rb"/Type\s*/Page\b", (FOLDER / "page.pdf").read_bytes()))
        judge(browser.evaluate("document.querySelectorAll('.sheets').length") == 0 and "step 1 of" in it.where(), f"{name}: after printing all is as it was")
        browser.evaluate("toPaper()")
        browser.ask("Emulation.setEmulatedMedia", media="print")
        sheets, wrong, heights = browser.evaluate(CUT)
        judge(not wrong, f"{name}: cut at the end of a sheet: {wrong[:5]}")
        judge(sheets >= 2 and max(heights) <= tall, f"{name}: {sheets} sheets of {max(heights):.0f} mm")
        judge(sheets <= pages <= sheets + 1, f"{name}: {sheets} sheets on {pages} pages")
        ink = browser.evaluate("[getComputedStyle(document.body).color, getComputedStyle(document.querySelector('.sheet .word')).fill]")
        judge(ink == ["rgb(27, 31, 36)"] * 2, f"{name}: paper is white, whatever the screen was: {ink}")
        browser.evaluate("fromPaper()")
        browser.ask("Emulation.setEmulatedMedia", media="")


# ---- long runs ----

LONG = """scenario "A FIN every second"
language 1
stop 40min
host client  linux  tlp off  rto_max 1s  orphan_retries 5000
host server  linux
link client -- server  delay 10ms
app client
    connect server:80
    set user_timeout 0
    at 1s  close
service server 80
    recv until eof
at 900ms  crash server
at 30min  say "Still."
expect verdict half-open
"""


def a_long_run_is_in_the_page_where_one_looks(browser):
    source = FOLDER / "long.scn"
    source.write_text(LONG, encoding="utf-8")
    it = Page(browser, page(source, "--full"))
    events = browser.evaluate("run(0).model.events.length")
    here = browser.evaluate("document.querySelectorAll('.ladder .event, .ladder .segment').length")
    judge(events > 9000 and 5 < here < 1000, f"of {events} events the marks of {here} are in the page")
    it.keys("End")
    judge("step" in it.where() and it.browser.evaluate("[...document.querySelectorAll('.ladder .segment')].some(e => { const box = e.getBoundingClientRect(); return box.top > 0 && box.bottom < 720; })"),
          "at the end the last ones are")
    browser.evaluate("document.querySelector('.ladder').focus()")
    it.keys("ArrowUp", "ArrowUp", "ArrowUp")
    judge(browser.evaluate("!!document.activeElement.closest('.ladder svg') && !!document.activeElement.getAttribute('aria-label')"), "and can be walked")


def a_run_that_no_browser_opens_is_refused():
    source = FOLDER / "endless.scn"
    source.write_text(LONG.replace("rto_max 1s", "rto_min 60ms  rto_max 100ms").replace("5000", "90000"), encoding="utf-8")
    for form in ("html", "svg"):
        run = subprocess.run([PROGRAM, "run", str(source), "--full", "--format", form, "-o", str(FOLDER / "endless")], capture_output=True, text=True, timeout=300, check=False)
        judge(run.returncode == 2 and "MiB" in run.stderr and "stop" in run.stderr and not (FOLDER / "endless").exists(), f"{form}: {run.returncode} {run.stderr}")


TESTS = (the_final_ack_is_played_by_keys, two_variants_are_stepped_together, the_tables_show_ports_as_ss_does, each_step_of_each_variant_is_shown, what_the_ladder_does_not_show_is_passed_over, the_ladder_has_the_place,
         names_stay_in_sight, a_reader_who_hears, the_step_is_announced, the_tabulator_goes_down_the_page, a_picture_is_one_image,
         nothing_is_cut_at_the_end_of_a_sheet, a_long_run_is_in_the_page_where_one_looks)


def main():
    try:
        a_run_that_no_browser_opens_is_refused()
        variants_come_from_standard_input_too()
        if chromium.PROGRAM is None:
            print("skipped: the page in a browser (there is no Chromium)")
            return 1 if failed else 77
        browser = chromium.Browser(FOLDER / "profile")
        try:
            for test in TESTS:
                try:
                    test(browser)
                except chromium.Stopped as stopped:
                    judge(False, f"{test.__name__}: {stopped}")
        finally:
            browser.close()
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
