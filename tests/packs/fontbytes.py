"""A soundfont of one preset, put together by hand, with any of its parts in another's place."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np

from gamemusic.audio.compressed import encode

FRAMES = 2000
RATE = 22_050


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body


def tone() -> bytes:
    """Return 16-bit points of a sine of about 220 Hz, and the silence that the format asks for behind it."""
    points = [round(12_000 * math.sin(2 * math.pi * 220.5 * at / RATE)) for at in range(FRAMES)]
    return struct.pack(f"<{FRAMES + 46}h", *points, *[0] * 46)


def sample(**changes: Any) -> bytes:
    """Return a sample's header."""
    values: dict[str, Any] = {
        "name": b"tone", "start": 0, "end": FRAMES, "loop_start": 500, "loop_end": 1500, "rate": RATE, "pitch": 57,
        "correction": 0, "link": 0, "kind": 1,
    }  # fmt: skip
    return struct.pack("<20sIIIIIBbHH", *{**values, **changes}.values())


def tables(**changes: bytes) -> dict[str, bytes]:
    """Return the nine tables of a font with one preset, one instrument and one sample."""
    found = {
        "phdr": struct.pack("<20sHHHIII", b"Tone", 0, 0, 0, 0, 0, 0)
        + struct.pack("<20sHHHIII", b"EOP", 0, 0, 1, 0, 0, 0),
        "pbag": struct.pack("<HHHH", 0, 0, 1, 0),
        "pmod": bytes(10),
        "pgen": struct.pack("<HHHH", 41, 0, 0, 0),
        "inst": struct.pack("<20sH", b"Tone", 0) + struct.pack("<20sH", b"EOI", 1),
        "ibag": struct.pack("<HHHH", 0, 0, 2, 0),
        "imod": bytes(10),
        "igen": struct.pack("<HHHHHH", 54, 1, 53, 0, 0, 0),
        "shdr": sample() + struct.pack("<20sIIIIIBbHH", b"EOS", *[0] * 9),
    }
    return {**found, **changes}


def info(*more: bytes) -> bytes:
    known = chunk(b"ifil", struct.pack("<HH", 2, 4)) + chunk(b"isng", b"EMU8000\0") + chunk(b"INAM", b"One tone")
    return known + b"".join(more)


def compressed() -> bytes:
    """Return an SF3 font, whose one sample is an Ogg Vorbis stream; it needs soundfile."""
    points = np.frombuffer(tone()[: 2 * FRAMES], "<i2").astype(np.float32)[:, None] * np.float32(1 / 32_768)
    stream = encode(points, RATE, ".ogg")
    header = sample(end=len(stream), loop_start=500, loop_end=1500, kind=0x11)
    return font(points=stream, shdr=header + tables()["shdr"][46:], head=info().replace(b"\2\0\4\0", b"\3\0\0\0"))


def font(
    *,
    head: bytes | None = None,
    points: bytes | None = None,
    wide: bytes | None = None,
    tail: bytes = b"",
    kind: bytes = b"sfbk",
    **changes: bytes,
) -> bytes:
    """Return the soundfont; ``changes`` go to its tables."""
    sound = chunk(b"smpl", tone() if points is None else points) + (b"" if wide is None else chunk(b"sm24", wide))
    body = b"".join(
        chunk(b"LIST", part)
        for part in (
            b"INFO" + (info() if head is None else head),
            b"sdta" + sound,
            b"pdta" + b"".join(chunk(name.encode(), table) for name, table in tables(**changes).items()),
        )
    )
    return chunk(b"RIFF", kind + body + tail)
