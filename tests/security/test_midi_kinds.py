"""Kinds of MIDI files that others keep to test readers with, made anew: what each holds is read, or refused.

The kinds are those of https://github.com/jazz-soft/test-midi-files and of the threads in mido's tracker that name files
which players play and mido does not read; none of their bytes is used.
"""

from __future__ import annotations

import pytest
from midibytes import (
    BODY,
    END,
    NOTE,
    chunk,
    header,
    meta,
    note,
    notes_of,
    number,
    one,
    read,
    refuse,
    riff,
    riff_chunk,
    tempo,
    track,
)

from gamemusic.score.midi import MidiNote

PITCHES = (72, 74, 76, 77, 79, 81, 83, 84)
EVENTS = b"".join(note(pitch) for pitch in PITCHES)
SCALE = [(96 * index, 96 * index + 96, pitch) for index, pitch in enumerate(PITCHES)]
RUNNING = b"".join(bytes((0, pitch, 80, 96, pitch, 0)) for pitch in PITCHES)
"""The scale without any status byte, ended by velocity 0."""
MIDDLE = 4 * 6


def control(*pairs: int) -> bytes:
    """Return control changes of channel 1."""
    return b"".join(bytes((0, 0xB0, *pairs[index : index + 2])) for index in range(0, len(pairs), 2))


def exclusive(*data: int) -> bytes:
    return b"\x00\xf0" + number(len(data) + 1) + bytes(data) + b"\xf7"


BEFORE_THE_SCALE = {
    "scale": b"",
    "names and texts": meta(3, b"Scale") + meta(2, b"(c)") + meta(1, b"You must hear a scale.\n"),
    "sequence number, channel and port": meta(0, b"\x00\x07") + meta(0x20, b"\x00") + meta(0x21, b"\x00"),
    "sequence number of no bytes": meta(0, b""),
    "port of no bytes": meta(0x21, b""),
    "sequencer's own": meta(0x7F, b"\x00\x00\x41"),
    "SMPTE offset": meta(0x54, b"\x60\x01\x00\x00\x00"),
    "bank select": control(0, 0, 32, 0),
    "damper": control(64, 127),
    "portamento": control(5, 64, 65, 127),
    "portamento control": control(84, 60),
    "omni off": control(124, 0),
    "omni on": control(125, 0),
    "mono": control(126, 1),
    "poly": control(127, 0),
    "pitch bend range": control(101, 0, 100, 0, 6, 12, 38, 0) + b"\x00\xe0\x00\x40",
    "fine tuning": control(101, 0, 100, 1, 6, 64, 38, 0),
    "coarse tuning": control(101, 0, 100, 2, 6, 64),
    "modulation depth": control(101, 0, 100, 5, 6, 1, 38, 0),
    "identity request": exclusive(0x7E, 0x7F, 6, 1),
    "GM on": exclusive(0x7E, 0x7F, 9, 1),
    "GM off": exclusive(0x7E, 0x7F, 9, 2),
    "GM2 on": exclusive(0x7E, 0x7F, 9, 3),
    "master fine tuning": exclusive(0x7F, 0x7F, 4, 3, 0, 0x40),
    "master coarse tuning": exclusive(0x7F, 0x7F, 4, 4, 0, 0x40),
    "scale tuning": exclusive(0x7E, 0x7F, 8, 8, 3, 0x7F, 0x7F, *([64] * 12)),
    "GS reset": exclusive(0x41, 0x10, 0x42, 0x12, 0x40, 0, 0x7F, 0, 0x41),
    "GS drum part": exclusive(0x41, 0x10, 0x42, 0x12, 0x40, 0x11, 0x15, 1, 0x19),
    "XG on": exclusive(0x43, 0x10, 0x4C, 0, 0, 0x7E, 0),
    "aftertouch of both kinds": b"\x00\xa0\x48\x40\x00\xd0\x40",
    "exclusive in fragments": b"\x00\xf0\x02\x43\x10\x00\xf7\x02\x4c\x00\x00\xf7\x03\x00\x7e\xf7",
}


@pytest.mark.parametrize("case", BEFORE_THE_SCALE)
def test_what_stands_before_the_notes_changes_none(case: str) -> None:
    song = read(header(0) + track(BEFORE_THE_SCALE[case] + EVENTS))
    assert (notes_of(song), song.end_tick, song.tempos) == (SCALE, 768, ())
    assert {each.program for each in song.tracks[0].notes} == {0}


FILES = {
    "running status": one(b"\x00\x90" + RUNNING[1:]),
    "running status, a meta event in the middle": one(
        b"\x00\x90" + RUNNING[1:MIDDLE] + meta(1, b"here") + RUNNING[MIDDLE:]
    ),
    "running status, an exclusive in the middle": one(
        b"\x00\x90" + RUNNING[1:MIDDLE] + exclusive(0x7E, 0x7F, 6, 1) + RUNNING[MIDDLE:]
    ),
    "a chunk that is no track": header(0) + chunk(b"Junk", b"This is no track.") + track(EVENTS),
    "one byte more": one(EVENTS) + b"*",
    "RMI": riff(riff_chunk(b"data", one(EVENTS))),
    "header of 8 bytes": chunk(b"MThd", one(EVENTS)[8:14] + b"\x00\x00") + track(EVENTS),
    "a track without an end": one(EVENTS, end=b""),
    "a text at the end": one(EVENTS + meta(1, b"Thank you!")),
}


@pytest.mark.parametrize("case", FILES)
def test_files_that_are_untidy_play_the_scale(case: str) -> None:
    assert notes_of(read(FILES[case])) == SCALE


def test_tracks_of_all_formats() -> None:
    second = b"".join(note(pitch - 12, channel=1) for pitch in PITCHES)
    low = [(start, end, pitch - 12) for start, end, pitch in SCALE]
    for midi_type in (0, 1):
        song = read(header(midi_type, 2) + track(EVENTS) + track(second))
        assert (notes_of(song, 0), notes_of(song, 1), song.end_tick) == (SCALE, low, 768)
    song = read(header(2, 2) + track(EVENTS) + track(second))
    assert notes_of(song, 1) == [(start + 768, end + 768, pitch) for start, end, pitch in low]


def test_chords_over_channels_and_tracks() -> None:
    """In one track, in a track each, with two tracks that share a channel: no note ends another one."""
    chord = (b"\x00\x90\x48\x50\x00\x91\x4c\x50\x00\x92\x4f\x50", b"\x60\x80\x48\x00\x00\x81\x4c\x00\x00\x82\x4f\x00")
    assert notes_of(read(one(b"".join(chord)))) == [(0, 96, 72), (0, 96, 76), (0, 96, 79)]
    apart = read(header(tracks=3) + track(note(72)) + track(note(76, channel=1)) + track(note(72, length=48)))
    assert [notes_of(apart, index) for index in range(3)] == [[(0, 96, 72)], [(0, 96, 76)], [(0, 48, 72)]]


def test_all_programs() -> None:
    events = b"".join(bytes((0, 0xC0, program)) + note() for program in range(128))
    assert [each.program for each in read(one(events)).tracks[0].notes] == list(range(128))


@pytest.mark.parametrize("bank", [(121, 0), (120, 0), (8, 0), (0, 127), (127, 0), (64, 1)])
def test_programs_of_other_banks(bank: tuple[int, int]) -> None:
    """GM2, GS and XG choose sounds by bank, which the program does not tell: the notes keep the program.

    Banks of drum kits make them drums.
    """
    events = control(0, bank[0], 32, bank[1]) + b"\x00\xc0\x38" + note(76)
    assert read(one(events)).tracks[0].notes == (MidiNote(0, 96, 76, 80, 0, 56, drums=bank[0] in (120, 127)),)


def test_all_percussion() -> None:
    events = b"".join(note(pitch, channel=9) for pitch in range(27, 88))
    found = read(one(events)).tracks[0].notes
    assert [(each.pitch, each.channel) for each in found] == [(pitch, 9) for pitch in range(27, 88)]


def test_all_velocities_and_pitches() -> None:
    loud = b"".join(bytes((0, 0x90, 60, velocity, 96, 60, 0)) for velocity in range(1, 128))
    assert [each.velocity for each in read(one(loud)).tracks[0].notes] == list(range(1, 128))
    assert [each.pitch for each in read(one(b"".join(map(note, range(128))))).tracks[0].notes] == list(range(128))


@pytest.mark.parametrize(
    ("delta", "size"), [(0x7F, 1), (0x80, 2), (0x3FFF, 2), (0x4000, 3), (0x1FFFFF, 3), (0x200000, 4)]
)
def test_deltas_of_one_to_four_bytes(delta: int, size: int) -> None:
    assert len(number(delta)) == size
    assert notes_of(read(one(note(60, length=delta, delta=delta)))) == [(delta, 2 * delta, 60)]


def test_deltas_of_four_bytes_all_along() -> None:
    events = b"".join(note(pitch, length=0x0E000060) for pitch in PITCHES)
    refuse(one(events), "lasts 1,879,048,960 ticks; at most 9,600,000", at=14)
    assert len(notes_of(read(one(events, division=32767)))) == 8


@pytest.mark.parametrize(
    "last",
    [b"\x81\x40\xff\x2f\x00", b"\x81\x40\xb0\x7b\x00" + END, b"\x81\x40\xff\x01\x01x" + END],
    ids=["end of track", "all notes off", "text"],
)
def test_silence_at_the_end_belongs_to_the_track(last: bytes) -> None:
    song = read(one(note(72), end=last))
    assert (notes_of(song), song.end_tick) == ([(0, 96, 72)], 288)


def test_karaoke_of_three_tracks() -> None:
    words = meta(3, b"Words") + meta(1, b"@TA Song") + meta(1, b"\\Ma") + meta(1, b"ry ", 75) + meta(1, b"/had ", 25)
    head = meta(3, b"Title") + tempo(666_666)
    song = read(header(1, 3, 100) + track(head) + track(words) + track(b"\x00\xc0\x0b" + EVENTS))
    assert [each.name for each in song.tracks] == ["Title", "Words", ""]
    assert (notes_of(song, 2), song.tracks[2].notes[0].program) == (SCALE, 11)


def test_empty_tracks_beside_one_with_notes() -> None:
    empty = track(b"")
    song = read(header(tracks=5) + empty + track(b"", end=b"") + track(EVENTS) + empty * 2)
    assert [len(each.notes) for each in song.tracks] == [0, 0, 8, 0, 0]
    assert read(header(0) + empty).end_tick == 0


REFUSED = {
    "one byte less": (one(EVENTS)[:-1], "says 68 bytes, but the file ends at byte 89", 14),
    "no MIDI": (b"This is no MIDI file.", "byte 0 begins with b'This'", 0),
    "exclusive alone (.syx)": (b"\xf0\x7e\x7f\x06\x01\xf7", "byte 0 begins with b'\\xf0~\\x7f\\x06'", 0),
    "MIDI 2.0 clip": (b"SMF2CLIP" + bytes(16), "byte 0 begins with b'SMF2'", 0),
    "MIDI 2.0 without a header": (b"\x00\x40\x00\x00\x00\x30\x00\x60", "byte 0 begins with b'\\x00@", 0),
    "all illegal messages": (
        one(b"\x00\xf1\x7f\x00\xf2\x7f\x7f\x00\xf3\x7f\x00\xf4\x00\xf5\x00\xf6\x00\xf8\x00\xfe" + EVENTS),
        "is 0xF1, which no MIDI file may hold there",
        BODY + 1,
    ),
    "illegal message, then running status": (
        one(b"\x00\x90\x48\x50\x00\xf2\x7f\x7f" + b"\x60\x48\x00"),
        "is 0xF2, which no MIDI file may hold there",
        BODY + 5,
    ),
    # mido #476: files of which players play what they can make out
    "476: data first": (one(RUNNING), "is data (0x48) before the track's first event", BODY + 1),
    "476: data first in a later track": (
        header(tracks=2) + track(tempo(500_000)) + track(b"\x83\x60\x48\x50" + EVENTS),
        "is data (0x48) before the track's first event",
        14 + 8 + 7 + 4 + 8 + 2,
    ),
    "476: status bytes lost after a text": (
        one(meta(1, b"fugue") + RUNNING),
        "is data (0x48) before the track's first event",
        BODY + 10,
    ),
    "476: a text longer than it says": (
        one(b"\x00\xff\x01\x03fugue in a" + EVENTS),
        "is data (0x65) before the track's first event",
        BODY + 8,
    ),
    "476: no track where one must begin": (
        header(tracks=2) + track(EVENTS) + b"\x00\x00" + track(EVENTS),
        "the chunk b'\\x00\\x00MT' at byte 90 says",
        14 + 8 + 68,
    ),
    "476: ends within a track": (header(tracks=2) + track(NOTE) + track(EVENTS)[:40], "the chunk b'MTrk'", 14 + 20),
    "476: ends before the last track": (header(tracks=2) + track(NOTE), "header says 2 tracks", 14 + 20),
    # mido #63, #391, #525: a byte over 127 where data belongs
    "63: velocity over 127": (one(EVENTS + b"\x00\x90\x48\x90"), "is no data byte", BODY + 64 + 3),
    "391: volume of 255": (one(b"\x00\xb0\x07\xff" + EVENTS), "is no data byte", BODY + 3),
    "525: pitch over 127": (one(EVENTS + b"\x00\x90\xc8\x50"), "is no data byte", BODY + 64 + 2),
    # mido #95: a text of 34,359,738,240 bytes, so its file said
    "95: text of gigabytes": (one(EVENTS + b"\x00\xff\x01\xff\xff\xff\xff\x00"), "has more than 4 bytes", BODY + 67),
    "95: text of 256 MB": (one(EVENTS + b"\x00\xff\x01\xff\xff\xff\x7f", end=b""), "is cut off", BODY + 71),
    # mido #358: sizes that a meta event cannot have, and which cannot be guessed
    "358: tempo of 1 byte": (one(meta(0x51, b"\x07") + EVENTS), "says a tempo of 1 bytes", BODY + 4),
    "358: meter of 1 byte": (one(meta(0x58, b"\x04") + EVENTS), "holds a time signature of [4]", BODY + 4),
    # mido #457: a division that is negative
    "457: 25 frames": (one(EVENTS, division=0xE728), "counts SMPTE frames", 0),
}


@pytest.mark.parametrize("case", REFUSED)
def test_files_that_are_damaged_are_refused(case: str) -> None:
    data, words, at = REFUSED[case]
    refuse(data, words, at=at)


THREADS = {
    "42: sequence number of no bytes last": EVENTS + b"\x00\xff\x00\x00",
    "93: port of no bytes": b"\x00\xff\x21\x00" + EVENTS,
    "105: eight sharps": meta(0x59, b"\x08\x00") + EVENTS,
    "235: two flats, mode 255": meta(0x59, b"\xfe\xff") + EVENTS,
    "358: key of no bytes": meta(0x59, b"") + EVENTS,
    "358: key of 1 byte": meta(0x59, b"\x02") + EVENTS,
    "358: SMPTE offset of 2 bytes": meta(0x54, b"\x60\x00") + EVENTS,
    "358: key of 3 bytes": meta(0x59, b"\x08\x00\x00") + EVENTS,
    "144: sequence number of 4 bytes": meta(0, b"\xff\xff\xff\xff") + EVENTS,
}


@pytest.mark.parametrize("case", THREADS)
def test_files_that_mido_did_not_read_are_read(case: str) -> None:
    song = read(one(THREADS[case]))
    assert (notes_of(song), song.keys) == (SCALE, ())
