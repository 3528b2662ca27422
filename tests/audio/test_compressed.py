"""FLAC and Ogg Vorbis: loop points, the same bytes, damage."""

from __future__ import annotations

import struct

import miniaudio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gamemusic.audio.compressed import FORMATS, Sound, decode, encode, loop_fields
from gamemusic.audio.ogg import header_comments, last_granule, read_comments, vorbis_comments, with_comments
from gamemusic.errors import FormatError, InputError

RATE = 22050
SUFFIXES = tuple(FORMATS)


def tone(frames: int = RATE) -> np.ndarray:
    times = np.arange(frames) / RATE
    noise = 0.05 * np.random.default_rng(1).standard_normal(frames)
    sides = [0.4 * np.sin(2 * np.pi * pitch * times) + noise for pitch in (220.0, 331.0)]
    return np.stack(sides, axis=1).astype(np.float32)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_bytes_and_the_same_length(suffix: str) -> None:
    sound = tone(RATE + 77)
    loop = (11, len(sound))
    content = encode(sound, RATE, suffix, loop=loop, title="Täst = ja", comment="by nobody")
    assert content == encode(sound, RATE, suffix, loop=loop, title="Täst = ja", comment="by nobody")
    found = decode(content, suffix)
    assert found.audio.shape == sound.shape
    assert found.sample_rate == RATE
    assert found.loop == loop
    assert found.fields["TITLE"] == "Täst = ja"
    assert found.fields["COMMENT"] == "by nobody"
    assert decode(encode(sound, RATE, suffix), suffix).loop is None


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_another_library_reads_the_same(suffix: str) -> None:
    sound = tone()
    content = encode(sound, RATE, suffix, loop=(0, len(sound)))
    read = miniaudio.decode(content, output_format=miniaudio.SampleFormat.FLOAT32, nchannels=2, sample_rate=RATE)
    audio = np.frombuffer(read.samples, np.float32).reshape(-1, 2)
    assert audio.shape == sound.shape
    # the noise of the codec, 30 dB under the tone with Vorbis
    assert np.std(audio - sound) < (1e-4 if suffix == ".flac" else 0.02)
    assert np.max(np.abs(audio - decode(content, suffix).audio)) < 1e-3


@pytest.mark.parametrize("depth", ["16", "24"])
def test_flac_rounds_to_the_nearest(depth: str) -> None:
    sound = tone()
    found = decode(encode(sound, RATE, ".flac", bit_depth=depth), ".flac").audio
    assert np.max(np.abs(found - sound)) <= 0.5000001 / (1 << (int(depth) - 1))
    loud = np.array([[1.0, -1.0]] * 64, np.float32)
    found = decode(encode(loud, RATE, ".flac", bit_depth=depth), ".flac").audio
    assert np.max(np.abs(found - loud)) <= 1 / (1 << (int(depth) - 1))


def test_the_position_of_the_last_page_is_the_length() -> None:
    for frames in (1, 63, 4096, RATE):
        content = encode(tone(frames), RATE, ".ogg")
        assert last_granule(content) == frames == len(decode(content, ".ogg").audio)


@given(st.lists(st.tuples(st.sampled_from(["A", "TITLE", "LOOPSTART"]), st.text()), max_size=8))
def test_comments_are_read_as_written(fields: list[tuple[str, str]]) -> None:
    fields = [(name, value.encode("utf-8", "replace").decode()) for name, value in fields]
    assert read_comments(vorbis_comments("me", fields)) == dict(fields)


@given(st.integers(0, 70_000))
@settings(max_examples=20, deadline=None)
def test_long_comments_take_several_pages(size: int) -> None:
    sound = tone(2000)
    content = with_comments(encode(sound, RATE, ".ogg"), "me", [("LONG", "x" * size)])
    assert header_comments(content)["LONG"] == "x" * size
    assert np.array_equal(decode(content, ".ogg").audio, decode(encode(sound, RATE, ".ogg"), ".ogg").audio)


def test_loops_that_contradict_themselves() -> None:
    good = dict(loop_fields(5, 105))
    assert good == {"LOOPSTART": "5", "LOOPLENGTH": "100", "LOOPEND": "105", "LOOP_START": "5", "LOOP_END": "105"}
    nothing = np.zeros((1, 2), np.float32)
    for name, value in (("LOOPEND", "104"), ("LOOP_END", "104"), ("LOOP_START", "0"), ("LOOPLENGTH", "x")):
        with pytest.raises(FormatError, match="loop's fields"):
            _ = Sound(audio=nothing, sample_rate=RATE, fields={**good, name: value}).loop
    del good["LOOPLENGTH"]
    with pytest.raises(FormatError, match="incomplete"):
        _ = Sound(audio=nothing, sample_rate=RATE, fields=good).loop


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("sound", [np.zeros((0, 2)), np.zeros(5), np.full((5, 2), np.nan), np.full((5, 2), 1.1)])
def test_sound_that_is_none(suffix: str, sound: np.ndarray) -> None:
    with pytest.raises(InputError, match="audio must be"):
        encode(sound.astype(np.float32), RATE, suffix)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_damaged_files_are_refused(suffix: str) -> None:
    content = encode(tone(5000), RATE, suffix, loop=(0, 5000), title="x")
    random = np.random.default_rng(3)
    for length in (0, 3, 4, 20, 60, 100):
        with pytest.raises(FormatError):
            decode(content[:length], suffix)
    refused = 0
    for _ in range(200):
        changed = bytearray(content)
        changed[int(random.integers(len(content)))] ^= 1 << int(random.integers(8))
        try:
            decode(bytes(changed), suffix)
        except FormatError:
            refused += 1
    # a page's checksum sees every bit; FLAC's own are not asked by libsndfile for all of its metadata
    assert refused == 200 if suffix == ".ogg" else refused > 100


def test_comments_that_lie_about_their_size() -> None:
    for block in (b"", struct.pack("<I", 9), struct.pack("<II", 0, 1 << 30), struct.pack("<III", 0, 1, 5)):
        with pytest.raises(FormatError, match="comments"):
            read_comments(block)
