#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What other tools are given holds what they need: csv, mermaid and perfetto against the trace that they show.

usage: formats.py PROGRAM PATH...      the base form of every scenario below the paths
"""
import collections
import csv
import io
import json
import pathlib
import re
import subprocess
import sys

MERMAID = re.compile(r"    (title \S.*|participant h\d+ as \S.*|h\d+(->>|-x)h\d+: \S.*|Note over h\d+(,h\d+)?: \S.*)$")
ENTITY = re.compile(r"#\d+;|<br/>")


def table(text, events):
    """RFC 4180: lines end in CR LF, all have the header's fields; a row an event, with the event's own values."""
    if text.replace("\r\n", "").count("\r") or text.count("\n") != text.count("\r\n") + sum(
            value.count("\n") for row in csv.reader(io.StringIO(text, newline="")) for value in row):
        yield "a row does not end in CR LF"
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    if len(rows) != len(events):
        yield f"{len(rows)} rows for {len(events)} events"
    for row, event in zip(rows, events):
        wanted = {"n": event["n"], "time_ns": event["t"], "cause": event["cause"], "kind": event["kind"]}
        if "conn" in event:
            wanted["conn"] = event["conn"]
        if event["kind"] == "send":
            wanted.update({key: event[key] for key in ("host", "flags", "seq", "ack", "len", "win")})
        if event["kind"] in ("note", "fault"):
            wanted.update(text=event["text"], line=event["line"])
        if event["kind"] == "state":
            wanted.update({"from": event["from"], "to": event["to"]})
        for key, value in wanted.items():
            if row[key] != ("" if value is None else str(value)) or None in row or None in row.values():
                yield f"event {event['n']}: {key} is {row[key]}, not {value}"


def diagram(text, events):
    """Statements of a sequence diagram only, nothing in them that Mermaid reads as its own; an arrow an arrival or a loss."""
    lines = text.splitlines()
    if not lines[0].startswith("%% ") or lines[1] != "sequenceDiagram":
        yield "it does not begin as a sequence diagram"
    for line in lines[2:]:
        if not MERMAID.match(line) or re.search(r"[;#<>%{}\[\]\\`\"]", ENTITY.sub("", line.replace("->>", "", 1))):
            yield f"no statement: {line}"
    kinds = collections.Counter(event["kind"] for event in events)
    for arrow, kind in (("->>", "recv"), ("-x", "drop")):
        if sum(bool(re.match(rf"    h\d+{arrow}h", line)) for line in lines) != kinds[kind]:
            yield f"not an arrow {arrow} for each {kind}"


PHASES = {"M": {"args"}, "X": {"dur", "cat"}, "i": {"s"}, "s": {"id", "cat"}, "f": {"id", "cat", "bp"}}


def event_of_the_format(event):
    """The Trace Event Format's rules of one event, and what Perfetto's importer asks of it (docs/notes/perfetto.md)."""
    if event.get("ph") not in PHASES or not {"pid", "tid", "name", "ts", *PHASES[event["ph"]]} <= set(event):
        return "something is missing"
    if not isinstance(event["name"], str) or not all(isinstance(event[key], int) and 0 < event[key] < 2 ** 32 for key in ("pid", "tid")):
        return "a name or a number is none"
    if event["ts"] < 0 or event.get("dur", 0) < 0:
        return "a time before the beginning"
    if event["ph"] == "i" and event["s"] not in ("g", "p", "t"):
        return "an instant has no scope"
    if event["ph"] == "M" and (event["name"] not in ("process_name", "thread_name") or not isinstance(event["args"].get("name"), str)):
        return "a name of nothing"
    return None


def arrows(document, tracks):
    """An arrow binds to the slice that is open where it begins, and where it ends; it does not fly back."""
    begun = {}
    for event in document["traceEvents"]:
        if event["ph"] not in ("s", "f"):
            continue
        at = round(event["ts"] * 1000)
        if not any(start <= at < end for start, end in tracks[event["pid"], event["tid"]]):
            yield f"the arrow of segment {event['id']} has no slice at {at} ns"
        if event["ph"] == "s":
            if event["id"] in begun:
                yield f"segment {event['id']} leaves twice"
            begun[event["id"]] = at
        elif event["id"] not in begun or begun[event["id"]] > at or event["bp"] != "e":
            yield f"segment {event['id']} arrives without having left"


def slices(text, events):
    """Chrome's trace events: what each phase must have; slices of a track one after the other or one in the other; arrows that arrive."""
    document = json.loads(text)
    tracks, named, processes, homes = collections.defaultdict(list), set(), set(), {}
    if document["displayTimeUnit"] not in ("ms", "ns"):
        yield "a unit that is none"
    for event in document["traceEvents"]:
        wrong = event_of_the_format(event)
        if wrong:
            yield f"{wrong}: {event}"
            return
        if event["ph"] == "X":
            tracks[event["pid"], event["tid"]].append((round(event["ts"] * 1000), round((event["ts"] + event["dur"]) * 1000)))
        if event["ph"] == "M":
            (processes if event["name"] == "process_name" else named).add(event["pid"] if event["name"] == "process_name" else (event["pid"], event["tid"]))
        if homes.setdefault(event["tid"], event["pid"]) != event["pid"]:
            yield f"track {event['tid']} is in two processes"
    yield from arrows(document, tracks)
    if {event["pid"] for event in document["traceEvents"]} != processes:
        yield "a process without a name"
    for track, spans in tracks.items():
        last = 0
        for start, end in sorted(spans) if track[1] % 16 != 1 else ():
            if start < last:
                yield f"track {track}: slices lie across each other at {start} ns"
            last = end
    # A segment before its end's first state (a reset for what nobody has) has no named track.
    unnamed = [track for track in tracks if track not in named and track[1] % 16 != 1]
    if unnamed:
        yield f"tracks without a name: {unnamed}"
    begun = sum(event["ph"] == "s" for event in document["traceEvents"])
    sent = sum(event["kind"] in ("send", "dup", "inject") for event in events)
    if begun != sent:
        yield f"{begun} arrows for {sent} segments"


def main():
    program, paths = sys.argv[1], [pathlib.Path(path) for path in sys.argv[2:]]
    passed = failed = 0
    for scenario in [scenario for path in paths for scenario in (sorted(path.rglob("*.scn")) if path.is_dir() else [path])]:
        def shown(form):
            command = [program, "run", str(scenario), "--format", form]
            return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout.decode("utf-8")

        events = [json.loads(line) for line in shown("jsonl").split("\n")[1:-2]]
        for form, check in (("csv", table), ("mermaid", diagram), ("perfetto", slices)):
            wrong = list(check(shown(form), events))
            passed += not wrong
            failed += bool(wrong)
            for line in wrong[:5]:
                print(f"failed: {scenario}, {form}: {line}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
