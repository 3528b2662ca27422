"""The catalogue of bad MIDI files, rows M1 to M20: what surrounds the events. Paths are in the file on data sets."""

from __future__ import annotations

import gzip
import io
import lzma
import zipfile

import pytest
from midibytes import BODY, END, NOTE, chunk, header, meta, note, notes_of, one, read, refuse, riff, riff_chunk, track

GOOD = one(NOTE)
HEARD = [(0, 96, 60)]
PLACE_OF_TRACK = BODY - 8


def zipped(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def test_m01_no_bytes() -> None:
    refuse(b"", "this is not a MIDI file: byte 0 begins with b''", at=0)


@pytest.mark.parametrize("length", range(1, 15))
def test_m02_only_the_beginning_of_a_header(length: int) -> None:
    words, at = "this is not a MIDI file", 0
    if length == 14:  # the header is whole and promises a track
        words, at = "the header says 1 tracks, but the file ends at byte 14 after 0", 14
    elif length >= 4:
        words, at = f"the chunk b'MThd' at byte 0 says {6 if length >= 8 else 0} bytes, but the file ends", length
    refuse(GOOD[:length], words, at=at)


NO_MIDI = {
    "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(64),
    "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(64),
    "html": b"<!DOCTYPE html><html><title>404 Not Found</title></html>",
    "text": b"# music\n",
    "mp3": b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" + bytes(64),
    "ogg": b"OggS\x00\x02" + bytes(64),
    "wav": riff(riff_chunk(b"fmt ", bytes(16)), riff_chunk(b"data", GOOD), kind=b"WAVE"),
    "zeros": bytes(4096),
    "ones": b"\xff" * 4096,
    "midi backwards": GOOD[::-1],
    "one byte before it": b"\x00" + GOOD,
    "line breaks mended": b"\xef\xbb\xbf" + GOOD,
}


@pytest.mark.parametrize("kind", NO_MIDI)
def test_m03_something_else(kind: str) -> None:
    refuse(NO_MIDI[kind], f"this is not a MIDI file: byte 0 begins with {NO_MIDI[kind][:4]!r}", at=0)


WRAPPED = {
    "alone": riff(riff_chunk(b"data", GOOD)),
    "of an odd size": riff(riff_chunk(b"data", GOOD + b"\x00")),
    "behind chunks of even and odd size": riff(
        riff_chunk(b"DISP", b"title"), riff_chunk(b"LIST", b"INFO"), riff_chunk(b"data", GOOD)
    ),
    "before others": riff(riff_chunk(b"data", GOOD), riff_chunk(b"LIST", b"INFOINAM\x04\x00\x00\x00tune")),
    "in a file whose own size is wrong": b"RIFF\xff\xff\xff\xffRMID" + riff_chunk(b"data", GOOD),
    "twice": riff(riff_chunk(b"data", GOOD), riff_chunk(b"data", one(note(72)))),
}


@pytest.mark.parametrize("case", WRAPPED)
def test_m04_riff_wrapper(case: str) -> None:
    assert notes_of(read(WRAPPED[case])) == HEARD


def test_m04_places_inside_a_wrapper_are_those_of_the_file() -> None:
    refuse(riff(riff_chunk(b"data", one(b"\x00\xf4"))), "is 0xF4", at=20 + BODY + 1)
    refuse(riff(riff_chunk(b"data", GOOD[:-1])), "the chunk b'MTrk'", at=20 + PLACE_OF_TRACK)


def test_m04_wrappers_without_music() -> None:
    refuse(riff(), "holds no 'data' chunk with MIDI in it", at=12)
    refuse(riff(riff_chunk(b"data", b"")), "not a MIDI file", at=20)
    refuse(riff(riff_chunk(b"data", b"hello")), "not a MIDI file", at=20)
    refuse(riff(riff_chunk(b"LIST", GOOD)), "holds no 'data' chunk", at=20 + len(GOOD))
    refuse(riff(b"data\xff\xff\xff\xff" + GOOD), "the RIFF chunk at byte 12 says 4,294,967,295 bytes", at=12)
    refuse(riff(b"LIST\xff\xff\xff\xff" + riff_chunk(b"data", GOOD)), "holds no 'data' chunk", at=28 + len(GOOD))


@pytest.mark.parametrize("first", [False, True])
def test_m05_soundfont_in_the_wrapper(first: bool) -> None:
    """The font is passed over: a file to be read for its notes brings no sounds along."""
    font = riff_chunk(b"LIST", b"sdta" + riff_chunk(b"smpl", bytes(100_000)))
    fonts = [
        riff_chunk(b"RIFF", b"sfbk" + font),
        riff_chunk(b"RIFF", b"DLS " + font),
        riff_chunk(b"RIFF", b"sfbkdamaged!"),
    ]
    music = riff_chunk(b"data", GOOD)
    for embedded in fonts:
        assert notes_of(read(riff(embedded, music) if first else riff(music, embedded))) == HEARD


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "the header at byte 0 has 0 bytes; at least 6 are needed"),
        (5, "the header at byte 0 has 5 bytes; at least 6 are needed"),
        (0x7FFFFFFF, "the chunk b'MThd' at byte 0 says 2,147,483,647 bytes"),
        (0x80000000, "the chunk b'MThd' at byte 0 says 2,147,483,648 bytes"),
        (0xFFFFFFFF, "the chunk b'MThd' at byte 0 says 4,294,967,295 bytes"),
    ],
)
def test_m06_header_of_another_length(size: int, words: str) -> None:
    refuse(b"MThd" + size.to_bytes(4, "big") + GOOD[8:], words, at=0)


@pytest.mark.parametrize("more", [1, 2, 1000])
def test_m06_header_that_is_longer(more: int) -> None:
    """Later versions may make it longer, as the format says; what is known of it is read."""
    assert notes_of(read(chunk(b"MThd", GOOD[8:14] + b"\xff" * more) + GOOD[14:])) == HEARD


def test_m07_format_0_with_two_tracks() -> None:
    song = read(header(0, 2) + track(NOTE) + track(note(72, channel=1)))
    assert [notes_of(song, index) for index in (0, 1)] == [[(0, 96, 60)], [(0, 96, 72)]]
    assert (song.midi_type, song.end_tick) == (0, 96)


@pytest.mark.parametrize("midi_type", [3, 4, 0x0100, 0x7FFF, 0x8000, 0xFFFF])
def test_m09_formats_that_do_not_exist(midi_type: int) -> None:
    refuse(header(midi_type) + track(NOTE), f"says format {midi_type}; only 0, 1 and 2 exist", at=0)


@pytest.mark.parametrize("count", [0, 1025, 0x7FFF, 0x8000, 0x8001, 0xFFFF])
def test_m10_m11_m45_tracks_that_are_none_or_too_many(count: int) -> None:
    """Counts from 0x8000 on are negative to a reader that takes them as signed, which then reads no track at all."""
    refuse(header(tracks=count) + track(NOTE), f"says {count} tracks; 1 to 1024 are read", at=0)


@pytest.mark.parametrize("count", [2, 3, 1024])
def test_m12_more_tracks_announced_than_there_are(count: int) -> None:
    data = header(tracks=count) + track(NOTE)
    refuse(data, f"the header says {count} tracks, but the file ends at byte {len(data)} after 1", at=len(data))


def test_m13_fewer_tracks_announced_than_there_are() -> None:
    """A count that was not brought up to date costs no music."""
    song = read(header(tracks=1) + track(NOTE) + track(note(64)) + track(note(67)))
    assert [notes_of(song, index)[0][2] for index in range(3)] == [60, 64, 67]


@pytest.mark.parametrize("marker", [b"MTMTrk", b"MTr", b"\x00MTrk"])
def test_m14_damaged_marker_of_another_length(marker: bytes) -> None:
    refuse(GOOD.replace(b"MTrk", marker), f"the chunk {(marker + bytes(4))[:4]!r} at byte 14 says", at=14)
    second = header(tracks=2) + track(NOTE) + GOOD[14:].replace(b"MTrk", marker)
    refuse(second, f"the chunk {(marker + bytes(4))[:4]!r} at byte 34 says", at=34)


@pytest.mark.parametrize("marker", [b"mtrk", b"MTRK", b"MTrK", b"MThd", b"\x00\x00\x00\x00"])
def test_m14_damaged_marker_of_the_same_length(marker: bytes) -> None:
    """It is a chunk that nobody knows, so that a track is missing."""
    damaged = GOOD.replace(b"MTrk", marker)
    refuse(damaged, "the header says 1 tracks, but the file ends at byte 34 after 0", at=34)
    refuse(header(tracks=2) + damaged[14:] + track(NOTE), "ends at byte 54 after 1", at=54)


@pytest.mark.parametrize("body", [b"", b"x", b"Junk that is no track", NOTE + END, bytes(1000)])
def test_m15_unknown_chunks(body: bytes) -> None:
    other = chunk(b"Junk", body)
    song = read(header(tracks=2) + other + track(NOTE) + other * 2 + track(note(64)) + other)
    assert [notes_of(song, index)[0][2] for index in (0, 1)] == [60, 64]
    assert len(song.tracks) == 2


def test_m15_unknown_chunks_are_no_tracks() -> None:
    data = header(tracks=2) + chunk(b"Junk", NOTE) + track(NOTE)
    refuse(data, "the header says 2 tracks", at=len(data))
    refuse(header() + b"Junk\xff\xff\xff\xff" + track(NOTE), "the chunk b'Junk' at byte 14 says 4,294,967,295", at=14)


def test_m15_a_million_unknown_chunks() -> None:
    assert notes_of(read(header() + b"Junk\x00\x00\x00\x00" * 1_000_000 + track(NOTE))) == HEARD


def test_m16_bytes_between_a_track_and_the_next() -> None:
    """Inside the track's length they stand behind its end; outside they are where a chunk must begin."""
    tempos = b"\x85\x20\xff\x51\x03\x0c\x2e\x6c"
    song = read(header(tracks=2) + track(NOTE + END + tempos, end=b"") + track(note(64)))
    assert [notes_of(song, index)[0][2] for index in (0, 1)] == [60, 64]
    assert song.tempos == ()
    first = header(tracks=2) + track(NOTE)
    for between in (b"\x00", b"\x00\x00\x00", tempos, b"\r\n"):
        refuse(first + between + track(note(64)), f"at byte {len(first)} says", at=len(first))


@pytest.mark.parametrize("more", [bytes([byte]) for byte in (0, 0x2A, 0x4D, 0x80, 0xFF)])
def test_m17_one_byte_more_or_less_at_the_end(more: bytes) -> None:
    assert notes_of(read(GOOD + more)) == HEARD
    refuse(GOOD[:-1], f"the chunk b'MTrk' at byte 14 says 12 bytes, but the file ends at byte {len(GOOD) - 1}", at=14)
    short = GOOD.replace(b"\x00\x00\x00\x0c", b"\x00\x00\x00\x0b")  # the size counts one byte too few
    refuse(short, "the last event of the track that ends at byte 33 is cut off", at=33)
    refuse(GOOD.replace(b"\x00\x00\x00\x0c", b"\x00\x00\x00\x0d"), "says 13 bytes", at=14)


@pytest.mark.parametrize(
    "junk",
    [
        b"TAG" + b"tune".ljust(125, b"\x00"),
        b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10),
        b"APETAGEX" + bytes(24),
        b"<!-- saved from the web -->",
        b"\r\n",
        b"\x1a" * 128,
        bytes(100_000),
        GOOD,
    ],
    ids=["ID3v1", "ID3v2", "APE", "HTML", "line", "CP/M", "zeros", "twice"],
)
def test_m18_junk_behind_the_last_track(junk: bytes) -> None:
    assert notes_of(read(GOOD + junk)) == HEARD


def test_m18_a_track_begun_behind_the_last() -> None:
    refuse(GOOD + b"MTrk", "the chunk b'MTrk'", at=len(GOOD))
    refuse(GOOD + b"MTrk\x00\x00\x00\x10\x00\x90", "says 16 bytes", at=len(GOOD))


OTHER_FORMATS = {
    "MIDI 2.0 clip": b"SMF2CLIP" + b"\x00\x40\x00\x00" + b"\x00\x30\x00\x60" + bytes(32),
    "XMF 1": b"XMF_1.00" + bytes(64),
    "XMF 2": b"XMF_2.00" + bytes(64),
    "MusicXML": b'<?xml version="1.0"?><score-partwise version="4.0"/>',
    "MusicXML in UTF-16": '<?xml version="1.0"?>'.encode("utf-16"),
    "packed MusicXML": zipped("score.xml", b"<score-partwise/>"),
    "XMI": b"FORM\x00\x00\x00\x0eXDIRINFO\x00\x00\x00\x02\x01\x00" + bytes(64),
    "MUS": b"MUS\x1a" + bytes(64),
    "CMF": b"CTMF\x01\x01" + bytes(64),
    "RIFF MIDS": riff(riff_chunk(b"fmt ", bytes(12)), riff_chunk(b"data", GOOD), kind=b"MIDS"),
    "ABC": b"X:1\nT:tune\nK:C\nCDEF|\n",
    "SysEx dump": b"\xf0\x7e\x7f\x06\x01\xf7",
    "MacBinary": b"\x00\x08tune.mid" + bytes(118) + GOOD,
}


@pytest.mark.parametrize("kind", OTHER_FORMATS)
def test_m19_other_formats_of_music(kind: str) -> None:
    refuse(OTHER_FORMATS[kind], f"not a MIDI file: byte 0 begins with {OTHER_FORMATS[kind][:4]!r}", at=0)


def test_m19_karaoke() -> None:
    """It is a MIDI file with words in it: they are passed over, the notes are not."""
    words = meta(1, b"@KMIDI KARAOKE FILE") + meta(1, b"@LENGL") + meta(1, b"@TMy Song")
    words += meta(1, b"\\Ma") + meta(5, b"ry", 96) + meta(1, b"/had ", 48)
    song = read(header(tracks=3) + track(meta(3, b"Soft karaoke")) + track(words) + track(NOTE))
    assert [song.tracks[0].name, notes_of(song, 1), notes_of(song, 2)] == ["Soft karaoke", [], HEARD]
    assert (song.end_tick, song.markers) == (144, ())


PACKED = {
    "gzip": gzip.compress(GOOD, mtime=0),
    "zip": zipped("tune.mid", GOOD),
    "empty zip": b"PK\x05\x06" + bytes(18),
    "xz": lzma.compress(GOOD),
}


@pytest.mark.parametrize("kind", PACKED)
def test_m20_packed_files(kind: str) -> None:
    refuse(PACKED[kind], f"not a MIDI file: byte 0 begins with {PACKED[kind][:4]!r}", at=0)
