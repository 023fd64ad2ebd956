# SPDX-License-Identifier: MIT
"""What two hosts did, in one form: read from a recording of the kernel (cases/NAME.jsonl) or from a trace of lastack (--format jsonl)."""
import json
import pathlib

import record
from record import HOSTS

CASES = pathlib.Path(__file__).resolve().parent / "cases"
CALLS = ("connect", "send", "shutdown", "close")


class BadTrace(Exception):
    """The file cannot be read as a trace of schema 1."""


class Segment:
    """One segment that a host sent; of a recording also how exact its time can be, and the second run's time."""

    def __init__(self, host, t, flags, seq, ack, length):
        self.host, self.t, self.flags, self.seq, self.ack, self.len = host, t, flags.replace("P", ""), seq, ack, length
        self.lost = False  # None: it does not matter
        self.wait, self.row = 0.0, 0
        self.anyseq, self.shift = False, 0
        self.t2 = t

    def control(self):
        return bool(set(self.flags) & set("SFR"))

    def __str__(self):
        end = "?" if self.seq is None else self.seq + self.len
        ack = " ack %s" % self.ack if "." in self.flags else ""
        return "%s %s:%s(%d)%s" % (self.flags, self.seq, end, self.len, ack)

    def at(self):
        return "%s at %.3f s%s" % (self, self.t, " (lost)" if self.lost else "")


class Step:
    """A state and when it began."""

    def __init__(self, state, t, polled=False):
        self.state, self.t, self.polled, self.t2 = state, t, polled, t


class Played:
    def __init__(self):
        self.t_end = float("inf")
        self.sends = {h: [] for h in HOSTS}
        self.paths = {h: [] for h in HOSTS}  # a list of Steps for each connection, in order of beginning
        self.results = {h: {**{c: [] for c in CALLS}, "errors": [], "bytes": 0, "eof": 0} for h in HOSTS}
        self.reads = dict.fromkeys(HOSTS, False)
        self.crashes = {h: [] for h in HOSTS}


# ---------------------------------------------------------------- a recording
class Recording:
    def __init__(self, case, head, runs):
        self.case, self.plan, self.rtt, self.judged, self.runs = case, head["plan"], head["rtt"], head["judged"], runs

    def sends_unfinished(self, run, host):
        """Did the recording end while a send was still waiting? Then its calls of send say nothing."""
        planned = sum(a["host"] == host and a["do"] == "send" for a in self.plan["actions"])
        return len(run.results[host]["send"]) < planned

    def closes_by_kill(self):
        """The scenario has to write a close() in SYN_SENT as a kill: connect blocks there."""
        return "# close() in SYN_SENT is written as kill" in (CASES / (self.case + ".scn")).read_text(encoding="utf-8")


def recording(case, path=None):
    lines = [json.loads(line) for line in (path or CASES / (case + ".jsonl")).read_text(encoding="utf-8").splitlines()]
    runs = []
    for line in lines[1:]:
        host = line.get("host")
        if "run" in line:
            runs.append(Played())
            runs[-1].t_end = line["t_end"]
        elif "send" in line:
            s = Segment(host, line["t"], line["send"], line["seq"], line["ack"], line["len"])
            s.lost, s.wait, s.row = line.get("lost", False), line["wait"], line.get("row", 0)
            s.anyseq, s.shift = line.get("anyseq", False), line.get("shift", 0)
            runs[-1].sends[host].append(s)
        elif "path" in line:
            runs[-1].paths[host].append([Step(*step) for step in line["path"]])
        elif "results" in line:
            runs[-1].results[host] = line["results"]
        elif "crash" in line:
            runs[-1].crashes[host].append(line["crash"])
    return Recording(case, lines[0], runs)


def cases():
    return sorted(path.stem for path in CASES.glob("*.scn"))


# ---------------------------------------------------------------- a trace
def events(lines):
    head = False
    for number, line in enumerate(lines, 1):
        if not isinstance(line, dict):
            if not line.strip():
                continue
            try:
                line = json.loads(line)
            except ValueError as error:
                raise BadTrace("line %d is not JSON: %s" % (number, error)) from None
        if "schema" in line:
            if line["schema"] != 1:
                raise BadTrace("schema %r" % line["schema"])
            head = True
        elif line.get("kind") is not None:
            yield line
    if not head:
        raise BadTrace('no head line with "schema":1')


def returned(played, e):
    results, call, error, value = played.results[e["host"]], e.get("call"), e.get("error"), e.get("value")
    if call in CALLS or call == "abort":
        results["close" if call == "abort" else call].append(error or (0 if value is None else value))
    elif call in ("recv", "drain"):
        if error:
            results["errors"].append(error)
        elif isinstance(value, int) and value > 0:
            results["bytes"] += value
            played.reads[e["host"]] = True
        if e.get("eof"):
            results["eof"] += 1
            played.reads[e["host"]] = True


def trace(lines):
    played = Played()
    numbers, arrived, dropped = [], set(), set()
    paths, current = {h: [] for h in HOSTS}, {}
    for e in events(lines):
        kind, host, t = e["kind"], e.get("host"), e.get("t", 0) / 1e9
        if kind == "send" and host in HOSTS:
            s = Segment(host, t, e["flags"], e["seq"], e["ack"], e["len"])
            played.sends[host].append(s)
            numbers.append((s, e["seg"]))
        elif kind == "recv":
            arrived.add(e["seg"])
        elif kind == "drop":
            dropped.add(e["seg"])
        elif kind == "state" and host in HOSTS and e["from"] != e["to"]:
            key = (host, e["conn"])
            path = current.get(key)
            if path is None or (e["from"] in ("CLOSED", "LISTEN") and path[-1][0] == "CLOSED"):
                path = current[key] = []
                paths[host].append(path)
            path.append([e["to"], t, False])
        elif kind == "return" and host in HOSTS:
            returned(played, e)
    for s, number in numbers:
        s.lost = number in dropped and number not in arrived
    for host in HOSTS:
        played.paths[host] = [[Step(*step) for step in path] for path in record.tidy(paths[host])]
    return played
