"""A page whose tokens live for seconds, through renewals, a sleep that outlasts its token, a disconnect, and reloads while
messages come: every message once, in order. Once by server-sent events, and once by WebSocket."""

import json
import threading
import time

from cableserver import SocketServer, build, token
from sleeping import asleep

LIFETIME = 3

# The page keeps what came where a reload does not reach it, in the same step in which the client keeps its place.
COLLECT = """async ([cursor, transport]) => {
  const { connect } = await import("/cable/client.js");
  const put = (name, value) => localStorage.setItem(name, JSON.stringify([...JSON.parse(localStorage.getItem(name) ?? "[]"), value]));
  const cable = connect("/cable", { transport, token: () => window.sign(), minimumWait: 50, maximumWait: 500 });
  window.statuses = [];
  window.subscription = cable.subscribe("room.1", {
    after: cursor, key: "test",
    message: (message) => put("received", [message.cursor, Date.now()]),
    gap: (gap) => put("gaps", gap),
    status: (status, reason) => window.statuses.push(reason ? status + ": " + reason : status),
  });
}"""


class Publisher:
    """Publishes at an even pace until it is told to stop."""

    def __init__(self, server):
        self.server, self.cursors = server, []
        self.isOver = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.isOver.wait(0.02):
            self.cursors.append(self.server.publish("room.1"))

    def stop(self):
        self.isOver.set()
        self.thread.join(timeout=30)
        assert not self.thread.is_alive()
        return self.cursors


def drive(browser, program, transport):
    with SocketServer(program, "--heartbeat", 500) as server:
        context = browser.new_context()
        page = context.new_page()
        signed = []

        def sign():
            signed.append(time.monotonic())
            return token(seconds=LIFETIME)

        page.expose_function("sign", sign)
        # Any page of the server's own origin.
        page.goto(f"http://127.0.0.1:{server.port}/cable/client.js")
        start = server.ask("cursor")
        page.evaluate(COLLECT, [start, transport])
        until(page, "window.subscription.status === 'live'")
        publisher = Publisher(server)

        # Its token expires again and again while messages come.
        until_signed(page, signed, 4)
        assert "refused" not in str(page.evaluate("window.statuses"))

        # Frozen for longer than a token lives: the server ends the connection meanwhile.
        with asleep(browser, pages_only=True):
            begin = time.time() * 1000
            wait(LIFETIME * 2)
            end = time.time() * 1000
        until_further(page, publisher)
        during = [at for _, at in received(page) if begin < at < end]
        assert during == [], "the page was to sleep"

        # Its subject is disconnected: the page comes back with a token from after that.
        count = len(signed)
        server.ask("disconnect ada")
        until_signed(page, signed, count + 1)
        until_further(page, publisher)

        # Reloaded while messages come, twice: it goes on behind the last one that it had.
        for _ in range(2):
            page.reload()
            page.evaluate(COLLECT, [None, transport])
            until_further(page, publisher)

        expected = publisher.stop()
        until(page, f"(JSON.parse(localStorage.getItem('received')) ?? []).length >= {len(expected)}")
        page.evaluate("window.subscription.close()")
        cursors = [cursor for cursor, _ in received(page)]
        assert cursors == expected, difference(cursors, expected)
        assert page.evaluate("localStorage.getItem('gaps')") is None, page.evaluate("localStorage.getItem('gaps')")
        context.close()
    print(f"tokens by {transport}: {len(expected)} messages, each once, with {len(signed)} tokens of {LIFETIME} s, through a sleep, a "
          "disconnect and two reloads")


def received(page):
    return json.loads(page.evaluate("localStorage.getItem('received') ?? '[]'"))


def until_further(page, publisher, by=20):
    """Until the page has what was published by now, and some more."""
    count = len(publisher.cursors) + by
    until(page, f"JSON.parse(localStorage.getItem('received') ?? '[]').length >= {count}")


def until_signed(page, signed, count):
    deadline = time.monotonic() + 60
    while len(signed) < count:
        assert time.monotonic() < deadline, (len(signed), page.evaluate("window.statuses"))
        page.evaluate("1")  # lets the page call `sign`
        time.sleep(0.05)


def until(page, expression, seconds=60):
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, (expression, page.evaluate("window.statuses"), len(received(page)))
        time.sleep(0.05)


def wait(seconds):
    """The page's own time: nothing else shows that it slept long enough."""
    time.sleep(seconds)


def difference(received, expected):
    for index, (ours, theirs) in enumerate(zip(received, expected)):
        if ours != theirs:
            return f"after {index} messages the page has {ours}, and the log {theirs}"
    return f"the page has {len(received)} of {len(expected)} messages"


def run(playwright, options):
    program = build()
    browser = playwright.chromium.launch(
        executable_path=options.chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
    for transport in ["sse", "websocket"]:
        drive(browser, program, transport)
    browser.close()
