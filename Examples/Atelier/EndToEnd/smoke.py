"""One picture through the whole slice, without a browser."""

import os
import tempfile

import client
import pictures
from server import DEMO, ROOT, Server


def run(_):
    # A relative path, as the default is.
    with tempfile.TemporaryDirectory() as folder, Server(DEMO, os.path.relpath(folder, ROOT)) as server:
        cursor = client.cursor(server)
        status, answer = client.send(server, pictures.small(), "Smoke <b>", "charcoal")
        assert status == 202, (status, answer)
        number = answer["id"]
        told = client.follow(server, cursor, until=lambda message: message["state"] != "working")
        assert told == [{"id": number, "state": state} for state in ("working", "ready")], told
        styled = client.get(server, f"/pictures/{number}/styled")
        assert styled.startswith(b"\xff\xd8\xff"), "the styled picture is no JPEG"
        page = client.get(server, "/").decode()
        assert "Smoke &lt;b&gt;" in page and f"/pictures/{number}/styled" in page, "the picture is not on the wall"
        status, answer = client.send(server, pictures.small(), "x", "charcoal", origin="http://elsewhere.example")
        assert status == 403, (status, answer)
    print("smoke: a picture was sent, styled and hung; a foreign page was refused")
