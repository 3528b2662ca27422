"""The catalogue of bad MIDI files, rows M21 to M33: divisions, deltas, tempos, meters, metas of any length."""

from __future__ import annotations

import pytest
from midibytes import (
    BODY,
    END,
    NOTE,
    header,
    meta,
    note,
    notes_of,
    number,
    one,
    read,
    refuse,
    tempo,
    track,
)

from gamemusic.limits import LIMITS, Limits

FARTHEST = 0x0FFFFFFF
"""The largest number of four bytes."""


def test_m21_no_ticks_a_quarter_note() -> None:
    refuse(one(NOTE, division=0), "says 0 ticks a quarter note; 1 to 32767 are allowed", at=0)


@pytest.mark.parametrize("division", [0xE728, 0xE250, 0xE764, 0xE350, 0xE700, 0x8000, 0x8001, 0xFFFF])
def test_m22_smpte_frames(division: int) -> None:
    """They are negative to who takes them as signed; nobody else may play what has no quarter notes."""
    refuse(one(NOTE, division=division), "the header at byte 0 counts SMPTE frames; save the file with ticks", at=0)


@pytest.mark.parametrize("division", [1, 2, 960, 32767])
def test_m23_least_and_most_ticks_a_quarter_note(division: int) -> None:
    song = read(one(tempo(500_000) + note(60, length=3 * division), division=division))
    assert (song.ticks_per_beat, notes_of(song), song.end_tick) == (division, [(0, 3 * division, 60)], 3 * division)


def test_m24_the_longest_delta() -> None:
    late = number(FARTHEST) + NOTE[1:]
    refuse(one(late), "the track at byte 14 lasts 268,435,551 ticks; at most 9,600,000 are read", at=14)
    song = read(one(late, division=32767))
    assert notes_of(song) == [(FARTHEST, FARTHEST + 96, 60)]
    refuse(one(NOTE + number(FARTHEST) + END[1:]), "lasts 268,435,551 ticks", at=14)
    refuse(one(note(60, length=FARTHEST)), "lasts 268,435,455 ticks", at=14)


def test_m24_the_length_that_is_just_allowed() -> None:
    for division in (1, 96, 21_474):
        most = min(LIMITS.midi_beats * division, LIMITS.midi_ticks)
        parts = [most // 16] * 15 + [most - most // 16 * 15]
        events = b"".join(meta(1, b"", delta) for delta in parts)
        assert read(one(events, division=division)).end_tick == most
        refuse(one(events + b"\x01\xff\x2f\x00", division=division), f"lasts {most + 1:,} ticks", at=14)


@pytest.mark.parametrize("count", [4, 5, 100, 10_000_000])
@pytest.mark.parametrize(
    ("before", "at"),
    [
        (b"", BODY),
        (NOTE, BODY + 8),
        (b"\x00\xff\x01", BODY + 3),
        (b"\x00\xf0", BODY + 2),
        (b"\x00\xf7", BODY + 2),
        (b"\x00\xff\x51", BODY + 3),
    ],
    ids=["delta", "later delta", "text", "SysEx", "continuation", "tempo"],
)
def test_m25_numbers_that_do_not_end(count: int, before: bytes, at: int) -> None:
    refuse(one(before + b"\xff" * count + b"\x7f"), f"the number at byte {at} has more than 4 bytes", at=at)


@pytest.mark.parametrize("zeros", [b"", b"\x80", b"\x80\x80", b"\x80\x80\x80"])
def test_m25_numbers_that_are_longer_than_they_need_be(zeros: bytes) -> None:
    events = zeros + NOTE[:4] + zeros + NOTE[4:] + b"\x00\xff\x03" + zeros + b"\x01x"
    song = read(one(events))
    assert (notes_of(song), song.tracks[0].name) == ([(0, 96, 60)], "x")
    if zeros:
        refuse(one(b"\x80\x80\x80" + zeros + NOTE), "has more than 4 bytes", at=BODY)


@pytest.mark.parametrize("count", [9, 100, 2000])
def test_m26_deltas_that_add_up_to_more_than_2_31(count: int) -> None:
    events = meta(1, b"", FARTHEST) * count
    refuse(one(events + NOTE, division=32767), f"lasts {count * FARTHEST + 96:,} ticks; at most 2,147,483,647", at=14)


@pytest.mark.slow
def test_m26_as_many_of_the_longest_deltas_as_fit() -> None:
    """So many that they come near 2^49; 2^53, where floats lose ticks, is out of reach."""
    assert LIMITS.midi_events * FARTHEST < 2**53
    refuse(one(meta(1, b"", FARTHEST) * 2_000_000), "lasts 536,870,910,000,000 ticks", at=14)


def test_m26_patterns_that_add_up_to_more_than_2_31() -> None:
    long = track(meta(1, b"", FARTHEST) * 4)
    assert read(header(1, 3, 32767) + long * 3).end_tick == 4 * FARTHEST
    assert read(header(2, 1, 32767) + long).end_tick == 4 * FARTHEST
    words = f"the patterns last {12 * FARTHEST:,} ticks together; at most 2,147,483,647"
    refuse(header(2, 3, 32767) + long * 3, words, at=None)


def test_m27_no_tempo() -> None:
    """What it means is for who plays it: 120 quarter notes a minute, as in the format."""
    assert read(one(NOTE)).tempos == ()


@pytest.mark.parametrize("microseconds", [0, 1, 19_999])
def test_m28_tempos_that_are_none(microseconds: int) -> None:
    words = f"says {microseconds} microseconds a quarter note; 20000 to 16777215 are allowed"
    refuse(one(tempo(500_000) + tempo(microseconds) + NOTE), words, at=BODY + 7 + 4)


@pytest.mark.parametrize(("microseconds", "bpm"), [(20_000, 3000.0), (0xFFFFFF, 60_000_000 / 0xFFFFFF)])
def test_m29_slowest_and_fastest_tempo(microseconds: int, bpm: float) -> None:
    assert read(one(tempo(microseconds) + NOTE)).tempos == ((0, bpm),)


def test_m30_a_hundred_thousand_tempo_changes() -> None:
    song = read(one(b"".join(tempo(500_000 + index, delta=1) for index in range(100_000)) + NOTE))
    assert len(song.tempos) == 100_000
    assert song.tempos[:2] == ((1, 60_000_000 / 500_000), (2, 60_000_000 / 500_001))
    assert (song.tempos[-1], notes_of(song)) == ((100_000, 60_000_000 / 599_999), [(100_000, 100_096, 60)])


def test_m30_a_hundred_thousand_tempo_changes_on_one_tick() -> None:
    assert read(one(b"".join(tempo(500_000 + index) for index in range(100_000)) + NOTE)).tempos == (
        (0, 60_000_000 / 599_999),
    )


def test_m31_tempo_meter_and_key_in_a_later_track() -> None:
    """They belong to the first track, and hold for all tracks wherever they stand."""
    fifth = track(tempo(400_000, delta=96) + meta(0x58, b"\x03\x02\x18\x08") + meta(0x59, b"\x02\x00"))
    song = read(header(tracks=6) + track(b"") + track(NOTE) * 3 + fifth + track(NOTE))
    assert (song.tempos, song.meters, song.keys) == (((96, 150.0),), ((96, 3, 4),), ((96, "D major"),))


@pytest.mark.parametrize("value", [b"\x04\xff", b"\x04\x07", b"\x01\x80", b"\x00\x02", b"\x00\x00", b"\xff\xff"])
def test_m32_time_signatures_that_are_none(value: bytes) -> None:
    words = f"byte {BODY + 4} holds a time signature of {list(value)}; 1 to 255 over a power of two, 0 to 6"
    refuse(one(meta(0x58, value + b"\x18\x08") + NOTE), words, at=BODY + 4)


@pytest.mark.parametrize(
    ("value", "meter"),
    [
        (b"\x04\x00\x18\x08", (4, 1)),
        (b"\x01\x06\x18\x08", (1, 64)),
        (b"\xff\x06\x18\x08", (255, 64)),
        (b"\x05\x03\x00\x00", (5, 8)),
        (b"\x03\x02", (3, 4)),
        (b"\x03\x02\x18\x08more", (3, 4)),
    ],
)
def test_m32_odd_time_signatures(value: bytes, meter: tuple[int, int]) -> None:
    song = read(one(meta(0x58, value) + NOTE))
    assert (song.meters, notes_of(song)) == (((0, *meter),), [(0, 96, 60)])


def _expected(kind: int, value: bytes) -> str | None:
    """Return the words with which a meta event is refused, or None where it is read."""
    if kind == 0x51:
        if len(value) != 3:
            return f"says a tempo of {len(value)} bytes"
        if int.from_bytes(value, "big") < 20_000:
            return "microseconds a quarter note"
    if kind == 0x58 and (len(value) < 2 or value[0] == 0 or value[1] > 6):
        return "holds a time signature of"
    return None


@pytest.mark.parametrize("length", range(9))
def test_m33_meta_of_every_length(length: int) -> None:
    """All 256 kinds: only a tempo and a time signature that cannot be used are refused, all others are read over."""
    for kind in range(256):
        for fill in (0x00, 0x01, 0x7F, 0xFF):
            value = bytes([fill]) * length
            data = one(NOTE + meta(kind, value) + note(62))
            if (words := _expected(kind, value)) is not None:
                refuse(data, words, at=BODY + 8 + 4)
                continue
            after = [] if kind == 0x2F else [(96, 192, 62)]  # an end of track is one, whatever its length
            assert notes_of(read(data)) == [(0, 96, 60), *after], (kind, value)


@pytest.mark.parametrize("length", [*range(1, 9), 127, 128, 0x3FFF, 0x4000, FARTHEST])
def test_m33_meta_that_claims_more_than_there_is(length: int) -> None:
    for kind in (0x00, 0x01, 0x03, 0x06, 0x20, 0x21, 0x2F, 0x51, 0x54, 0x58, 0x59, 0x7F, 0x80, 0xFF):
        head = bytes((0, 0xFF, kind)) + number(length)
        data = one(NOTE + head, end=b"\x01" * (length - 1) if length < 9 else b"")
        refuse(data, f"the last event of the track that ends at byte {len(data)} is cut off", at=len(data))


def test_m33_meta_cut_off_within_its_head() -> None:
    for head in (b"\x00", b"\x00\xff", b"\x00\xff\x03", b"\x00\xff\x03\x81", b"\x81"):
        data = one(NOTE + head, end=b"")
        refuse(data, f"the last event of the track that ends at byte {len(data)} is cut off", at=len(data))


def test_m26_m30_limits_are_the_callers() -> None:
    refuse(one(NOTE), "lasts 96 ticks; at most 95 are read", at=14, limits=Limits(midi_ticks=95))
    refuse(one(NOTE), "lasts 96 ticks; at most 0 are read", at=14, limits=Limits(midi_beats=0))
    refuse(one(tempo(500_000) * 9), "more than 8 events", at=BODY + 9 * 7, limits=Limits(midi_events=8))
