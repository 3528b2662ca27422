"""Reading MIDI files: what is understood, what is refused and with which words, and that nothing else ever escapes."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import time

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gamemusic.errors import MidiError
from gamemusic.limits import LIMITS, Limits
from gamemusic.score.midi import MidiNote, MidiSong, read_midi

END = b"\x00\xff\x2f\x00"
"""End of track, at once."""
NOTE = b"\x00\x90\x3c\x50" + b"\x60\x80\x3c\x00"
"""Note 60 at velocity 80 for 96 ticks."""


def chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", len(body)) + body


def header(midi_type: int = 1, tracks: int = 1, division: int = 96) -> bytes:
    return chunk(b"MThd", struct.pack(">HHH", midi_type, tracks, division))


def one_track(events: bytes, *, end: bytes = END) -> bytes:
    return header() + chunk(b"MTrk", events + end)


def notes_of(song: MidiSong, track: int = 0) -> list[tuple[int, int, int]]:
    return [(note.start, note.end, note.pitch) for note in song.tracks[track].notes]


def tempo_meta(microseconds: int) -> bytes:
    return b"\x00\xff\x51\x03" + struct.pack(">I", microseconds)[1:]


def test_reads_one_note() -> None:
    song = read_midi(one_track(b"\x00\xc0\x07" + NOTE))
    assert song.tracks[0].notes == (MidiNote(0, 96, 60, 80, 0, 7),)
    assert (song.ticks_per_beat, song.end_tick, song.midi_type) == (96, 96, 1)


READ = {
    # two notes, the second without a status byte; released by velocity 0, as most files do
    "running status": (b"\x00\x90\x3c\x50\x00\x40\x50\x60\x3c\x00\x00\x40\x00", [(0, 96, 60), (0, 96, 64)]),
    # after a text event the last channel status still holds
    "running status over meta": (b"\x00\x90\x3c\x50\x00\xff\x01\x01x\x60\x3c\x00", [(0, 96, 60)]),
    # ... and after a system exclusive
    "running status over SysEx": (b"\x00\x90\x3c\x50\x00\xf0\x03\x7e\x09\xf7\x60\x3c\x00", [(0, 96, 60)]),
    "SysEx and its continuation": (b"\x00\xf0\x02\x7e\x09\x00\xf7\x01\xf7" + NOTE, [(0, 96, 60)]),
    "SysEx of no bytes": (b"\x00\xf0\x00" + NOTE, [(0, 96, 60)]),
    # never released: it ends with the track, here at tick 32 (the end comes 32 later)
    "hanging note": (b"\x00\x90\x3c\x50\x20\xff\x01\x00", [(0, 32, 60)]),
    "hanging note at the very end": (b"\x05\x90\x3c\x50", [(5, 6, 60)]),
    "release without a note": (b"\x00\x80\x3c\x00" + NOTE, [(0, 96, 60)]),
    # struck again at 16 while it sounds: the first ends there, the second release is left over
    "overlap": (b"\x00\x90\x3c\x50\x10\x3c\x50\x10\x3c\x00\x10\x3c\x00", [(0, 16, 60), (16, 32, 60)]),
    "struck twice on one tick": (b"\x00\x90\x3c\x50\x00\x3c\x51\x10\x3c\x00\x10\x3c\x00", [(0, 16, 60)]),
    "no length": (b"\x08\x90\x3c\x50\x00\x3c\x00", [(8, 9, 60)]),
    "no length, then struck again": (b"\x08\x90\x3c\x50\x00\x3c\x00\x00\x3c\x51\x09\x3c\x00", [(8, 17, 60)]),
    # a delta of four bytes that is worth 1
    "long number": (b"\x80\x80\x80\x01\x90\x3c\x50\x01\x3c\x00", [(1, 2, 60)]),
    "other events": (b"\x00\xa0\x3c\x01\x00\xb0\x07\x64\x00\xd0\x01\x00\xe0\x00\x40" + NOTE, [(0, 96, 60)]),
    "sharps that do not exist": (b"\x00\xff\x59\x02\x63\x00" + NOTE, [(0, 96, 60)]),
    "key signature of no bytes": (b"\x00\xff\x59\x00" + NOTE, [(0, 96, 60)]),
    "SMPTE offset of odd values": (b"\x00\xff\x54\x05\xff\xff\xff\xff\xff" + NOTE, [(0, 96, 60)]),
}


@pytest.mark.parametrize("case", READ)
def test_reads_what_is_merely_untidy(case: str) -> None:
    events, expected = READ[case]
    assert notes_of(read_midi(one_track(events))) == expected


def test_reads_untidy_files() -> None:
    good = one_track(NOTE)
    track = chunk(b"MTrk", NOTE + END)
    riff = b"RIFF" + struct.pack("<I", len(good) + 26) + b"RMID" + b"DISP" + struct.pack("<I", 5) + b"title\x00"
    riff += b"data" + struct.pack("<I", len(good)) + good
    untidy = {
        "RMID": riff,
        "unknown chunk": header() + chunk(b"XFIH", b"whatever") + track,
        "long header": b"MThd\x00\x00\x00\x08" + header()[8:] + b"\x00\x00" + track,
        "no end of track": header() + chunk(b"MTrk", NOTE),
        "bytes behind the end of track": header() + chunk(b"MTrk", NOTE + END + b"junk"),
        "junk behind the last track": good + b"TAG" + bytes(125),
        "format 0 with two tracks": header(midi_type=0, tracks=2) + track + chunk(b"MTrk", END),
        "a track more than announced": good + chunk(b"MTrk", END),
    }
    for name, data in untidy.items():
        assert notes_of(read_midi(data)) == [(0, 96, 60)], name


REFUSED = {
    "no bytes": (b"", r"not a MIDI file"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(64), r"not a MIDI file: byte 0 begins with b'\\x89PNG'"),
    "short header": (b"MThd\x00\x00\x00\x05\x00\x01\x00\x01\x00", r"header at byte 0 has 5 bytes; at least 6"),
    "endless header": (b"MThd\xff\xff\xff\xff" + bytes(20), r"chunk b'MThd' at byte 0 says 4,294,967,295 bytes"),
    "format 3": (header(midi_type=3) + chunk(b"MTrk", END), r"format 3; only 0, 1 and 2"),
    "no tracks": (header(tracks=0), r"says 0 tracks; 1 to 1024"),
    "too many tracks": (header(tracks=0x8001), r"says 32769 tracks"),
    "fewer tracks than announced": (header(tracks=2) + chunk(b"MTrk", END), r"says 2 tracks, .* at byte 26 after 1"),
    "division 0": (header(division=0) + chunk(b"MTrk", END), r"0 ticks a quarter note"),
    "SMPTE division": (header(division=0xE728) + chunk(b"MTrk", END), r"SMPTE"),
    "damaged marker": (header() + b"MT" + chunk(b"MTrk", END), r"chunk b'MTMT' at byte 14"),
    "RMID without MIDI": (b"RIFF\x04\x00\x00\x00RMID", r"no 'data' chunk"),
    "RMID cut off": (b"RIFF\x04\x00\x00\x00RMIDdata\xff\x00\x00\x00", r"RIFF chunk at byte 12 says 255"),
    "data byte first": (one_track(b"\x00\x3c\x50"), r"byte 23 is data \(0x3C\)"),
    "pitch over 127": (one_track(b"\x00\x90\xfd\x50"), r"byte 24 is no data byte"),
    "velocity over 127": (one_track(b"\x00\x90\x3c\xfd"), r"byte 25 is no data byte"),
    "program over 127": (one_track(b"\x00\xc0\x80"), r"byte 24 is no data byte"),
    "controller value over 127": (one_track(b"\x00\xb0\x07\x80"), r"byte 25 is no data byte"),
    "undefined status": (one_track(b"\x00\xf4"), r"byte 23 is 0xF4"),
    "real-time status": (one_track(b"\x00\xf8"), r"byte 23 is 0xF8"),
    "number of five bytes": (one_track(b"\x80\x80\x80\x80\x00"), r"number at byte 22 has more than 4 bytes"),
    "text longer than its track": (one_track(b"\x00\xff\x01\x7fabc"), r"track that ends at byte 33 is cut off"),
    "SysEx longer than its track": (one_track(b"\x00\xf0\x7fabc"), r"is cut off"),
    "event that runs into the next chunk": (
        header() + chunk(b"MTrk", b"\x00\x90\x3c") + chunk(b"MTrk", END),
        r"cut off",
    ),
    "tempo 0": (one_track(tempo_meta(0)), r"byte 26 says 0 microseconds a quarter note; 20000 to 16777215"),
    "tempo of a million": (one_track(tempo_meta(60)), r"says 60 microseconds"),
    "tempo of 2 bytes": (one_track(b"\x00\xff\x51\x02\x07\xa1"), r"a tempo of 2 bytes"),
    "meter 0/4": (one_track(b"\x00\xff\x58\x04\x00\x02\x18\x08"), r"time signature of \[0, 2\]"),
    "meter 4 over 2 to the 255": (one_track(b"\x00\xff\x58\x04\x04\xff\x18\x08"), r"time signature of \[4, 255\]"),
    "meter of no bytes": (one_track(b"\x00\xff\x58\x00"), r"time signature of \[\]"),
    "end after days": (
        one_track(NOTE, end=b"\xff\xff\xff\x7f\xff\x2f\x00"),
        r"lasts 268,435,551 ticks; at most 9,600,000",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_with_the_reason(case: str) -> None:
    data, reason = REFUSED[case]
    with pytest.raises(MidiError, match=reason) as caught:
        read_midi(data, file="tune.mid")
    assert str(caught.value).startswith("tune.mid: ")


def test_refuses_a_file_cut_off_at_any_byte() -> None:
    data = (
        header(tracks=2) + chunk(b"MTrk", tempo_meta(500_000) + END) + chunk(b"MTrk", b"\x00\xf0\x01\xf7" + NOTE + END)
    )
    read_midi(data)
    for length in range(len(data)):
        with pytest.raises(MidiError):
            read_midi(data[:length])


@pytest.mark.parametrize("length", range(9))
def test_every_meta_event_of_any_length_is_read_or_refused(length: int) -> None:
    for kind in range(0x80):
        for fill in (0, 1, 0x7F, 0xFF):
            try:
                read_midi(one_track(bytes((0, 0xFF, kind, length)) + bytes([fill]) * length))
            except MidiError:
                assert kind in (0x51, 0x58)


def test_refuses_a_million_notes_on_one_tick_at_once() -> None:
    begin = time.perf_counter()
    with pytest.raises(MidiError, match="more than 128 notes of channel 1 on one tick"):
        read_midi(one_track(b"\x00\x90\x3c\x50" + b"\x00\x3c\x50" * 1_000_000))
    assert time.perf_counter() - begin < 1.0
    assert (
        len(
            read_midi(one_track(b"\x00\x90\x00\x50" + b"".join(bytes((0, n, 80)) for n in range(1, 128))))
            .tracks[0]
            .notes
        )
        == 128
    )


def test_refuses_more_than_its_limits() -> None:
    small = Limits(midi_bytes=200, midi_events=10, midi_tracks=2)
    read_midi(one_track(NOTE * 4), limits=small)
    with pytest.raises(MidiError, match="more than 10 events"):
        read_midi(one_track(NOTE * 6), limits=small)
    with pytest.raises(MidiError, match="more than 10 events"):  # of all tracks together
        read_midi(header(tracks=2) + chunk(b"MTrk", NOTE * 3 + END) * 2, limits=small)
    with pytest.raises(MidiError, match="has 234 bytes; at most 200"):
        read_midi(one_track(NOTE * 26), limits=small)
    with pytest.raises(MidiError, match="begins track 3; at most 2"):
        read_midi(header() + chunk(b"MTrk", END) * 3, limits=small)
    assert LIMITS.midi_events == 2_000_000


def test_type_0_keeps_channels_and_programs_apart() -> None:
    events = b"\x00\xc0\x05\x00\xc1\x06\x00\x90\x3c\x50\x00\x91\x3c\x50\x00\x99\x24\x50\x00\xc0\x07"
    song = read_midi(header(midi_type=0) + chunk(b"MTrk", events + b"\x60\xff\x2f\x00"))
    assert {(note.channel, note.program) for note in song.tracks[0].notes} == {(0, 5), (1, 6), (9, 0)}


def test_program_named_in_another_track_holds() -> None:
    programs = chunk(b"MTrk", b"\x00\xc0\x05\x60\xc0\x06" + END)
    notes = chunk(b"MTrk", NOTE + NOTE + END)
    song = read_midi(header(tracks=2) + programs + notes)
    assert [note.program for note in song.tracks[1].notes] == [5, 6]


def test_type_2_lays_patterns_one_after_another() -> None:
    pattern = chunk(b"MTrk", b"\x00\xff\x03\x01A" + tempo_meta(400_000) + NOTE + b"\x20\xff\x2f\x00")
    song = read_midi(header(midi_type=2, tracks=3) + pattern * 3)
    assert [notes_of(song, track) for track in range(3)] == [[(0, 96, 60)], [(128, 224, 60)], [(256, 352, 60)]]
    assert song.tempos == ((0, 150.0), (128, 150.0), (256, 150.0))
    assert (song.end_tick, song.midi_type) == (384, 2)
    with pytest.raises(MidiError, match="patterns last 384 ticks together; at most 300"):
        read_midi(header(midi_type=2, tracks=3) + pattern * 3, limits=Limits(midi_ticks=300))


def test_reads_tempo_meter_key_and_names() -> None:
    events = b"\x00\xff\x03\x06caf\xc3\xa9\x1b" + tempo_meta(600_000) + tempo_meta(500_000)
    events += b"\x00\xff\x58\x04\x06\x03\x24\x08" + b"\x00\xff\x59\x02\xfd\x01" + b"\x60\xff\x59\x02\x02\x00"
    song = read_midi(one_track(events + b"\x00\xff\x03\x05later"))
    assert song.tracks[0].name == "café"
    assert song.tempos == ((0, 120.0),)
    assert song.meters == ((0, 6, 8),)
    assert song.keys == ((0, "C minor"), (96, "D major"))
    assert read_midi(one_track(b"\x00\xff\x03\x02\xe9\x82")).tracks[0].name == "é"
    assert len(read_midi(one_track(b"\x00\xff\x03\x87\x68" + b"x" * 1000)).tracks[0].name) == LIMITS.midi_text


def seed_file() -> bytes:
    """Return a file with every kind of event, from which the mutations below start."""
    midi = mido.MidiFile(type=1, ticks_per_beat=96)
    conductor, track = mido.MidiTrack(), mido.MidiTrack()
    conductor += [mido.MetaMessage("track_name", name="x"), mido.MetaMessage("set_tempo", tempo=500_000)]
    conductor += [mido.MetaMessage("time_signature"), mido.MetaMessage("key_signature", key="Eb")]
    track += [mido.Message("program_change", program=9), mido.Message("sysex", data=(1, 2, 3))]
    for pitch in (60, 64, 67, 60):
        track += [mido.Message("note_on", note=pitch, velocity=70, time=10), mido.Message("pitchwheel", pitch=100)]
        track += [mido.Message("note_off", note=pitch, time=200), mido.Message("control_change", control=7, value=9)]
    midi.tracks += [conductor, track]
    buffer = io.BytesIO()
    midi.save(file=buffer)
    return buffer.getvalue()


def check(song: MidiSong) -> None:
    """Say what every song that is read keeps to."""
    for track in song.tracks:
        assert list(track.notes) == sorted(track.notes, key=lambda note: (note.start, note.pitch))
        free: dict[tuple[int, int], int] = {}
        for note in track.notes:
            assert 0 <= note.start < note.end <= song.end_tick < 2**31
            assert 0 <= note.pitch <= 127 and 1 <= note.velocity <= 127
            assert 0 <= note.channel <= 15 and 0 <= note.program <= 127
            assert note.start >= free.get((note.channel, note.pitch), 0)
            free[note.channel, note.pitch] = note.end


def test_only_midi_errors_escape_from_mutated_files() -> None:
    good, rng, read = seed_file(), random.Random(1), 0
    for _ in range(20_000):
        data = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data))
            match rng.randrange(4):
                case 0:
                    data[at] = rng.randrange(256)
                case 1:
                    data[at] ^= 1 << rng.randrange(8)
                case 2:
                    del data[at : at + rng.randint(1, 5)]
                case _:
                    data[at:at] = rng.randbytes(rng.randint(1, 5))
        try:
            check(read_midi(bytes(data)))
            read += 1
        except MidiError:
            pass
    assert read > 1000  # the mutations must get past the header often enough to try the rest


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_only_midi_errors_escape_from_any_events(events: bytes) -> None:
    with contextlib.suppress(MidiError):
        check(read_midi(header(division=9) + chunk(b"MTrk", events)))
