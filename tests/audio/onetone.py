"""A soundfont of one sample, put together by hand, for what no installed one has."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

RATE = 48000
KEY_RANGE, DELAY, SAMPLE_MODE, INSTRUMENT, SAMPLE = 43, 33, 54, 41, 53


def one_tone(
    delay_tc: int = -12000, *, period: npt.NDArray[np.float64] | None = None, key: int = 69, only: int | None = None
) -> bytes:
    """Return a soundfont whose piano plays one looped period.

    Args:
        delay_tc: How long after its note a sound begins, in timecents: -12000 not at all, 0 a second.
        period: One period of the sound at 48 kHz, within -1..1, of at least eight points; None: a sine.
        key: Which MIDI key plays it as it is.
        only: The one key that plays it at all; None: every key does.
    """
    wave = np.sin(np.arange(109) * 2 * np.pi / 109) if period is None else period
    keys = (0, 127) if only is None else (only, only)
    cycles = -(-64 // len(wave)) + 2
    points = np.rint(30000 * np.tile(wave, cycles)).astype("<i2")
    end = len(points)
    header = struct.pack("<20sIIIIIBbHH", b"Tone", 0, end, len(wave), end - len(wave), RATE, key, 0, 0, 1)
    tables = {
        b"phdr": struct.pack("<20sHHHIII", b"Tone", 0, 0, 0, 0, 0, 0)
        + struct.pack("<20sHHHIII", b"EOP", 0, 0, 1, 0, 0, 0),
        b"pbag": struct.pack("<HHHH", 0, 0, 1, 0),
        b"pmod": bytes(10),
        b"pgen": struct.pack("<HHHH", INSTRUMENT, 0, 0, 0),
        b"inst": struct.pack("<20sH", b"Tone", 0) + struct.pack("<20sH", b"EOI", 1),
        b"ibag": struct.pack("<HHHH", 0, 0, 4, 0),
        b"imod": bytes(10),
        b"igen": struct.pack("<HBBHhHHHHHH", KEY_RANGE, *keys, DELAY, delay_tc, SAMPLE_MODE, 1, SAMPLE, 0, 0, 0),
        b"shdr": header + struct.pack("<20sIIIIIBbHH", b"EOS", *[0] * 9),
    }
    information = _chunk(b"ifil", struct.pack("<HH", 2, 4)) + _chunk(b"isng", b"EMU8000\0") + _chunk(b"INAM", b"Tone")
    parts = [
        b"INFO" + information,
        b"sdta" + _chunk(b"smpl", points.tobytes() + bytes(2 * 46)),
        b"pdta" + b"".join(_chunk(name, table) for name, table in tables.items()),
    ]
    return _chunk(b"RIFF", b"sfbk" + b"".join(_chunk(b"LIST", part) for part in parts))


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
