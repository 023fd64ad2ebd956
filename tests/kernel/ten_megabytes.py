#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""10,000,000 bytes through 64 KiB buffers at 0, 1 and 5 % loss: what lastack makes of it, beside the kernel (docs/notes/ten-megabytes.md).

  ten_megabytes.py build/lastack [SEEDS]   plays lastack's half: a row for each loss, medians over the seeds (20)
  ten_megabytes.py --plan LOSS SEED        prints the plan for oracle/oracle.py
  ten_megabytes.py --measured OUT.json ..  a row for each of the oracle's outputs
"""
import json
import statistics
import subprocess
import sys
import tempfile

BYTES = 10000000
LOSSES = (0, 1, 5)
ASKED = {0: (0.05, 3), 1: (0.1, 16), 5: (0.25, 54)}  # every so often, and so long, the kernel is asked for its window
COLUMNS = ("seconds", "kB/s", "data", "lost", "resent", "RTO", "TLP", "ACKs", "flight", "cwnd")
# The oracle forwards one packet after the other, some 30 us each: a rate of 400 Mbit/s does the same.
SCENARIO = """scenario "10 MB through 64 KiB buffers, %(loss)d %% loss"
seed %(seed)d
host client  linux  sndbuf 65536  hz 250
host server  linux  rcvbuf 65536  hz 250
link client -- server  delay 10ms  rate 400mbit  loss %(loss)d%%

app client
    at 100ms  connect server:80
    send %(bytes)d
    close

service server 80
    recv until eof
    close

expect server receives %(bytes)d then eof
"""


def plan(loss, seed):
    """The same as SCENARIO for the recorded kernel, with TCP_INFO asked for."""
    every, last = ASKED[loss]
    actions = [
        {"t": 0, "host": "server", "do": "listen", "port": 80, "accept": True, "read": True, "opts": {"SO_RCVBUF": 65536}},
        {"t": 0.1, "host": "client", "do": "connect", "port": 80, "opts": {"SO_SNDBUF": 65536}, "read": True},
        {"on": "c:connected", "delay": 0, "host": "client", "do": "send", "n": BYTES},
        {"on": "c:sent", "delay": 0, "host": "client", "do": "close"},
        {"on": "s:eof", "delay": 0, "host": "server", "do": "close"}]
    actions += [{"t": round(0.2 + i * every, 3), "host": "client", "do": "info"} for i in range(int(last / every))]
    rules = [{"act": "loss", "dir": "both", "p": loss / 100, "seed": seed}] if loss else []
    return {"title": "10 MB through 64 KiB buffers, %d %% loss" % loss, "duration": last + 8,
            "link": {"delay_c2s": 0.010, "delay_s2c": 0.010}, "actions": actions, "rules": rules}


class Transfer:
    """What is counted, from the client's wire: sent() and acked() in order of time."""

    def __init__(self):
        self.begin = self.end = None
        self.data = self.lost = self.resent = self.rto = self.tlp = self.acks = 0
        self.una = self.nxt = 1
        self.sacked = False
        self.peaks, self.cwnds = {}, []

    def sent(self, t, seq, length):
        """One data segment. While nothing is missing the most that is out in a round trip shows the window."""
        if length == 0:
            return
        self.begin = t if self.begin is None else self.begin
        self.data += 1
        if seq < self.nxt:
            self.resent += 1
            return
        self.nxt = seq + length
        if not self.sacked:
            round_trip = int((t - self.begin) / 0.020)
            self.peaks[round_trip] = max(self.peaks.get(round_trip, 0), (self.nxt - self.una) / 1448)

    def acked(self, t, ack, sack):
        if self.end is None and ack > BYTES:
            self.end = t
        self.una = max(self.una, ack)
        self.sacked = bool(sack)

    def row(self):
        if self.end is None:
            raise SystemExit("the transfer did not complete")
        seconds = self.end - self.begin
        return (seconds, BYTES / 1000 / seconds, self.data, self.lost, self.resent, self.rto, self.tlp, self.acks,
                statistics.median(self.peaks.values()), statistics.median(self.cwnds) if self.cwnds else None)


def of_lastack(lines):
    transfer, answers, lengths = Transfer(), {}, {}
    for event in map(json.loads, lines):
        kind, host, t = event.get("kind"), event.get("host"), event.get("t", 0) / 1e9
        if kind == "send" and host == "client":
            transfer.sent(t, event["seq"], event["len"])
            lengths[event["seg"]] = event["len"]
        elif kind == "drop" and host == "client":
            transfer.lost += lengths[event["seg"]] > 0
        elif kind == "send" and "S" not in event["flags"]:
            answers[event["seg"]] = event
            transfer.acks += event["flags"] == "."
        elif kind == "recv" and host == "client" and event["seg"] in answers:
            answer = answers.pop(event["seg"])
            transfer.acked(t, answer["ack"], answer["opts"].get("sack"))
        elif kind == "timer" and host == "client" and event["what"] == "fired":
            transfer.rto += event["timer"] == "retransmission"
            transfer.tlp += event["timer"] == "tail-loss-probe"
    return transfer.row()


def of_kernel(output):
    transfer, answers = Transfer(), {}
    for event in output["events"]:
        kind, host, t = event["kind"], event.get("host"), event["t"]
        if kind == "send" and host == "client":
            transfer.sent(t, event["seq"], event["len"])
        elif kind == "send" and "S" not in event["flags"]:
            answers[event["id"]] = event
            transfer.acks += event["flags"] == "."
        elif kind == "recv" and host == "client" and event["id"] in answers:
            answer = answers[event["id"]]
            transfer.acked(t, answer["ack"], answer.get("sack"))
        elif kind == "drop" and host == "client":
            transfer.lost += event["len"] > 0
        elif kind == "app" and event.get("op") == "info" and "cwnd" in event:
            transfer.cwnds.append(event["cwnd"])
    counters = output["final"]["mib"]["client"]
    transfer.rto, transfer.tlp = counters.get("TCPTimeouts", 0), counters.get("TCPLossProbes", 0)
    return transfer.row()


def show(name, rows):
    """The medians; of the seconds also the least and the most."""
    cells = []
    for column, values in zip(COLUMNS, zip(*rows)):
        if None in values:
            cells.append("")
        elif column == "seconds":
            cells.append("%.2f (%.2f..%.2f)" % (statistics.median(values), min(values), max(values)))
        else:
            cells.append("%.0f" % statistics.median(values))
    print("| " + " | ".join([name] + cells) + " |", flush=True)


def play(lastack, loss, seed):
    with tempfile.NamedTemporaryFile("w", suffix=".scn") as scenario:
        scenario.write(SCENARIO % {"loss": loss, "seed": seed, "bytes": BYTES})
        scenario.flush()
        done = subprocess.run([lastack, "run", scenario.name, "--format", "jsonl"], stdout=subprocess.PIPE, check=True)
        return of_lastack(done.stdout.splitlines())


def main(arguments):
    if arguments[:1] == ["--plan"]:
        print(json.dumps(plan(int(arguments[1]), int(arguments[2]))))
        return
    if not arguments:
        raise SystemExit(__doc__)
    print("| | " + " | ".join(COLUMNS) + " |\n|" + "---|" * (len(COLUMNS) + 1))
    if arguments[0] == "--measured":
        for name in arguments[1:]:
            with open(name) as file:
                output = json.load(file)
            show(output["title"], [of_kernel(output)])
        return
    seeds = int(arguments[1]) if len(arguments) > 1 else 20
    for loss in LOSSES:
        show("lastack, %d %%" % loss, [play(arguments[0], loss, seed) for seed in range(1, seeds + 1 if loss else 2)])


main(sys.argv[1:])
