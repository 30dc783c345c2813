"""Two servers on one folder publish and serve, and are killed in turn: nothing acknowledged is lost, and each client has
every message once, wherever it comes back."""

import http.client
import json
import pathlib
import tempfile
import threading
import time

import websockets.exceptions
import websockets.sync.client

from cableserver import SocketServer, build, token

WAIT = 60
LOST = (OSError, TimeoutError, http.client.HTTPException, websockets.exceptions.WebSocketException)


class Site:
    """The two servers. One that was killed stands again at its own port."""

    def __init__(self, program, folder):
        self.options = (program, "--folder", folder)
        self.servers = [SocketServer(*self.options), SocketServer(*self.options)]
        self.ports = [server.port for server in self.servers]
        self.isOver = threading.Event()

    def kill(self, which):
        self.servers[which].kill()

    def start(self, which):
        self.servers[which] = SocketServer(*self.options, "--port", self.ports[which])

    def end(self):
        for server in self.servers:
            server.end()


class Worker:
    """Runs on a thread of its own; what goes wrong there is told when it is joined."""

    def __init__(self, site):
        self.site = site
        self.error = None
        self.thread = threading.Thread(target=self._guarded, daemon=True)
        self.thread.start()

    def _guarded(self):
        try:
            self.run()
        except BaseException as error:  # told by `join`
            self.error = error

    def join(self):
        self.thread.join(timeout=WAIT)
        assert not self.thread.is_alive(), f"{self} did not come to its end"
        if self.error is not None:
            raise self.error


class Publisher(Worker):
    """Publishes numbers through one server, and notes the place of each that was acknowledged. One whose answer is lost is
    not sent again: it is in the log, or it is not."""

    def __init__(self, site, which):
        self.name, self.which = f"p{which}", which
        self.acknowledged = {}
        self.cuts = 0
        super().__init__(site)

    def run(self):
        number = 0
        while not self.site.isOver.is_set():
            try:
                with websockets.sync.client.connect(
                        f"ws://127.0.0.1:{self.site.ports[self.which]}/cable/socket", open_timeout=WAIT,
                        additional_headers={"Authorization": "Bearer " + token(self.name, may=["publish"])}) as socket:
                    while not self.site.isOver.is_set():
                        number += 1
                        data = {"by": self.name, "number": number}
                        socket.send(json.dumps({"do": "publish", "id": "p", "channel": "room.1", "data": data}))
                        answer = json.loads(socket.recv(timeout=WAIT))
                        while answer["type"] == "heartbeat":
                            answer = json.loads(socket.recv(timeout=WAIT))
                        assert answer["type"] == "ok", answer
                        self.acknowledged[answer["cursor"]] = data
            except LOST:
                self.cuts += 1
                time.sleep(0.02)


class Listener(Worker):
    """Follows the log by server-sent events, and after each cut goes to the other server with its last event's id."""

    def __init__(self, site, which, start):
        self.which, self.last, self.start = which, None, start
        self.seen, self.events = [], []
        self.cuts = 0
        self.end = None
        super().__init__(site)

    def run(self):
        while self.end is None or self.last != self.end:
            connection = http.client.HTTPConnection("127.0.0.1", self.site.ports[self.which % 2], timeout=1)
            try:
                headers = {"Authorization": "Bearer " + token(f"l{self.which}")}
                if self.last is not None:
                    headers["Last-Event-ID"] = self.last
                connection.request("GET", f"/cable/events?channel=room.1&after={self.start}", headers=headers)
                answer = connection.getresponse()
                assert answer.status == 200, answer.read()
                self._follow(answer)
            except LOST:
                pass  # killed, or quiet at the end
            finally:
                connection.close()
            self.cuts += 1
            self.which += 1
            time.sleep(0.01)

    def _follow(self, answer):
        fields = {}
        for line in answer:
            line = line.decode().rstrip("\n")
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
                continue
            # What a kill cut off has no empty line behind it, and never counts.
            if "event" in fields and fields["event"] != "end":
                self.events.append(fields)
            if "id" in fields:
                self.last = fields["id"]
            if "id" in fields and "data" in fields:
                self.seen.append((fields["id"], json.loads(fields["data"])["data"]))
            fields = {}
            if self.end is not None and self.last == self.end:
                return


def run(options):
    program = build()
    with tempfile.TemporaryDirectory() as folder:
        site = Site(program, pathlib.Path(folder) / "data")
        start = site.servers[0].ask("cursor")
        publishers = [Publisher(site, which) for which in (0, 1)]
        listeners = [Listener(site, which, start) for which in (0, 1, 0, 1)]
        for turn in range(options.times):
            wait_until_further(publishers, listeners)
            site.kill(turn % 2)
            # The other one goes on alone.
            wait_until_further([publishers[1 - turn % 2]], listeners)
            site.start(turn % 2)
        wait_until_further(publishers, listeners)
        site.isOver.set()
        for publisher in publishers:
            publisher.join()
        log = read(site.ports[0], start)
        end = log[-1][0]
        for listener in listeners:
            listener.end = end
        for listener in listeners:
            listener.join()
        site.end()
    places = dict(log)
    count = 0
    for publisher in publishers:
        assert publisher.cuts >= options.times // 2, f"{publisher.name} was cut off {publisher.cuts} times"
        for cursor, data in publisher.acknowledged.items():
            assert places.get(cursor) == data, f"{data} was acknowledged at {cursor}, where the log has {places.get(cursor)}"
            count += 1
    sent = [(data["by"], data["number"]) for _, data in log]
    assert len(set(sent)) == len(sent), "a message was published once and is in the log twice"
    for number, listener in enumerate(listeners):
        assert listener.events == [], f"listener {number} was told {listener.events[:3]}"
        assert listener.seen == log, difference(number, listener.seen, log)
        assert listener.cuts >= options.times // 2, f"listener {number} was cut off {listener.cuts} times"
    print(f"processes: {count} messages acknowledged by two servers through {options.times} kills, {len(log)} in the log, each "
          f"once at each of {len(listeners)} streams ({sum(one.cuts for one in listeners)} times resumed at the other server)")


def difference(number, seen, log):
    for index, (ours, theirs) in enumerate(zip(seen, log)):
        if ours != theirs:
            return f"listener {number} has {ours} where the log has {theirs} ({index} agree before)"
    return f"listener {number} has {len(seen)} of {len(log)} messages"


def wait_until_further(publishers, listeners, by=60):
    targets = [(one, len(one.acknowledged) + by) for one in publishers]
    seen = [(one, len(one.seen) + by) for one in listeners]
    deadline = time.monotonic() + WAIT
    while any(len(one.acknowledged) < target for one, target in targets) or any(
            len(one.seen) < target for one, target in seen):
        assert time.monotonic() < deadline, (
            "not everybody comes further: " + str([(len(one.acknowledged), one.error) for one in publishers])
            + str([(len(one.seen), one.error) for one in listeners]))
        time.sleep(0.01)


def read(port, cursor):
    """The log behind a cursor: places and what was said there."""
    log = []
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT)
        connection.request(
            "GET", f"/cable/messages?channel=room.1&after={cursor}&limit=1000",
            headers={"Authorization": "Bearer " + token("reader")})
        page = json.load(connection.getresponse())
        connection.close()
        if not page["events"]:
            return log
        log += [(event["cursor"], event["data"]) for event in page["events"]]
        cursor = page["cursor"]
