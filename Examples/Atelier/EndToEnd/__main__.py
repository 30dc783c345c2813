"""The end-to-end tests of Atelier. `scripts/e2e` runs them with what they need."""

import argparse
import importlib

parser = argparse.ArgumentParser(prog="scripts/e2e", description="Drives the demonstration end to end.")
tests = parser.add_subparsers(dest="test", required=True)
tests.add_parser("smoke", help="one picture through the server, without a browser")
browser = tests.add_parser("browser", help="as a person would, in a real browser")
browser.add_argument("--keep-screenshot", action="store_true", help="keep the pictures of the page in docs/images")
browser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser's path")
cable = tests.add_parser("cable", help="a page through kills of the server, sleeps, and the ends of its tokens: every message once")
cable.add_argument("--chromium", default="/usr/bin/chromium", help="the browser's path")
kill = tests.add_parser("kill", help="kill -9 while a job runs; the next start finishes it")
kill.add_argument("--times", type=int, default=3, help="how often, default 3")
websocket = tests.add_parser("websocket", help="the cable's protocol over WebSocket, by a client in Python")
websocket.add_argument("--only", help="the name of one test")
processes = tests.add_parser("processes", help="two servers on one folder, killed in turn: every message once, at every client")
processes.add_argument("--times", type=int, default=6, help="how often one is killed, default 6")
idle = tests.add_parser("idle", help="many idle connections by real sockets, and what happens beyond the limits")
idle.add_argument("--count", type=int, default=1_000, help="how many, default 1,000; each takes a descriptor at both ends")

options = parser.parse_args()
# Only the tests with a browser or a socket need packages from outside.
importlib.import_module(options.test).run(options)
