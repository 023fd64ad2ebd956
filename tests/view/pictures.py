#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every picture is looked at as a reader's program would: well-formed, in ASCII, whole numbers only, nothing outside of the page, no two
words on each other, and no name under an arrow.

usage: pictures.py LASTACK FILE.scn|FOLDER ...            all variants of each; ends with «N passed, N failed»
"""
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

SVG = "{http://www.w3.org/2000/svg}"
SIZES = {"title": 19, "host": 15, "word": 13, "label": 12, "time": 12, "idle": 12, "fold": 12, "weather": 12, "reason": 11, "still": 11,
         "key": 11, "small": 11, "bar": 11, "clock": 10, "report": 12}
BOLD = {"title", "host", "became", "bar", "idle", "weather", "answer"}
# Advances of DejaVu Sans in thousandths, by groups; what is not named is taken to be as wide as it is high.
ADVANCES = [(280, "ijl'"), (300, "I"), (320, " ,.:;|"), (340, "/\\"), (365, "-f"), (395, "()[]t"), (405, "!"), (415, "r"), (460, '"'),
            (530, "szc?"), (585, "kx_*`"), (600, "vyTgea"), (640, "bdhnopqu0123456789EFLZY{}$"), (690, "AXBSK"), (700, "CRP"), (760, "UNHJV"),
            (790, "DOGQ&"), (840, "w+=<>~^#"), (870, "M"), (955, "%"), (980, "m"), (1000, "W@")]
WIDTHS = {letter: width for width, letters in ADVANCES for letter in letters}


def width_of(words, classes):
    if "report" in classes:
        return len(words) * 603 * SIZES["report"] / 1000
    size = max(SIZES[c] for c in classes if c in SIZES)
    bold = BOLD & set(classes) or ("fin" in classes and "label" in classes)
    return sum(WIDTHS.get(letter, 1000) for letter in words) * size / 1000 * (1.09 if bold else 1)


def translate(element):
    found = re.match(r"translate\((-?\d+),(-?\d+)\)", element.get("transform", ""))
    return (int(found[1]), int(found[2])) if found else (0, 0)


def boxes(element, x, y, group, found):
    """All texts below an element as (left, top, right, bottom, words)."""
    dx, dy = translate(element)
    x, y = x + dx, y + dy
    group = element.get("class", "").split() if element.tag == SVG + "g" and element.get("class") else group
    if element.tag == SVG + "text":
        classes = element.get("class").split() + (group if "label" in element.get("class") else [])
        words = "".join(element.itertext())
        width, size = width_of(words, classes), max(SIZES[c] for c in classes if c in SIZES)
        start = {"start": 0, "middle": width / 2, "end": width}[element.get("text-anchor", "start")]
        along, across = int(element.get("x", 0)) - start, int(element.get("y", 0))
        box = (along, across - 0.8 * size, along + width, across + 0.24 * size)
        if "rotate(-90)" in element.get("transform", ""):
            box = (box[1], -box[2], box[3], -box[0])
        found.append((x + box[0], y + box[1], x + box[2], y + box[3], words))
    for child in element:
        boxes(child, x, y, group, found)


def overlaps(found):
    found.sort(key=lambda box: box[1])
    for i, a in enumerate(found):
        for b in found[i + 1:]:
            if b[1] >= a[3] - 1:
                break
            if a[0] < b[2] - 1 and b[0] < a[2] - 1:
                yield f"«{a[4]}» and «{b[4]}» lie on each other at {a[0]:.0f},{a[1]:.0f}"


def numbers(text):
    """Every coordinate is a whole number (the style apart)."""
    text = re.sub(r"<style>.*?</style>", "", text, flags=re.S)
    for name, value in re.findall(r'\s(x|y|width|height|d|transform|points|viewBox)="([^"]*)"', text):
        if re.search(r"\d\.\d", value):
            yield f"{name}={value} is no whole number"


def outside(root, found):
    left, top, width, height = (int(n) for n in root.get("viewBox").split())
    for box in found:
        if box[0] < left or box[1] < top or box[2] > left + width + 1 or box[3] > top + height:
            yield f"«{box[4]}» leaves the page: {[round(n) for n in box[:4]]} of {width}x{height}"
    for rect in root.iter(SVG + "rect"):
        x, w = int(rect.get("x", 0)), int(rect.get("width"))
        if x < left or x + w > left + width:
            yield f"a rectangle leaves the page at {x}"


def strokes(element, x, y, group, found):
    """All names of segments and all arrows, in the order in which they are drawn: (group, box or ends)."""
    dx, dy = translate(element)
    x, y = x + dx, y + dy
    group = element if "segment" in element.get("class", "").split() else group
    ends = re.fullmatch(r"M(-?\d+) (-?\d+)L(-?\d+) (-?\d+)", element.get("d", "")) if element.tag == SVG + "path" else None
    if group is not None and ends:
        a, b, c, d = (int(n) for n in ends.groups())
        found.append((group, None, (x + a, y + b, x + c, y + d)))
    elif element.tag == SVG + "text" and set(element.get("class").split()) & {"label", "reason"}:
        box = []
        boxes(element, x - dx, y - dy, group.get("class").split() if group is not None else [], box)
        found.append((group, box[0], None))
    for child in element:
        strokes(child, x, y, group, found)


def crosses(line, box):
    """More than a touch: half of the box' height is passed within it."""
    x0, y0, x1, y1 = line
    low, high = 0.0, 1.0
    for by, room in ((x0 - x1, x0 - box[0]), (x1 - x0, box[2] - x0), (y0 - y1, y0 - box[1]), (y1 - y0, box[3] - y0)):
        if by == 0 and room < 0:
            return False
        if by < 0:
            low = max(low, room / by)
        elif by > 0:
            high = min(high, room / by)
    return (high - low) * abs(y1 - y0) > (box[3] - box[1]) / 2


def under_arrows(root):
    """A name hides the arrows that it stands on, so it is drawn after them; but before its own, of which it would hide the beginning. What
    comes from a box is drawn where it arrives, late."""
    places = {int(re.match(r"M(\d+)", path.get("d"))[1]) for path in root.iter(SVG + "path") if path.get("class") == "box"}
    found, names, begun = [], [], []
    strokes(root, 0, 0, None, found)
    for group, box, line in found:
        if box:
            for other, (x0, y0, _, _) in begun:
                if other is group and min(abs(box[0] - x0), abs(box[2] - x0)) < 12 and abs(box[3] - y0) < 6:
                    yield f"«{box[4]}» hides the beginning of its own arrow"
            names.append(box)
        elif line[0] not in places:
            begun.append((group, line))
            for name in names:
                if crosses(line, name):
                    yield f"«{name[4]}» lies under an arrow at {name[0]:.0f},{name[1]:.0f}"


def breaches(text):
    if not text.isascii():
        yield "not in ASCII"
    root = ElementTree.fromstring(text)
    if root.find(SVG + "title") is None or root.find(SVG + "desc") is None:
        yield "no title or no description"
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    if len(ids) != len(set(ids)):
        yield f"ids that are not unique: {sorted(i for i in set(ids) if ids.count(i) > 1)[:5]}"
    found = []
    boxes(root, 0, 0, [], found)
    yield from numbers(text)
    yield from overlaps(found)
    yield from outside(root, found)
    yield from under_arrows(root)
    if re.search(r'class="(say|ask)"', text) and not re.search(r"\.say rect,\.ask rect\{fill-opacity:\.[5-9]", text):
        yield "what somebody says hides the arrows behind it"


def play(lastack, path, variant, form="svg"):
    done = subprocess.run([lastack, "run", str(path), "--variant", str(variant), "--format", form], capture_output=True, text=True,
                          encoding="utf-8", check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{path} variant {variant}: {done.stderr}")
    return done.stdout


def scenarios(words):
    for word in map(pathlib.Path, words):
        yield from sorted(word.rglob("*.scn")) if word.is_dir() else [word]


def main():
    lastack, passed, failed = sys.argv[1], 0, 0
    for path in scenarios(sys.argv[2:]):
        variants = len(re.findall(r"^variant", path.read_text(encoding="utf-8"), flags=re.M))
        for variant in range(variants + 1):
            wrong = list(breaches(play(lastack, path, variant)))
            for what in wrong[:10]:
                print(f"{path} variant {variant}: {what}")
            passed += not wrong
            failed += bool(wrong)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
