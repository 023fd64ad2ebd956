#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the kernel did, from the instrument's output into the compact form that the comparison needs.

usage: record.py OUTPUT.json [SECOND.json ...] -o cases/NAME.jsonl
       record.py --all FOLDER       every FOLDER/*.json, with its further runs FOLDER/again/*.N.json.gz, into cases/

A recording is JSON Lines. The first line is the plan, its round-trip time, and how it is judged (see README.md). Then, for each run:

  {"run": 1, "t_end": 4.006}
  {"host": "client", "t": 0.5, "send": "F.", "seq": 1001, "ack": 1, "len": 0, "wait": 0.18}        + "lost", "row", "anyseq", "shift"
      wait   seconds since that host's last event (a retransmission: since its last segment): the kernel's timer can be no more exact
             than its wheel is for such a time;  row: how many retransmissions and probes in a row this is the last of
      lost   true: a rule of the plan took it; null: the host it went to was down
      anyseq its sequence number is not compared (a reset that answers an earlier incarnation)
      shift  its numbers may be counted from the forged SYN of an injection, this far from the real one
  {"host": "client", "socket": 1, "path": [["SYN_SENT", 0.1, false], ...]}                           state, since, polled
  {"host": "client", "results": {"connect": [0], "send": [1000], ...}}                               what its programs got
  {"host": "client", "crash": 2.0}
"""
import gzip
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
HOSTS = ("client", "server")
RFC = {"FIN_WAIT1": "FIN_WAIT_1", "FIN_WAIT2": "FIN_WAIT_2", "CLOSE": "CLOSED", "SYN_RECV": "SYN_RECEIVED", "NEW_SYN_RECV": "SYN_RECEIVED", None: "CLOSED"}
REPLACED_WITHIN = 0.09  # a full socket that goes to CLOSED and a minisocket that polling finds this soon after are one connection
REFUSED_WITHIN = 0.002  # a connect that ended this soon sent nothing


def read(path):
    path = pathlib.Path(path)
    return json.loads(gzip.open(path).read() if path.suffix == ".gz" else path.read_text(encoding="utf-8"))


# ---------------------------------------------------------------- segments
def sends(events):
    """Every segment that a host's stack emitted, with what the comparison must know of its surroundings."""
    lost, to_nobody = set(), set()
    for e in events:
        if e["kind"] == "drop":
            (to_nobody if e.get("act") == "host down" else lost).add(e["id"])
    arrived = {e["id"] for e in events if e["kind"] == "recv" and e.get("how") is None}
    forged = next((e["seq"] for e in events if e["kind"] == "inject" and e["flags"] == "S"), 0)
    opened = {(e["conn"], e["host"]) for e in events if e["kind"] == "send" and "S" in e["flags"]}
    last_event, last_send = dict.fromkeys(HOSTS, 0.0), dict.fromkeys(HOSTS, 0.0)
    row, newest = dict.fromkeys(HOSTS, 0), dict.fromkeys(HOSTS, 0)
    for e in events:
        host = e["host"]
        if e["kind"] == "send":
            newest[host] = max(newest[host], e["conn"] or 0)
            again = bool(e.get("rtx") or e.get("probe"))
            row[host] = row[host] + 1 if again else 0
            out = {"host": host, "t": e["t"], "send": e["flags"].replace("P", ""), "seq": e["seq"], "ack": e["ack"], "len": e["len"],
                   "wait": round(e["t"] - (last_send if again else last_event)[host], 6)}
            if out["seq"] is None and e.get("raw_seq") == 0:
                out["seq"] = 0
            if e["id"] in to_nobody:
                out["lost"] = None
            elif e["id"] in lost and e["id"] not in arrived:
                out["lost"] = True
            if row[host]:
                out["row"] = row[host]
            if out["seq"] is None or ("R" in e["flags"] and "." not in e["flags"] and e["conn"] != newest[host]):
                out["anyseq"] = True
            if forged and (e["conn"], "client") not in opened:
                out["shift"] = forged
            yield out
            last_send[host] = e["t"]
        if e["kind"] in ("send", "recv", "inject") or (e["kind"] == "app" and e["op"] not in ("poll", "recv")):
            last_event[host] = e["t"]


# ---------------------------------------------------------------- states
def tidy(paths):
    """Without LISTEN, SYN_RECEIVED, a leading CLOSED, a state twice in a row, and connects that were refused before a segment."""
    out = []
    for path in paths:
        kept = []
        for step in path:
            if step[0] in ("LISTEN", "SYN_RECEIVED") or (not kept and step[0] == "CLOSED") or (kept and kept[-1][0] == step[0]):
                continue
            kept.append(step)
        refused = [s[0] for s in kept] == ["SYN_SENT", "CLOSED"] and kept[1][1] - kept[0][1] < REFUSED_WITHIN
        if kept and not refused:
            out.append(kept)
    return sorted(out, key=lambda path: path[0][1])


class Sockets:
    """Puts the tracepoint's state changes and the polled minisockets of one host together, a path for each connection."""

    def __init__(self):
        self.all = []  # {"ports", "path": [[state, t, polled]], "mini"}

    def find(self, ports, mini=None):
        for s in reversed(self.all):
            if s["ports"] == ports and (mini is None or s["mini"] == mini):
                return s
        for s in self.all:  # a connect() that had no port yet: of several the first
            if s["ports"][0] == 0 and s["ports"][1] == ports[1] and len(s["path"]) == 1 and (mini is None or s["mini"] == mini):
                return s
        return None

    def new(self, ports, mini, *path):
        self.all.append({"ports": ports, "path": list(path), "mini": mini})
        return self.all[-1]

    def minisocket_appears(self, ports, state, t):
        s = next((s for s in reversed(self.all) if s["ports"] == ports and s["path"][-1][0] == "CLOSED" and not s["mini"]
                  and t - s["path"][-1][1] < REPLACED_WITHIN), None)
        if s is None:
            self.new(ports, True, [state, t, True])
            return
        closed = s["path"].pop()
        s["mini"] = True
        if s["path"] and s["path"][-1][0] == state:
            return
        exact = state == "TIME_WAIT" and s["path"] and s["path"][-1][0] != "FIN_WAIT_1"
        s["path"].append([state, closed[1], False] if exact else [state, t, True])

    def minisocket_changes(self, ports, state, t):
        s = next((s for s in self.all if s["ports"] == ports and s["mini"]), None)
        if s is not None:
            s["path"].append([state, t, True])
            s["mini"] = state != "CLOSED"

    def event(self, e):
        old, new, t = RFC.get(e["old"], e["old"]), RFC.get(e["new"], e["new"]), e["t"]
        ports = (e["sport"], e["dport"])
        if e.get("mini"):
            (self.minisocket_appears if e["old"] is None else self.minisocket_changes)(ports, new, t)
        elif old == new or new == "LISTEN" or (old == "LISTEN" and new == "CLOSED"):
            pass
        elif (old == "CLOSED" and new == "SYN_SENT") or old == "LISTEN":
            self.new(ports, False, [new, t, False])
        else:
            s = self.find(ports, False) or self.find(ports) or self.new(ports, False)
            s["ports"] = ports
            s["path"].append([new, t, False])


def paths(events, host):
    sockets = Sockets()
    for e in events:
        if e["host"] == host and e["kind"] == "state":
            sockets.event(e)
    return tidy([s["path"] for s in sockets.all])


# ---------------------------------------------------------------- programs
def results(events, host):
    out = {"connect": [], "send": [], "shutdown": [], "close": [], "errors": [], "bytes": 0, "eof": 0}
    for e in events:
        if e["host"] != host or e["kind"] != "app":
            continue
        op, error = e["op"], e.get("err")
        if error and error.startswith("no such"):
            continue
        if op == "connected" or (op == "connect" and error not in (None, "EINPROGRESS")):
            out["connect"].append(error or 0)
        elif op == "send":
            out["send"].append(error if error and not e.get("ret") else "partial" if error else e["ret"])
        elif op in ("shutdown", "close"):
            out[op].append(error or 0)
        elif op == "recv" and error:
            out["errors"].append(error)
        elif op == "recv":
            out["bytes"] += e["ret"]
            out["eof"] += bool(e.get("eof"))
    return out


# ---------------------------------------------------------------- one file
def run_lines(output, number):
    events = output["events"]
    yield {"run": number, "t_end": output["meta"]["t_end"]}
    yield from sends(events)
    for host in HOSTS:
        for n, path in enumerate(paths(events, host), 1):
            yield {"host": host, "socket": n, "path": path}
        yield {"host": host, "results": results(events, host)}
        for e in events:
            if e["host"] == host and e["kind"] == "app" and e["op"] == "reboot":
                yield {"host": host, "crash": e["t"]}


def judged(output, others):
    """fine: all segments are compared; coarse: SYN, FIN and RST; any: as coarse, and either run may be agreed with."""
    stability = output.get("stability")
    if stability:
        return "fine" if stability["stable"] else "coarse" if stability["stable_coarse"] else "any"
    runs = [output] + others

    def seen(o, control):
        segments = [(s["host"], s["send"], s["seq"] + (s["len"] if control else 0) if s["seq"] is not None else None, s["ack"] if "." in s["send"] else None,
                     None if control else s["len"], s.get("lost", False)) for s in sends(o["events"]) if not control or set(s["send"]) & set("SFR")]
        rest = [([[step[0] for step in path] for path in paths(o["events"], h)], {k: v for k, v in results(o["events"], h).items() if not control or k != "bytes"})
                for h in HOSTS]
        return [[s for s in segments if s[0] == h] for h in HOSTS], rest

    for control, word in ((False, "fine"), (True, "coarse")):
        if all(seen(o, control) == seen(runs[0], control) for o in runs):
            return word
    return "any"


def recording(outputs):
    plan = outputs[0]["plan"]
    link = plan.get("link", {})
    rtt = link.get("delay_c2s", 0.010) + link.get("delay_s2c", 0.010)
    yield {"plan": plan, "kernel": outputs[0]["meta"]["kernel"].split("-")[0], "rtt": round(rtt, 6), "judged": judged(outputs[0], outputs[1:])}
    for number, output in enumerate(outputs, 1):
        yield from run_lines(output, number)


def write(outputs, path):
    pathlib.Path(path).write_text("".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in recording(outputs)), encoding="utf-8")


def main():
    arguments = sys.argv[1:]
    if len(arguments) == 2 and arguments[0] == "--all":
        folder = pathlib.Path(arguments[1])
        for path in sorted(folder.glob("*.json")):
            again = sorted((folder / "again").glob(path.stem + ".*.json.gz"))
            write([read(p) for p in [path] + again], HERE / "cases" / (path.stem + ".jsonl"))
    elif len(arguments) >= 3 and arguments[-2] == "-o":
        write([read(p) for p in arguments[:-2]], arguments[-1])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
