#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plays the recorded cases as scenarios and compares each trace with what the kernel did.

usage: compare_all.py [-j N] [--keep FOLDER] BINARY [CASE ...]

A case passes if it agrees, or if known.txt says that it does not; one that agrees in spite of known.txt fails, so that the list stays exact.
--keep leaves the traces in FOLDER. The last line is «N passed, N failed».
"""
import argparse
import concurrent.futures
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

import compare
import played

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = 20
WORD = {True: "yes", False: "NO", None: "-"}


def known():
    """{case: reason} of known.txt."""
    lines = (line.split(None, 1) for line in (HERE / "known.txt").read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#"))
    return {case: reason for case, reason in lines}


class Outcome:
    """What came of one case: its comparison, or why there is none."""

    def __init__(self, case, binary, folder):
        self.case, self.comparison, self.why = case, None, ""
        out = pathlib.Path(folder) / (case + ".jsonl")
        command = [*binary, "run", str(played.CASES / (case + ".scn")), "--format", "jsonl", "-o", str(out)]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
            # 1: an invariant of the scenario did not hold; the trace is whole all the same.
            if done.returncode not in (0, 1):
                raise played.BadTrace("exit status %d: %s" % (done.returncode, done.stderr.decode("utf-8", "replace").strip().split("\n")[0]))
            self.comparison = compare.judge(case, out.read_text(encoding="utf-8").splitlines())
        except subprocess.TimeoutExpired:
            self.why = "longer than %d s" % SECONDS
        except (played.BadTrace, OSError, KeyError, TypeError, ValueError) as error:
            self.why = str(error) or type(error).__name__

    def agrees(self):
        return self.comparison is not None and self.comparison.agrees()

    def verdicts(self):
        return self.comparison.verdicts() if self.comparison else dict.fromkeys(compare.ASPECTS)

    def difference(self):
        return self.comparison.difference() if self.comparison else "no trace: " + self.why


def outcomes(binary, cases, jobs, keep=None):
    with tempfile.TemporaryDirectory() as folder:
        if keep:
            os.makedirs(keep, exist_ok=True)
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(lambda case: Outcome(case, binary, keep or folder), cases))


def command_of(words):
    binary = shlex.split(words)
    return [os.path.abspath(binary[0]) if os.path.exists(binary[0]) else binary[0], *binary[1:]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-j", type=int, default=2)
    parser.add_argument("--keep")
    parser.add_argument("binary")
    parser.add_argument("cases", nargs="*")
    arguments = parser.parse_args()
    cases, expected = arguments.cases or played.cases(), known()
    passed = failed = 0
    score = dict.fromkeys(("agree", *compare.ASPECTS), 0)
    for outcome in outcomes(command_of(arguments.binary), cases, arguments.j, arguments.keep):
        agrees, reason = outcome.agrees(), expected.get(outcome.case)
        good = agrees == (reason is None)
        passed, failed = passed + good, failed + (not good)
        score["agree"] += agrees
        for aspect, verdict in outcome.verdicts().items():
            score[aspect] += verdict is True
        word = "agrees" if agrees else "differs"
        aspects = " ".join("%s %-3s" % (aspect, WORD[verdict]) for aspect, verdict in outcome.verdicts().items())
        note = "" if agrees and not reason else "but known.txt says: " + reason if agrees else outcome.difference() + (" (known: %s)" % reason if reason else "")
        print("%s %-40s %-7s %s %s" % ("ok    " if good else "FAILED", outcome.case, word, aspects, note))
    for case in sorted(set(expected) - set(played.cases())):
        failed += 1
        print("FAILED known.txt names %s, which is no case" % case)
    print("agree %d of %d (order %d, states %d, results %d, times %d)" % (score["agree"], len(cases), *(score[a] for a in compare.ASPECTS)))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
