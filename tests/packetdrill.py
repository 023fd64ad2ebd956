#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The scripts of --format packetdrill are scripts to packetdrill: each end of every scenario is accepted.

usage: packetdrill.py PROGRAM PATH...      skipped where there is neither $PACKETDRILL nor packetdrill in the PATH
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile


def main():
    program, paths = sys.argv[1], [pathlib.Path(path) for path in sys.argv[2:]]
    packetdrill = os.environ.get("PACKETDRILL") or shutil.which("packetdrill")
    if not packetdrill:
        print("skipped: packetdrill reads our scripts: no packetdrill here\n0 passed, 0 failed")
        return 0
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for scenario in [scenario for path in paths for scenario in (sorted(path.rglob("*.scn")) if path.is_dir() else [path])]:
            trace, script = folder + "/trace.jsonl", folder + "/script.pkt"
            subprocess.run([program, "run", str(scenario), "--format", "jsonl", "-o", trace], stderr=subprocess.DEVNULL, check=False)
            head = json.loads(pathlib.Path(trace).read_text(encoding="utf-8").split("\n", 1)[0])
            for host in head["hosts"]:
                made = subprocess.run([program, "view", trace, "--format", "packetdrill", "--of", host, "-o", script], check=False)
                text = pathlib.Path(script).read_text(encoding="utf-8") if made.returncode == 0 else ""
                if "has no such connection" in text:
                    continue
                read = subprocess.run([packetdrill, "--dry_run", script], capture_output=True, text=True, check=False)
                good = made.returncode == 0 and read.returncode == 0
                passed += good
                failed += not good
                if not good:
                    print(f"failed: {scenario}, {host}: {read.stdout}{read.stderr}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
