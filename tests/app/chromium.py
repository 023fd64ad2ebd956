# SPDX-License-Identifier: MIT
"""A headless Chromium, spoken to by its DevTools protocol over a pipe (file descriptors 3 and 4, a zero byte after each message): no port
is opened and no library is needed."""
import base64
import json
import os
import select
import shutil
import subprocess
import time

PROGRAM = next((c for c in ("chromium", "chromium-browser", "google-chrome", "chrome") if shutil.which(c)), None)
PATIENCE = 120 # seconds for one answer


class Stopped(Exception):
    """The browser or the page's script did not do what was asked."""


class Browser:
    """One browser with one page. `profile` is a folder of its own."""

    def __init__(self, profile):
        to_browser, self.writing = os.pipe()
        self.reading, from_browser = os.pipe()
        # The shell moves the pipe's ends to the numbers that Chromium expects.
        command = ["/bin/sh", "-c", f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}', PROGRAM, "--headless", "--no-sandbox", "--disable-gpu",
                   "--hide-scrollbars", "--disable-dev-shm-usage", f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"]
        self.process = subprocess.Popen(command, pass_fds=(to_browser, from_browser), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.left, self.number, self.session, self.events = b"", 0, None, []
        pages = [t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page"]
        self.session = self.ask("Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Accessibility"):
            self.ask(domain + ".enable")

    def close(self):
        try:
            self.session = None
            self.ask("Browser.close")
        except (Stopped, OSError):
            self.process.kill()
        self.process.wait(30)
        os.close(self.writing)
        os.close(self.reading)

    # ---- messages ----

    def message(self, until):
        while b"\0" not in self.left:
            if not select.select([self.reading], [], [], max(0.0, until - time.monotonic()))[0]:
                raise Stopped("the browser does not answer")
            some = os.read(self.reading, 1 << 20)
            if not some:
                raise Stopped("the browser went away")
            self.left += some
        one, self.left = self.left.split(b"\0", 1)
        return json.loads(one)

    def ask(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session is not None:
            request["sessionId"] = self.session
        os.write(self.writing, json.dumps(request).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while True:
            answer = self.message(until)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise Stopped(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method):
        until = time.monotonic() + PATIENCE
        while True:
            for event in self.events:
                if event.get("method") == method:
                    self.events.remove(event)
                    return event["params"]
            self.events.append(self.message(until))

    # ---- what a reader does ----

    def open(self, uri, width=1280, height=720, scale=1, dark=False):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=width < 600)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.events.clear()
        self.ask("Page.navigate", url=uri)
        self.wait_for("Page.loadEventFired")

    def evaluate(self, script):
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise Stopped(answer["exceptionDetails"].get("exception", {}).get("description", answer["exceptionDetails"]["text"]))
        return answer["result"].get("value")

    def key(self, name, text=None, shift=False):
        codes = {"Tab": 9, "Enter": 13, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        text = text if text is not None else name if len(name) == 1 else "\r" if name == "Enter" else None
        press = {"key": name, "windowsVirtualKeyCode": codes.get(name, ord(name[0].upper())), "modifiers": 8 if shift else 0}
        self.ask("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **press, **({"text": text} if text else {}))
        self.ask("Input.dispatchKeyEvent", type="keyUp", **press)

    def tree(self):
        """What a screen reader is given, in its order: (depth, role, name, properties) of each node that is not ignored."""
        nodes = {node["nodeId"]: node for node in self.ask("Accessibility.getFullAXTree")["nodes"]}
        found = []

        def walk(node, depth):
            if not node.get("ignored"):
                properties = {p["name"]: p["value"].get("value") for p in node.get("properties", [])}
                found.append((depth, node["role"]["value"], node.get("name", {}).get("value", ""), properties))
                depth += 1
            for child in node.get("childIds", []):
                if child in nodes:
                    walk(nodes[child], depth)

        walk(next(node for node in nodes.values() if "parentId" not in node), 0)
        return found

    def picture(self, path):
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))

    def pdf(self, path, **options):
        path.write_bytes(base64.b64decode(self.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True, **options)["data"]))
