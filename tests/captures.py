#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Captures (--format pcapng) as tshark reads them: the trace's segments to the number, checksums that hold, and an analysis that comes to
the trace's conclusions, but for the departures listed here with their reasons.

usage: captures.py PROGRAM PATH...      the base form of every scenario below the paths; without tshark the test is skipped
"""
import concurrent.futures
import itertools
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

# (scenario, segment, what): tshark says the contrary of the trace, and why.
# Whose analysis is compared. A scenario that is not named here has its packets compared, and its departures told.
ANALYSED = """
    a-balancer-that-drops-the-answer a-call-that-speaks-late a-close-that-hides-the-loss a-dying-entry a-fin-every-second
    a-forwarder-that-keeps-the-end a-goodbye-that-anybody-can-say a-lost-fin-in-closing a-pause-in-a-half-closed-transfer
    a-planned-black-hole a-queue-that-answers-with-reset a-relay-that-hangs-up-too-early a-relay-that-hides-the-reset
    a-stack-without-a-reaper a-stopped-virtual-machine a-war-of-acks abort-at-the-last-step above-all-that-was-said acknowledged-by-nobody
    address-already-in-use assassination backlog-full below-the-window blind-reset close-before-a-stalled-reader closing-a-listener
    crash-and-reboot ephemeral-ports-run-out fifteen-minutes fin-behind-data fin-timeout-is-for-orphans final-ack-lost-five-times
    five-minutes-of-download four-minutes-and-no-word four-packets half-close half-close-taken-for-goodbye half-closed-flow-forgotten
    how-often-it-asks idle-for-six-minutes idle-timeout-race is-a-retry-safe killed-or-crashed lazy-clients linger-zero
    lingering-close-times-out long-and-correct lost-final-ack nat-forgets network-before-program nine-hundred-seconds no-time-wait-at-home
    one-way-partition orphan-in-fin-wait-1 outage-outlives-time-wait partition-in-fin-wait-1 patience-is-a-time pool-that-never-looks
    proxy-between reboot-and-call-again reset-in-close-wait reset-taken-for-the-end reuse-waits-a-second shutdown-read
    silence-after-connect simultaneous-close simultaneous-close-and-a-lost-ack speaking-after-fin-wait-2 streams-on-a-dead-connection
    syn-and-fin syn-meets-time-wait the-address-that-moved the-answer-to-an-upload the-corpse-that-blocks-a-port the-dead-clients-lock
    the-fin-nobody-repeats the-fin-that-acknowledges-data the-last-pipelined-request the-last-small-segment
    the-reset-is-lost the-reset-one-number-short the-reset-that-escaped the-same-millisecond the-table-is-full
    the-timer-that-was-not-armed the-tracker-remembers-longer the-wrong-knob told-once too-many-orphans two-hundred-readers
    two-incarnations unread-request vanished-clients-pile-up what-restarts-time-wait who-closes-first who-notices-what write-close-exit
    writing-after-goodbye writing-to-an-orphan
""".split()

FORGED = "a forged segment has had these numbers before: tshark takes it for the sender's own"
FIXED = "the client's initial sequence number is fixed (`isn`): its new SYN has the numbers of the old connection"
REUSED = "the SYN before it has begun a new conversation: tshark no longer knows the old numbers that this ACK repeats"
DEPARTURES = {
    ("reboot-and-call-again", 9, "duplicate ACK"): REUSED,
    ("the-corpse-that-blocks-a-port", 9, "duplicate ACK"): REUSED,
    ("a-goodbye-that-anybody-can-say", 14, "probe"): "a forged FIN was acknowledged: the server's own number now lies below that",
    ("a-goodbye-that-anybody-can-say", 15, "duplicate ACK"): "the answer to what tshark takes for a keep-alive is one to it, not a duplicate",
    ("blind-reset", 12, "retransmission"): FORGED,
    ("blind-reset", 15, "retransmission"): FORGED,
    ("how-often-it-asks", 19, "retransmission"): FORGED,
    ("how-often-it-asks", 20, "retransmission"): FORGED,
    ("how-often-it-asks", 21, "retransmission"): FORGED,
    ("a-balancer-that-drops-the-answer", 9, "retransmission"): FIXED,
    ("a-balancer-that-drops-the-answer", 32, "retransmission"): FIXED,
    ("a-balancer-that-drops-the-answer", 35, "retransmission"): FIXED,
    ("syn-meets-time-wait", 9, "retransmission"): FIXED,
    ("syn-meets-time-wait", 15, "retransmission"): FIXED,
    ("syn-meets-time-wait", 18, "retransmission"): FIXED,
    ("the-same-millisecond", 9, "retransmission"): FIXED,
    ("the-same-millisecond", 15, "retransmission"): FIXED,
    ("the-same-millisecond", 18, "retransmission"): FIXED,
    ("the-tracker-remembers-longer", 35, "retransmission"):
        "the client had given up and answers anew, with a number of its own; in a capture an end has one number for the connection",
}
# That a copy made by the network is a retransmission to tshark is no departure but the rule: nobody could tell from the wire.

ANALYSIS = {
    "retransmission": ("tcp.analysis.retransmission", "tcp.analysis.fast_retransmission", "tcp.analysis.spurious_retransmission",
                       "tcp.analysis.out_of_order"),
    "fast retransmission": ("tcp.analysis.fast_retransmission",),
    "zero window": ("tcp.analysis.zero_window",),
    "probe": ("tcp.analysis.keep_alive", "tcp.analysis.zero_window_probe"),
    "duplicate ACK": ("tcp.analysis.duplicate_ack",),
}
FIELDS = ("ip.src", "ip.ttl", "tcp.stream", "tcp.flags", "tcp.seq_raw", "tcp.ack_raw", "tcp.len", "tcp.window_size", "tcp.completeness",
          "tcp.checksum.status", "ip.checksum.status", "_ws.malformed", "frame.time_relative", "frame.interface_name",
          *dict.fromkeys(field for fields in ANALYSIS.values() for field in fields))
LETTERS = {"F": 1, "S": 2, "R": 4, "P": 8, ".": 16}


def tshark(path):
    """A dictionary a packet; what it complains about is a failure."""
    command = ["tshark", "-2", "-r", str(path), "-n", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-T", "fields",
               "-E", "separator=/t", "-E", "occurrence=f"]
    for field in FIELDS:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if line and not line.startswith("Running as user")]
    if done.returncode != 0 or complaints:
        raise ValueError(f"tshark says: {done.stderr}")
    return [dict(zip(FIELDS, line.split("\t"))) for line in done.stdout.splitlines()]


def flags_of(segment):
    return sum(LETTERS[letter] for letter in segment["flags"])


class Side:
    """What a passive reader knows of one direction."""

    def __init__(self):
        self.ack = self.win = self.next = None


def conclusions(segment, events, sides, copied, doubled):
    """What the trace says about a segment, in tshark's terms. `doubled`: the segments so far that were duplicate ACKs."""
    me = sides.setdefault((segment.get("number", segment["conn"]), segment["to"]), Side())
    flags = flags_of(segment)
    plain = segment["len"] == 0 and flags & 7 == 0
    again = segment["retransmission"] or copied
    probe = "probe" in segment["is"]
    repeated = plain and me.ack == segment["ack"] and me.win == segment["win"] and me.next == segment["seq"] and segment["win"] > 0
    cause = events.get(segment["cause"])
    me.ack, me.win = (segment["ack"], segment["win"]) if flags & 16 else (me.ack, me.win)
    end = segment["seq"] + segment["len"] + (flags & 1) + (flags >> 1 & 1)
    me.next = end if me.next is None or end > me.next else me.next
    return {
        "retransmission": again,
        "fast retransmission": again and not copied and cause is not None and cause["kind"] == "recv" and cause["seg"] in doubled,
        "zero window": segment["win"] == 0 and flags & 7 == 0,
        "probe": probe,
        "duplicate ACK": repeated,
    }


def completeness(segments):
    """The bits of tcp.completeness: SYN, SYN-ACK, ACK, data, FIN, RST."""
    bits = 0
    for segment in segments:
        flags = flags_of(segment)
        if flags & 2:
            bits |= 2 if flags & 16 else 1
        elif flags & 4:
            bits |= 32
        else:
            bits |= (4 if flags & 16 else 0) | (16 if flags & 1 else 0) | (8 if segment["len"] else 0)
    return bits


def numbers(segment, packet, bases):
    """Sequence numbers in a packet are the trace's and each side's own beginning; a sentence if not. A RST that counts from nothing does."""
    conn = segment.get("number", segment["conn"])
    to = segment["to"]
    if flags_of(segment) & 20 == 20 and segment["seq"] == 0:
        return "" if packet["tcp.seq_raw"] == "0" else "it counts from nothing, its packet does not"
    base = (int(packet["tcp.seq_raw"]) - segment["seq"]) & 0xFFFFFFFF
    if bases.setdefault((conn, to), base) != base:
        return "its sequence number is another side's"
    peers = [bases[known] for known in bases if known[0] == conn and known[1] != to]
    if segment["ack"] is not None and peers and (int(packet["tcp.ack_raw"]) - segment["ack"]) & 0xFFFFFFFF != peers[0]:
        return "its acknowledgement is another side's"
    return ""


def merged(name, lines, packets):
    """Every segment once; yields (segment, what) for each conclusion that differs, and sentences for what must not."""
    events = {line["n"]: line for line in lines}
    wire = [line for line in lines if line["kind"] in ("send", "inject", "dup")]
    known = {line["seg"]: line for line in wire if line["kind"] != "dup"}
    streams, sides, bases, doubled = {}, {}, {}, set()  # doubled: the segments that were duplicate ACKs
    if len(wire) != len(packets):
        yield f"{len(wire)} segments became {len(packets)} packets"
        return
    for line, packet in zip(wire, packets):
        segment = known[line["of"]] if line["kind"] == "dup" else line
        streams.setdefault(packet["tcp.stream"], []).append((segment, packet))
        have = (int(packet["tcp.flags"], 16), int(packet["tcp.len"]), float(packet["frame.time_relative"]), packet["frame.interface_name"])
        want = (flags_of(segment), segment["len"], (line["t"] - wire[0]["t"]) / 1e9, line["host"])
        if have[:2] != want[:2] or abs(have[2] - want[2]) > 1e-6 or have[3] != want[3]:
            yield f"segment {line['seg']} is {have}, not {want}"
        if packet["tcp.checksum.status"] != "1" or packet["ip.checksum.status"] != "1" or packet["_ws.malformed"]:
            yield f"segment {line['seg']}: a checksum does not hold, or it is malformed"
        if numbers(segment, packet, bases):
            yield f"segment {line['seg']}: {numbers(segment, packet, bases)}"
        if line["kind"] == "send" and flags_of(segment) & 4 == 0 and int(packet["tcp.window_size"]) != segment["win"]:
            yield f"segment {line['seg']}: a window of {packet['tcp.window_size']}, not {segment['win']}"
        said = conclusions(segment, events, sides, line["kind"] == "dup", doubled)
        if said["duplicate ACK"]:
            doubled.add(line["seg"])
        for what, fields in ANALYSIS.items():
            if said[what] != any(packet[field] for field in fields):
                yield (line["seg"], what)
    for stream in streams.values():
        if int(stream[-1][1]["tcp.completeness"]) != completeness(segment for segment, _ in stream):
            yield (stream[0][0]["seg"], "completeness")


def packet_count(capture):
    """The enhanced packet blocks of a pcapng file."""
    count = at = 0
    while at < len(capture):
        kind, length = struct.unpack_from("<II", capture, at)
        count += kind == 6
        at += length
    return count


def own_view(host, lines, packets):
    """One host's view: what it sent, and what came to it, at its times."""
    seen = [line for line in lines if line.get("host") == host and
            (line["kind"] in ("send", "recv") or (line["kind"] == "drop" and line["why"].startswith("corrupt")))]
    if len(seen) != len(packets):
        yield f"{host} saw {len(seen)} segments, its capture has {len(packets)}"
    for line, packet in zip(seen, packets):
        good = "0" if line["kind"] == "drop" else "1"
        if packet["tcp.checksum.status"] != good or packet["ip.checksum.status"] != "1" or packet["_ws.malformed"]:
            yield f"{host}, event {line['n']}: a checksum is not as it should be"
        if line["kind"] == "send" and packet["ip.ttl"] != "64":
            yield f"{host}, event {line['n']}: it leaves with a TTL of {packet['ip.ttl']}"


def scenario_check(program, scenario):
    """Sentences about what is wrong, and about what is only told."""
    wrong, told, departures = [], [], set()
    with tempfile.TemporaryDirectory() as folder:
        trace = folder + "/trace.jsonl"
        subprocess.run([program, "run", str(scenario), "--format", "jsonl", "-o", trace], stderr=subprocess.DEVNULL, check=False)
        done = subprocess.run([program, "view", trace, "--format", "pcapng", "-o", folder + "/"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return [done.stderr], told
        lines = [json.loads(line) for line in pathlib.Path(trace).read_text(encoding="utf-8").splitlines()]
        try:
            found = list(merged(scenario.stem, lines[1:-1], tshark(folder + "/merged.pcapng")))
            # The hosts' captures as one: tshark takes longer to start than to read.
            hosts = lines[0]["hosts"]
            captures = [(pathlib.Path(folder) / f"at-{host}.pcapng").read_bytes() for host in hosts]
            (pathlib.Path(folder) / "hosts.pcapng").write_bytes(b"".join(captures))
            packets = iter(tshark(folder + "/hosts.pcapng"))
            for host, capture in zip(hosts, captures):
                found += own_view(host, lines[1:-1], list(itertools.islice(packets, packet_count(capture))))
        except ValueError as error:
            return [str(error)], told
    for difference in found:
        if isinstance(difference, tuple):
            departures.add((scenario.stem, *difference))
        else:
            wrong.append(difference)
    new = [f"tshark differs about {d[2]} of segment {d[1]}" for d in sorted(departures - set(DEPARTURES), key=str)]
    if scenario.stem in ANALYSED:
        wrong += [f"{line}: list it, with the reason" for line in new]
    else:
        told += new
    wrong += [f"tshark no longer differs about {d[2]} of segment {d[1]}" for d in sorted(set(DEPARTURES) - departures, key=str)
              if d[0] == scenario.stem]
    return wrong, told


def main():
    program, paths = sys.argv[1], [pathlib.Path(path) for path in sys.argv[2:]]
    if shutil.which("tshark") is None:
        print("skipped: captures as tshark reads them: no tshark here\n0 passed, 0 failed")
        return 0
    scenarios = [scenario for path in paths for scenario in (sorted(path.rglob("*.scn")) if path.is_dir() else [path])]
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for scenario, (wrong, told) in zip(scenarios, pool.map(lambda scenario: scenario_check(program, scenario), scenarios)):
            passed += not wrong
            failed += bool(wrong)
            for line in told:
                print(f"told: {scenario}: {line}")
            for line in wrong:
                print(f"failed: {scenario}: {line}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
