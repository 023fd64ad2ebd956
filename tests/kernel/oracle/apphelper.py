#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Application helper of oracle.py: runs socket actions inside one network namespace.

Started by oracle.py with one argument, the number of a connected AF_UNIX stream socket.  Protocol on it:
one JSON line in (the job: addresses, actions), one 'ready' line out, one JSON line in ({"t0": ...}), then one JSON
line out for each thing that happened.  All times are CLOCK_MONOTONIC.

The loop is single threaded and every socket is non-blocking and edge triggered in epoll: epoll holds no reference on
the file, so close() really closes the socket at that moment (a thread blocked in recv() would hold it open).  Only
close() with SO_LINGER on runs in a thread of its own, because it really blocks.
"""
import errno, gc, heapq, json, os, select, signal, socket, struct, sys, threading, time

mono = time.monotonic
SOL = socket.SOL_SOCKET
TCP = socket.IPPROTO_TCP
OPTS = {
    "SO_REUSEADDR": (SOL, socket.SO_REUSEADDR), "SO_KEEPALIVE": (SOL, socket.SO_KEEPALIVE),
    "SO_RCVBUF": (SOL, socket.SO_RCVBUF), "SO_SNDBUF": (SOL, socket.SO_SNDBUF), "SO_LINGER": (SOL, socket.SO_LINGER),
    "SO_ERROR": (SOL, socket.SO_ERROR),
    "TCP_NODELAY": (TCP, 1), "TCP_MAXSEG": (TCP, 2), "TCP_CORK": (TCP, 3), "TCP_KEEPIDLE": (TCP, 4),
    "TCP_KEEPINTVL": (TCP, 5), "TCP_KEEPCNT": (TCP, 6), "TCP_SYNCNT": (TCP, 7), "TCP_LINGER2": (TCP, 8),
    "TCP_DEFER_ACCEPT": (TCP, 9), "TCP_WINDOW_CLAMP": (TCP, 10), "TCP_QUICKACK": (TCP, 12),
    "TCP_CONGESTION": (TCP, 13), "TCP_USER_TIMEOUT": (TCP, 18),
}
HOW = {"RD": socket.SHUT_RD, "WR": socket.SHUT_WR, "RDWR": socket.SHUT_RDWR}


def ename(e):
    return errno.errorcode.get(e, str(e))


class Conn:
    def __init__(self, name, s):
        self.name, self.s = name, s
        self.fd = s.fileno()
        self.reading = False
        self.limit = None
        self.total = 0
        self.sendq = []          # [(remaining, wanted, t_call)]
        self.connected = True
        self.seen = 0            # poll bits already reported
        self.linger = False
        self.read_after_connect = False


class App:
    def __init__(self, chan):
        self.chan = chan
        self.lock = threading.Lock()
        self.f = chan.makefile("r")
        self.job = json.loads(self.f.readline())
        self.ep = select.epoll()
        self.byfd, self.byname = {}, {}
        self.listeners = {}
        self.naccept = 0
        self.heap, self.n = [], 0
        self.on = []
        for a in self.job["actions"]:
            if "on" in a:
                self.on.append(a)
        self.warm()
        try:   # react to events promptly even when the two cores are busy with other work
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(4))
        except OSError:
            pass
        gc.collect(); gc.freeze(); gc.disable()
        self.chan.sendall(b'"ready"\n')
        self.t0 = json.loads(self.f.readline())["t0"]
        for a in self.job["actions"]:
            if "on" not in a:
                self.at(self.t0 + a["t"], a)
        self.quit = False

    def warm(self):
        """run the paths once (page faults, imports) before the clock starts: loopback TCP refused, UDP through the TUN"""
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        u.sendto(b"x", (self.job["peer"], 9))
        u.close()
        for _ in range(3):
            s = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            s.setsockopt(SOL, socket.SO_REUSEADDR, 1)
            self.ep.register(s.fileno(), select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
            s.connect_ex(("127.0.0.1", 1))
            self.ep.poll(0.001)
            self.ep.unregister(s.fileno())
            s.close()
        json.dumps({"a": mono()})
        time.sleep(0.001)

    def at(self, t, a):
        self.n += 1
        heapq.heappush(self.heap, (t, self.n, a))

    def log(self, **k):
        k.setdefault("t", mono())
        b = (json.dumps(k) + "\n").encode()
        with self.lock:
            try:
                self.chan.sendall(b)
            except OSError:
                os._exit(3)

    def fire(self, ev):
        keep = []
        for a in self.on:
            hit = a["on"] == ev
            if not hit and ">=" in a["on"] and ">=" in ev:
                l, lim = a["on"].split(">=")
                l2, val = ev.split(">=")
                hit = l == l2 and int(val) >= int(lim)
            if hit:
                self.at(mono() + a.get("delay", 0), a)
            else:
                keep.append(a)
        self.on = keep

    def setopts(self, s, opts, name):
        for k, v in (opts or {}).items():
            lv, op = OPTS[k]
            t = mono()
            try:
                if k == "SO_LINGER":
                    s.setsockopt(lv, op, struct.pack("ii", v[0], v[1]))
                elif isinstance(v, str):
                    s.setsockopt(lv, op, v.encode())
                else:
                    s.setsockopt(lv, op, v)
                r = {"ret": 0}
            except OSError as e:
                r = {"err": ename(e.errno)}
            self.log(t=t, op="setsockopt", sock=name, args={k: v}, **r)

    def add(self, c):
        self.byfd[c.fd] = c
        self.byname[c.name] = c
        self.ep.register(c.fd, select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET)

    def forget(self, c):
        try:
            self.ep.unregister(c.fd)
        except OSError:
            pass
        self.byfd.pop(c.fd, None)
        if self.byname.get(c.name) is c:
            del self.byname[c.name]

    # ---- actions
    def do(self, a):
        op = a["do"]
        name = a.get("sock") or ("c" if self.job["host"] == "client" else "s")
        t = mono()
        try:
            fn = getattr(self, "do_" + op)
        except AttributeError:
            self.log(t=t, op=op, err="no such action")
            return
        try:
            fn(a, name, t)
        except KeyError as e:
            self.log(t=t, op=op, sock=name, err="no such socket %s" % e)

    def mksock(self, a, name):
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        if self.job.get("cc"):
            s.setsockopt(TCP, 13, self.job["cc"].encode())
        self.setopts(s, a.get("opts"), name)
        return s

    def do_listen(self, a, name, t):
        name = a.get("sock", "l")
        s = self.mksock(a, name)
        if a.get("reuse", True):
            s.setsockopt(SOL, socket.SO_REUSEADDR, 1)
        try:
            s.bind((self.job["addr"], a.get("port", 8000)))
            s.listen(a.get("backlog", 16))
            self.log(t=t, op="listen", sock=name, ret=0)
        except OSError as e:
            self.log(t=t, op="listen", sock=name, err=ename(e.errno))
            return
        c = Conn(name, s)
        self.byname[name] = c
        self.listeners[c.fd] = (c, a)
        if a.get("accept", True):
            self.ep.register(c.fd, select.EPOLLIN)

    def do_accept(self, a, name, t):
        """accept() once, by hand, on listener a['sock'] (default 'l')"""
        c = self.byname[a.get("sock", "l")]
        self.accept_one(*self.listeners[c.fd])

    def accept_one(self, lc, la):
        t = mono()
        try:
            s, peer = lc.s.accept()
        except OSError as e:
            if e.errno != errno.EAGAIN:
                self.log(t=t, op="accept", sock=lc.name, err=ename(e.errno))
            return False
        s.setblocking(False)
        self.naccept += 1
        name = "s" if self.naccept == 1 else "s%d" % self.naccept
        self.log(t=t, op="accept", sock=lc.name, ret=name)
        c = Conn(name, s)
        self.setopts(s, la.get("child_opts"), name)
        self.add(c)
        if la.get("read", True):
            c.reading = True
        self.fire(name + ":accepted")
        return True

    def do_connect(self, a, name, t):
        s = self.mksock(a, name)
        try:
            if "sport" in a:
                if a.get("reuse", True):
                    s.setsockopt(SOL, socket.SO_REUSEADDR, 1)
                s.bind((self.job["addr"], a["sport"]))
        except OSError as e:
            self.log(t=t, op="bind", sock=name, err=ename(e.errno))
            s.close()
            return
        c = Conn(name, s)
        c.connected = False
        c.read_after_connect = a.get("read", True)
        t = mono()
        e = s.connect_ex((self.job["peer"], a.get("port", 8000)))
        self.log(t=t, op="connect", sock=name, **({"ret": 0} if e == 0 else {"err": ename(e)}))
        if e in (0, errno.EINPROGRESS):
            if e == 0:
                c.connected = True
            self.add(c)
        else:
            s.close()

    def do_send(self, a, name, t):
        c = self.byname[name]
        c.sendq.append([a["n"], a["n"], t])
        self.pump(c)

    def pump(self, c):
        while c.sendq:
            q = c.sendq[0]
            try:
                while q[0] > 0:
                    k = c.s.send(b"x" * min(q[0], 262144))
                    q[0] -= k
            except OSError as e:
                if e.errno == errno.EAGAIN:
                    return
                self.log(t=q[2], op="send", sock=c.name, n=q[1], ret=q[1] - q[0], err=ename(e.errno), t_ret=mono())
                c.sendq.pop(0)
                self.fire(c.name + ":senderr")
                continue
            self.log(t=q[2], op="send", sock=c.name, n=q[1], ret=q[1], t_ret=mono())
            c.sendq.pop(0)
            self.fire(c.name + ":sent")

    def do_recv(self, a, name, t):
        """recv: {"n": N} reads N bytes then stops; without n reads until EOF or error; {"stop": true} stops"""
        c = self.byname[name]
        if a.get("stop"):
            c.reading = False
            self.log(t=t, op="recv_stop", sock=name, total=c.total)
            return
        c.reading = True
        c.limit = a.get("n")
        self.log(t=t, op="recv_start", sock=name, n=c.limit)
        self.drain(c)

    def drain(self, c):
        got, t = 0, mono()
        while c.reading:
            want = 65536 if c.limit is None else min(65536, c.limit)
            if want == 0:
                c.reading = False
                self.log(t=t, op="recv_done", sock=c.name, total=c.total)
                break
            try:
                b = c.s.recv(want)
            except OSError as e:
                if e.errno == errno.EAGAIN:
                    break
                if got:
                    self.log(t=t, op="recv", sock=c.name, ret=got, total=c.total)
                    got = 0
                self.log(op="recv", sock=c.name, err=ename(e.errno), total=c.total)
                c.reading = False
                self.fire(c.name + ":err")
                return
            if not b:
                if got:
                    self.log(t=t, op="recv", sock=c.name, ret=got, total=c.total)
                    got = 0
                self.log(op="recv", sock=c.name, ret=0, eof=True, total=c.total)
                c.reading = False
                self.fire(c.name + ":eof")
                return
            got += len(b)
            c.total += len(b)
            if c.limit is not None:
                c.limit -= len(b)
        if got:
            self.log(t=t, op="recv", sock=c.name, ret=got, total=c.total)
            self.fire("%s:recv>=%d" % (c.name, c.total))

    def do_recv_once(self, a, name, t):
        """one recv(n) call, whatever it returns"""
        c = self.byname[name]
        try:
            b = c.s.recv(a.get("n", 65536))
            c.total += len(b)
            self.log(t=t, op="recv", sock=name, ret=len(b), total=c.total)
        except OSError as e:
            self.log(t=t, op="recv", sock=name, err=ename(e.errno), total=c.total)

    def do_shutdown(self, a, name, t):
        c = self.byname[name]
        how = a.get("how", "WR")
        try:
            c.s.shutdown(HOW[how])
            self.log(t=t, op="shutdown", sock=name, how=how, ret=0, t_ret=mono())
        except OSError as e:
            self.log(t=t, op="shutdown", sock=name, how=how, err=ename(e.errno), t_ret=mono())

    def do_close(self, a, name, t):
        c = self.byname.get(name) or self.byname[a.get("sock", "l")]
        self.forget(c)
        self.listeners.pop(c.fd, None)
        fd = c.s.detach()
        if c.linger:
            def w():
                t1 = mono()
                try:
                    os.close(fd)
                    r = {"ret": 0}
                except OSError as e:
                    r = {"err": ename(e.errno)}
                self.log(t=t1, op="close", sock=name, linger=True, t_ret=mono(), **r)
                self.fire(name + ":closed")
            self.log(t=t, op="close_begin", sock=name, linger=True)
            threading.Thread(target=w, daemon=True).start()
            return
        try:
            t = mono()
            os.close(fd)
            r = {"ret": 0}
        except OSError as e:
            r = {"err": ename(e.errno)}
        self.log(t=t, op="close", sock=name, t_ret=mono(), **r)
        self.fire(name + ":closed")

    def do_setsockopt(self, a, name, t):
        c = self.byname[name]
        for k, v in a["opts"].items():
            self.setopts(c.s, {k: v}, name)
            if k == "SO_LINGER":
                c.linger = bool(v[0]) and v[1] > 0

    def do_getsockopt(self, a, name, t):
        c = self.byname[name]
        lv, op = OPTS[a["opt"]]
        try:
            v = c.s.getsockopt(lv, op)
            self.log(t=t, op="getsockopt", sock=name, opt=a["opt"], ret=ename(v) if a["opt"] == "SO_ERROR" and v else v)
        except OSError as e:
            self.log(t=t, op="getsockopt", sock=name, opt=a["opt"], err=ename(e.errno))

    def do_info(self, a, name, t):
        c = self.byname[name]
        try:
            b = c.s.getsockopt(TCP, 11, 104)
        except OSError as e:
            self.log(t=t, op="info", sock=name, err=ename(e.errno))
            return
        st, ca, rtx, probes, backoff = b[0], b[1], b[2], b[3], b[4]
        u = struct.unpack_from("<24I", b, 8)
        self.log(t=t, op="info", sock=name, state=st, ca=ca, retransmits=rtx, probes=probes, backoff=backoff,
                 rto_us=u[0], ato_us=u[1], snd_mss=u[2], unacked=u[4], rtt_us=u[15], rttvar_us=u[16], cwnd=u[18])

    def do_kill(self, a, name, t):
        self.log(t=t, op="sigkill_self")
        os.kill(os.getpid(), signal.SIGKILL)

    def do_exit(self, a, name, t):
        self.log(t=t, op="exit")
        os._exit(0)

    # ---- loop
    def event(self, fd, ev):
        if fd in self.listeners:
            c, la = self.listeners[fd]
            while self.accept_one(c, la):
                pass
            return
        c = self.byfd.get(fd)
        if c is None:
            return
        if not c.connected:
            if ev & (select.EPOLLOUT | select.EPOLLERR | select.EPOLLHUP):
                e = c.s.getsockopt(SOL, socket.SO_ERROR)
                if e:
                    self.log(op="connected", sock=c.name, err=ename(e))
                    self.fire(c.name + ":connerr")
                    return
                if ev & select.EPOLLHUP:
                    return
                c.connected = True
                self.log(op="connected", sock=c.name, ret=0)
                c.reading = c.read_after_connect
                self.fire(c.name + ":connected")
            else:
                return
        if c.reading:
            self.drain(c)
        if c.sendq and ev & (select.EPOLLOUT | select.EPOLLERR | select.EPOLLHUP):
            self.pump(c)
        new = ev & (select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR) & ~c.seen
        if new and c.fd in self.byfd:
            c.seen |= new
            names = [n for n in ("EPOLLRDHUP", "EPOLLHUP", "EPOLLERR") if new & getattr(select, n)]
            self.log(op="poll", sock=c.name, events="|".join(names))

    def run(self):
        while True:
            now = mono()
            while self.heap and self.heap[0][0] <= now:
                _, _, a = heapq.heappop(self.heap)
                self.do(a)
                now = mono()
            dt = 3600 if not self.heap else self.heap[0][0] - now
            if dt < 0.0012:
                if dt > 0:
                    time.sleep(dt)
                dt = 0
            else:
                dt -= 0.001
            for fd, ev in self.ep.poll(dt):
                self.event(fd, ev)


if __name__ == "__main__":
    import ctypes
    libc = ctypes.CDLL(None)
    libc.prctl(1, signal.SIGKILL, 0, 0, 0)   # PR_SET_PDEATHSIG: never outlive oracle.py
    libc.prctl(29, 1, 0, 0, 0)               # PR_SET_TIMERSLACK
    ch = socket.socket(fileno=int(sys.argv[1]))
    try:
        App(ch).run()
    except KeyboardInterrupt:
        pass
