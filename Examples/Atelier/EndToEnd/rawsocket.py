"""Frames that no client library sends, over a bare socket (https://www.rfc-editor.org/rfc/rfc6455)."""

import base64
import contextlib
import hashlib
import os
import socket
import struct
import time

from cableserver import token

WAIT = 30
TEXT, CONTINUATION, BINARY, CLOSE, PING, PONG = 1, 0, 2, 8, 9, 10


def frame(data, opcode=TEXT, final=True, masked=True, reserved=0):
    first = (0x80 if final else 0) | reserved | opcode
    mask = 0x80 if masked else 0
    if len(data) < 126:
        head = struct.pack(">BB", first, mask | len(data))
    elif len(data) < 65_536:
        head = struct.pack(">BBH", first, mask | 126, len(data))
    else:
        head = struct.pack(">BBQ", first, mask | 127, len(data))
    if masked:
        key = os.urandom(4)
        data = key + bytes(byte ^ key[index % 4] for index, byte in enumerate(data))
    return head + data


class RawSocket:
    def __init__(self, connection):
        self.connection = connection
        self.buffer = b""

    def frame(self, *arguments, **more):
        self.connection.sendall(frame(*arguments, **more))

    def text(self, text):
        self.frame(text.encode())

    def read(self, count):
        while len(self.buffer) < count:
            more = self.connection.recv(65_536)
            if not more:
                raise EOFError
            self.buffer += more
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def next(self):
        """The next frame: opcode and data."""
        first, second = self.read(2)
        assert first & 0x80 and not first & 0x70 and not second & 0x80, "the server's frames are whole and unmasked"
        length = second
        if length == 126:
            (length,) = struct.unpack(">H", self.read(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self.read(8))
        return first & 15, self.read(length)

    def closing(self):
        """The code that the server closes with; after it the connection ends."""
        deadline = time.monotonic() + WAIT
        opcode, data = self.next()
        while opcode != CLOSE:
            assert time.monotonic() < deadline, "the server goes on"  # it sends heartbeats for as long as it likes
            opcode, data = self.next()
        self.drain()
        return struct.unpack(">H", data[:2])[0]

    def drain(self):
        """Reads until the server's end: closed, or reset since it did not read all of ours."""
        with contextlib.suppress(ConnectionResetError):
            while self.connection.recv(65_536):
                pass


@contextlib.contextmanager
def connect(server, key, receive_buffer=None):
    with socket.socket() as connection:
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(WAIT)
        connection.connect(("127.0.0.1", server.port))
        nonce = base64.b64encode(os.urandom(16))
        connection.sendall(
            f"GET /cable/socket HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {nonce.decode()}\r\nSec-WebSocket-Version: 13\r\n"
            f"Authorization: Bearer {key}\r\n\r\n".encode())
        opened = RawSocket(connection)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += opened.read(1)
        assert head.startswith(b"HTTP/1.1 101 "), head
        accept = base64.b64encode(hashlib.sha1(nonce + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        assert accept in head, head
        yield opened


def breaks_the_rules(server):
    long = b"x" * 126
    faults = [
        ("not masked", 1002, [dict(data=b"{}", masked=False)]),
        ("reserved bit 1, as of compression", 1002, [dict(data=b"{}", reserved=0x40)]),
        ("reserved bit 2", 1002, [dict(data=b"{}", reserved=0x20)]),
        ("reserved bit 3", 1002, [dict(data=b"{}", reserved=0x10)]),
        ("reserved bit of a ping", 1002, [dict(data=b"", opcode=PING, reserved=0x40)]),
        ("reserved opcode", 1002, [dict(data=b"{}", opcode=3)]),
        ("reserved control opcode", 1002, [dict(data=b"", opcode=11)]),
        ("ping in pieces", 1002, [dict(data=b"", opcode=PING, final=False)]),
        ("ping of 126 bytes", 1002, [dict(data=long, opcode=PING)]),
        ("rest without a beginning", 1002, [dict(data=b"{}", opcode=CONTINUATION)]),
        ("beginning within another", 1002, [dict(data=b"{", final=False), dict(data=b"{}")]),
        ("binary", 1003, [dict(data=b"\x00", opcode=BINARY)]),
        ("bad UTF-8", 1007, [dict(data=b"\xc3\x28")]),
        ("cut UTF-8", 1007, [dict(data=b"\xf0\x9f", final=False), dict(data=b"x", opcode=CONTINUATION)]),
        ("surrogates", 1007, [dict(data=b"\xed\xa0\x80")]),
        ("too large", 1009, [dict(data=b"x" * 70_000)]),
        ("too large in pieces", 1009, [dict(data=b"x" * 60_000, final=False)]
         + [dict(data=b"x" * 60_000, opcode=CONTINUATION)]),
        ("close of one byte", 1002, [dict(data=b"\x03", opcode=CLOSE)]),
        ("close with 1005", 1002, [dict(data=struct.pack(">H", 1005), opcode=CLOSE)]),
        ("close with 999", 1002, [dict(data=struct.pack(">H", 999), opcode=CLOSE)]),
        ("close with bad UTF-8", 1007, [dict(data=struct.pack(">H", 1000) + b"\xff", opcode=CLOSE)]),
    ]
    for name, code, frames in faults:
        with connect(server, token()) as client:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for frame in frames:
                    client.frame(**frame)
            closed = client.closing()
            assert closed == code, f"{name}: closed with {closed} instead of {code}"
    server.wait_until_empty()


def claims_an_endless_frame(server):
    """A head that promises 2⁶³ − 1 bytes is refused before any of them come."""
    with connect(server, token()) as client:
        client.connection.sendall(struct.pack(">BBQ", 0x81, 0xff, 2**63 - 1) + b"\0\0\0\0")
        assert client.closing() == 1009


def sends_byte_by_byte(server):
    """A character that is cut between two frames, control frames within a text, and all of it in single bytes."""
    with connect(server, token()) as client:
        client.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        command = '{"do":"ping","id":"🦊"}'.encode()
        frames = [
            frame(command[:20], final=False), frame(b"1", PING), frame(command[20:21], CONTINUATION, final=False),
            frame(b"2", PING), frame(b"unasked", PONG), frame(command[21:], CONTINUATION),
        ]
        for byte in b"".join(frames):
            client.connection.sendall(bytes([byte]))
        assert client.next() == (PONG, b"1")
        assert client.next() == (PONG, b"2")
        assert client.next() == (TEXT, b'{"type":"pong"}')


def leaves_without_a_word(server):
    """Half a frame, and gone: its place is free again."""
    for _ in range(20):
        with connect(server, token()) as client:
            client.connection.sendall(b"\x81\xfe\x10")
    server.wait_until_empty()


TESTS = [breaks_the_rules, claims_an_endless_frame, sends_byte_by_byte, leaves_without_a_word]
