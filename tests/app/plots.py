#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`lastack plot`: what is drawn stands inside its axes, nothing is empty, and without gnuplot its files are there.

usage: plots.py PROGRAM SOURCE_ROOT        prints what is not so, then «N passed, N failed»
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
ROOT = pathlib.Path(sys.argv[2]).resolve()
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="lastack-plots-"))
PLOTS = ("sequence", "states", "timers", "sockets")
FILES = ("four-packets", "lost-final-ack", "partition-in-fin-wait-1", "linger-zero", "time-wait/ephemeral-ports-run-out", "nat-forgets")
passed = failed = 0


def judge(good, what):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print("failed: " + what)


def plot(*arguments, path=os.environ["PATH"]):
    return subprocess.run([PROGRAM, "plot", *arguments], cwd=FOLDER, env={**os.environ, "PATH": path, "LC_ALL": "C.UTF-8"},
                          capture_output=True, text=True, timeout=120, check=False)


def points(data):
    """The rows of each block, without the one that only keeps it from being empty."""
    for block in re.split(r"\n\n\n", data):
        rows = [line.split() for line in block.split("\n") if line and not line.startswith("#")]
        yield [[float(word) for word in row] for row in rows if row[0] != "-9e9"]


def variable(script, name):
    return float(re.search(rf"^{name} = (\S+)$", script, re.M).group(1))


def inside_the_axes(kind, script, data):
    x_max = variable(script, "x_max")
    for number, rows in enumerate(points(data)):
        for row in rows:
            if not 0 <= row[0] <= x_max * 1.03:
                return False
            if kind == "sequence" and not 0 <= row[1] <= row[2] <= variable(script, f"y_max_{number // 6 + 1}") * 1.12 + 1:
                return False
            if kind == "states" and row[1] not in range(11):
                return False
            if kind == "timers" and not variable(script, "y_low") <= row[1] <= variable(script, "y_high"):
                return False
            if kind == "sockets" and not all(0 <= n <= variable(script, "y_max") for n in row[1:-1]):
                return False
    return True


def the_figures_are_inside_the_axes_and_not_empty(name):
    stem = pathlib.Path(name).name
    run = plot(str(ROOT / "scenarios" / (name + ".scn")), path="/nowhere")
    judge(run.returncode == 3 and "no gnuplot" in run.stderr, f"{name}: without gnuplot: exit 3, and it says so: {run.stderr}")
    for kind in PLOTS:
        script, data = (FOLDER / f"{stem}-{kind}.gp").read_text("utf-8"), (FOLDER / f"{stem}-{kind}.dat").read_text("utf-8")
        judge(inside_the_axes(kind, script, data), f"{name}: a point of {kind} stands outside of its axes")
        judge(any(len(rows) > 0 for rows in points(data)), f"{name}: {kind} is empty")
        judge(f"{stem}-{kind}.gp" in run.stdout, f"{name}: {kind}.gp is not named")
        os.remove(FOLDER / f"{stem}-{kind}.gp")
        os.remove(FOLDER / f"{stem}-{kind}.dat")


def gnuplot_draws(name):
    stem = pathlib.Path(name).name
    run = plot(str(ROOT / "scenarios" / (name + ".scn")), "--of", "1")
    judge(run.returncode == 0 and run.stderr == "", f"{name}: {run.returncode} {run.stderr}")
    judge(sorted(os.listdir(FOLDER)) == sorted(f"{stem}-{kind}.svg" for kind in PLOTS), f"{name}: {os.listdir(FOLDER)}")
    for kind in PLOTS:
        picture = FOLDER / f"{stem}-{kind}.svg"
        tree = xml.etree.ElementTree.parse(picture)
        texts = " ".join("".join(t.itertext()) for t in tree.iter("{http://www.w3.org/2000/svg}text"))
        judge("seed" in texts and len(texts) > 60, f"{name}: {kind} has no title or no marks: {texts[:80]}")
        os.remove(picture)


def contents():
    files = {name: (FOLDER / name).read_bytes() for name in sorted(os.listdir(FOLDER))}
    for name in files:
        os.remove(FOLDER / name)
    return files


def a_saved_run_is_drawn_as_the_run_was():
    file, saved = str(ROOT / "scenarios/lost-final-ack.scn"), FOLDER.parent / (FOLDER.name + ".jsonl")
    run = subprocess.run([PROGRAM, "run", file, "--variant", "1", "--format", "jsonl", "-o", str(saved)], capture_output=True, text=True, check=False)
    judge(run.returncode == 0, f"a run to save: {run.stderr}")
    plot(file, "--variant", "1", path="/nowhere")
    made = contents()
    plot(str(saved), path="/nowhere")
    again = contents()
    judge(len(made) == 8 and made == again, f"the same files from the saved run: {sorted(made)} {sorted(again)}")
    run = plot(str(saved), "--seed", "3")
    judge(run.returncode == 2 and "stand in it" in run.stderr, f"a seed for a saved run: {run.returncode} {run.stderr}")
    lines = saved.read_bytes().split(b"\n")
    saved.write_bytes(b"\n".join(lines[:20]) + b"\n")
    run = plot(str(saved), "states")
    judge(run.returncode == 2 and "--unverified" in run.stderr, f"a saved run that was cut off: {run.returncode} {run.stderr}")
    run = plot(str(saved), "states", "--unverified", path="/nowhere")
    judge(len(contents()) == 2, f"and drawn all the same: {run.stderr}")
    run = subprocess.run([PROGRAM, "run", str(saved)], capture_output=True, text=True, check=False)
    judge(run.returncode == 2 and "lastack view" in run.stderr and run.stderr.count("\n") == 1, f"a saved run is no scenario: {run.stderr[:200]}")
    os.remove(saved)


def a_direction_without_data_says_so(name, silent):
    plot(str(ROOT / "scenarios" / (name + ".scn")), "sequence")
    picture = (FOLDER / f"{pathlib.Path(name).name}-sequence.svg").read_text("utf-8")
    judge(("sends neither data nor FIN nor RST" in picture) == silent, f"{name}: {'a panel is empty' if silent else 'no panel is empty'}")
    os.remove(FOLDER / f"{pathlib.Path(name).name}-sequence.svg")


def a_minute_of_time_wait_leaves_the_milliseconds_their_room(name, folds):
    stem = pathlib.Path(name).name
    plot(str(ROOT / "scenarios" / (name + ".scn")), "sockets", path="/nowhere")
    script, data = (FOLDER / f"{stem}-sockets.gp").read_text("utf-8"), (FOLDER / f"{stem}-sockets.dat").read_text("utf-8")
    width = {length: float(to) - float(at) for at, to, length in re.findall(
        r"from first (\S+), graph 0 to first (\S+), graph 1 .*\nset label \"(.*)\" at", script)}
    x_max, places = variable(script, "x_max"), sorted({row[0] for rows in points(data) for row in rows})
    judge(list(width) == folds, f"{name}: what is folded in the sockets' axis: {width}")
    judge(all(w <= x_max / 9 for w in width.values()), f"{name}: a fold takes little room: {width} of {x_max}")
    judge(max(b - a for a, b in zip(places, places[1:])) <= x_max / 4, f"{name}: nothing else takes it all: {places[:20]} of {x_max}")
    judge(all(rows[-1][0] == x_max and rows[-1][-1] > 50 for rows in points(data)), f"{name}: the end of each line is the end of the run")
    for ending in ("gp", "dat"):
        os.remove(FOLDER / f"{stem}-sockets.{ending}")


def mistakes():
    file = str(ROOT / "scenarios/four-packets.scn")
    for arguments, part in (((), "which file?"), ((file, "stats"), "did you mean states?"), ((file, "--of", "nobody"), "no connection"),
                            ((file, "--format", "pdf"), "svg"), (("missing.scn",), "missing.scn")):
        run = plot(*arguments)
        judge(run.returncode == 2 and part in run.stderr and run.stdout == "", f"plot {arguments}: {run.returncode} {run.stderr}")
    run = plot(file, "states", "-o", "no/such/folder")
    judge(run.returncode == 3 and run.stdout == "", f"a folder that is not there: {run.returncode} {run.stderr}")
    judge(os.listdir(FOLDER) == [], f"left behind: {os.listdir(FOLDER)}")


def main():
    try:
        for name in FILES:
            the_figures_are_inside_the_axes_and_not_empty(name)
        a_minute_of_time_wait_leaves_the_milliseconds_their_room("four-packets", ["1.12 s", "4.33 s", "59.9 s"])
        a_minute_of_time_wait_leaves_the_milliseconds_their_room("time-wait/ephemeral-ports-run-out", ["59 s"])
        a_saved_run_is_drawn_as_the_run_was()
        mistakes()
        if shutil.which("gnuplot") is None:
            print("skipped: gnuplot draws (there is no gnuplot)")
        elif plot(str(ROOT / "scenarios/four-packets.scn"), "states").returncode == 3:
            print("skipped: gnuplot draws (built without libuv)")
        else:
            for leftover in os.listdir(FOLDER):
                os.remove(FOLDER / leftover)
            for name in FILES:
                gnuplot_draws(name)
            a_direction_without_data_says_so("fin-wait/a-fin-every-second", True)
            a_direction_without_data_says_so("four-packets", False)
            plot(str(ROOT / "scenarios/four-packets.scn"), "states", "--format", "png", "--keep")
            judge(sorted(os.listdir(FOLDER)) == ["four-packets-states.dat", "four-packets-states.gp", "four-packets-states.png"], "--keep")
            judge((FOLDER / "four-packets-states.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n", "a PNG")
    finally:
        shutil.rmtree(FOLDER)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
