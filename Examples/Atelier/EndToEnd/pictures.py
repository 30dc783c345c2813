"""Pictures to send: without any library, and large enough to keep the painter busy."""

import random
import struct
import zlib


def png(width, height, row):
    """A PNG in true colour; `row(y)` gives the bytes of a line."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    lines = b"".join(b"\0" + row(y) for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(lines, 6)) + chunk(b"IEND", b""))


def small():
    """A gradient."""
    return png(320, 240, lambda y: bytes(v for x in range(320) for v in (x % 256, y, (x + y) % 256)))


def large():
    """Twenty-four megapixels of coloured stripes, some of them noisy: a second or two of work."""
    noise = random.Random(7)
    lines = [noise.randbytes(300) * 60 for _ in range(40)]
    return png(6000, 4000, lambda y: lines[y // 7 % 40])
