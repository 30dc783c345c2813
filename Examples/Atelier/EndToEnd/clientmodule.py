"""The client module where the page, the browser or the server is not as one would wish: every message once all the same. Once by
server-sent events, and once by WebSocket."""

import time

from cableserver import SocketServer, build, token

# Beside the subscription, the page notes what it is told and when.
SUBSCRIBE = """async ([after, transport, options, before]) => {
  const { connect } = await import("/cable/client.js");
  window.received = [];
  window.statuses = [];
  window.persisted = null;
  addEventListener("pageshow", (event) => { window.persisted = event.persisted; });
  if (before) (0, eval)(before);
  const cable = connect("/cable", { transport, token: () => window.sign(), minimumWait: 100, maximumWait: 800, heartbeat: 500 });
  const subscription = cable.subscribe("room.1", {
    after, ...options,
    message: (message) => window.received.push(message.cursor),
    status: (status) => {
      window.statuses.push([status, performance.now(), subscription.channels.length]);
      if (window.throws) throw new Error("the page's own");
      if (window.givesUp && status === "connecting") subscription.close();
    },
  });
  window.subscription = subscription;
}"""


def page_of(browser, server, transport, after=None, options=None, before=None, sign=token):
    context = browser.new_context()
    page = context.new_page()
    page.expose_function("sign", sign)
    page.goto(f"http://127.0.0.1:{server.port}/cable/client.d.ts")  # any page of the server's own origin
    page.evaluate(SUBSCRIBE, [after, transport, options or {}, before])
    return page


def until(page, expression, seconds=30):
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, (expression, page.evaluate("window.statuses"), page.evaluate("window.received"))
        time.sleep(0.02)  # the page is asked from outside


def statuses(page):
    return [status for status, _, _ in page.evaluate("window.statuses")]


def receives(page, server, count=3):
    """Each of some new messages once, and on the connection that there is."""
    until(page, "window.subscription.status === 'live'")
    before = len(page.evaluate("window.received"))
    for number in range(count):
        last = server.publish("room.1")
        until(page, f"window.received.length >= {before + number + 1}")
        assert page.evaluate("window.received")[before + number:] == [last]


def keeps_nothing(browser, server, transport):
    """A page whose storage is full, or forbidden altogether."""
    for how in ("Storage.prototype.setItem = () => { throw new Error('full'); };",
                "Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('forbidden'); } });"):
        page = page_of(browser, server, transport, server.ask("cursor"), {"key": "test"}, before=how)
        receives(page, server)
        assert statuses(page) == ["connecting", "live"], statuses(page)
        page.context.close()


def throws(browser, server, transport):
    """A page that uses its subscription in what it is called with, and fails there."""
    page = page_of(browser, server, transport, before="window.throws = true;")
    receives(page, server)
    page.context.close()


def gives_up(browser, server, transport):
    """A page that closes its subscription when it is told of an attempt: none is made."""
    page = page_of(browser, server, transport, before="window.givesUp = true;")
    until(page, "window.subscription.status === 'closed'")
    other = page_of(browser, server, transport)
    receives(other, server)  # by then the first would be connected as well
    assert statuses(page) == ["connecting", "closed"], statuses(page)
    assert page.evaluate("window.received") == []
    for one in (page, other):
        one.context.close()


def waits_for_a_token(browser, server, transport):
    """A token that never comes, as of a request that a sleep cut off, is asked for again."""
    page = page_of(browser, server, transport, before="""
        const sign = window.sign;
        let count = 0;
        window.sign = () => count++ === 0 ? new Promise(() => {}) : sign();""")
    receives(page, server)
    page.context.close()


def is_kept_by_the_browser(browser, server, transport):
    """Left, kept, and shown again by going back: it holds no connection meanwhile, and has missed nothing."""
    page = page_of(browser, server, transport, server.ask("cursor"))
    receives(page, server)
    page.goto(f"http://127.0.0.1:{server.port}/cable/client.js")
    server.wait_until_empty()
    missed = [server.publish("room.1") for _ in range(3)]
    page.go_back(wait_until="commit")
    until(page, "window.persisted !== null")
    assert page.evaluate("window.persisted"), "the browser did not keep the page"
    until(page, "window.received.length >= 6")
    assert page.evaluate("window.received")[3:] == missed
    receives(page, server)
    page.context.close()


def takes_a_heartbeat_for_what_it_is(browser, program, transport):
    """On a slow way a heartbeat may come before messages that were published before it."""
    with SocketServer(program, "--heartbeat", 300) as server:
        page = page_of(browser, server, transport, server.ask("cursor"))
        until(page, "window.subscription.status === 'live'")
        cursors = [server.publish("room.1", 1, 60_000) for _ in range(200)]
        until(page, f"window.received.length >= {len(cursors)}")
        assert page.evaluate("window.received") == cursors
        # Where nothing comes for it, its place moves on.
        last = server.publish("room.2")
        until(page, f"window.subscription.cursor === '{last}'")
        page.context.close()


def is_refused_for_a_while(browser, program, transport):
    """What can be otherwise the next time is tried again."""
    options = ("--connections", 0) if transport == "sse" else ("--subscriptions", 0)
    with SocketServer(program, *options) as server:
        page = page_of(browser, server, transport)
        until(page, "window.statuses.filter(([status]) => status === 'waiting').length >= 3")
        assert "refused" not in statuses(page), statuses(page)
        page.context.close()


def backs_off(browser, program, transport):
    """Where there is no server: twice as long each time, up to a limit, and no two pages at the same time."""
    server = SocketServer(program)
    pages = [page_of(browser, server, transport) for _ in range(3)]
    for page in pages:
        until(page, "window.subscription.status === 'live'")
    server.kill()
    shares = []
    for page in pages:
        until(page, "window.statuses.filter(([status]) => status === 'connecting').length >= 10")
        waits, since = [], None
        for status, time_of, _ in page.evaluate("window.statuses"):
            if status == "waiting":
                since = time_of
            elif since is not None:
                waits.append(time_of - since)
                since = None
        for number, wait in enumerate(waits):
            whole = min(800, 100 * 2**number)
            assert wait > whole / 2 - 2, (number, waits)  # a busy machine may be late, and never early
            if whole == 800:
                shares.append(wait / whole)
        page.context.close()
    assert max(shares) - min(shares) > 0.25, f"all pages come back together: {shares}"


WITH_SERVER = [keeps_nothing, throws, gives_up, waits_for_a_token, is_kept_by_the_browser]
APART = [takes_a_heartbeat_for_what_it_is, is_refused_for_a_while, backs_off]


def run(playwright, options):
    program = build()
    browser = playwright.chromium.launch(
        executable_path=options.chromium, args=["--no-sandbox", "--disable-dev-shm-usage"],
        ignore_default_args=["--disable-back-forward-cache"])
    for transport in ["sse", "websocket"]:
        with SocketServer(program, "--heartbeat", 500) as server:
            for test in WITH_SERVER:
                test(browser, server, transport)
        for test in APART:
            test(browser, program, transport)
    browser.close()
    print(f"client: {len(WITH_SERVER + APART)} tests of the client module by each transport")
