#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes docs/fidelity.md: every recorded case against lastack, and what is known not to agree and why.

usage: tests/kernel/fidelity.py build/lastack > docs/fidelity.md
"""
import sys

import compare
import compare_all
import played

WORD = {True: "yes", False: "**no**", None: "-"}
JUDGED = {"fine": "every segment", "coarse": "SYN, FIN, RST", "any": "SYN, FIN, RST; either run"}

HEAD = """# Fidelity: lastack beside a recorded Linux 6.18

Written by `tests/kernel/fidelity.py build/lastack > docs/fidelity.md`. Each row is a plan that was run twice on the kernel
(`tests/kernel/cases/`) and is played here as a scenario with the `linux` profile; `tests/kernel/README.md` says what is compared, and how
exactly. `tests/kernel/compare_all.py build/lastack` is the test, and prints the first difference of each.

* order: each segment that a host sent (flags, sequence and acknowledgement numbers, length, whether it was lost), in order
* states: each connection's path of states; results: what the programs' calls returned
* times: of every segment and state, within the exactness of the kernel's timer wheel; `-` where the order already differs
"""


AFTERWARDS = """
## Plans made afterwards

Each was measured twice and played before anything was changed for it; "stable" are those that the kernel itself repeats. Plans that were mistakes are left out.

| plans | stable | agreed at first | agree | with `hz 250` | what they showed |
|---|---|---|---|---|---|
| 469, far from the given ones | 445 | 400 (90 %) | 410 (92 %) | 422 (95 %) | `docs/notes/four-hundred-plans.md` |
| 332, nearest to the given ones | 313 | 296 (95 %) | 301 (96 %) | 305 (97 %) | `docs/notes/three-hundred-more.md` |

What does not agree, of both: late timers that add up (16, and all agree with `hz 250`), races that two runs of the kernel decide either way or that take less than a
millisecond (12), programs that a busy kernel lets read or write some segments later (19). The notes say which. The most telling stand below as `k_…`."""


NOT_MODELLED = """
## Not modelled

What a kernel has and lastack has not, as far as it could be seen on a wire:

* late programs: a kernel's reader that wakes late, and segments that wait for a busy socket, are acknowledged several at once; here programs are as fast as can be
* memory: `tcp_mem`, pruning and collapsing of the receive queue, reneging that follows
* what a kernel remembers of a peer between connections (`tcp_metrics`: round trip, threshold), and so the SYN queue's last quarter without cookies
* ECN, Fast Open, MPTCP, MD5 and AO signatures, urgent data, ICMP and path MTU discovery
* bbr and other congestion controls, pacing (`fq`), the window's decay while a program sends less than it may (RFC 2861)
* the shortest round trip is that of the whole connection, not of the last five minutes; cubic's cube root is exact, the kernel's within 0.2 %
"""


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    outcomes = compare_all.outcomes(compare_all.command_of(sys.argv[1]), played.cases(), 2)
    known = compare_all.known()
    score = ", ".join("%s %d" % (aspect, sum(o.verdicts()[aspect] is True for o in outcomes)) for aspect in compare.ASPECTS)
    print(HEAD)
    print("**%d of %d agree** (%s).\n" % (sum(o.agrees() for o in outcomes), len(outcomes), score))
    print("## Known not to agree\n")
    differing = [o for o in outcomes if not o.agrees()]
    for outcome in differing:
        print("* `%s`: %s" % (outcome.case, known.get(outcome.case, "not yet explained")))
        print("  First difference: %s." % outcome.difference().replace("|", "/"))
    if not differing:
        print("None.")
    print(AFTERWARDS)
    print(NOT_MODELLED, end="")
    print("\n## Every case\n\n| case | what happens | compared | order | states | results | times |\n|---|---|---|---|---|---|---|")
    for outcome in outcomes:
        recording = played.recording(outcome.case)
        verdicts = " | ".join(WORD[v] for v in outcome.verdicts().values())
        print("| `%s` | %s | %s | %s |" % (outcome.case, recording.plan["title"].replace("|", "/"), JUDGED[recording.judged], verdicts))


if __name__ == "__main__":
    main()
