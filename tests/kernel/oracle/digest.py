#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""digest.py FILE...: a very short timeline of outputs (one line per event, handshake and reads left out)."""
import json, sys
def line(e):
    h = e["host"][0].upper(); k = e["kind"]; t = "%8.3f %s " % (e["t"], h)
    if k in ("send", "inject"):
        return t + "%s %s%s %s:%s(%d) ack %s w%d%s%s%s" % ("INJ" if k == "inject" else ">" if h == "C" else "<", e["flags"], "", e["seq"], (e["seq"] or 0) + e["len"], e["len"], e["ack"], e["win"],
             " RTX" if e.get("rtx") else "", " PROBE" if e.get("probe") else "", " sack%s" % e["sack"] if e.get("sack") else "")
    if k == "drop": return "DROP"
    if k == "dup": return t + "(dup)"
    if k == "state": return t + "    %s->%s%s%s" % (e["old"], e["new"], " mini" if e.get("mini") else "", " lasted %s" % e["lasted"] if "lasted" in e else "")
    if k == "app":
        if e["op"] in ("listen", "accept", "connected", "poll") and e["t"] < 0.29: return None
        if e["op"] == "recv" and e.get("ret"): return None
        return t + "    app " + " ".join("%s=%s" % (q, v) for q, v in e.items() if q in ("op", "sock", "ret", "err", "eof", "total", "events", "t_ret", "opt", "n"))
    if k == "mib":
        d = {q: v for q, v in e["delta"].items() if q in ("TCPTimeouts", "TCPLossProbes", "TCPWinProbe", "TCPKeepAlive", "DelayedACKs", "TCPChallengeACK", "TCPACKSkippedTimeWait", "TCPACKSkippedFinWait2",
             "TCPACKSkippedSeq", "PAWSTimewait", "TWRecycled", "TCPFastRetrans", "TCPAbortOnTimeout", "TCPAbortOnData", "TCPAbortOnClose", "TCPAbortOnLinger", "TCPSpuriousRTOs", "TCPAbortOnMemory", "PAWSEstab", "TCPSYNChallenge", "TCPLossProbeRecovery", "TCPDSACKRecv")}
        return t + "    mib %s" % d if d else None
    if k == "tw_rearmed": return t + "    tw_rearmed %s %d -> %d" % (e["st"], e["was_ms"], e["expires_ms"])
    if k == "trace" and e["ev"] in ("tcp_send_reset",): return t + "    send_reset %s %s" % (e.get("state"), e.get("reason"))
    return None
for f in sys.argv[1:]:
    o = json.load(open(f))
    print("=== %s | %s | end %s %s" % (f.split("/")[-1], o["title"], o["meta"]["t_end"], o["meta"]["ended"]))
    out = []
    for e in o["events"]:
        if e["kind"] in ("send",) and e["t"] < 0.14 and e["flags"] in ("S", "S.", "."): continue
        if e["kind"] == "state" and e["t"] < 0.14: continue
        l = line(e)
        if l == "DROP":
            if out: out[-1] += "  [DROP]"
        elif l: out.append(l)
    if len(out) > 60: out = out[:22] + ["   ... %d lines ..." % (len(out) - 52)] + out[-30:]
    print("\n".join(out))
    print("   left:", {h: [(s["st"], s["timer"], s["retr"], s["exp"]) for s in v] for h, v in o["final"]["sockets_left"].items()})
