"""The catalogue of bad MIDI files, rows M34 to M48: what stands in a track."""

from __future__ import annotations

from pathlib import Path

import pytest
from midibytes import BODY, END, NOTE, header, meta, note, notes_of, number, one, read, refuse, tempo, track

import gamemusic
from gamemusic.limits import LIMITS
from gamemusic.score.midi import MidiNote

HEARD = [(0, 96, 60)]
FIRST = "before the track's first event"
CUT = "is cut off"
SYSEX = b"\x00\xf0\x03\x7e\x09\xf7"


def test_m34_data_first() -> None:
    """Without a status before it nobody can say what a data byte belongs to."""
    for byte in range(0x80):
        refuse(one(bytes((0, byte)) + NOTE), f"is data (0x{byte:02X}) {FIRST}", at=BODY + 1)


@pytest.mark.parametrize(
    ("events", "at"),
    [
        (b"\x85\x20\x3c\x50", BODY + 2),
        (b"\x81\x80\x80\x00\x3c\x50", BODY + 4),
        (tempo(500_000) + b"\x00\x3c\x50", BODY + 8),
        (SYSEX + b"\x00\x3c\x50", BODY + 7),
        (b"\x00\xf7\x01\x40" + b"\x00\x3c\x50", BODY + 5),
        (b"\x3c\x50", BODY + 1),
    ],
    ids=["delta of 2", "delta of 4", "after a tempo", "after SysEx", "after a continuation", "no delta"],
)
def test_m34_data_first_behind_other_things(events: bytes, at: int) -> None:
    """What is no message of a channel is no status that later bytes could run on."""
    refuse(one(events), FIRST, at=at)


def test_m34_a_status_does_not_run_on_into_the_next_track() -> None:
    first = header(tracks=2) + track(NOTE)
    refuse(first + track(b"\x00\x3c\x50\x60\x3c\x00"), FIRST, at=len(first) + 8 + 1)


BETWEEN = {
    "text": meta(1, b"x"),
    "lyric": meta(5, b"la"),
    "tempo": tempo(500_000),
    "unknown meta": meta(0x7E, b"\x90\x40\x50"),
    "SysEx": SYSEX,
    "SysEx of no bytes": b"\x00\xf0\x00",
    "continuation": b"\x00\xf7\x02\xf3\x01",
    "all of them": meta(1, b"x") + SYSEX + b"\x00\xf7\x01\x40" + tempo(500_000),
}


@pytest.mark.parametrize("case", BETWEEN)
def test_m35_running_status_over_other_events(case: str) -> None:
    """The format ends it there, but writers of files did not know, and there is only one thing it can mean."""
    between = BETWEEN[case]
    song = read(one(b"\x00\x90\x3c\x50" + between + b"\x60\x3c\x00" + between + b"\x00\x3e\x50\x60\x3e\x00"))
    assert notes_of(song) == [(0, 96, 60), (96, 192, 62)]
    song = read(one(b"\x00\xc3\x07" + between + b"\x00\x08\x00\x93\x3c\x50\x60\x3c\x00"))
    assert song.tracks[0].notes == (MidiNote(0, 96, 60, 80, 3, 8),)


@pytest.mark.parametrize("kind", [0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0])
def test_m36_data_bytes_over_127(kind: int) -> None:
    """They are refused and not cut to 127, which would be another note than was meant."""
    length = 1 if kind in (0xC0, 0xD0) else 2
    for channel in range(16):
        for place in range(length):
            for byte in (0x80, 0x90, 0xF0, 0xF7, 0xFF):
                data = bytearray(b"\x40" * length)
                data[place] = byte
                said = f"byte {BODY + 2 + place} is no data byte (0 to 127)"
                refuse(one(bytes((0, kind | channel)) + data + NOTE), said, at=BODY + 2 + place)


def test_m36_data_bytes_over_127_in_running_status() -> None:
    refuse(one(NOTE[:4] + b"\x60\x3c\xff"), "is no data byte", at=BODY + 6)
    refuse(one(b"\x00\xb0\x07\x64\x00\x07\xff" + NOTE), "is no data byte", at=BODY + 6)
    refuse(one(b"\x00\xc0\x07" + b"\x00\xc1\x80"), "is no data byte", at=BODY + 5)


SYSTEM = (0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE)


@pytest.mark.parametrize("status", SYSTEM)
def test_m37_messages_that_only_a_wire_has(status: int) -> None:
    """Nobody knows how long they are in a file, so what follows could be anything."""
    words = f"is 0x{status:02X}, which no MIDI file may hold there"
    for more in (b"", b"\x7f", b"\x7f\x7f"):
        refuse(one(bytes((0, status)) + more + NOTE), words, at=BODY + 1)
        refuse(one(NOTE + bytes((0x60, status)) + more + NOTE), words, at=BODY + 9)


SYSEXES = {
    "without an end": b"\x00\xf0\x02\x7e\x09",
    "only an end": b"\x00\xf0\x01\xf7",
    "of no bytes": b"\x00\xf0\x00",
    "continuation of no bytes": b"\x00\xf7\x00",
    "in three packets": b"\x00\xf0\x01\x43\x20\xf7\x01\x12\x20\xf7\x01\xf7",
    "interrupted by a note's beginning and end": b"\x00\xf0\x01\x43" + note(72) + b"\x00\xf7\x01\xf7",
    "with status bytes in it": b"\x00\xf0\x05\x90\x3c\x50\xff\xf7",
    "an escaped clock": b"\x00\xf7\x01\xf8",
    "an escaped note, which is not played": b"\x00\xf7\x03\x90\x48\x50",
    "of 5 MB": b"\x00\xf0" + number(5_000_000) + b"\x7e" * 4_999_999 + b"\xf7",
    "of a length in 4 bytes": b"\x00\xf0\x80\x80\x80\x01\xf7",
}


@pytest.mark.parametrize("case", SYSEXES)
def test_m38_system_exclusives(case: str) -> None:
    song = read(one(SYSEXES[case] + NOTE))
    start = song.end_tick - 96
    assert (start, start + 96, 60) in notes_of(song)
    assert start == {"in three packets": 64, "interrupted by a note's beginning and end": 96}.get(case, 0)
    assert len(notes_of(song)) == 1 + ("interrupted" in case)


@pytest.mark.parametrize("status", [0xF0, 0xF7])
def test_m38_system_exclusives_longer_than_their_track(status: int) -> None:
    for length in (1, 127, 128, 5_000_000, 0x0FFFFFFF):
        data = one(NOTE + bytes((0, status)) + number(length), end=b"")
        refuse(data, f"the last event of the track that ends at byte {len(data)} {CUT}", at=len(data))


def test_m39_ends_of_tracks() -> None:
    assert notes_of(read(one(NOTE, end=b""))) == HEARD
    assert notes_of(read(one(NOTE, end=END + END))) == HEARD
    assert notes_of(read(one(NOTE + END + note(72)))) == HEARD  # what follows the end does not count
    assert notes_of(read(one(NOTE[:4] + b"\x20\xff\x2f\x00" + NOTE[4:]))) == [(0, 32, 60)]
    assert read(one(NOTE, end=b"\x20\xff\x2f\x00")).end_tick == 128
    assert notes_of(read(header(tracks=2) + track(NOTE, end=b"") + track(note(64), end=b"")), 1) == [(0, 96, 64)]


def test_m39_an_end_of_track_that_comes_late() -> None:
    late = number(100_000_000) + b"\xff\x2f\x00"
    refuse(one(NOTE, end=late), "the track at byte 14 lasts 100,000,096 ticks; at most 9,600,000 are read", at=14)
    assert read(one(NOTE, end=late, division=1001)).end_tick == 100_000_096


EVENTS = {
    "note": b"\x00\x90\x3c\x50",
    "running note": b"\x00\x90\x3c\x50\x00\x40\x50",
    "controller": b"\x00\xb0\x07\x64",
    "program": b"\x00\xc0\x07",
    "pitch bend": b"\x00\xe0\x00\x40",
    "text": b"\x00\xff\x01\x04text",
    "SysEx": b"\x00\xf0\x03\x7e\x09\xf7",
    "long delta": b"\x81\x80\x80\x00\x90\x3c\x50",
}


@pytest.mark.parametrize("case", EVENTS)
def test_m40_events_that_run_over_the_tracks_length(case: str) -> None:
    """They are not read on into the next chunk, whose bytes would be taken for notes."""
    event = EVENTS[case]
    for length in range(1, len(event)):
        if (case, length) == ("running note", 4):  # the first note is whole there
            continue
        data = header(tracks=2) + track(event[:length], end=b"") + track(NOTE)
        end = 14 + 8 + length
        refuse(data, f"the last event of the track that ends at byte {end} {CUT}", at=end)


def test_m41_hanging_notes_end_with_their_track() -> None:
    events = b"\x00\x90\x3c\x50\x10\x91\x40\x50\x10\x90\x43\x50"
    song = read(header(tracks=2) + track(events, end=b"\x20\xff\x2f\x00") + track(b"", end=b"\x83\x00\xff\x2f\x00"))
    assert notes_of(song) == [(0, 64, 60), (16, 64, 64), (32, 64, 67)]
    assert song.end_tick == 384


def test_m42_ends_of_notes_that_never_began() -> None:
    assert notes_of(read(one(b"\x00\x80\x3c\x40\x00\x90\x3c\x00" + NOTE + b"\x00\x80\x3c\x00"))) == HEARD
    assert notes_of(read(one(NOTE[:4] + b"\x10\x81\x3c\x00\x10\x80\x3d\x00\x40\x80\x3c\x00"))) == HEARD
    assert notes_of(read(header(tracks=2) + track(NOTE) + track(b"\x10\x80\x3c\x00")), 0) == HEARD


def test_m43_a_pitch_that_begins_again_before_it_ends() -> None:
    events = b"\x00\x90\x3c\x50" + b"\x10\x3c\x51" * 3 + b"\x10\x3c\x00" * 4
    song = read(one(events))
    assert [(n.start, n.end, n.velocity) for n in song.tracks[0].notes] == [
        (0, 16, 80),
        (16, 32, 81),
        (32, 48, 81),
        (48, 64, 81),
    ]
    two_channels = one(b"\x00\x90\x3c\x50\x10\x91\x3c\x50\x10\x90\x3c\x00\x10\x91\x3c\x00")
    assert notes_of(read(two_channels)) == [(0, 32, 60), (16, 48, 60)]


def test_m44_notes_of_no_length() -> None:
    """They last a tick, so that they can be heard; velocity 0 ends a note as a release does."""
    assert notes_of(read(one(note(60, length=0) + note(62, length=0)))) == [(0, 1, 60), (0, 1, 62)]
    assert notes_of(read(one(b"\x00\x90\x3c\x50\x60\x90\x3c\x00"))) == HEARD
    assert notes_of(read(one(b"\x00\x90\x3c\x00"))) == []
    assert read(one(b"\x00\x90\x3c\x01\x60\x3c\x00")).tracks[0].notes[0].velocity == 1


def test_m45_notes_on_one_tick() -> None:
    struck = b"".join(bytes((0, 0x90 | channel, pitch, 80)) for channel in range(16) for pitch in range(128))
    assert len(read(one(struck)).tracks[0].notes) == 2048
    words = "strikes more than 128 notes of channel 16 on one tick"
    refuse(one(struck + b"\x00\x9f\x00\x50"), words, at=BODY + len(struck) + 4)
    again = b"\x00\x80\x00\x00\x00\x90\x00\x50"  # struck and released again and again
    refuse(one(again * 129), "more than 128 notes of channel 1", at=BODY + 129 * 8)
    assert len(read(one(struck + b"\x01\x9f\x00\x50")).tracks[0].notes) == 2049


def test_m45_tracks_of_no_events() -> None:
    empty = track(b"", end=b"")
    assert [song.notes for song in read(header(tracks=1024) + empty * 1024).tracks] == [()] * 1024
    refuse(header(tracks=1) + empty * 1_000_000, "begins track 1025; at most 1024 are read", at=14 + 1024 * 8)
    refuse(header(tracks=65_535) + empty * 65_535, "says 65535 tracks; 1 to 1024 are read", at=0)


@pytest.mark.slow
def test_m45_a_million_notes_in_a_thousand_tracks() -> None:
    """On one tick, in as many tracks as it takes: all are read, within the time that any file may take."""
    struck = b"".join(bytes((0, 0x90 | channel, pitch, 80)) for channel in range(8) for pitch in range(128))
    song = read(header(tracks=1000) + track(struck) * 1000)
    assert sum(len(one.notes) for one in song.tracks) == 1_024_000


@pytest.mark.slow
def test_m45_a_million_notes_one_after_another() -> None:
    song = read(one(b"\x00\x90\x3c\x50\x01\x3c\x00" + b"\x00\x3c\x50\x01\x3c\x00" * 999_999))
    assert (len(song.tracks[0].notes), song.end_tick) == (1_000_000, 1_000_000)
    refuse(one(meta(1, b"") * (LIMITS.midi_events + 1)), "more than 2,000,000 events", at=BODY + 4 * 2_000_001)


def test_m46_little_or_nothing() -> None:
    drums = read(one(b"\x00\x99\x24\x50\x60\x24\x00")).tracks[0].notes
    assert drums == (MidiNote(0, 96, 36, 80, 9, 0, drums=True),)
    controls = read(one(b"".join(bytes((0, 0xB0, number, 64)) for number in range(128))))
    assert (controls.tracks[0].notes, controls.end_tick) == ((), 0)
    silence = read(one(b"", end=b"\x83\x00\xff\x2f\x00"))
    assert (silence.tracks[0].notes, silence.end_tick) == ((), 384)
    nothing = read(one(b"", end=b""))
    assert (nothing.tracks[0].notes, nothing.end_tick, nothing.tempos) == ((), 0, ())
    assert notes_of(read(one(NOTE))) == HEARD


NAMES = {
    "UTF-8": ("Klänge 日本".encode(), "Klänge 日本"),
    "Latin-1": ("Klänge".encode("latin-1"), "Klänge"),
    "Shift-JIS": ("テスト".encode("shift_jis"), "e X g"),
    "CP1251": ("Мелодия".encode("cp1251"), "\xcc\xe5\xeb\xee\xe4\xe8\xff"),
    "UTF-16": ("Tune".encode("utf-16-le"), "T u n e"),
    "NUL": (b"Tu\x00ne\x00\x00", "Tu ne"),
    "terminal codes": (b"\x1b[2J\x1b[31mTune\x07", "[2J [31mTune"),
    "terminal codes of one byte": (b"\x9b2JTune\x9d", "2JTune"),
    "lines": (b"Tune\r\ngamemusic: error: no\n", "Tune  gamemusic: error: no"),
    "right to left": ("Tu\u202ene\u2066".encode(), "Tu ne"),
    "line separators": ("Tu\u2028ne\u0085".encode(), "Tu ne"),
    "half a surrogate": (b"\xed\xa0\x80Tune", "\xed  Tune"),
    "overlong": (b"\xc0\xafTune", "\xc0\xafTune"),
    "path": (b"../../x", "../../x"),
    "nothing": (b"", ""),
    "blanks": (b" \t \r\n", ""),
    "a million characters": (b"x" * 1_000_000, "x" * LIMITS.midi_text),
    "a million characters of three bytes": ("日".encode() * 1_000_000, "日" * LIMITS.midi_text),
}


@pytest.mark.parametrize("case", NAMES)
def test_m47_text_of_any_kind(case: str) -> None:
    """Names keep what can be printed; what cannot would change how a message or a listing looks."""
    value, expected = NAMES[case]
    song = read(one(meta(3, value) + meta(6, value) + NOTE))
    assert (song.tracks[0].name, song.markers, notes_of(song)) == (expected, ((0, expected),), HEARD)
    assert song.tracks[0].name.isprintable()
    for kind in (1, 2, 4, 5, 7, 8, 9, 0x7F):
        assert notes_of(read(one(meta(kind, value) + NOTE))) == HEARD


def test_m47_names_of_tracks_name_no_file(tiny_pack: Path, tmp_path: Path) -> None:
    theme = tmp_path / "in" / "theme.mid"
    theme.parent.mkdir()
    melody = b"".join(note(pitch) for pitch in (60, 62, 64, 65))
    theme.write_bytes(one(meta(3, b"../../lead") + meta(6, b"/etc/x") + melody))
    gamemusic.compose(tiny_pack, bars=2, seed=1, theme=theme).save(tmp_path / "out.mid")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["in", "out.mid", "theme.mid"]
    assert b"../" not in (tmp_path / "out.mid").read_bytes()


MAJOR = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
MINOR = ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")


@pytest.mark.parametrize("mode", [0, 1, 2, 0x7F, 0x80, 0xFF])
def test_m48_every_key_signature(mode: int) -> None:
    """The thirty that exist are named, all others are passed over; who needs a key finds it in the notes."""
    for byte in range(256):
        sharps = byte - 256 if byte > 127 else byte
        song = read(one(meta(0x59, bytes((byte, mode))) + NOTE))
        expected = []
        if mode in (0, 1) and -7 <= sharps <= 7:
            expected = [(0, f"{(MAJOR, MINOR)[mode][sharps + 7]} {('major', 'minor')[mode]}")]
        assert (list(song.keys), notes_of(song)) == (expected, HEARD)


@pytest.mark.parametrize("value", [b"\xff" * 5, b"\x7f" * 5, b"\x60\x3b\x3b\x1d\x63", b"", b"\x61", bytes(8)])
def test_m48_smpte_offsets(value: bytes) -> None:
    assert notes_of(read(one(meta(0x54, value) + NOTE))) == HEARD
