"""Starts the server of the protocol tests, talks to it, and signs tokens as its guide describes them."""

import base64
import hashlib
import hmac
import json
import queue
import signal
import subprocess
import threading
import time

from server import ROOT

SECRET = b"s" * 32


def build():
    """Builds the server and returns the program's path."""
    base = ["swift", "build", "--enable-all-traits", "--product", "LiteStackSocketServer"]
    subprocess.run(base + ["--quiet"], check=True, cwd=ROOT)
    folder = subprocess.run(base + ["--show-bin-path"], check=True, cwd=ROOT, capture_output=True, text=True)
    return folder.stdout.strip() + "/LiteStackSocketServer"


def token(subject="ada", channels=("room.>",), may=(), seconds=600, secret=SECRET, key="k", info=None, age=0):
    """A signed token: three parts with dots, and an HMAC-SHA256 over them."""
    now = int(time.time() * 1000) - age * 1000
    claims = {"sub": subject, "ch": list(channels), "may": list(may), "iat": now, "exp": now + int(seconds * 1000)}
    if info is not None:
        claims["info"] = json.dumps(info)
    signed = f"lite1.{key}.{encoded(json.dumps(claims).encode())}"
    return f"{signed}.{encoded(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class SocketServer:
    """A running server; leaving the `with` stops it as a deploy would, and a server that does not end is a failure."""

    def __init__(self, program, *options, limit=None):
        """`limit` is how many descriptors it may have."""
        command = [program, *map(str, options)]
        if limit is not None:
            command = ["prlimit", f"--nofile={limit}", *command]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.lines = queue.Queue()
        self.asking = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()
        self.port = int(self._line().removeprefix("open "))
        self.address = f"ws://127.0.0.1:{self.port}/cable/socket"

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def _line(self):
        line = self.lines.get(timeout=60)
        if line is None:
            raise RuntimeError(f"the server ended with {self.process.wait(timeout=30)}")
        return line

    def ask(self, line):
        with self.asking:
            self.process.stdin.write(line + "\n")
            return self._line()

    def publish(self, channel, count=1, size=16):
        """Publishes texts and returns the cursor of the last one."""
        return self.ask(f"publish {channel} {count} {size}")

    def wait_until_empty(self):
        """Until no client is counted any more."""
        deadline = time.monotonic() + 30
        while (count := self.ask("connections")) != "0":
            assert time.monotonic() < deadline, f"{count} clients are still counted"
            time.sleep(0.02)

    def kill(self):
        """As `kill -9`."""
        self.process.kill()
        self.process.wait(timeout=30)

    def end(self):
        """As a deploy does, and waits; a server that does not heed it is a failure."""
        self.terminate()
        code = self.process.wait(timeout=30)
        assert code == 0, f"the server ended with {code}"

    def terminate(self):
        """As a deploy does."""
        self.process.send_signal(signal.SIGTERM)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            self.kill()
        elif self.process.poll() is None:
            self.end()
        else:
            assert self.process.returncode == 0, f"the server ended with {self.process.returncode}"
