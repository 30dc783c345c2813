"""The cable's protocol over WebSocket, by the client library `websockets` (https://websockets.readthedocs.io)."""

import contextlib
import json
import time
import traceback

import websockets.exceptions
import websockets.frames
import websockets.sync.client

import rawsocket
from cableserver import SocketServer, build, token

WAIT = 30


class Client:
    """A client that says commands and reads what comes."""

    def __init__(self, server, key=None, query="", **settings):
        settings.setdefault("additional_headers", {})
        if key is not None:
            settings["additional_headers"] = {"Authorization": f"Bearer {key}", **settings["additional_headers"]}
        self.socket = websockets.sync.client.connect(
            server.address + query, open_timeout=WAIT, close_timeout=WAIT, **settings)

    def say(self, **command):
        self.socket.send(json.dumps(command))

    def next(self, *types):
        """The next text, decoded; heartbeats are passed over. It must be of one of the types."""
        deadline = time.monotonic() + WAIT
        while True:
            text = json.loads(self.receive(deadline))
            if text["type"] != "heartbeat" or "heartbeat" in types:
                break
        assert not types or text["type"] in types, text
        return text

    def receive(self, deadline):
        """Heartbeats come for ever, so what is waited for has one deadline for all texts."""
        return self.socket.recv(timeout=max(deadline - time.monotonic(), 0))

    def ask(self, **command):
        self.say(**command)
        return self.next("ok", "error", "pong")

    def subscribe(self, id, channels=(), **more):
        answer = self.ask(do="subscribe", id=id, channels=list(channels), **more)
        assert answer == {"type": "ok", "id": id}, answer

    def is_quiet(self):
        """Nothing lies before the answer to a ping."""
        return self.ask(do="ping") == {"type": "pong"}

    def closing(self):
        """Reads to the end, and returns the code that the server closed with and the texts before it."""
        texts = []
        deadline = time.monotonic() + WAIT
        while True:
            try:
                texts.append(json.loads(self.receive(deadline)))
            except websockets.exceptions.ConnectionClosed as closed:
                assert closed.rcvd is not None, "the server did not say why it closed"
                return closed.rcvd.code, texts

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def refusal(server, key=None, query="", **settings):
    """The status and the code with which the server refuses to open a socket."""
    try:
        with Client(server, key, query, **settings):
            raise AssertionError("the socket was opened")
    except websockets.exceptions.InvalidStatus as refused:
        return refused.response.status_code, json.loads(refused.response.body)["error"]


def subscribes_and_unsubscribes(server):
    with Client(server, token()) as client:
        client.subscribe("a", ["room.1"])
        client.subscribe("b", ["room.2", "room.3"])
        cursor = server.publish("room.1")
        told = client.next("message")
        assert (told["sub"], told["channel"], told["cursor"]) == ("a", "room.1", cursor), told
        assert told["data"].endswith("0" * 8) and abs(told["at"] - time.time() * 1000) < 60_000, told
        server.publish("room.3")
        assert client.next("message")["sub"] == "b"
        assert client.ask(do="unsubscribe", id="a") == {"type": "ok", "id": "a"}
        server.publish("room.1")
        server.publish("room.2")
        assert client.next("message")["channel"] == "room.2"
        assert client.is_quiet()
        # The id is free again.
        client.subscribe("a", ["room.4"])
        for channels, code in ((["other"], "forbidden"), (["room.*"], "forbidden"), (["$presence.room.1"], "forbidden"),
                               ([], "invalidCommand"), (["room..x"], "invalidChannel")):
            answer = client.ask(do="subscribe", id="x", channels=channels)
            assert answer == {"type": "error", "code": code, "id": "x"}, (channels, answer)
    with Client(server, token(may=["patterns"])) as client:
        client.subscribe("p", ["room.*"])
        server.publish("room.9")
        assert client.next("message")["channel"] == "room.9"


def publishes_if_it_may(server):
    with Client(server, token(may=["publish"])) as client, Client(server, token("bob")) as other:
        client.subscribe("s", ["room.p"])
        other.subscribe("s", ["room.p"])
        data = {"a": [1, -2.5, "ü🦊\n\0", None, True], "n": 2**62}
        answer = client.ask(do="publish", id="1", channel="room.p", event="said", data=data, exclude=True)
        assert answer["type"] == "ok" and answer["id"] == "1", answer
        told = other.next("message")
        assert (told["data"], told["event"], told["cursor"]) == (data, "said", answer["cursor"]), told
        assert client.is_quiet(), "the sender received what it excluded itself from"
        client.say(do="publish", id="2", channel="room.p", data="to all")
        texts = {text["type"]: text for text in (client.next(), client.next())}
        assert texts["message"]["data"] == "to all" and texts["ok"]["cursor"] == texts["message"]["cursor"], texts
        for channel, code in (("other", "forbidden"), ("$presence.room.p", "invalidChannel"), ("room.*", "invalidChannel")):
            assert client.ask(do="publish", id="3", channel=channel, data=1)["code"] == code, channel
        assert other.next("message")["data"] == "to all"
        assert other.ask(do="publish", id="4", channel="room.p", data=1) == {
            "type": "error", "code": "forbidden", "id": "4"}


def is_present(server):
    bob_may = token("bob", may=["presence"], info={"name": "Bob"})
    with Client(server, token("ada", may=["presence"])) as ada:
        ada.subscribe("s", presence=["room.here"])
        there = ada.next("present")
        assert [(m["member"], m["connections"]) for m in there["members"]] == [("ada", 1)], there
        with Client(server, bob_may) as bob:
            bob.subscribe("t", presence=["room.here"])
            members = {m["member"]: m["info"] for m in bob.next("present")["members"]}
            assert members == {"ada": None, "bob": {"name": "Bob"}}, members
            told = ada.next("presence")
            assert (told["channel"], told["event"], told["data"]) == (
                "room.here", "join", {"member": "bob", "info": {"name": "Bob"}}), told
        told = ada.next("presence")  # after the grace for pages that are loaded again
        assert (told["event"], told["data"]["member"]) == ("leave", "bob"), told
    with Client(server, token()) as client:
        answer = client.ask(do="subscribe", id="x", presence=["room.here"])
        assert answer["code"] == "forbidden", answer


def resumes_by_cursor(server):
    with Client(server, token()) as client:
        client.subscribe("s", ["room.r"])
        server.publish("room.r", 3)
        seen = [client.next("message")["cursor"] for _ in range(3)]
    server.publish("room.r", 4)
    with Client(server, token()) as client:
        # What was missed, and then what is new, without a hole and without a double.
        client.subscribe("s", ["room.r"], after=seen[0])
        last = server.publish("room.r", 2)
        cursors = [client.next("message")["cursor"] for _ in range(8)]
        assert cursors[:2] == seen[1:] and cursors[-1] == last, (seen, cursors)
        numbers = [int(cursor.split("-")[1]) for cursor in cursors]
        assert numbers == sorted(set(numbers)), numbers
        for more in ({"last": 2}, {"since": 0}):
            assert client.ask(do="subscribe", id="x", channels=["room.r"], **more)["code"] == "forbidden", more
    with Client(server, token(may=["replay"])) as client:
        client.subscribe("s", ["room.r"], last=2)
        assert [client.next("message")["cursor"] for _ in range(2)] == cursors[-2:]


def is_told_of_gaps(server):
    start = server.ask("cursor")
    end = server.publish("short.a", 200)
    epoch, number = start.split("-")
    elsewhere = "0" * len(epoch) if epoch.strip("0") else "1" * len(epoch)
    with Client(server, token(channels=["short.>"])) as client:
        client.subscribe("s", ["short.a"], after=start)
        gap = client.next("gap")
        assert (gap["reason"], gap["from"]) == ("trimmed", start), gap
        kept = client.next("message")
        assert int(kept["cursor"].split("-")[1]) > int(number) + 64, kept
        while kept["cursor"] != end:
            kept = client.next("message")
        for name, after, reason in (("other", f"{elsewhere}-{number}", "otherLog"),
                                    ("none", "nonsense", "otherLog"), ("future", f"{epoch}-{2**40}", "otherLog")):
            with Client(server, token(channels=["short.>"])) as fresh:
                fresh.subscribe(name, ["short.b"], after=after)
                gap = fresh.next("gap")
                assert (gap["reason"], gap["sub"]) == (reason, name), gap
                cursor = server.publish("short.b")
                assert fresh.next("message")["cursor"] == cursor


def answers_pings(server):
    with Client(server, token()) as client:
        assert client.socket.ping(b"are you there?").wait(WAIT), "no pong came"
        assert client.is_quiet()
        # A text in pieces, one of them cut within a character, and an empty one.
        client.socket.send(iter(['{"do":"pi', "", 'ng","id":"', "ü🦊", '"}']))
        assert client.next() == {"type": "pong"}
        assert client.ask(do="ping", padding="x" * 60_000) == {"type": "pong"}


def refuses_what_is_no_command(server):
    with Client(server, token()) as client:
        for text in ("", "[]", "{", '{"do":"fly"}', "null", '{"do":"subscribe","id":7}', "[" * 30_000,
                     json.dumps({"do": "ping", "id": "x" * 65})):
            client.socket.send(text)
            assert client.next() == {"type": "error", "code": "invalidCommand"}, text[:50]
        assert client.is_quiet()


def closes_with_codes(server):
    with Client(server, token()) as client:
        client.socket.close(1000, "done")
        assert client.socket.close_code == 1000
    with Client(server, token()) as client:
        client.socket.close(4321)
        assert client.socket.close_code == 4321
    for message, code in ((b"binary", 1003), ("x" * 70_000, 1009), (iter(["x" * 40_000] * 2), 1009)):
        with Client(server, token()) as client:
            with contextlib.suppress(websockets.exceptions.ConnectionClosed):
                client.socket.send(message)
            assert client.closing()[0] == code, code
    server.wait_until_empty()


def ends_with_its_grant(server):
    with Client(server, token(seconds=3)) as client:
        client.subscribe("s", ["room.e"])
        code, texts = client.closing()
        assert code == 4001 and texts[-1] == {"type": "end", "reason": "expired"}, (code, texts)
    key = token("eve")
    with Client(server, key) as client, Client(server, token("ada")) as other:
        client.subscribe("s", ["room.e"])
        other.subscribe("s", ["room.e"])
        server.ask("disconnect eve")
        code, texts = client.closing()
        assert code == 4003 and texts[-1] == {"type": "end", "reason": "disconnected"}, (code, texts)
        assert other.is_quiet()
    assert refusal(server, key) == (401, "unauthorised"), "a token from before the disconnect"


def refuses_to_open(server):
    good = token()
    parts = good.split(".")
    assert refusal(server) == (401, "unauthorised")
    assert refusal(server, "nonsense") == (401, "unauthorised")
    for name, key in (
        ("signed by another", token(secret=b"t" * 32)), ("of a key that is not known", token(key="other")),
        ("claims changed", ".".join([*parts[:2], token("root").split(".")[2], parts[3]])),
        ("without a signature", ".".join([*parts[:3], ""])), ("signature cut", good[:-4]),
    ):
        assert refusal(server, key) == (401, "unauthorised"), name
    assert refusal(server, token(seconds=60, age=61)) == (401, "expired")
    assert refusal(server, good, origin="https://evil.example") == (403, "foreignOrigin")
    assert refusal(server, good, origin="null") == (403, "foreignOrigin")
    assert refusal(server, good, query="?connection=%20") == (400, "invalidCommand")
    for origin in ("https://friend.example", f"http://127.0.0.1:{server.port}"):
        with Client(server, good, origin=origin) as client:
            assert client.is_quiet()
    with Client(server, None, query=f"?token={good}") as client:
        assert client.is_quiet()


def keeps_its_limits(program):
    with SocketServer(program, "--subscriptions", 3, "--channels", 2, "--connections", 2, "--replay", 5) as server:
        with Client(server, token()) as client:
            start = server.ask("cursor")
            for number in range(3):
                client.subscribe(f"s{number}", ["room.1"])
            answer = client.ask(do="subscribe", id="more", channels=["room.1"])
            assert answer == {"type": "error", "code": "overLimit", "id": "more"}, answer
            assert client.ask(do="subscribe", id="s0", channels=["room.1"])["code"] == "overLimit", "twice under one id"
            client.ask(do="unsubscribe", id="s1")
            answer = client.ask(do="subscribe", id="x", channels=["room.1", "room.2", "room.3"])
            assert answer["code"] == "overLimit", answer
            client.subscribe("s1", ["room.2"])
            server.publish("room.3", 6)
            client.ask(do="unsubscribe", id="s1")
            client.subscribe("s1", ["room.3"], after=start)
            assert client.next("gap")["reason"] == "notReplayed"
            with Client(server, token("bob")):
                assert refusal(server, token("eve")) == (429, "overLimit")
            deadline = time.monotonic() + WAIT
            while server.ask("connections") != "1":
                assert time.monotonic() < deadline
                time.sleep(0.02)
            with Client(server, token("eve")) as eve:
                assert eve.is_quiet()


def is_told_of_the_end_of_the_server(program):
    with SocketServer(program) as server:
        with Client(server, token()) as client, Client(server, token("bob")) as other:
            client.subscribe("s", ["room.1"])
            assert other.is_quiet()
            server.terminate()
            for one in (client, other):
                code, texts = one.closing()
                assert code == 1001 and texts[-1] == {"type": "end", "reason": "closed"}, (code, texts)
        assert server.process.wait(timeout=WAIT) == 0


def does_not_read(program):
    """A client that never reads: the others go on, the server holds little for it, and it is put out in time."""
    with SocketServer(program, "--stall", 2_000, "--heartbeat", 500) as server:
        with rawsocket.connect(server, token("lazy"), receive_buffer=4_096) as lazy, Client(server, token()) as client:
            lazy.text(json.dumps({"do": "subscribe", "id": "s", "channels": ["room.1"]}))
            client.subscribe("s", ["room.1"])
            before = resident(server)
            count, size = 400, 60_000
            for _ in range(count // 8):  # 24 MB, more than the kernel takes
                server.publish("room.1", 8, size)
                for number in range(8):
                    assert int(client.next("message")["data"][-8:]) == number
            grown = resident(server) - before
            assert grown < 60_000_000, f"the server grew by {grown} bytes"
            started = time.monotonic()
            while server.ask("connections") != "1":
                assert time.monotonic() < started + WAIT, "it still sits there"
                time.sleep(0.05)
            assert client.is_quiet()
            lazy.drain()


def resident(server):
    with open(f"/proc/{server.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


TOGETHER = [
    subscribes_and_unsubscribes, publishes_if_it_may, is_present, resumes_by_cursor, is_told_of_gaps, answers_pings,
    refuses_what_is_no_command, closes_with_codes, ends_with_its_grant, refuses_to_open, *rawsocket.TESTS,
]
APART = [keeps_its_limits, is_told_of_the_end_of_the_server, does_not_read]


def run(options):
    program, failed = build(), []
    chosen = [test for test in TOGETHER + APART if options.only is None or test.__name__ == options.only]
    assert chosen, f"there is no test {options.only}"
    with SocketServer(program) as server:
        for test in chosen:
            started = time.monotonic()
            try:
                test(program if test in APART else server)
            except Exception:  # the others are run as well, and all failures are told
                traceback.print_exc()
                failed.append(test.__name__)
            else:
                print(f"websocket: {test.__name__} ({time.monotonic() - started:.1f} s)", flush=True)
    if failed:
        raise SystemExit(f"websocket: {len(failed)} of {len(chosen)} failed: {', '.join(failed)}")
    print(f"websocket: {len(chosen)} tests of the protocol passed, by websockets {websockets.__version__}")
