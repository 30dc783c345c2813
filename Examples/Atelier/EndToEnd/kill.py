"""`kill -9` while the job runs; the next start finishes it, once."""

import contextlib
import pathlib
import sqlite3
import tempfile
import time

import client
import pictures
from server import Server, build


def run(options):
    program, picture = build(), pictures.large()
    print(f"the picture: {len(picture) / 1e6:.1f} MB, 24 megapixels", flush=True)
    for number in range(1, options.times + 1):
        with tempfile.TemporaryDirectory() as folder:
            print(f"{number}/{options.times}: " + once(program, picture, pathlib.Path(folder)), flush=True)


def once(program, picture, folder):
    with Server(program, folder) as server:
        status, answer = client.send(server, picture, "Killed", "oil")
        assert status == 202, (status, answer)
        number = answer["id"]
        wait_until_painting(folder)
        server.kill()
    # Nobody has the files open now. The job is the killed worker's.
    with contextlib.closing(sqlite3.connect(folder / "app.sqlite3")) as database:
        (before,) = database.execute("SELECT state FROM pictures").fetchone()
    assert before == "working", f"the job was over before the kill ({before}): the picture is too small for this machine"
    started = time.monotonic()
    with Server(program, folder) as server:
        client.wait_until_ready(server, number)
        seconds = time.monotonic() - started
        assert client.get(server, f"/pictures/{number}/styled").startswith(b"\xff\xd8\xff")
    with contextlib.closing(sqlite3.connect(folder / "app.sqlite3")) as database:
        (count,) = database.execute("SELECT count(*) FROM picture_files WHERE file = 'styled'").fetchone()
        (check,) = database.execute("PRAGMA integrity_check").fetchone()
        (told,) = database.execute(
            "SELECT count(*) FROM lite_cable_messages WHERE CAST(payload AS TEXT) LIKE '%ready%'").fetchone()
    assert (count, told, check) == (1, 1, "ok"), (count, told, check)
    left = [entry.name for entry in (folder / "scratch").iterdir() if entry.is_dir()]
    assert left == [], f"left behind: {left}"
    return f"killed while it painted, ready {seconds:.1f} s after the next start began"


def wait_until_painting(folder, seconds=30):
    """The upload lies in the scratch folder for as long as ImageMagick works on it."""
    deadline = time.monotonic() + seconds
    while not list((folder / "scratch").glob("*/*/upload")):
        assert time.monotonic() < deadline, "the job did not start"
        time.sleep(0.005)
