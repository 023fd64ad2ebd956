#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does a trace of lastack agree with what the kernel did? README.md says what is compared, and how exactly.

usage: compare.py CASE TRACE.jsonl     one line: agree, or the first difference with both sides; exit status 0 agrees, 1 differs, 3 no trace
       compare.py --skeptic [CASE ...] breaks traces in ten ways, and sees whether that is noticed
"""
import pathlib
import sys

import played
from record import HOSTS

ASPECTS = ("order", "states", "results", "times")
MINISOCKETS = ("FIN_WAIT_2", "TIME_WAIT")
POLL = 0.020        # seconds between two looks at the minisockets
LEAST = 0.010       # what two runs of one kernel differ by, timers apart
LATE = 0.004        # and how much more a timer can be late: one jiffy


def granularity(wait):
    """How late the kernel's timer wheel (HZ = 250) may fire a timer of that many seconds."""
    for below, late in ((0.252, 0.004), (2.016, 0.032), (16.13, 0.256), (129.1, 2.048)):
        if wait < below:
            return late
    return 16.384


def tolerance(segment):
    late = granularity(segment.wait) if segment.wait > 0.003 else 0.0
    return max(LEAST, 2 * late if segment.row > 1 else late + LATE)


def may_be_missing(t, previous, t_end):
    """So near the end of the recording that a late timer would have fallen behind it."""
    return t > t_end - max(LEAST, 2 * granularity(max(t - previous, 0)))


def outside(t, one, other):
    """How far t lies outside of the two, signed."""
    low, high = min(one, other), max(one, other)
    return t - low if t < low else t - high if t > high else 0.0


def either(t, t2):
    return "%.3f" % t if abs(t - t2) < 0.001 else "%.3f or %.3f" % (t, t2)


class Comparison:
    """One run of the kernel (with the times of a second one, if it did the same) against one trace."""

    def __init__(self, recording, run, trace, second=None):
        self.recording, self.kernel, self.trace = recording, run, trace
        self.coarse = recording.judged != "fine"
        self.first = dict.fromkeys(ASPECTS)
        self.segments, self.steps = [], []  # what corresponds
        if second:
            self.accept_times_of(second)
        for host in HOSTS:
            self.compare_order(host)
            self.compare_states(host)
        for host in HOSTS:
            self.compare_results(host)
        self.compare_times()

    def differs(self, aspect, what):
        self.first[aspect] = self.first[aspect] or what

    def agrees(self):
        return not any(self.first.values())

    def verdicts(self):
        """True, False, or None where it was not judged, for each aspect."""
        out = {aspect: self.first[aspect] is None for aspect in ASPECTS}
        if out["times"] and not out["order"]:
            out["times"] = None
        return out

    def difference(self):
        return next((what for what in self.first.values() if what), "")

    # ---- order
    def looked_at(self, segments):
        return [s for s in segments if s.control()] if self.coarse else segments

    def same(self, a, b):
        seq, length = (a.seq, a.len) if not self.coarse or a.seq is None else (a.seq + a.len, None)
        b_seq, b_length = (b.seq, b.len) if not self.coarse or b.seq is None else (b.seq + b.len, None)
        length, b_length = (None, None) if self.coarse else (length, b_length)
        if a.flags != b.flags or length != b_length or (a.lost is not None and a.lost != b.lost):
            return False
        if not a.anyseq and seq != b_seq and not (a.shift and a.host == "client" and b_seq == seq + a.shift):
            return False
        return "." not in a.flags or a.ack == b.ack or bool(a.shift and a.host == "server" and b.ack == a.ack + a.shift)

    def accept_times_of(self, second):
        for host in HOSTS:
            for a, b in zip(self.looked_at(self.kernel.sends[host]), self.looked_at(second.sends[host])):
                if not self.same(a, b):
                    break
                a.t2 = b.t
            for path, path2 in zip(self.kernel.paths[host], second.paths[host]):
                for a, b in zip(path, path2):
                    if a.state != b.state:
                        break
                    a.t2 = b.t

    def compare_order(self, host):
        t_end = self.kernel.t_end
        a = self.looked_at(self.kernel.sends[host])
        b = [s for s in self.looked_at(self.trace.sends[host]) if s.t <= t_end]
        for i in range(max(len(a), len(b))):
            if i < len(a) and i < len(b) and self.same(a[i], b[i]):
                self.segments.append((a[i], b[i]))
                continue
            rest = a if i >= len(b) else b if i >= len(a) else None
            if rest is None or not may_be_missing(rest[i].t, rest[i - 1].t if i else 0, t_end):
                sides = (s[i].at() if i < len(s) else "nothing more" for s in (a, b))
                self.differs("order", "order: %s segment %d: kernel %s, lastack %s" % (host, i + 1, *sides))
            return

    # ---- states
    def compare_states(self, host):
        a = self.kernel.paths[host]
        b = [[step for step in path if step.t <= self.kernel.t_end] for path in self.trace.paths[host]]
        b = [path for path in b if path]
        for k in range(max(len(a), len(b))):
            x, y = a[k] if k < len(a) else [], b[k] if k < len(b) else []
            where = self.path_difference(host, x, y)
            if where:
                words = (" ".join(step.state for step in path) or "none" for path in (x, y))
                self.differs("states", "states: %s connection %d: kernel %s, lastack %s (%s)" % (host, k + 1, *words, where))

    def path_difference(self, host, a, b):
        i = j = 0
        while i < len(a) or j < len(b):
            before = a[i - 1].t if i else 0.0
            if i < len(a) and j < len(b) and a[i].state == b[j].state:
                self.steps.append((host, a[i], b[j], before))
                i, j = i + 1, j + 1
                continue
            if j + 1 < len(b) and b[j].state in MINISOCKETS and b[j + 1].t - b[j].t < POLL + 0.005:
                j += 1  # too short for the polling to have seen it
                continue
            if j == len(b) and may_be_missing(a[i].t, before, self.kernel.t_end):
                return None
            if i == len(a) and (may_be_missing(b[j].t, b[j - 1].t if j else 0, self.kernel.t_end) or self.crashed(host, b[j])):
                return None
            return " against ".join("%s at %.3f s" % (path[n].state, path[n].t) if n < len(path) else "nothing more" for path, n in ((a, i), (b, j)))
        return None

    def crashed(self, host, step):
        return step.state == "CLOSED" and any(abs(step.t - t) < 0.005 for t in self.kernel.crashes[host])

    # ---- results
    def compare_results(self, host):
        a, b = self.kernel.results[host], self.trace.results[host]
        for call in played.CALLS:
            if call == "close" and host == "client" and self.recording.closes_by_kill():
                continue
            if call == "send" and self.recording.sends_unfinished(self.kernel, host):
                continue
            if len(a[call]) != len(b[call]) or not all(x in (y, "partial") for x, y in zip(a[call], b[call])):
                self.differs("results", "results: %s %s: kernel %s, lastack %s" % (host, call, a[call], b[call]))
        if sorted(a["errors"]) != sorted(b["errors"]):
            self.differs("results", "results: %s errors seen in reading: kernel %s, lastack %s" % (host, a["errors"], b["errors"]))
        if self.trace.reads[host] and not self.coarse and a["bytes"] != b["bytes"]:
            self.differs("results", "results: %s bytes read: kernel %d, lastack %d" % (host, a["bytes"], b["bytes"]))

    # ---- times: absolute, or relative to what came before, so that lateness adds up along a chain as it does in the kernel
    def compare_times(self):
        least = self.recording.rtt + 0.010 if self.coarse else LEAST
        late, marks = {}, []
        for a, b in sorted(self.segments, key=lambda pair: pair[0].t):
            allowed = max(tolerance(a), least) if self.coarse else tolerance(a)
            self.compare_time("%s %s" % (a.host, a), a, b, [0.0, *late.values()], allowed)
            late[a.host] = b.t - a.t
            marks.append((a.t, b.t - a.t, a.host))
        for host, a, b, before in self.steps:
            earlier = [mark for mark in marks if mark[0] <= a.t + 0.001]
            wait = a.t - max([t for t, _, h in earlier if h == host] + [before])
            allowed = max(least, 2 * granularity(max(wait, 0)) + LATE) + (2 * POLL if a.polled else 0)
            self.compare_time("%s enters %s" % (host, a.state), a, b, [0.0] + [d for _, d, _ in earlier][-6:], allowed)

    def compare_time(self, what, a, b, shifts, allowed):
        if min(abs(outside(b.t - shift, a.t, a.t2)) for shift in shifts) > allowed:
            self.differs("times", "times: %s: kernel %s s, lastack %.3f s (tolerance %.0f ms)" % (what, either(a.t, a.t2), b.t, allowed * 1000))


def judge(case, lines, second=True):
    """The best comparison with a recording of that case: there is more than one where no two runs of the kernel were alike."""
    trace, best = played.trace(lines), None
    recording = played.recording(case)
    for run in recording.runs if recording.judged == "any" else recording.runs[:1]:
        other = recording.runs[1] if second and recording.judged != "any" and len(recording.runs) > 1 else None
        comparison = Comparison(recording, run, trace, other)
        score = sum(v is True for v in comparison.verdicts().values())
        if best is None or score > best[0]:
            best = (score, comparison)
    return best[1]


def line_of(case, comparison):
    word = {True: "yes", False: "NO", None: "-"}
    verdicts = " ".join("%s %s" % (aspect, word[v]) for aspect, v in comparison.verdicts().items())
    what = "agree" if comparison.agrees() else "differs: " + comparison.difference()
    return "%s %s [%s%s]" % (case, what, verdicts, "" if comparison.recording.judged == "fine" else ", " + comparison.recording.judged)


def main():
    arguments = sys.argv[1:]
    if arguments and arguments[0] == "--skeptic":
        import skeptic
        sys.exit(skeptic.run(arguments[1:]))
    if len(arguments) != 2:
        sys.exit(__doc__)
    case = pathlib.Path(arguments[0]).stem
    try:
        comparison = judge(case, pathlib.Path(arguments[1]).read_text(encoding="utf-8").splitlines())
    except (played.BadTrace, OSError, KeyError, TypeError) as error:
        print("%s: the trace cannot be read: %s" % (case, error))
        sys.exit(3)
    print(line_of(case, comparison))
    sys.exit(0 if comparison.agrees() else 1)


if __name__ == "__main__":
    main()
