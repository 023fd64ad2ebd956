#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""oracle.py plan.json -o out.json: run a TCP scenario on this machine's real Linux TCP stack and record its timeline.

Two network namespaces (client, server), each with one TUN device; this process moves the IPv4 packets between them
(delay, drop, duplicate, partition, random loss, injection), polls sock_diag and the MIB counters in each namespace,
and reads the TCP tracepoints.  See ../README.md for the plan.   oracle.py --show out.json prints one.
Needs root, /dev/net/tun, tracefs.  Standard library only (Python 3.11).
"""
import argparse, ctypes, fcntl, gc, heapq, json, os, random, re, select, signal, socket, struct, subprocess, sys, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
TRACE = "/sys/kernel/tracing"
libc = ctypes.CDLL(None, use_errno=True)
mono = time.monotonic
CLONE_NEWNET = 0x40000000
POLL = 0.020
HOSTS = ("client", "server")
DIRS = {"client": "c2s", "server": "s2c"}
STATES = {1: "ESTABLISHED", 2: "SYN_SENT", 3: "SYN_RECV", 4: "FIN_WAIT1", 5: "FIN_WAIT2", 6: "TIME_WAIT", 7: "CLOSE",
          8: "CLOSE_WAIT", 9: "LAST_ACK", 10: "LISTEN", 11: "CLOSING", 12: "NEW_SYN_RECV", 13: "BOUND"}
TIMERS = {0: "off", 1: "retrans", 2: "keepalive", 3: "timewait", 4: "probe0"}
MIBS = ("TCPTimeouts", "TCPLossProbes", "TCPLossProbeRecovery", "TCPAbortOnData", "TCPAbortOnClose",
        "TCPAbortOnMemory", "TCPAbortOnTimeout", "TCPAbortOnLinger", "TCPAbortFailed", "TCPTimeWaitOverflow",
        "DelayedACKs", "DelayedACKLocked", "DelayedACKLost", "TCPRcvCoalesce", "TCPOFOQueue", "TCPChallengeACK", "TCPSYNChallenge",
        "TCPACKSkippedSynRecv", "TCPACKSkippedPAWS", "TCPACKSkippedSeq", "TCPACKSkippedFinWait2",
        "TCPACKSkippedTimeWait", "TCPACKSkippedChallenge", "TCPKeepAlive", "TW", "TWRecycled", "TWKilled",
        "PAWSEstab", "PAWSActive", "PAWSOldAck", "PAWSTimewait", "TSEcrRejected", "TCPSpuriousRTOs", "TCPDSACKRecv", "TCPDSACKOldSent",
        "TCPDSACKOfoSent", "TCPDSACKOfoRecv", "TCPSackRecovery", "TCPFastRetrans", "TCPSlowStartRetrans", "TCPLostRetransmit",
        "TCPFromZeroWindowAdv", "TCPToZeroWindowAdv", "TCPWantZeroWindowAdv", "TCPWinProbe", "TCPZeroWindowDrop",
        "ListenOverflows", "ListenDrops", "TCPReqQFullDrop", "RcvPruned", "TCPRcvCollapsed", "TCPRcvQDrop",
        "BeyondWindow", "TCPBacklogDrop", "TCPSynRetrans", "TCPOrphanQueued", "TCPMemoryPressures", "RetransSegs", "OutRsts",
        "EstabResets", "AttemptFails", "InErrs", "TCPMigrateReqSuccess", "TCPAckCompressed", "TCPDSACKIgnoredOld",
        "TCPHystartTrainDetect", "TCPHystartTrainCwnd", "TCPHystartDelayDetect", "TCPHystartDelayCwnd",
        "SyncookiesSent", "SyncookiesRecv", "SyncookiesFailed", "TCPReqQFullDoCookies", "EmbryonicRsts",
        "TCPDSACKIgnoredNoUndo", "TCPFullUndo", "TCPPartialUndo", "TCPDSACKUndo", "TCPLossUndo", "TCPRetransFail")


def setns(fd):
    if libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def new_netns():
    """a new namespace made from inside a parent with a small TCP hash table (cheap sock_diag dumps)"""
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)


def csum(b):
    if len(b) & 1:
        b += b"\0"
    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    s = (s & 0xffff) + (s >> 16)
    s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


class Seg:
    __slots__ = ("raw", "src", "dst", "sport", "dport", "seq", "ack", "fl", "win", "len", "opts", "sack", "ts", "mss",
                 "wscale", "host", "dir", "conn", "rseq", "rack", "rtx", "probe", "id", "ecn")

    def flags(self):
        f = self.fl
        s = ""
        for bit, ch in ((2, "S"), (1, "F"), (4, "R"), (8, "P"), (0x20, "U")):
            if f & bit:
                s += ch
        if f & 0x10:
            s += "."
        return s or "none"


def parse(raw):
    if len(raw) < 40 or raw[0] >> 4 != 4 or raw[9] != 6:
        return None
    ihl = (raw[0] & 15) * 4
    tot = struct.unpack_from("!H", raw, 2)[0]
    p = Seg()
    p.raw = raw
    p.src, p.dst = raw[12:16], raw[16:20]
    p.sport, p.dport, p.seq, p.ack, off, fl, p.win = struct.unpack_from("!HHIIBBH", raw, ihl)
    p.fl = fl & 0x3f
    p.ecn = (fl & 0xc0) | (off & 1)
    doff = (off >> 4) * 4
    p.len = tot - ihl - doff
    p.opts, p.sack, p.ts, p.mss, p.wscale = [], [], None, None, None
    i, end = ihl + 20, ihl + doff
    while i < end:
        k = raw[i]
        if k == 0:
            break
        if k == 1:
            i += 1
            continue
        ln = raw[i + 1]
        if ln < 2:
            break
        if k == 2:
            p.opts.append("mss"); p.mss = struct.unpack_from("!H", raw, i + 2)[0]
        elif k == 3:
            p.opts.append("wscale"); p.wscale = raw[i + 2]
        elif k == 4:
            p.opts.append("sackOK")
        elif k == 5:
            p.opts.append("sack")
            p.sack = [struct.unpack_from("!II", raw, j) for j in range(i + 2, i + ln, 8)]
        elif k == 8:
            p.opts.append("ts"); p.ts = struct.unpack_from("!II", raw, i + 2)
        else:
            p.opts.append("opt%d" % k)
        i += ln
    return p


def sgn(x):
    x &= 0xffffffff
    return x - (1 << 32) if x & 0x80000000 else x


class Conn:
    """one incarnation of a 4-tuple: initial sequence numbers and what was sent, per side"""
    def __init__(self, idx):
        self.idx = idx
        self.isn = {"client": None, "server": None}
        self.end = {"client": 0, "server": 0}       # highest relative sequence number sent
        self.ts0 = {"client": None, "server": None}
        self.last = {"client": None, "server": None}  # last Seg sent
        self.lastt = {"client": 0.0, "server": 0.0}
        self.ackhi = {"client": 0, "server": 0}


class Rule:
    def __init__(self, d, idx):
        self.d, self.idx = d, idx
        self.act = d["act"]
        self.dir = d.get("dir", "both")
        self.frm, self.to = d.get("from", -1e9), d.get("to", 1e9)
        self.m = d.get("match", {})
        n = d.get("nth", "all")
        self.nth = None if n == "all" else set(n if isinstance(n, list) else [n])
        self.first = d.get("first")
        self.count = 0
        self.after = dict(d["after"]) if "after" in d else None
        self.armed = self.after is None
        self.acount = 0
        s = d.get("seed", 1)
        self.rng = {x: random.Random("%s-%s" % (s, x)) for x in ("c2s", "s2c")}

    @staticmethod
    def match(m, p):
        f = p.flags()
        if "flags" in m and any(ch not in f for ch in m["flags"]):
            return False
        if "not" in m and any(ch in f for ch in m["not"]):
            return False
        if "exact" in m and f.replace("P", "") != m["exact"].replace("P", ""):
            return False
        if "len" in m:
            if m["len"] == ">0":
                if p.len == 0:
                    return False
            elif p.len != m["len"]:
                return False
        if "rtx" in m and p.rtx != m["rtx"]:
            return False
        if "probe" in m and p.probe != m["probe"]:
            return False
        if "conn" in m and (p.conn is None or p.conn.idx != m["conn"]):
            return False
        if "seq_ge" in m and (p.rseq is None or p.rseq < m["seq_ge"]):
            return False
        if "ack_ge" in m and (p.rack is None or p.rack < m["ack_ge"]):
            return False
        return True

    def hit(self, p, t):
        if not self.armed or not (self.frm <= t < self.to):
            return False
        if self.dir != "both" and self.dir != p.dir:
            return False
        if not self.match(self.m, p):
            return False
        self.count += 1
        if self.nth is not None and self.count not in self.nth:
            return False
        if self.first is not None and self.count > self.first:
            return False
        if self.act == "loss" and self.rng[p.dir].random() >= self.d["p"]:
            return False
        return True

    def latch(self, p):
        if self.armed:
            return
        a = self.after
        if a.get("dir", p.dir) == p.dir and self.match(a, p):
            self.acount += 1
            if self.acount >= a.get("nth", 1):
                self.armed = True


class Host:
    """one boot of one host: its namespace, TUN, sockets to look inside it, and its application processes"""
    def __init__(self, run, name, boot):
        self.run, self.name, self.boot = run, name, boot
        setns(run.parent_ns)
        self.ns = new_netns()
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", b"tun0", 0x0001 | 0x1000))
        self.tun = fd
        a, b = run.addr[name], run.addr["server" if name == "client" else "client"]
        for k in ("all", "default", "tun0"):
            try:
                open("/proc/sys/net/ipv6/conf/%s/disable_ipv6" % k, "w").write("1")
            except OSError:
                pass
        subprocess.run(["ip", "-batch", "-"], input=("link set lo up\nlink set tun0 mtu %d up\naddr add %s peer %s dev tun0\n"
                       % (run.plan.get("mtu", 1500), a, b)).encode(), check=True)
        self.sysctl_result = {}
        sc = dict(run.plan.get("sysctl", {}).get("both", {}))
        sc.update(run.plan.get("sysctl", {}).get(name, {}))
        for k, v in sc.items():
            path = "/proc/sys/net/ipv4/" + k
            try:
                with open(path, "w") as f:
                    f.write(str(v))
                self.sysctl_result[k] = open(path).read().split()
                self.sysctl_result[k] = " ".join(self.sysctl_result[k])
            except OSError as e:
                self.sysctl_result[k] = "ERROR " + os.strerror(e.errno)
        self.nl = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 4)
        self.nl.bind((0, 0))
        self.netstat = os.open("/proc/thread-self/net/netstat", os.O_RDONLY)
        self.snmp = os.open("/proc/thread-self/net/snmp", os.O_RDONLY)
        self.mib = {}
        self.socks = {}
        self.procs = {}
        self.dead = False
        setns(run.orig_ns)

    def spawn(self, proc, actions):
        setns(self.ns)
        a, b = socket.socketpair()
        r = self.run
        p = subprocess.Popen([sys.executable, "-S", "-E", os.path.join(HERE, "apphelper.py"), str(b.fileno())],
                             pass_fds=[b.fileno()], stdin=subprocess.DEVNULL)
        setns(r.orig_ns)
        b.close()
        job = {"host": self.name, "proc": proc, "addr": r.addr[self.name],
               "peer": r.addr["server" if self.name == "client" else "client"],
               "cc": r.plan.get("cc", "cubic"), "actions": actions}
        a.sendall((json.dumps(job) + "\n").encode())
        self.procs[proc] = [p, a, b""]

    # ---- sock_diag
    REQ = struct.pack("<IHHII", 72, 20, 0x301, 1, 0) + struct.pack("<BBBBI", socket.AF_INET, 6, 1 << 1, 0, 0xffffffff) + b"\0" * 48

    def diag(self):
        """{(sport, dport, cookie-ish): info} of every TCP socket but listeners"""
        self.nl.send(self.REQ)
        out = []
        done = False
        while not done:
            try:
                b = self.nl.recv(262144)
            except BlockingIOError:
                select.select([self.nl], [], [], 0.05)
                try:
                    b = self.nl.recv(262144)
                except BlockingIOError:
                    break
            i = 0
            while i + 16 <= len(b):
                ln, ty = struct.unpack_from("<IH", b, i)
                if ty == 3 or ty == 2:
                    done = True
                    break
                o = i + 16
                st, timer, retr = b[o + 1], b[o + 2], b[o + 3]
                sport, dport = struct.unpack_from("!HH", b, o + 4)
                c0, c1, exp, rq, wq, uid, ino = struct.unpack_from("<IIIIIII", b, o + 44)
                d = {"st": STATES.get(st, st), "timer": TIMERS.get(timer, timer), "retr": retr, "exp": exp, "rq": rq, "wq": wq,
                     "orphan": ino == 0}
                j, e = o + 72, i + ln
                while j + 4 <= e:
                    al, at = struct.unpack_from("<HH", b, j)
                    if al < 4:
                        break
                    if at == 2 and al >= 108:
                        k = j + 4
                        d["probes"], d["backoff"] = b[k + 3], b[k + 4]
                        u = struct.unpack_from("<24I", b, k + 8)
                        d["rto"], d["ato"], d["unacked"], d["rtt"], d["rttvar"] = u[0] // 1000, u[1] // 1000, u[4], u[15], u[16]
                    j += (al + 3) & ~3
                if d["st"] not in ("LISTEN", "BOUND"):
                    out.append(((sport, dport, c0 if timer != 3 else -1, timer == 3), d))
                i += (ln + 3) & ~3
        return dict(out)

    def poll(self, t):
        """compare the sockets and counters with the last poll; t: plan time"""
        r = self.run
        cur = self.diag()
        old = self.socks
        for k, d in cur.items():
            o = old.get(k)
            mini = k[3]
            if mini:
                if o is None:
                    r.ev(t, self.name, "state", sport=k[0], dport=k[1], old=None, new=d["st"], mini=True, polled=True, res=POLL,
                         expires_ms=d["exp"])
                    d["t_begin"] = t
                else:
                    d["t_begin"] = o["t_begin"]
                    if o["st"] != d["st"]:
                        r.ev(t, self.name, "state", sport=k[0], dport=k[1], old=o["st"], new=d["st"], mini=True, polled=True,
                             res=POLL, expires_ms=d["exp"], age=round(t - o["t_begin"], 3))
                    elif d["exp"] > o["exp"] + 20:
                        r.ev(t, self.name, "tw_rearmed", sport=k[0], dport=k[1], st=d["st"], expires_ms=d["exp"], was_ms=o["exp"],
                             polled=True, res=POLL)
                continue
            sig = (d["st"], d["timer"], d["retr"], d.get("probes"), d.get("backoff"), d["orphan"])
            d["sig"] = sig
            if o is None or o["sig"] != sig:
                x = {kk: d[kk] for kk in ("st", "timer", "retr", "probes", "backoff", "orphan", "rq", "wq", "rto", "ato", "rtt",
                                          "rttvar", "unacked") if kk in d}
                x["expires_ms"] = d["exp"]
                r.ev(t, self.name, "poll", sport=k[0], dport=k[1], polled=True, res=POLL, **x)
        for k, o in old.items():
            if k not in cur:
                if k[3]:
                    r.ev(t, self.name, "state", sport=k[0], dport=k[1], old=o["st"], new=None, mini=True, polled=True, res=POLL,
                         lasted=round(t - o["t_begin"], 3), last_expires_ms=o["exp"])
                else:
                    r.ev(t, self.name, "poll", sport=k[0], dport=k[1], st="gone", was=o["st"], polled=True, res=POLL)
        self.socks = cur

    def read_mib(self):
        m = {}
        for fd in (self.netstat, self.snmp):
            b = os.pread(fd, 32768, 0).decode()
            ls = b.split("\n")
            for h, v in zip(ls[::2], ls[1::2]):
                if h.startswith("TcpExt:") or h.startswith("Tcp:"):
                    m.update(zip(h.split()[1:], v.split()[1:]))
        return m

    def poll_mib(self, t):
        m = self.read_mib()
        if m != self.mib:
            if self.mib:
                ch = {}
                for k in MIBS:
                    if k in m and m[k] != self.mib.get(k):
                        ch[k] = int(m[k]) - int(self.mib.get(k, 0))
                if ch:
                    self.run.ev(t, self.name, "mib", polled=True, res=POLL * 2, delta=ch)
            self.mib = m

    def busy(self):
        return [(k, d) for k, d in self.socks.items()]

    def stop(self, keep_procs=False):
        if self.dead:
            return
        self.dead = True
        if self.tun is not None:
            # closing unregisters the device, which waits for RCU: not in the forwarder's loop
            threading.Thread(target=os.close, args=(self.tun,)).start()
            self.tun = None
        for p, a, _ in self.procs.values():
            if p.poll() is None:
                p.kill()
        self.nl.close()
        os.close(self.netstat)
        os.close(self.snmp)
        os.close(self.ns)


class Run:
    def __init__(self, plan, seq=None, tcpdump=None):
        self.plan = plan
        n = os.getpid() & 0xffff
        self.addr = {"client": "10.%d.%d.1" % (n >> 8, n & 255), "server": "10.%d.%d.2" % (n >> 8, n & 255)}
        self.host_of = {v: k for k, v in self.addr.items()}
        self.events = []
        self.heap, self.hn = [], 0
        self.conns = {}
        self.nconn = 0
        self.nseg = 0
        self.rules = [Rule(d, i) for i, d in enumerate(plan.get("rules", [])) if d["act"] not in ("inject",)]
        self.delay = {"c2s": plan.get("link", {}).get("delay_c2s", 0.010), "s2c": plan.get("link", {}).get("delay_s2c", 0.010)}
        self.rate, self.limit = plan.get("link", {}).get("rate", 0), plan.get("link", {}).get("limit", 1000)
        self.queue = {"c2s": [], "s2c": []}
        self.late = []
        self.ignore_trace = []
        self.sk = {}
        self.partial = b""
        self.tcpdump = tcpdump
        self.dumps = []
        self.last_seg = 0.0

    def ev(self, t, host, kind, **k):
        self.events.append({"t": round(t, 6), "host": host, "kind": kind, **k})

    def at(self, t, fn, *a):
        self.hn += 1
        heapq.heappush(self.heap, (t, self.hn, fn, a))

    # ---- tracefs
    def trace_open(self):
        self.tr = TRACE + "/instances/oracle_%d" % os.getpid()
        os.mkdir(self.tr)
        def w(f, s):
            with open(self.tr + "/" + f, "w") as fh:
                fh.write(s)
        w("trace_clock", "mono")
        w("buffer_size_kb", "2048")
        for e in ("sock/inet_sock_set_state", "tcp/tcp_retransmit_skb", "tcp/tcp_send_reset", "tcp/tcp_receive_reset",
                  "tcp/tcp_destroy_sock") + (("tcp/tcp_probe",) if self.plan.get("probe") else ()):
            w("events/%s/enable" % e, "1")
        w("tracing_on", "1")
        self.trfd = os.open(self.tr + "/trace_pipe", os.O_RDONLY | os.O_NONBLOCK)

    def trace_close(self):
        try:
            os.close(self.trfd)
            for i in range(50):
                try:
                    os.rmdir(self.tr)
                    break
                except OSError:
                    time.sleep(0.05)
        except (OSError, AttributeError):
            pass

    LINE = re.compile(rb"^\s*(.+?)-(\d+)\s+\[(\d+)\]\s+\S+\s+([\d.]+): (\w+): (.*)$")
    KV = re.compile(r"(\w+)=(\S+)")

    def trace_read(self):
        while True:
            try:
                b = os.read(self.trfd, 65536)
            except BlockingIOError:
                return
            if not b:
                return
            lines = (self.partial + b).split(b"\n")
            self.partial = lines.pop()
            for ln in lines:
                self.trace_line(ln)

    def trace_line(self, ln):
        m = self.LINE.match(ln)
        if not m:
            return
        name = m.group(5).decode()
        kv = dict(self.KV.findall(m.group(6).decode()))
        t = float(m.group(4)) - self.t0
        if name in ("tcp_send_reset", "tcp_probe"):
            s, _, sp = kv.get("src", "").rpartition(":")
            d, _, dp = kv.get("dest", "").rpartition(":")
        else:
            s, d, sp, dp = kv.get("saddr"), kv.get("daddr"), kv.get("sport"), kv.get("dport")
        host = self.host_of.get(s)
        if host is None:
            o = self.host_of.get(d)
            if o is None or s != "0.0.0.0":
                return
            host = "server" if o == "client" else "client"
        for h, a, b in self.ignore_trace:
            if h == host and a <= t < b:
                return
        x = {"sport": int(sp or 0), "dport": int(dp or 0)}
        if name == "tcp_probe":     # a segment reached an established socket; this is how it found it
            self.ev(t, host, "probe", len=int(kv["data_len"]), cwnd=int(kv["snd_cwnd"]), ssthresh=int(kv["ssthresh"]), srtt=int(kv["srtt"]),
                    snd_wnd=int(kv["snd_wnd"]), rcv_wnd=int(kv["rcv_wnd"]))
            return
        if name == "inet_sock_set_state":
            sk = self.sk_id(host, ln, kv)
            self.ev(t, host, "state", old=kv["oldstate"][4:], new=kv["newstate"][4:], src="trace", **x)
        else:
            for k in ("state", "reason"):
                if k in kv:
                    x[k] = kv[k].replace("TCP_", "", 1) if k == "state" else kv[k]
            self.ev(t, host, "trace", ev=name, **x)

    def sk_id(self, host, ln, kv):
        return None

    # ---- segments
    def conn_of(self, p, host):
        key = (p.sport, p.dport) if host == "client" else (p.dport, p.sport)
        other = "server" if host == "client" else "client"
        l = self.conns.setdefault(key, [])
        if p.fl & 2 and not p.fl & 0x10:
            if l and l[-1].isn[host] == p.seq:
                return l[-1]
            if l and l[-1].isn[host] is None and l[-1].isn[other] is not None and l[-1].end[other] <= 1 and p.ack == 0:
                # simultaneous open
                return l[-1]
            c = Conn(self.nconn)
            self.nconn += 1
            l.append(c)
            return c
        if not l:
            return None
        if p.fl & 2:      # SYN-ACK
            for c in reversed(l):
                if c.isn[host] == p.seq or (c.isn[host] is None and c.isn[other] is not None and sgn(p.ack - c.isn[other]) == 1):
                    return c
            c = Conn(self.nconn)      # answers an injected SYN
            self.nconn += 1
            c.isn[other] = (p.ack - 1) & 0xffffffff
            l.append(c)
            return c
        # choose the incarnation whose numbers fit best, newest first
        best, bd = None, None
        for c in reversed(l[-3:]):
            d = 0
            if c.isn[host] is not None and not (p.fl & 4 and p.seq == 0):
                d += abs(sgn(p.seq - c.isn[host] - c.end[host]))
            if c.isn[other] is not None and p.fl & 0x10:
                d += abs(sgn(p.ack - c.isn[other] - c.end[other]))
            if best is None or d < bd:
                best, bd = c, d
        return best

    def annotate(self, p, host, t, learn=True, conn=None):
        other = "server" if host == "client" else "client"
        p.host, p.dir = host, DIRS[host]
        c = p.conn = conn or self.conn_of(p, host)
        p.rtx = p.probe = False
        p.rseq = p.rack = None
        if c is None:
            return
        if p.fl & 2 and c.isn[host] is None:
            c.isn[host] = p.seq
        if c.isn[host] is not None:
            p.rseq = 0 if (p.fl & 4 and p.seq == 0) else sgn(p.seq - c.isn[host])
        if p.fl & 0x10 and c.isn[other] is not None:
            p.rack = sgn(p.ack - c.isn[other])
        if not learn:
            return
        span = p.len + (1 if p.fl & 2 else 0) + (1 if p.fl & 1 else 0)
        if p.rseq is not None and not p.fl & 4:
            if span:
                p.rtx = p.rseq < c.end[host]
                c.end[host] = max(c.end[host], p.rseq + span)
            elif p.rseq < c.end[host] and p.rseq == c.ackhi[other] - 1:
                p.probe = True
        if p.rack is not None:
            c.ackhi[host] = max(c.ackhi[host], p.rack)
        if p.ts and c.ts0[host] is None:
            c.ts0[host] = p.ts[0]
        c.last[host] = p
        c.lastt[host] = t

    def segd(self, p):
        other = "server" if p.host == "client" else "client"
        c = p.conn
        d = {"id": p.id, "dir": p.dir, "conn": c.idx if c else None, "flags": p.flags(), "seq": p.rseq, "ack": p.rack,
             "len": p.len, "win": p.win, "opts": p.opts, "sport": p.sport, "dport": p.dport}
        if c is None or p.rseq is None:
            d["raw_seq"], d["raw_ack"] = p.seq, p.ack
        if p.mss is not None:
            d["mss"] = p.mss
        if p.wscale is not None:
            d["wscale"] = p.wscale
        if p.sack:
            b = c.isn[other] if c else None
            d["sack"] = [[sgn(x - b), sgn(y - b)] for x, y in p.sack] if b is not None else [list(x) for x in p.sack]
        if p.ts:
            a = c.ts0[p.host] if c else None
            b = c.ts0[other] if c else None
            d["ts"] = [sgn(p.ts[0] - a) if a is not None else p.ts[0],
                       None if p.ts[1] == 0 else (sgn(p.ts[1] - b) if b is not None else p.ts[1])]
        if p.rtx:
            d["rtx"] = True
        if p.probe:
            d["probe"] = True
        if p.ecn:
            d["ecn"] = p.ecn
        return d

    def read_tun(self, h):
        for _ in range(64):
            try:
                raw = os.read(h.tun, 65536)
            except BlockingIOError:
                return
            except OSError:
                return
            p = parse(raw)
            if p is None:
                continue
            self.sent(h, p, mono() - self.t0)

    def sent(self, h, p, t):
        self.nseg += 1
        p.id = self.nseg
        self.last_seg = t
        self.annotate(p, h.name, t)
        d = self.segd(p)
        self.ev(t, h.name, "send", **d)
        drop, extra, dups = None, 0.0, []
        for r in self.rules:
            if r.act == "note":
                continue
            if r.hit(p, t):
                if r.act in ("drop", "partition", "loss"):
                    drop = r if drop is None else drop
                elif r.act == "dup":
                    dups.append(r.d.get("gap", 0.0))
                elif r.act == "delay":
                    extra += r.d["extra"]
        for r in self.rules:
            r.latch(p)
        left = self.transmit(p, t) if drop is None else t
        base = self.t0 + t + self.delay[p.dir]
        if left is None:
            self.ev(t, h.name, "drop", act="queue full", id=p.id, dir=p.dir, flags=d["flags"], seq=p.rseq, ack=p.rack, len=p.len)
            return
        base += left - t
        if drop is not None:
            self.ev(t, h.name, "drop", rule=drop.idx, act=drop.act, id=p.id, dir=p.dir, flags=d["flags"], seq=p.rseq, ack=p.rack,
                    len=p.len)
        else:
            self.at(base + extra, self.deliver, p, "", base + extra)
        for g in dups:
            self.ev(t, h.name, "dup", id=p.id, dir=p.dir, flags=d["flags"], seq=p.rseq, ack=p.rack, len=p.len, gap=g)
            self.at(base + extra + g, self.deliver, p, "dup", base + extra + g)

    def transmit(self, p, t):
        """when the link's transmitter (rate, limit) has sent it, one after the other; None: its queue is full"""
        if not self.rate:
            return t
        q = self.queue[p.dir]
        while q and q[0] <= t:
            q.pop(0)
        if len(q) >= self.limit:
            return None
        q.append((q[-1] if q else t) + len(p.raw) * 8 / self.rate)
        return q[-1]

    def deliver(self, p, how, due):
        dst = "server" if p.host == "client" else "client"
        h = self.cur[dst]
        now = mono()
        x = {"how": how} if how else {}
        if h is None or h.tun is None:
            self.ev(now - self.t0, dst, "drop", act="host down", id=p.id, dir=p.dir, flags=p.flags(), seq=p.rseq, ack=p.rack, len=p.len)
            return
        self.late.append(now - due)
        # the record's time is taken before the write: the stack processes the packet inside the write call
        self.ev(now - self.t0, dst, "recv", id=p.id, dir=p.dir, conn=p.conn.idx if p.conn else None, flags=p.flags(), seq=p.rseq,
                ack=p.rack, len=p.len, **x)
        try:
            os.write(h.tun, p.raw)
        except OSError as e:
            self.ev(now - self.t0, dst, "note", text="tun write: %s" % e)

    def inject(self, d):
        """make a segment as if 'dir' had carried it; numbers: {"base": "isn"|"nxt"|"una", "off": n}"""
        t = mono() - self.t0
        host = "client" if d["dir"] == "c2s" else "server"
        other = "server" if host == "client" else "client"
        c = None
        for l in self.conns.values():
            for x in l:
                if x.idx == d.get("conn", 0):
                    c = x
        if c is None or c.isn[host] is None:
            self.ev(t, host, "note", text="inject: no such connection")
            return
        def num(v, who, dflt):
            v = v or {"base": dflt}
            b = {"isn": 0, "nxt": c.end[who], "una": c.ackhi["server" if who == "client" else "client"]}[v.get("base", "isn")]
            isn = c.isn[who] if c.isn[who] is not None else 0
            return (isn + b + v.get("off", 0)) & 0xffffffff
        seq, ack = num(d.get("seq"), host, "nxt"), num(d.get("ack"), other, "nxt")
        fl = 0
        for ch, bit in (("S", 2), ("F", 1), ("R", 4), ("P", 8), (".", 16)):
            if ch in d["flags"]:
                fl |= bit
        if not fl & 16:
            ack = 0
        opt = b""
        lp = c.last[host]
        lo = c.last[other]
        if d.get("mss"):
            opt += struct.pack("!BBH", 2, 4, d["mss"])
        if d.get("ts", "now") != "none" and lp is not None and lp.ts:
            v = lp.ts[0] + int((t - c.lastt[host]) * 1000)
            if d.get("ts") == "old":
                v = lp.ts[0] - 10000
            elif isinstance(d.get("ts"), int):
                v = lp.ts[0] + d["ts"]
            opt += struct.pack("!BBBBII", 1, 1, 8, 10, v & 0xffffffff, lo.ts[0] if lo is not None and lo.ts and fl & 16 else 0)
        data = b"i" * d.get("len", 0)
        sp, dp = lp.sport, lp.dport
        off = (20 + len(opt)) // 4
        tcp = struct.pack("!HHIIBBHHH", sp, dp, seq, ack, off << 4, fl, d.get("win", 502), 0, 0) + opt + data
        s, q = socket.inet_aton(self.addr[host]), socket.inet_aton(self.addr[other])
        ck = csum(s + q + struct.pack("!HH", 6, len(tcp)) + tcp)
        tcp = tcp[:16] + struct.pack("!H", ck) + tcp[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + s + q
        ip = ip[:10] + struct.pack("!H", csum(ip)) + ip[12:]
        p = parse(ip + tcp)
        self.nseg += 1
        p.id = self.nseg
        self.annotate(p, host, t, learn=False, conn=c)
        x = self.segd(p)
        self.ev(t, host, "inject", **x)
        self.last_seg = t
        self.deliver(p, "inject", self.t0 + t)

    # ---- polling
    def tick(self, due):
        t = mono() - self.t0
        for h in self.alive:
            if not h.dead:
                h.poll(mono() - self.t0)
        self.ntick += 1
        if self.ntick % 2 == 0:
            for h in self.alive:
                if not h.dead:
                    h.poll_mib(mono() - self.t0)
        if self.ntick % 10 == 0:
            self.trace_read()
            self.check_done(t)
        nxt = due + POLL
        now = mono()
        if nxt < now:
            nxt = now + POLL / 2
        self.at(nxt, self.tick, nxt)

    def check_done(self, t):
        if t < self.last_action + 1.0 or self.inflight():
            return
        quiet = t - self.last_seg
        left = [d for h in self.alive if not h.dead for k, d in h.socks.items()]
        mini = [d for h in self.alive if not h.dead for k, d in h.socks.items() if k[3] and d["st"] == "TIME_WAIT"]
        if not left and quiet > 1.0:
            self.done = "no sockets left"
        elif len(left) == len(mini) and quiet > 3.0 and not self.plan.get("tw_full"):
            self.done = "only TIME_WAIT left (not waited for)"

    def inflight(self):
        return any(x[2] == self.deliver for x in self.heap)

    def reboot(self, name, down):
        t = mono() - self.t0
        self.ev(t, name, "app", op="reboot", down=down)
        h = self.cur[name]
        self.ignore_trace.append((name, t - 0.001, t + down))
        self.cur[name] = None
        h.stop()
        self.alive.remove(h)
        nxt = self.spare[name].pop(0)
        self.at(mono() + down, self.boot, name, nxt)

    def boot(self, name, h):
        t = mono() - self.t0
        self.cur[name] = h
        self.alive.append(h)
        self.ev(t, name, "app", op="booted")

    def helper_read(self, h, proc):
        e = h.procs[proc]
        try:
            b = e[1].recv(262144)
        except BlockingIOError:
            return
        except ConnectionResetError:
            b = b""
        if not b:
            e[1].close()
            e[2] = None
            if not h.dead:
                self.ev(mono() - self.t0, h.name, "app", op="process_gone", proc=proc)
            return
        ls = (e[2] + b).split(b"\n")
        e[2] = ls.pop()
        for l in ls:
            d = json.loads(l)
            t = d.pop("t") - self.t0
            if "t_ret" in d:
                d["t_ret"] = round(d["t_ret"] - self.t0, 6)
            if proc != "main":
                d["proc"] = proc
            self.ev(t, h.name, "app", **d)

    def go(self):
        plan = self.plan
        self.orig_ns = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self.trace_open()
        self.parent_ns = new_netns()
        with open("/proc/sys/net/ipv4/tcp_child_ehash_entries", "w") as f:
            f.write("4096")
        setns(self.orig_ns)
        acts = plan["actions"]
        self.cur, self.spare, self.alive = {}, {}, []
        self.allhosts = []
        for name in HOSTS:
            boots = 1 + max([a.get("boot", 0) for a in acts if a["host"] == name] + [0])
            hs = [Host(self, name, b) for b in range(boots)]
            self.allhosts += hs
            self.cur[name], self.spare[name] = hs[0], hs[1:]
            self.alive.append(hs[0])
            for h in hs:
                mine = [a for a in acts if a["host"] == name and a.get("boot", 0) == h.boot and a["do"] not in ("reboot", "sysctl")]
                for proc in sorted({a.get("proc", "main") for a in mine}):
                    h.spawn(proc, [a for a in mine if a.get("proc", "main") == proc])
        for h in self.allhosts:
            for e in h.procs.values():
                buf = b""
                while b"\n" not in buf:
                    x = e[1].recv(100)
                    if not x:
                        raise SystemExit("helper died")
                    buf += x
                e[1].setblocking(False)
        if self.tcpdump:
            for h in self.allhosts:
                setns(h.ns)
                self.dumps.append(subprocess.Popen(["tcpdump", "-i", "tun0", "-U", "-w", "%s.%s.pcap" % (self.tcpdump, h.name)],
                                                   stderr=subprocess.DEVNULL))
                setns(self.orig_ns)
            time.sleep(0.7)
        ds = {}
        for h in self.allhosts:
            h.mib = h.read_mib()
            h.mib0 = dict(h.mib)
        # warm up: the helpers sent UDP datagrams through the TUNs; run every path once before the clock starts
        time.sleep(0.1)
        save, self.ev = self.ev, lambda *a, **k: None
        self.t0 = mono()
        for h in self.allhosts:
            for _ in range(3):
                h.poll(0.0)
                h.poll_mib(0.0)
            while True:
                try:
                    raw = os.read(h.tun, 65536)
                except BlockingIOError:
                    break
                parse(raw)
        self.trace_read()
        del self.ev
        for h in self.allhosts:
            h.mib = h.read_mib()
            h.mib0 = dict(h.mib)
        gc.collect()
        gc.freeze()
        gc.disable()
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(max(5, os.sched_getparam(0).sched_priority)))
        except OSError:
            pass
        libc.prctl(29, 1, 0, 0, 0)    # PR_SET_TIMERSLACK
        self.t0 = mono() + 0.15
        for h in self.allhosts:
            for e in h.procs.values():
                e[1].setblocking(True)
                e[1].sendall((json.dumps({"t0": self.t0}) + "\n").encode())
                e[1].setblocking(False)
        for a in acts:
            if a["do"] == "reboot":
                self.at(self.t0 + a["t"], self.reboot, a["host"], a.get("down", 0.5))
        for d in plan.get("rules", []):
            if d["act"] == "inject":
                self.at(self.t0 + d["at"], self.inject, d)
        self.last_action = max([a.get("t", 0) for a in acts] + [d.get("at", 0) for d in plan.get("rules", [])])
        # a partition that heals later: wait for it too
        self.last_action = max([self.last_action] + [d["to"] for d in plan.get("rules", []) if d.get("to", 1e9) < 1e6 and
                                                     d.get("wait", True)])
        self.last_action = max(self.last_action, plan.get("min_duration", 0))
        self.ntick = 0
        self.done = None
        # off the round times at which actions and their consequences fall, so that a poll (about 1 ms) delays no packet
        self.at(self.t0 + 0.0055, self.tick, self.t0 + 0.0055)
        tend = self.t0 + plan.get("duration", 30)
        while not self.done:
            now = mono()
            if now >= tend:
                self.done = "duration"
                break
            while self.heap and self.heap[0][0] <= now:
                _, _, fn, a = heapq.heappop(self.heap)
                fn(*a)
                # tun packets first: a reply made by that delivery is waiting already
                for h in self.alive:
                    if h.tun is not None:
                        self.read_tun(h)
                now = mono()
            fds = {}
            for h in self.alive:
                if h.tun is not None:
                    fds[h.tun] = h
            chans = {}
            for h in self.alive:
                for pn, e in h.procs.items():
                    if e[2] is not None:
                        chans[e[1].fileno()] = (h, pn)
            dt = min(self.heap[0][0], tend) - mono() if self.heap else 0.02
            r, _, _ = select.select(list(fds) + list(chans), [], [], max(0, dt))
            for f in r:
                if f in fds:
                    self.read_tun(fds[f])
            for f in r:
                if f in chans:
                    self.helper_read(*chans[f])
        tstop = mono() - self.t0
        for h in self.alive:
            if not h.dead:
                h.poll(mono() - self.t0)
                h.poll_mib(mono() - self.t0)
        for h in self.alive:
            for pn, e in h.procs.items():
                if e[2] is not None:
                    self.helper_read(h, pn)
        time.sleep(0.05)
        self.trace_read()
        self.events = [e for e in self.events if e["t"] <= tstop + 0.001]
        fin = {}
        for h in self.alive:
            m = {}
            for k, v in h.mib.items():
                dv = int(v) - int(h.mib0.get(k, 0))
                if dv and k not in ("RtoAlgorithm", "RtoMin", "RtoMax", "MaxConn"):
                    m[k] = dv
            fin.setdefault("mib", {})[h.name] = m
            fin.setdefault("sockets_left", {})[h.name] = [
                {"sport": k[0], "dport": k[1], "mini": k[3], **{q: d[q] for q in ("st", "timer", "retr", "exp", "backoff") if q in d}}
                for k, d in h.socks.items()]
        for p in self.dumps:
            p.terminate()
        for h in self.allhosts:
            h.stop()
        for h in self.allhosts:
            for p, a, _ in h.procs.values():
                p.wait()
        for p in self.dumps:
            p.wait()
        self.events.sort(key=lambda e: e["t"])
        self.late.sort()
        L = self.late
        q = lambda f: round(L[min(len(L) - 1, int(f * len(L)))] * 1000, 3) if L else None
        return {"title": plan.get("title"), "why": plan.get("why"), "plan": plan,
                "meta": {"kernel": os.uname().release, "hz": 250, "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                         "ended": self.done, "t_end": round(tstop, 3), "cc": plan.get("cc", "cubic"),
                         "sysctl": {h.name: h.sysctl_result for h in self.allhosts},
                         "delivery_lateness_ms": {"p50": q(.5), "p90": q(.9), "p99": q(.99), "max": q(1.0), "n": len(L)}},
                "final": fin, "events": self.events}


def fmt(e):
    h = {"client": "C", "server": "S"}.get(e["host"], "?")
    k = e["kind"]
    s = "%10.4f %s " % (e["t"], h)
    if k in ("send", "recv", "drop", "dup", "inject"):
        a = {"c2s": "->", "s2c": "<-"}[e["dir"]]
        x = "%s %-6s %s %-4s seq %s len %d ack %s" % (a, k, "#%d" % e["id"], e["flags"], e["seq"], e["len"], e["ack"])
        if k in ("send", "inject"):
            x += " win %d %s" % (e["win"], ",".join(e["opts"]))
            for q in ("sack", "rtx", "probe", "ts", "raw_seq"):
                if e.get(q):
                    x += " %s=%s" % (q, e[q])
        if k == "drop":
            x += " (%s)" % e["act"]
        if e.get("how"):
            x += " [%s]" % e["how"]
        return s + x
    rest = {q: v for q, v in e.items() if q not in ("t", "host", "kind", "polled", "res")}
    if k == "state":
        return s + "   STATE  %s -> %s%s  %s" % (rest.pop("old"), rest.pop("new"), " (polled)" if e.get("polled") else "",
                                                 " ".join("%s=%s" % i for i in rest.items() if i[0] not in ("src", "mini")))
    return s + "   %-6s " % k + " ".join("%s=%s" % i for i in rest.items())


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("plan")
    ap.add_argument("-o")
    ap.add_argument("--show", action="store_true", help="plan is an output file: print it as text")
    ap.add_argument("--brief", action="store_true", help="with --show: no recv, no poll, no mib")
    ap.add_argument("--tcpdump", help="write PREFIX.client.pcap and PREFIX.server.pcap with a real tcpdump")
    a = ap.parse_args()
    plan = json.load(open(a.plan))
    if a.show:
        print("#", plan["title"], plan["meta"]["ended"], plan["meta"]["t_end"], plan["meta"]["delivery_lateness_ms"])
        for e in plan["events"]:
            if a.brief and e["kind"] in ("recv", "poll", "mib"):
                continue
            print(fmt(e))
        print("#", json.dumps(plan["final"]))
        return
    r = Run(plan, tcpdump=a.tcpdump)
    signal.signal(signal.SIGTERM, lambda *x: sys.exit(143))
    try:
        out = r.go()
    finally:
        for h in getattr(r, "allhosts", []):
            h.stop()
        r.trace_close()
    with open(a.o, "w") if a.o else sys.stdout as f:
        head = {k: v for k, v in out.items() if k != "events"}
        f.write(json.dumps(head, indent=1)[:-2] + ',\n "events": [\n')
        f.write(",\n".join("  " + json.dumps(e) for e in out["events"]))
        f.write("\n ]\n}\n")


if __name__ == "__main__":
    main()
