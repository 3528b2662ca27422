"""Drums that are not on channel 10: set up by GS, XG and General MIDI 2, chosen by bank, or called so."""

from __future__ import annotations

import struct

import pytest

from gamemusic.score.midi import read_midi

BEAT = (36, 42, 38, 42)
"""Kick, hat, snare, hat."""
GS_RESET = bytes.fromhex("41 10 42 12 40 00 7f 00 41 f7")
XG_ON = bytes.fromhex("43 10 4c 00 00 7e 00 f7")
GM2_ON = bytes.fromhex("7e 7f 09 03 f7")


def gs_part(part: int, mode: int) -> bytes:
    """Return "use for rhythm part" for a part's block, 0 to 15."""
    return bytes((0x41, 0x10, 0x42, 0x12, 0x40, 0x10 | part, 0x15, mode, 0x00, 0xF7))


def xg_part(part: int, mode: int) -> bytes:
    return bytes((0x43, 0x10, 0x4C, 0x08, part, 0x07, mode, 0xF7))


def exclusive(*messages: bytes) -> bytes:
    return b"".join(b"\x00\xf0" + bytes((len(message),)) + message for message in messages)


def bank(number: int, channel: int) -> bytes:
    return bytes((0x00, 0xB0 | channel, 0x00, number))


def program(number: int, channel: int) -> bytes:
    return bytes((0x00, 0xC0 | channel, number))


def name(text: str, kind: int = 0x03) -> bytes:
    return bytes((0x00, 0xFF, kind, len(text.encode()))) + text.encode()


def play(channel: int, pitches: tuple[int, ...] = BEAT) -> bytes:
    return b"".join(bytes((0x00, 0x90 | channel, pitch, 80, 0x60, 0x80 | channel, pitch, 0)) for pitch in pitches)


def read(*tracks: bytes, midi_type: int = 1) -> list[list[bool]]:
    """Return of each track's notes whether they are drums."""
    chunks = b"".join(b"MTrk" + struct.pack(">I", len(body) + 4) + body + b"\x00\xff\x2f\x00" for body in tracks)
    data = b"MThd" + struct.pack(">IHHH", 6, midi_type, len(tracks), 96) + chunks
    return [[note.drums for note in track.notes] for track in read_midi(data).tracks]


def test_channel_10_is_drums_and_no_other() -> None:
    assert [read(play(channel))[0] for channel in range(16)] == [[channel == 9] * 4 for channel in range(16)]


@pytest.mark.parametrize(
    ("part", "channel"),
    [(0, 9), *((part, part - 1) for part in range(1, 10)), *((part, part) for part in range(10, 16))],
)
def test_gs_makes_any_part_drums_or_none(part: int, channel: int) -> None:
    for mode in (0, 1, 2):
        assert read(exclusive(GS_RESET, gs_part(part, mode)) + play(channel))[0] == [mode > 0] * 4
    other = (channel + 1) % 16
    assert read(exclusive(gs_part(part, 1)) + play(other))[0] == [other == 9] * 4


@pytest.mark.parametrize("channel", [0, 9, 10, 15])
def test_xg_makes_any_part_drums_or_none(channel: int) -> None:
    for mode in (0, 1, 3):
        assert read(exclusive(XG_ON, xg_part(channel, mode)) + play(channel))[0] == [mode > 0] * 4


@pytest.mark.parametrize(
    ("setup", "number", "drums"),
    [
        (b"", 127, True),
        (exclusive(XG_ON), 127, True),
        (exclusive(XG_ON), 126, True),
        (exclusive(GS_RESET), 127, False),  # GS has the instruments of the MT-32 there
        (exclusive(GM2_ON), 120, True),
        (b"", 120, True),
        (exclusive(GS_RESET), 120, False),
        (b"", 0, False),
        (exclusive(XG_ON), 64, False),
    ],
)
def test_banks_of_kits(setup: bytes, number: int, drums: bool) -> None:
    assert read(setup + bank(number, 11) + program(0, 11) + play(11))[0] == [drums] * 4


def test_a_channel_that_leaves_its_kit_plays_pitches_again() -> None:
    events = bank(127, 3) + program(0, 3) + play(3) + bank(0, 3) + program(0, 3) + play(3)
    assert read(exclusive(XG_ON) + events)[0] == [True] * 4 + [False] * 4


def test_bank_0_does_not_undo_drums() -> None:
    assert read(bank(0, 9) + play(9))[0] == [True] * 4
    assert read(exclusive(GS_RESET, gs_part(10, 1)) + bank(0, 10) + program(0, 10) + play(10))[0] == [True] * 4
    assert read(exclusive(GM2_ON) + bank(121, 9) + program(0, 9) + play(9))[0] == [False] * 4


def test_one_track_may_set_another_up_but_no_pattern_of_type_2() -> None:
    head = exclusive(XG_ON, xg_part(5, 1))
    assert read(head, play(5)) == [[], [True] * 4]
    assert read(head, play(5), midi_type=2) == [[], [False] * 4]


@pytest.mark.parametrize(
    "called", ["Drums", "drum kit", "Rock Drums 2", "Percussion", "PERC.", "Schlagzeug", "Batería", "Hi-Hat", "ドラム"]
)
@pytest.mark.parametrize("kind", [0x03, 0x04])
def test_drums_by_name_of_track_or_instrument(called: str, kind: int) -> None:
    assert read(name(called, kind) + play(10)) == [[True] * 4]
    assert read(name(called, kind) + program(8, 10) + play(10)) == [[True] * 4]


@pytest.mark.parametrize(
    ("called", "number", "pitches"),
    [
        ("Steel Drums", 114, BEAT),
        ("Synth Drum", 118, BEAT),
        ("Timpani", 47, (38, 43)),
        ("Percussive Organ", 17, BEAT),
        ("Drum & Bass", 0, BEAT),
        ("Percussion", 13, BEAT),  # a xylophone's program
        ("Drums of the deep", 0, (60, 65, 67, 72, 71, 67)),  # a tune
        ("Conundrums", 0, BEAT),
        ("Kitchen", 0, BEAT),
    ],
)
def test_names_that_mean_pitches(called: str, number: int, pitches: tuple[int, ...]) -> None:
    assert not any(read(name(called) + program(number, 10) + play(10, pitches))[0])


def test_the_title_of_a_song_of_type_0_makes_no_drums() -> None:
    assert not any(read(name("Drums") + play(0) + play(1), midi_type=0)[0])
