# SPDX-License-Identifier: MIT
"""The comparison, tried: the trace that a perfect lastack would write must agree, and one that is broken in any of ten ways must not.

The traces are made from the recordings themselves. What the end of a recording excuses is not broken.
"""
import random

import compare
import played
from record import HOSTS

STATES = ("ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2", "CLOSING", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT")
TRIES = 3


def perfect(recording, run):
    """The trace of a lastack that does what this run of the kernel did."""
    out, number = [], 0
    for host in HOSTS:
        other = HOSTS[1 - HOSTS.index(host)]
        for s in run.sends[host]:
            number += 1
            t = round(s.t * 1e9)
            out.append({"t": t, "kind": "send", "host": host, "conn": "1", "seg": number, "to": other, "flags": s.flags, "seq": s.seq or 0, "ack": s.ack or 0, "len": s.len})
            out.append({"t": t, "kind": "drop", "host": host, "seg": number} if s.lost else {"t": t, "kind": "recv", "host": other, "seg": number})
        for n, path in enumerate(run.paths[host]):
            before = "CLOSED"
            for step in path:
                out.append({"t": round(step.t * 1e9), "kind": "state", "host": host, "conn": "%d" % n, "from": before, "to": step.state})
                before = step.state
        results = run.results[host]
        back = {"t": 0, "kind": "return", "host": host}
        for call in played.CALLS:
            out += [{**back, "call": call, **({"error": r} if isinstance(r, str) and r != "partial" else {"value": 1 if r == "partial" else r})} for r in results[call]]
        out += [{**back, "call": "drain", "error": r} for r in results["errors"]]
        out += [{**back, "call": "drain", "value": results["bytes"]}] + [{**back, "call": "drain", "value": 0, "eof": True}] * results["eof"]
    out.sort(key=lambda e: e["t"])
    return [{"lastack": "made up", "schema": 1, "scenario": recording.case, "hosts": list(HOSTS)}] + out + [{"kind": "end", "t": round(run.t_end * 1e9)}]


class Breaker:
    """Breaks copies of one perfect trace; a break returns None where the case has nothing to break in that way."""

    def __init__(self, case, draw):
        self.recording, self.draw = played.recording(case), draw
        self.run = self.recording.runs[0]
        self.trace = perfect(self.recording, self.run)
        comparison = compare.Comparison(self.recording, self.run, played.trace(self.trace), self.recording.runs[1] if len(self.recording.runs) > 1 else None)
        self.segments, self.free = [], set()
        for host in HOSTS:
            before = 0
            looked_at = comparison.looked_at(self.run.sends[host])
            self.segments += looked_at
            for s in looked_at:
                if compare.may_be_missing(s.t, before, self.run.t_end):
                    break
                before = s.t
                self.free.add((host, round(s.t * 1e9)))

    def sends(self, host=None):
        return [e for e in self.trace if e.get("kind") == "send" and (host is None or e["host"] == host) and (e["host"], e["t"]) in self.free]

    def without(self, segment):
        return [e for e in self.trace if e.get("seg") != segment["seg"]]

    def a_segment_is_missing(self):
        return self.without(self.draw.choice(self.sends()))

    def two_are_swapped(self):
        fields = ("flags", "seq", "ack", "len")
        pairs = [(a, b) for h in HOSTS for a, b in zip(self.sends(h), self.sends(h)[1:]) if [a[k] for k in fields] != [b[k] for k in fields]]
        if not pairs:
            return None
        a, b = self.draw.choice(pairs)
        for k in fields:
            a[k], b[k] = b[k], a[k]
        return self.trace

    def an_ack_is_one_off(self):
        some = [e for e in self.sends() if "." in e["flags"]]
        if not some:
            return None
        self.draw.choice(some)["ack"] += 1
        return self.trace

    def a_state_is_another(self):
        some, before = [], {}
        for e in self.trace:
            if e.get("kind") == "state":
                key = (e["host"], e["conn"])
                if not compare.may_be_missing(e["t"] / 1e9, before.get(key, 0), self.run.t_end):
                    some.append(e)
                before[key] = e["t"] / 1e9
        if not some:
            return None
        e = self.draw.choice(some)
        e["to"] = self.draw.choice([s for s in STATES if s not in (e["from"], e["to"])])
        following = next((x for x in self.trace[self.trace.index(e) + 1:] if x.get("kind") == "state" and (x["host"], x["conn"]) == (e["host"], e["conn"])), None)
        if following is not None:
            following["from"] = e["to"]
        return self.trace

    def a_reset_is_missing(self):
        some = [e for e in self.sends() if "R" in e["flags"]]
        return self.without(self.draw.choice(some)) if some else None

    def an_error_is_another(self):
        closes = self.recording.closes_by_kill()
        some = [e for e in self.trace if e.get("kind") == "return" and (e["call"] in played.CALLS or "error" in e) and not (closes and e["call"] == "close")
                and not (e["call"] == "send" and self.recording.sends_unfinished(self.run, e["host"]))]
        if not some:
            return None
        e = self.draw.choice(some)
        if "error" in e:
            e["error"] = "EPIPE" if e["error"] == "ENOTCONN" else "ENOTCONN"
        else:
            del e["value"]
            e["error"] = "ECONNRESET"
        return self.trace

    def exact(self):
        return [s for s in self.segments if compare.tolerance(s) < 0.15 and abs(s.t - s.t2) < 0.1 and s.t + 0.3 < self.run.t_end]

    def all_is_late_from_somewhere(self):
        if not self.exact():
            return None
        start = round(self.draw.choice(self.exact()).t * 1e9)
        for e in self.trace:
            if e.get("t", 0) >= start and e.get("kind") != "end":
                e["t"] += 300_000_000
        return self.trace

    def a_segment_is_late(self):
        if not self.exact():
            return None
        s = self.draw.choice(self.exact())
        next(e for e in self.trace if e.get("kind") == "send" and e["host"] == s.host and e["t"] == round(s.t * 1e9))["t"] += 300_000_000
        return self.trace

    def time_wait_is_short(self):
        some = [e for e in self.trace if e.get("kind") == "state" and e["from"] == "TIME_WAIT" and e["to"] == "CLOSED" and e["t"] > 50e9]
        if not some:
            return None
        self.draw.choice(some)["t"] -= 10_000_000_000
        return self.trace

    def a_retransmission_is_too_many(self):
        s = self.draw.choice([e for e in self.sends() if e["len"] or set(e["flags"]) & set("SFR")])
        i = self.trace.index(s)
        return self.trace[:i + 1] + [{**s, "t": s["t"] + 1_000_000, "seg": 1_000_000}] + self.trace[i + 1:]


BREAKS = ("a_segment_is_missing", "two_are_swapped", "an_ack_is_one_off", "a_state_is_another", "a_reset_is_missing", "an_error_is_another",
          "all_is_late_from_somewhere", "a_segment_is_late", "time_wait_is_short", "a_retransmission_is_too_many")


def run(cases):
    passed = failed = 0

    def count(good, what):
        nonlocal passed, failed
        passed, failed = passed + good, failed + (not good)
        if not good:
            print("FAILED:", what)

    for case in cases or played.cases():
        recording = played.recording(case)
        for n, kernel in enumerate(recording.runs, 1):
            comparison = compare.judge(case, perfect(recording, kernel))
            count(comparison.agrees(), "run %d of the kernel does not agree with itself: %s" % (n, compare.line_of(case, comparison)))
        if recording.judged == "any":
            continue
        for name in BREAKS:
            for i in range(TRIES):
                broken = getattr(Breaker(case, random.Random("%s %s %d" % (case, name, i))), name)()
                if broken is not None:
                    count(not compare.judge(case, broken).agrees(), "%s: not noticed: %s (%d)" % (case, name, i))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0
