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

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
ROOT = pathlib.Path(sys.argv[2]).resolve()
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="lastack-terminal-"))
PATIENCE = 30  # seconds until what is awaited counts as missing: nothing here is timed
RIGHT, LEFT, ENTER, ESCAPE, BACKSPACE = b"\x1b[C", b"\x1b[D", b"\r", b"\x1b", b"\x7f"
passed = failed = 0


class Terminal:
    def __init__(self, *arguments, columns=80, lines=24):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        environment = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
        self.process = subprocess.Popen([PROGRAM, *arguments], cwd=FOLDER, env=environment, stdin=self.slave, stdout=self.slave,
                                        stderr=self.slave, start_new_session=True)
        self.bytes = b""

    def page(self):
        """What stands on the screen: what came after the cursor last went home."""
        text = self.bytes.decode("utf-8", "replace").split("\x1b[H")[-1]
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "")

    def read(self):
        ready, _, _ = select.select([self.master], [], [], 0.05)
        if ready:
            try:
                self.bytes += os.read(self.master, 65536)
            except OSError:
                pass

    def until(self, true):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if true(self.page()):
                return True
            self.read()
        return False

    def press(self, *keys):
        for key in keys:
            os.write(self.master, key if isinstance(key, bytes) else key.encode())

    def resize(self, columns, lines):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

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
        return termios.tcgetattr(self.slave) == self.before and self.bytes.endswith(b"\x1b[?25h\x1b[?1049l")

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


def fits(page, columns, lines):
    rows = page.split("\n")
    return len(rows) <= lines and all(len(row) <= columns for row in rows)


def steps_and_questions():
    t = Terminal("play", "lost-final-ack.scn")
    judge(t.until(lambda p: "0.000 s | moment 0 of 12 | paused" in p), "play begins paused, before the first moment", t)
    judge(fits(t.page(), 80, 24), "the page fits 80x24", t)
    t.press(RIGHT, RIGHT)
    judge(t.until(lambda p: "moment 2 of 12" in p and "under way: a SYN seq 0 -> server" in p), "right steps; the SYN is under way", t)
    t.press(LEFT)
    judge(t.until(lambda p: "moment 1 of 12" in p and "under way: nothing" in p), "left steps back", t)
    t.press("n")
    judge(t.until(lambda p: "SYN_SENT" in p), "n goes to the next change of a state", t)
    t.press("t", "1.019", ENTER, RIGHT)
    judge(t.until(lambda p: "? The last ACK is lost." in p and "tail-loss-probe" not in p), "a question waits for its answer", t)
    t.press(" ")
    judge(t.until(lambda p: "→ tail-loss-probe" in p), "the next key answers it", t)
    t.press("$")
    judge(t.until(lambda p: "moment 12 of 12 | the end, all held" in p and "61.244" in p), "$ goes to the end", t)
    t.resize(100, 30)
    judge(t.until(lambda p: p.count("\n") == 29), "the page follows the terminal's size", t)
    t.resize(80, 12)
    judge(t.until(lambda p: p.count("\n") == 11) and fits(t.page(), 80, 12), "a small terminal too", t)
    t.press("?")
    judge(t.until(lambda p: "kill a segment" in p), "? shows the keys", t)
    t.press("x", "q")
    judge(t.ended() == 0 and t.as_found(), "q leaves the terminal as it was found", t)
    t.close()


def a_branch():
    t = Terminal("play", "lost-final-ack.scn")
    t.press("t", "1s", ENTER)
    judge(t.until(lambda p: "under way: a FIN ACK seq 1 ack 1 -> server" in p), "the FIN is under way", t)
    t.press("k", "a")
    judge(t.until(lambda p: "branch 1" in p and "branch: drop 1st FIN client -> server" in p), "k and a letter kill it", t)
    t.press("w", *[BACKSPACE] * 10, "mine.scn", ENTER)
    judge(t.until(lambda p: "saved: lastack run mine.scn" in p), "w writes the branch", t)
    t.press("w", *[BACKSPACE] * 10, "mine.scn", ENTER)
    judge(t.until(lambda p: "there is a file of that name" in p), "and never over another file", t)
    t.press("u")
    judge(t.until(lambda p: "branch 1" not in p), "u takes the kill back", t)
    t.press("q")
    judge(t.ended() == 0, "q ends it", t)
    t.close()
    run = subprocess.run([PROGRAM, "test", "mine.scn"], cwd=FOLDER, capture_output=True, text=True, timeout=PATIENCE, check=False)
    judge(run.returncode == 0, "the branch is a scenario that holds: " + run.stdout + run.stderr)
    judge("\ndrop 1st FIN client -> server\n" in (FOLDER / "mine.scn").read_text(encoding="utf-8"), "with its line")


def what_a_branch_breaks_is_said():
    t = Terminal("play", "four-packets.scn")
    t.press("n", "n", "n", "n", "n", "n")
    judge(t.until(lambda p: "under way: a FIN" in p), "the FIN of four packets", t)
    t.press("k", "a", "w", *[BACKSPACE] * 10, "broken.scn", ENTER)
    judge(t.until(lambda p: "saved: " in p), "the branch is written", t)
    t.press("\x03")
    judge(t.ended() == 0 and t.as_found(), "^C ends it, and the terminal is as it was", t)
    t.close()
    run = subprocess.run([PROGRAM, "run", "broken.scn"], cwd=FOLDER, capture_output=True, text=True, timeout=PATIENCE, check=False)
    judge(run.returncode == 0, "its base holds, without what no longer does: " + run.stderr)
    judge("# no longer so: expect" in (FOLDER / "broken.scn").read_text(encoding="utf-8"), "an expectation that fails is a comment")


def signals_and_no_terminal():
    t = Terminal("play", "lost-final-ack.scn", "--speed", "1/1000")
    judge(t.until(lambda p: "paused | 1/1000x" in p), "--speed", t)
    t.press(" ")
    judge(t.until(lambda p: "playing" in p), "space plays", t)
    t.process.send_signal(signal.SIGTERM)
    judge(t.ended() == 0 and t.as_found(), "a SIGTERM leaves the terminal as it was found", t)
    t.close()
    t = Terminal("play", "lost-final-ack.scn", "--speed", "1000")
    t.press(" ")
    judge(t.until(lambda p: "? The last ACK is lost." in p), "playing stops at the question", t)
    t.press(" ", " ")
    judge(t.until(lambda p: "the end, all held" in p), "and goes on to the end", t)
    t.close()
    run = subprocess.run([PROGRAM, "play", "lost-final-ack.scn"], cwd=FOLDER, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                         timeout=PATIENCE, check=False)
    judge(run.returncode == 3 and "terminal" in run.stderr and run.stdout == "", "without a terminal: exit 3 and a word why")


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
    run = subprocess.run([PROGRAM, "play", "lost-final-ack.scn"], cwd=FOLDER, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                         timeout=PATIENCE, check=False)
    if "without libuv" in run.stderr:
        print("skipped: this program was built without libuv")
        return 77
    try:
        steps_and_questions()
        a_branch()
        what_a_branch_breaks_is_said()
        signals_and_no_terminal()
        watching()
    finally:
        shutil.rmtree(FOLDER)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
