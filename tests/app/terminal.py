#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`lastack play` and `lastack watch` on a terminal of 80x24, as somebody at its keys meets them.

usage: terminal.py PROGRAM SOURCE_ROOT        prints what is not so, then «N passed, N failed»; 77: built without libuv
"""
import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

from screen import Screen

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
ROOT = pathlib.Path(sys.argv[2]).resolve()
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="lastack-terminal-"))
PATIENCE = 120  # seconds until what is awaited counts as missing: nothing here is timed
RIGHT, LEFT, HOME, END, ENTER, ESCAPE, BACKSPACE = b"\x1b[C", b"\x1b[D", b"\x1b[H", b"\x1bOF", b"\r", b"\x1b", b"\x7f"
passed = failed = 0
# The FIN leaves at an instant of many nanoseconds: what draws them is the seed.
CLOCKED = """scenario "With a clock"
clock 10:30:00
let PAUSE = 7s
host client
host server
link client -- server  delay 10ms  jitter 3ms
app client
    connect server:80
    send 300
    after $PAUSE  close
service server 80
    recv until eof
    close
"""


class Terminal:
    """A terminal with a program on it: lastack, or another one."""

    def __init__(self, *arguments, columns=80, lines=24, program=PROGRAM, **environment):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        self.screen = Screen(columns, lines)
        environment = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": "1", "LASTACK_TYPED": "./lastack", **environment}
        self.process = subprocess.Popen([program, *arguments], cwd=FOLDER, env=environment, stdin=self.slave, stdout=self.slave,
                                        stderr=self.slave, preexec_fn=self.take)
        self.bytes = b""

    @staticmethod
    def take():
        """The terminal becomes that of a session of its own, with job control."""
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def page(self):
        return self.screen.page()

    def read(self):
        ready, _, _ = select.select([self.master], [], [], 0.05)
        if ready:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            self.bytes += data
            self.screen.feed(data)

    def until(self, true):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if true(self.page()):
                return True
            self.read()
        return False

    def press(self, *keys):
        """Each in its turn: what lastack reads at one time is several keys if they came together."""
        for key in keys:
            os.write(self.master, key if isinstance(key, bytes) else key.encode())

    def resize(self, columns, lines):
        self.screen.resize(columns, lines)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def ended(self):
        """The exit status; None if it does not end."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            self.read()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            return None
        for _ in range(10):
            self.read()
        return self.process.returncode

    def as_found(self):
        return termios.tcgetattr(self.slave) == self.before and not self.screen.other and self.screen.cursor and self.screen.wraps

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


def judge(good, what, terminal=None):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print(f"failed: {what}")
        if terminal is not None:
            print("    " + terminal.page().replace("\n", "\n    "))


def lines_of(page):
    return page.split("\n")


def steps_and_questions():
    t = Terminal("play", "lost-final-ack.scn")
    judge(t.until(lambda p: "0.000 s | event 0 | paused" in p), "play begins paused, before the first step", t)
    judge(t.until(lambda p: "next: server: CLOSED -> LISTEN" in p), "it says what happens next", t)
    judge(len(lines_of(t.page())) == 24 and "q quit" in lines_of(t.page())[23], "the page fills 80x24", t)
    t.press(RIGHT, RIGHT)
    judge(t.until(lambda p: "── SYN seq 0" in p and "under way: SYN seq 0 -> server" in p), "right steps; the SYN is under way", t)
    judge(t.until(lambda p: "next: in 10ms, server receives segment 1, SYN" in p), "and what becomes of it is next", t)
    t.press(LEFT)
    judge(t.until(lambda p: "── SYN seq 0" not in p and "under way: nothing" in p), "left steps back", t)
    t.press("n")
    judge(t.until(lambda p: "SYN_SENT" in p), "n goes to the next change of a state", t)
    t.press("n", "n")
    judge(t.until(lambda p: "0.020 s" in p and "ESTABLISHED" in p), "and to the next", t)
    t.press("p")
    judge(t.until(lambda p: "0.010 s" in p and "ESTABLISHED" not in p), "p to the one before", t)
    t.press("t", "1.019", ENTER)
    judge(t.until(lambda p: re.search(r"1\.019 s \| event \d+ \| paused", p) and "LAST_ACK" in p), "t goes to a time, between two steps too", t)
    t.press("n", "n")
    judge(t.until(lambda p: "a question" in p and "? The last ACK is lost." in p and "tail-loss-probe" not in p and "next:" not in p),
          "a question stops n, and tells nothing of its answer", t)
    t.press(" ")
    judge(t.until(lambda p: "→ tail-loss-probe" in p), "the next key answers it", t)
    t.press("y")
    judge(t.until(lambda p: "because" in p and "client sends segment" in p and "│" not in p), "y tells why the last thing happened", t)
    t.press("x")
    judge(t.until(lambda p: "because" not in p and "→ tail-loss-probe" in p), "and any key goes back", t)
    t.press("t", "+10ms", ENTER)
    judge(t.until(lambda p: re.search(r"1\.030 s \| event \d+ \| paused", p)), "a time may count from now", t)
    t.press("t", "soon", ENTER)
    judge(t.until(lambda p: "that is no time" in p), "what is no time is said", t)
    t.press("$")
    run = subprocess.run([PROGRAM, "run", "lost-final-ack.scn"], cwd=FOLDER, capture_output=True, text=True, timeout=PATIENCE, check=False)
    trace = re.search(r"trace +([0-9a-f]{16})", run.stdout).group(1)
    judge(t.until(lambda p: re.search(rf"61\.244 s \| event \d+ \| the end, all held \| trace {trace}", p) and "next: nothing more" in p),
          "$ goes to the end, which has the run's hash", t)
    t.press(LEFT)
    judge(t.until(lambda p: re.search(r"1\.254 s \| event \d+ \| paused", p)), "and back from there", t)
    t.press(HOME)
    judge(t.until(lambda p: re.search(r"\b0\.000 s \| event \d+ \| paused", p) and "│" not in p), "home goes to the beginning", t)
    t.press(END, "q")
    judge(t.ended() == 0 and t.as_found(), "q leaves the terminal as it was found", t)
    t.close()


def every_answer_has_its_time():
    """What an `ask` for the verdict asks is known at the end, and no sooner."""
    (FOLDER / "verdict.scn").write_text((FOLDER / "four-packets.scn").read_text(encoding="utf-8").split("variant")[0]
                                        + '\nat 1.5s  ask "How will this end?" = verdict\n', encoding="utf-8")
    t = Terminal("play", "verdict.scn")
    t.press("t", "1.6s", ENTER)
    judge(t.until(lambda p: "→ known when the run has ended" in p), "a verdict is not known before the end", t)
    t.press("$", "t", "1.6s", ENTER)
    judge(t.until(lambda p: "→ clean" in p), "and afterwards it is", t)
    t.close()


def keys_and_sizes():
    t = Terminal("play", "lost-final-ack.scn", NO_COLOR="")
    t.press(RIGHT, RIGHT)
    judge(t.until(lambda p: "SYN seq 0" in p) and t.screen.styled, "a terminal has colours", t)
    t.press("c")
    judge(t.until(lambda p: "SYN seq 0" in p), "c takes them away", t)
    t.read()
    t.screen.styled = False
    t.press("n", "n")
    judge(t.until(lambda p: "SYN_RECEIVED" in p) and not t.screen.styled, "without colours nothing is marked by one", t)
    t.resize(120, 40)
    judge(t.until(lambda p: len(lines_of(p)) == 40 and "q quit" in lines_of(p)[39]), "the page follows the terminal's size", t)
    judge(max(len(line) for line in lines_of(t.page())) > 80, "and its width", t)
    t.resize(80, 12)
    judge(t.until(lambda p: len(lines_of(p)) == 12 and "q quit" in lines_of(p)[11]), "a small terminal too", t)
    t.resize(60, 12)
    judge(t.until(lambda p: "This window has 60 columns" in p), "one that is too small is told so", t)
    t.press(RIGHT)
    t.resize(80, 24)
    judge(t.until(lambda p: "ESTABLISHED" in p or "SYN ACK" in p), "and keys go on to mean what they mean", t)
    t.press("?")
    judge(t.until(lambda p: "kill a segment" in p and "q quit" not in p), "? shows the keys", t)
    t.press("x", "+", "+")
    judge(t.until(lambda p: "| 4/50x" in p or "0.080x" in p), "+ makes it faster", t)
    t.press("k", "x", "w")
    judge(t.until(lambda p: "kill a segment first" in p), "there is nothing to write yet", t)
    t.press("u")
    judge(t.until(lambda p: "nothing was killed" in p), "and nothing to undo", t)
    t.press("\x04")
    judge(t.ended() == 0 and t.as_found(), "^D ends it", t)
    t.close()


def a_small_window():
    t = Terminal("play", "lost-final-ack.scn", columns=80, lines=12)
    judge(t.until(lambda p: "q quit" in p and "under way: nothing" in p), "12 lines of 80 columns are enough", t)
    t.press("?")
    judge(t.until(lambda p: "space        play, pause" in p and "space or right: more" in p), "a long help begins, and says how to read on", t)
    told = set(lines_of(t.page()))
    while "right: more" in t.page():
        before = t.page()
        t.press(" ")
        t.until(lambda p: p != before)
        told |= set(lines_of(t.page()))
    judge(any("answers it." in line for line in told) and all(any(key in line for line in told) for key in
          ("+ -", "c            with", "y            why", "w            write", "q            quit")), f"all of it can be read: {told}", t)
    judge(t.until(lambda p: "any key: back to the ladder" in p), "the last page says so", t)
    t.press(" ", "n", "n", "n", "y")
    judge(t.until(lambda p: "because" in p and "space or right: more" in p), "so does a long chain of causes", t)
    t.press("x")
    judge(t.until(lambda p: "space play" in p and "because" not in p), "another key leaves it", t)
    t.press("?")
    judge(t.until(lambda p: "space        play, pause" in p), "and it begins anew", t)
    t.press("x", "q")
    judge(t.ended() == 0, "q ends it", t)
    t.close()


def a_branch():
    t = Terminal("play", "lost-final-ack.scn")
    t.press("t", "1s", ENTER)
    judge(t.until(lambda p: "under way: FIN ACK seq 1 ack 1 -> server" in p), "the FIN is under way", t)
    t.press("k")
    judge(t.until(lambda p: "a  FIN ACK seq 1 ack 1  client -> server" in p), "k asks which", t)
    t.press("a")
    judge(t.until(lambda p: "branch 1" in p and "branch: drop 1st FIN client -> server" in p and "✗" in p), "a letter kills it", t)
    t.press("$", "w", b"\x15", "mine.scn", ENTER)
    judge(t.until(lambda p: "saved: ./lastack run mine.scn --seed 7 --variant 2" in p), "w writes the branch, and says how it is run", t)
    found = re.search(r"the end, all held \| trace ([0-9a-f]{16})", t.page())
    judge(found, "and what is on the screen is what was written", t)
    again = re.search(r"saved: ./lastack run (.*)", t.page())
    t.press("w", b"\x15", "mine.scn", ENTER)
    judge(t.until(lambda p: "there is a file of that name" in p), "and never over another file", t)
    t.press("u")
    judge(t.until(lambda p: "branch 1" not in p), "u takes the kill back", t)
    t.press("q")
    judge(t.ended() == 0, "q ends it", t)
    t.close()
    run = subprocess.run([PROGRAM, "test", "mine.scn"], cwd=FOLDER, capture_output=True, text=True, timeout=PATIENCE, check=False)
    judge(run.returncode == 0, "the branch is a scenario that holds: " + run.stdout + run.stderr)
    run = subprocess.run([PROGRAM, "run", *again.group(1).split()], cwd=FOLDER, capture_output=True, text=True, timeout=PATIENCE, check=False)
    judge(found and found.group(1) in run.stdout, "and plays the very run that was on the screen: " + run.stdout)


def a_branch_of_what_the_command_line_said():
    t = Terminal("play", "clocked.scn", "--seed", "9", "--set", "PAUSE=2s", "--profile", "client=rfc9293")
    judge(t.until(lambda p: "paused" in p), "it opens", t)
    t.press("t", "10:30:02.0", ENTER)
    judge(t.until(lambda p: re.search(r"^2\.000 s \| event", p, re.M)), "a time may be the clock's", t)
    t.press("n")
    judge(t.until(lambda p: "under way: FIN ACK" in p), "the FIN is under way", t)
    shown = re.search(r"10:30:02\.(\d{6}) +close", t.page())
    t.press(HOME, "t", shown.group(0).split()[0] if shown else "0", ENTER)
    judge(t.until(lambda p: "under way: FIN ACK" in p), "a time as the ladder shows it is that moment: " + repr(shown), t)
    t.press("k", "a")
    judge(t.until(lambda p: "branch 1" in p), "a letter kills it", t)
    t.press("$", "w", b"\x15", "given.scn", ENTER)
    judge(t.until(lambda p: "saved: ./lastack run given.scn --seed 9 --variant 1" in p), "w writes the branch, and no option is left to be said", t)
    found = re.search(r"the end, .* \| trace ([0-9a-f]{16})", t.page())
    t.press("q")
    t.ended()
    t.close()
    run = subprocess.run([PROGRAM, "run", "given.scn", "--variant", "1"], cwd=FOLDER, capture_output=True, text=True, timeout=PATIENCE, check=False)
    judge(found and found.group(1) in run.stdout, "the file alone plays what was on the screen: " + run.stdout + run.stderr)


def what_a_branch_breaks_is_said():
    t = Terminal("play", "four-packets.scn")
    t.press(*"nnnnn")
    judge(t.until(lambda p: "under way: FIN" in p), "the FIN of four packets", t)
    t.press("k", "a", "w", b"\x15", "broken.scn", ENTER)
    judge(t.until(lambda p: "saved: " in p), "the branch is written", t)
    t.press("\x03")
    judge(t.ended() == 0 and t.as_found(), "^C ends it, and the terminal is as it was", t)
    t.close()
    run = subprocess.run([PROGRAM, "test", "broken.scn"], cwd=FOLDER, capture_output=True, text=True, timeout=PATIENCE, check=False)
    judge(run.returncode == 0, "it holds, with all its variants: " + run.stdout + run.stderr)
    judge('variant "branch: drop 1st FIN' in (FOLDER / "broken.scn").read_text(encoding="utf-8"), "the branch is a variant")


def a_long_run():
    """Nothing is played before it is asked for; what is asked for can be stopped; and the way back does not need all that was."""
    (FOLDER / "long.scn").write_text("""scenario "A day of heartbeats"
stop 20h
host client  linux
host server  linux
link client -- server  delay 10ms
app client
    connect server:80
    set keepalive 1s 1s 3
    sleep 19h
    close
service server 80
    recv until eof
    close
""", encoding="utf-8")
    t = Terminal("play", "long.scn")
    judge(t.until(lambda p: re.search(r"\b0\.000 s \| event \d+ \| paused", p)), "it opens at once", t)
    t.press(b"t18h\rx")
    judge(t.until(lambda p: "paused" in p and not p.split("\n")[-5].startswith(("0.000", "64800"))), "a key stops it on its way", t)
    t.press("t", "18h", ENTER)
    judge(t.until(lambda p: re.search(r"64800\.000 s \| event \d+ \| paused", p)), "eighteen hours on", t)
    seen = t.page()
    t.press(RIGHT, LEFT, "0")
    judge(t.until(lambda p: re.search(r"\n0\.000 s \| event \d+ \| paused", p)), "back to the beginning", t)
    t.press("t", "18h", ENTER)
    judge(t.until(lambda p: p == seen), "and there again: the same page", t)
    memory = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{t.process.pid}/status").read_text(encoding="utf-8"))
    judge(memory and int(memory.group(1)) < 100000, f"in a hundred megabytes: {memory and memory.group(1)} kB", t)
    t.press("$")
    judge(t.until(lambda p: re.search(r"72000\.000 s \| event \d+ \| the end, not judged \| trace ", p)), "the end of the day", t)
    t.press("q")
    judge(t.ended() == 0, "q ends it", t)
    t.close()


def signals_and_no_terminal():
    t = Terminal("play", "lost-final-ack.scn", "--speed", "1/1000")
    judge(t.until(lambda p: "paused | 1/1000x" in p), "--speed", t)
    t.press(" ")
    judge(t.until(lambda p: "playing" in p), "space plays", t)
    judge(t.until(lambda p: not lines_of(p)[19].startswith("0.000 s") and "SYN_RECEIVED" not in p), "the clock is seen to go", t)
    t.process.send_signal(signal.SIGTERM)
    judge(t.ended() == 0 and t.as_found(), "a SIGTERM leaves the terminal as it was found", t)
    t.close()
    t = Terminal("play", "lost-final-ack.scn", "--speed", "1000")
    t.press(" ")
    judge(t.until(lambda p: "? The last ACK is lost." in p), "playing stops at the question", t)
    t.press(" ", " ")
    judge(t.until(lambda p: "the end, all held" in p), "and goes on to the end", t)
    t.close()
    t = Terminal("play", "lost-final-ack.scn")
    t.until(lambda p: "paused" in p)
    os.close(t.master)
    judge(t.process.wait(PATIENCE) in (0, 3), "a terminal that goes away ends it")
    os.close(t.slave)
    (FOLDER / "clocked.scn").write_text(CLOCKED, encoding="utf-8")
    run = subprocess.run([PROGRAM, "play", "lost-final-ack.scn"], cwd=FOLDER, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                         timeout=PATIENCE, check=False)
    judge(run.returncode == 3 and "terminal" in run.stderr and run.stdout == "", "without a terminal: exit 3 and a word why")
    t = Terminal("-c", f"'{PROGRAM}' play lost-final-ack.scn | cat; '{PROGRAM}' play lost-final-ack.scn < /dev/null; echo $?", program="/bin/sh")
    judge(t.until(lambda p: p.count("this is played in a terminal") == 2 and "\n3" in p), "nor with only one of input and output", t)
    t.close()


def a_shell_in_between():
    """^Z gives the terminal to the shell as it was, and fg takes it back."""
    if shutil.which("bash") is None:
        return
    t = Terminal("--norc", "--noprofile", "-i", program=shutil.which("bash"), PS1="$ ", LASTACK=PROGRAM)
    t.press("$LASTACK play lost-final-ack.scn", ENTER)
    judge(t.until(lambda p: re.search(r"\b0\.000 s \| event \d+ \| paused", p)), "play from a shell", t)
    t.press(RIGHT, RIGHT)
    judge(t.until(lambda p: "SYN seq 0" in p), "two steps", t)
    t.press("\x1a")
    judge(t.until(lambda p: "Stopped" in p and p.endswith("$")) and not t.screen.other and t.screen.cursor, "^Z stops it; the shell is there", t)
    t.press("stty -a", ENTER)
    judge(t.until(lambda p: re.search(r"(?<!-)icanon", p) and re.search(r"(?<!-)\becho\b", p)), "on a terminal in order", t)
    t.press("fg", ENTER)
    judge(t.until(lambda p: "SYN seq 0" in p and "q quit" in p) and t.screen.other, "fg goes on with it", t)
    t.press(RIGHT)
    judge(t.until(lambda p: "SYN_RECEIVED" in p), "where it was", t)
    t.press("q")
    judge(t.until(lambda p: p.endswith("$") and "SYN_RECEIVED" not in p), "q ends it", t)
    t.press("exit", ENTER)
    t.ended()
    t.close()


def watching():
    shutil.copy(ROOT / "scenarios/lost-final-ack.scn", FOLDER / "watched.scn")
    t = Terminal("watch", "watched.scn")
    judge(t.until(lambda p: "verdict" in p or "clean" in p), "watch plays at once", t)
    text = (FOLDER / "watched.scn").read_text(encoding="utf-8")
    (FOLDER / "new.scn").write_text(text.replace("The final ACK is lost", "Another title"), encoding="utf-8")
    os.replace(FOLDER / "new.scn", FOLDER / "watched.scn")
    judge(t.until(lambda p: "Another title" in t.bytes.decode("utf-8", "replace")), "and again when the file is replaced", t)
    (FOLDER / "watched.scn").write_text("scenario \"x\"\nhots a\n", encoding="utf-8")
    judge(t.until(lambda p: "watched.scn:2:1: error" in t.bytes.decode("utf-8", "replace")), "a mistake is shown, and watching goes on", t)
    t.process.send_signal(signal.SIGINT)
    judge(t.ended() == 0, "^C ends it", t)
    t.close()


def main():
    for name in ("lost-final-ack.scn", "four-packets.scn"):
        shutil.copy(ROOT / "scenarios" / name, FOLDER / name)
    (FOLDER / "clocked.scn").write_text(CLOCKED, encoding="utf-8")
    run = subprocess.run([PROGRAM, "play", "lost-final-ack.scn"], cwd=FOLDER, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                         timeout=PATIENCE, check=False)
    if "without libuv" in run.stderr:
        print("skipped: this program was built without libuv")
        return 77
    try:
        steps_and_questions()
        every_answer_has_its_time()
        keys_and_sizes()
        a_small_window()
        a_branch()
        a_branch_of_what_the_command_line_said()
        what_a_branch_breaks_is_said()
        a_long_run()
        signals_and_no_terminal()
        a_shell_in_between()
        watching()
    finally:
        shutil.rmtree(FOLDER)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
