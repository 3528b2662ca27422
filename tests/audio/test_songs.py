"""Songs that somebody else wrote, rendered: what is refused before memory is taken for it."""

from __future__ import annotations

import struct

import pytest

from gamemusic.audio.songs import render_song
from gamemusic.audio.soundfont import CHIP_SOUNDFONT
from gamemusic.errors import MidiError
from gamemusic.score.midi import read_midi

SLOWEST = b"\x00\xff\x51\x03\xff\xff\xff"
"""3.6 quarter notes a minute."""


def song(wait: bytes) -> bytes:
    events = SLOWEST + wait + b"\x90\x3c\x50\x01\x80\x3c\x00\x00\xff\x2f\x00"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 96) + b"MTrk" + struct.pack(">I", len(events)) + events


def test_a_file_of_a_few_bytes_may_last_for_weeks() -> None:
    long = read_midi(song(b"\x84\xc9\x80\x00"))  # 96,000 quarter notes
    with pytest.raises(MidiError, match=r"it lasts 1,6\d\d,\d{3} seconds, of which at most 3,600 are played"):
        render_song(long, CHIP_SOUNDFONT, 48_000)
