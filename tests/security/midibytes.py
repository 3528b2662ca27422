"""MIDI files built byte by byte, and what stands for reading one and for refusing one."""

from __future__ import annotations

import re
import struct
import time

import pytest

from gamemusic.errors import MidiError
from gamemusic.limits import LIMITS, Limits
from gamemusic.score.midi import MidiSong, read_midi

FILE = "mine/tune.mid"
MOST_SECONDS = 8.0
"""Of the processor. Nothing that a file holds may take longer; the largest take about three."""
END = b"\x00\xff\x2f\x00"
"""End of track, at once."""
NOTE = b"\x00\x90\x3c\x50" + b"\x60\x80\x3c\x00"
"""Note 60 at velocity 80 for 96 ticks."""
BODY = 22
"""Where the first event of a file with one track stands: behind header, name and size of the track."""


def chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", len(body)) + body


def header(midi_type: int = 1, tracks: int = 1, division: int = 96) -> bytes:
    return chunk(b"MThd", struct.pack(">HHH", midi_type, tracks, division))


def track(events: bytes, end: bytes = END) -> bytes:
    return chunk(b"MTrk", events + end)


def one(events: bytes, *, end: bytes = END, division: int = 96) -> bytes:
    """Return a file of one track."""
    return header(division=division) + track(events, end)


def number(value: int) -> bytes:
    """Return a number of variable length, as deltas and lengths are written."""
    found = [value & 0x7F]
    while value := value >> 7:
        found.append(value & 0x7F | 0x80)
    return bytes(reversed(found))


def meta(kind: int, value: bytes, delta: int = 0) -> bytes:
    return number(delta) + bytes((0xFF, kind)) + number(len(value)) + value


def tempo(microseconds: int, delta: int = 0) -> bytes:
    return meta(0x51, microseconds.to_bytes(3, "big"), delta)


def note(pitch: int = 60, length: int = 96, delta: int = 0, channel: int = 0) -> bytes:
    return number(delta) + bytes((0x90 | channel, pitch, 80)) + number(length) + bytes((0x80 | channel, pitch, 0))


def riff_chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk as RIFF files have them: the size backwards, filled up to an even number of bytes."""
    return kind + struct.pack("<I", len(body)) + body + b"\x00" * (len(body) % 2)


def riff(*chunks: bytes, kind: bytes = b"RMID") -> bytes:
    return riff_chunk(b"RIFF", kind + b"".join(chunks))


def read(data: bytes, limits: Limits = LIMITS) -> MidiSong:
    """Return what a file holds, which must not take long."""
    began = time.process_time()
    song = read_midi(data, file=FILE, limits=limits)
    assert time.process_time() - began < MOST_SECONDS
    return song


def notes_of(song: MidiSong, track: int = 0) -> list[tuple[int, int, int]]:
    return [(note.start, note.end, note.pitch) for note in song.tracks[track].notes]


def refuse(data: bytes, words: str, *, at: int | None, limits: Limits = LIMITS) -> None:
    """Say that a file is refused soon, in these words and with this place; None where it is all of the file."""
    began = time.process_time()
    with pytest.raises(MidiError) as caught:
        read_midi(data, file=FILE, limits=limits)
    assert time.process_time() - began < MOST_SECONDS
    message = str(caught.value)
    assert message.startswith(f"{FILE}: "), message
    assert words in message, message
    assert message.isprintable()
    assert len(message) < 300
    if at is not None:
        assert re.search(rf"\bbyte {at}\b", message), message
