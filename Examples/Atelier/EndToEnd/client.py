"""What a program needs of the server: sending a picture, asking for one, following the events."""

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request


def send(server, picture, title, style, origin=None):
    """Sends a picture and returns the status and the decoded answer."""
    query = urllib.parse.urlencode({"title": title, "style": style}, quote_via=urllib.parse.quote)
    request = urllib.request.Request(
        f"{server.address}/pictures?{query}", data=picture, method="PUT",
        headers={"Origin": origin or server.address})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def get(server, path):
    with urllib.request.urlopen(server.address + path, timeout=60) as answer:
        return answer.read()


def state(server, picture):
    """`working`, `ready` or `failed`."""
    return re.search(r'data-state="(\w+)"', get(server, f"/pictures/{picture}").decode()).group(1)


def wait_until_ready(server, picture, seconds=60):
    deadline = time.monotonic() + seconds
    while (now := state(server, picture)) != "ready":
        if now == "failed" or time.monotonic() > deadline:
            raise AssertionError(f"picture {picture} is {now} after {seconds} s")
        time.sleep(0.05)


def cursor(server):
    """Where the page's stream begins."""
    return re.search(r'data-cursor="([^"]+)"', get(server, "/").decode()).group(1)


def token(server):
    """What a page listens with."""
    return get(server, "/token").decode()


def follow(server, cursor, until):
    """Opens the stream behind a cursor and returns its messages up to the one that `until` accepts."""
    request = urllib.request.Request(
        f"{server.address}/cable/events?channel=gallery&after={cursor}",
        headers={"Authorization": "Bearer " + token(server)})
    with urllib.request.urlopen(request, timeout=60) as stream:
        seen = []
        for line in stream:
            if line.startswith(b"data: "):
                seen.append(json.loads(line[6:])["data"])
                if until(seen[-1]):
                    return seen
    raise AssertionError(f"the stream ended after {seen}")


def log(server, cursor):
    """The cursors of every message of the gallery behind a cursor."""
    cursors = []
    while True:
        request = urllib.request.Request(
            f"{server.address}/cable/messages?channel=gallery&after={cursor}",
            headers={"Authorization": "Bearer " + token(server)})
        with urllib.request.urlopen(request, timeout=60) as answer:
            page = json.load(answer)
        if not page["events"]:
            return cursors
        cursors += [event["cursor"] for event in page["events"]]
        cursor = page["cursor"]
