"""A page in a real browser through kills of the server and a sleep of its own: every message once, in order. Once by
server-sent events, and once by WebSocket."""

import contextlib
import pathlib
import tempfile
import time

from playwright.sync_api import sync_playwright

import client
import clientmodule
import pictures
import tokens
from server import Server, build
from sleeping import asleep

# What the page runs beside its own script: a subscription that keeps every cursor that it is given.
COLLECT = """async ([cursor, transport]) => {
  const { connect } = await import("/cable/client.js");
  window.received = [];
  window.gaps = 0;
  window.statuses = [];
  const cable = connect("/cable", {
    transport, token: async () => (await fetch("/token", { cache: "no-store" })).text(), minimumWait: 100, maximumWait: 1000 });
  window.subscription = cable.subscribe("gallery", {
    after: cursor, key: "test",
    message: (message) => window.received.push(message.cursor),
    gap: () => { window.gaps += 1; },
    status: (status) => window.statuses.push(status),
  });
}"""


def run(options):
    program, picture = build(), pictures.small()
    for transport in ["sse", "websocket"]:
        drive(options, program, picture, transport)
    with sync_playwright() as playwright:
        tokens.run(playwright, options)
        clientmodule.run(playwright, options)


def drive(options, program, picture, transport):
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        folder = pathlib.Path(folder) / "data"
        with Server(program, folder) as server:
            port = int(server.address.rsplit(":", 1)[1])
            browser = playwright.chromium.launch(
                executable_path=options.chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
            page = browser.new_page()
            page.goto(f"{server.address}/?transport={transport}")
            until(page, "document.getElementById('watching').textContent === '1 person is watching'", shown="[]")
            start = page.evaluate("document.body.dataset.cursor")
            page.evaluate(COLLECT, [start, transport])
            hang(server, picture, 3)
            until(page, "window.received.length >= 3")
            server.kill()
        # While it is gone the page tries again and again; meanwhile others have sent pictures.
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(Server(program, folder, port=port))
            hang(server, picture, 3)
            until(page, "window.subscription.status === 'live'")
            hang(server, picture, 2)
            with asleep(browser):
                hang(server, picture, 3)
                server.kill()
                server = stack.enter_context(Server(program, folder, port=port))
                hang(server, picture, 2)
            until(page, "window.subscription.status === 'live'", seconds=60)
            expected = settled(server, start)
            until(page, f"window.received.length >= {len(expected)}")
            received, gaps = page.evaluate("window.received"), page.evaluate("window.gaps")
            assert received == expected, (received, expected)
            assert gaps == 0, gaps
            page.evaluate("window.subscription.close()")
            hang(server, picture, 1)
            # A reload of the page goes on where it was.
            page.reload()
            page.evaluate(COLLECT, [None, transport])
            rest = settled(server, expected[-1])
            until(page, f"window.received.length >= {len(rest)}")
            assert page.evaluate("window.received") == rest
            browser.close()
    print(f"cable by {transport}: {len(expected) + len(rest)} messages, each once, through two kills of the server, a sleep and a reload")


def until(page, expression, seconds=30, shown="[window.statuses, window.received]"):
    """Waits in small steps: the page's policy forbids what `wait_for_function` would run in it."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, (expression, page.evaluate(shown))
        time.sleep(0.05)


def hang(server, picture, count):
    for _ in range(count):
        status, answer = client.send(server, picture, "Again", "sepia")
        assert status == 202, (status, answer)


def settled(server, cursor):
    """The log behind the cursor, once every picture that was sent is done."""
    deadline = time.monotonic() + 60
    while 'data-state="working"' in client.get(server, "/").decode():
        assert time.monotonic() < deadline, "the pictures are not done"
        time.sleep(0.05)
    return client.log(server, cursor)
