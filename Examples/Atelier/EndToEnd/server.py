"""Starts, stops and kills the real server."""

import os
import pathlib
import queue
import re
import signal
import subprocess
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent

# What `make demo` runs.
DEMO = [str(ROOT / "scripts" / "demo")]


def build():
    """Builds the server as `make demo` does, and returns the program's path."""
    base = ["swift", "build", "--package-path", "Examples/Atelier", "--scratch-path", ".build", "--product", "atelier"]
    subprocess.run(base + ["--quiet"], check=True, cwd=ROOT)
    folder = subprocess.run(base + ["--show-bin-path"], check=True, cwd=ROOT, capture_output=True, text=True)
    return [str(pathlib.Path(folder.stdout.strip()) / "atelier")]


class Server:
    """A running server. Its address is known when this returns; leaving the `with` stops it."""

    def __init__(self, command, folder, wait=900, port=0):
        self.log = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(
            command + ["--port", str(port), "--data", str(folder)], stdout=subprocess.PIPE, stderr=self.log, text=True)
        lines = queue.Queue()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()
        while True:
            line = lines.get(timeout=wait)
            if line is None:
                raise RuntimeError("the server ended before it listened:\n" + self.errors())
            if found := re.match(r"Atelier is open: (\S+)", line):
                self.address = found.group(1)
                return

    def _read(self, lines):
        for line in self.process.stdout:
            lines.put(line)
        lines.put(None)

    def errors(self):
        self.log.seek(0)
        return self.log.read()

    def kill(self):
        """As `kill -9`."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)

    def stop(self):
        """As Ctrl-C, and waits; a server that does not heed it is a failure."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=60)
        if code != 0:
            raise RuntimeError(f"the server ended with {code}:\n" + self.errors())

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is not None:
            return
        if kind is None:
            self.stop()
        else:
            self.kill()
            print(self.errors())
