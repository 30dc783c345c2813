"""Many idle connections by real sockets, from a process of their own: half of them streams of events, half of them
WebSockets. What they cost, that each is woken by its own channel only, and what happens beyond the limits."""

import contextlib
import json
import os
import resource
import selectors
import socket
import time

import rawsocket
from cableserver import SocketServer, build, token

WAIT = 120
# Of a server that was built for debugging. `scripts/bench cable.sse cable.ws` has the figures that count.
MOST_BYTES = 100 << 10


class Connection:
    def __init__(self, server, number, key):
        self.number, self.received, self.messages = number, b"", 0
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=WAIT)
        # A channel of its own, and one that all have.
        channels = [f"room.{number}", "room.all"]
        if number % 2:
            text = json.dumps({"do": "subscribe", "id": "s", "channels": channels}).encode()
            request = (
                "GET /cable/socket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {key}"
                "\r\n\r\n").encode() + rawsocket.frame(text)
            self.ready = b'{"type":"ok","id":"s"}'
        else:
            query = "&".join("channel=" + channel for channel in channels)
            request = f"GET /cable/events?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
            self.ready = b"retry: 2000"
        self.socket.sendall(request)
        self.socket.setblocking(False)

    def read(self):
        """False at the end."""
        try:
            data = self.socket.recv(65_536)
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False
        self.received += data
        return bool(data)

    @property
    def is_ready(self):
        return self.ready in self.received


class Crowd:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.connections = []

    def grow(self, server, count, key, step=100):
        for _ in range(0, count, step):
            fresh = [Connection(server, len(self.connections) + index, key) for index in range(min(step, count))]
            for connection in fresh:
                self.selector.register(connection.socket, selectors.EVENT_READ, connection)
            self.connections += fresh
            self.until(lambda: all(one.is_ready for one in fresh), "everybody is served")

    def read(self, seconds):
        for event, _ in self.selector.select(seconds):
            assert event.data.read(), f"connection {event.data.number} was ended by the server"

    def until(self, condition, what):
        deadline = time.monotonic() + WAIT
        while not condition():
            assert time.monotonic() < deadline, f"not true in time: {what}"
            self.read(0.05)

    def having(self, text):
        return [one.number for one in self.connections if text in one.received]

    def leave(self, count):
        for connection in self.connections[:count]:
            self.selector.unregister(connection.socket)
            connection.socket.close()
        self.connections = self.connections[count:]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.leave(len(self.connections))
        self.selector.close()


def run(options):
    program = build()
    # One for each connection, and some for everything else.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    assert hard == resource.RLIM_INFINITY or hard >= options.count + 200, f"{hard} descriptors are allowed, too few for {options.count}"
    holds_many(program, options.count)
    lives_without_descriptors(program)


def holds_many(program, count):
    key = token("crowd")
    with SocketServer(program, "--connections", count, "--heartbeat", 3_600_000) as server, Crowd() as crowd:
        crowd.grow(server, min(100, count), key)  # what the first ones cost once
        before, first = resident(server), len(crowd.connections)
        started = time.monotonic()
        crowd.grow(server, count - first, key)
        seconds = time.monotonic() - started
        each = (resident(server) - before) / max(count - first, 1)
        assert server.ask("connections") == str(count)
        assert each < MOST_BYTES, f"{each / 1024:.1f} KiB for each connection"
        # Quiet: nothing is sent, and next to nothing done.
        used, started = processor_seconds(server), time.monotonic()
        crowd.until(lambda: time.monotonic() > started + 5, "five seconds pass")
        share = (processor_seconds(server) - used) / 5
        assert share < 0.02, f"{share:.1%} of a core for connections on which nothing happens"
        # One more is refused, whichever way it comes, and a place that is free again is given out again.
        assert refused(server, "/cable/events?channel=room.1", key) == 429
        assert refused(server, "/cable/socket", key, upgrade=True) == 429
        assert server.ask("connections") == str(count)
        crowd.leave(1)
        crowd.until(lambda: server.ask("connections") == str(count - 1), "one has left")
        # One channel wakes one; the channel of all wakes each once.
        alone = count // 2
        cursor = server.publish(f"room.{alone}").encode()
        crowd.until(lambda: crowd.having(cursor), "one was reached")
        cursor_of_all = server.publish("room.all").encode()
        everybody = [one.number for one in crowd.connections]
        started = time.monotonic()
        crowd.until(lambda: crowd.having(cursor_of_all) == everybody, "all were reached")
        reached = time.monotonic() - started
        assert crowd.having(cursor) == [alone], "a message came to who did not ask for it"
        twice = [one.number for one in crowd.connections if one.received.count(b'"channel":"room.all"') != 1]
        assert twice == [], f"not once: {twice[:5]}"
        crowd.leave(len(crowd.connections))
        server.wait_until_empty()
    print(f"idle: {count} connections in {seconds:.1f} s, {each / 1024:.1f} KiB each, {share:.2%} of a core while nothing happens; a "
          f"message reached all in {reached:.1f} s; one more was refused (429)")


def lives_without_descriptors(program, limit=256):
    """More connections than the process may have: those that are open go on, and others are served when some have left."""
    key = token("crowd")
    with SocketServer(program, limit=limit) as server, Crowd() as crowd:
        free = limit - len(os.listdir(f"/proc/{server.process.pid}/fd"))
        crowd.grow(server, free - 40, key, step=10)
        with contextlib.ExitStack() as stack:
            waiting = [Connection(server, 1_000 + index, key) for index in range(80)]
            for connection in waiting:
                stack.callback(connection.socket.close)
            deadline = time.monotonic() + WAIT
            while len(os.listdir(f"/proc/{server.process.pid}/fd")) < limit - 1:
                assert time.monotonic() < deadline, "the limit was not reached"
                time.sleep(0.02)
            cursor = server.publish("room.all").encode()
            everybody = [one.number for one in crowd.connections]
            crowd.until(lambda: crowd.having(cursor) == everybody, "who is connected is served")
            crowd.leave(len(crowd.connections))

            def served():
                return sum(1 for one in waiting if one.read() and one.is_ready)

            deadline = time.monotonic() + WAIT
            while served() < len(waiting):
                assert time.monotonic() < deadline, f"{served()} of {len(waiting)} that waited are served"
                time.sleep(0.05)
    print(f"idle: with {limit} descriptors {free - 40} connections went on while 80 more came, which were served when there was room")


def refused(server, path, key, upgrade=False):
    """The status of the refusal."""
    fields = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields if upgrade else ''}Authorization: Bearer {key}\r\n\r\n".encode())
        return int(connection.recv(64).split()[1])


def resident(server):
    with open(f"/proc/{server.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def processor_seconds(server):
    with open(f"/proc/{server.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
