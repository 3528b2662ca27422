"""WAV files byte by byte, and back."""

from __future__ import annotations

import io
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gamemusic.audio.wavfile import BIT_DEPTHS, decode_wav, encode_wav, read_wav, write_wav
from gamemusic.errors import FormatError, InputError

STEPS = {"16": 2.0**-15, "24": 2.0**-23, "32f": 0.0}


def ramp(frames: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.linspace(-1.0, 0.99, 2 * frames, dtype=np.float32).reshape(frames, 2)


def test_whole_file_of_two_frames() -> None:
    audio = np.array([[0.0, 0.5], [-1.0, 2.0**-15]], np.float32)
    content = encode_wav(audio, 48000, bit_depth=16, loop=(0, 2))
    assert content == (
        b"RIFF" + struct.pack("<I", 4 + 24 + 68 + 60 + 58 + 16) + b"WAVE"
        b"fmt " + struct.pack("<IHHIIHH", 16, 1, 2, 48000, 192000, 4, 16)
        + b"smpl" + struct.pack("<I", 60)
        + struct.pack("<9I", 0, 0, 20833, 60, 0, 0, 0, 1, 0)  # 20833 ns a frame, played as it is at middle C
        + struct.pack("<6I", 0, 0, 0, 1, 0, 0)  # forward, from frame 0 to frame 1 inclusive, endless
        + b"cue " + struct.pack("<II", 52, 2)
        + struct.pack("<II4s3I", 1, 0, b"data", 0, 0, 0) + struct.pack("<II4s3I", 2, 1, b"data", 0, 0, 1)
        + b"LIST" + struct.pack("<I", 50) + b"adtl"
        + b"labl" + struct.pack("<II", 15, 1) + b"loop start\0\0"
        + b"labl" + struct.pack("<II", 13, 2) + b"loop end\0\0"
        + b"data" + struct.pack("<I4h", 8, 0, 16384, -32768, 1)
    )  # fmt: skip


@pytest.mark.parametrize("depth", BIT_DEPTHS)
@pytest.mark.parametrize("loop", [(0, 1001), (17, 900), None])
def test_round_trip(tmp_path: Path, depth: str, loop: tuple[int, int] | None) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, ramp(1001), 44100, bit_depth=depth, loop=loop, title="Höhle", comment="explore, seed 7")
    wav = read_wav(path)
    assert (wav.sample_rate, wav.bit_depth, wav.title, wav.comment) == (44100, depth, "Höhle", "explore, seed 7")
    assert wav.loop == (None if loop is None else (loop[0], loop[1] - 1))
    assert wav.cues == (() if loop is None else (loop[0], loop[1] - 1))
    assert wav.audio.shape == (1001, 2)
    assert np.max(np.abs(wav.audio - ramp(1001))) <= STEPS[depth] / 2
    assert len(path.read_bytes()) == 8 + struct.unpack("<I", path.read_bytes()[4:8])[0]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 50), st.sampled_from(BIT_DEPTHS), st.text(max_size=9).filter(lambda text: "\0" not in text))
def test_any_length_and_comment_round_trip(frames: int, depth: str, comment: str) -> None:
    try:
        comment.encode("utf-8")
    except UnicodeEncodeError:
        return
    wav = decode_wav(encode_wav(ramp(frames), 8000, bit_depth=depth, comment=comment))
    assert len(wav.audio) == frames
    assert wav.comment == comment


@pytest.mark.parametrize(("depth", "width"), [("16", 2), ("24", 3)])
def test_pythons_own_reader_agrees(depth: str, width: int) -> None:
    with wave.open(io.BytesIO(encode_wav(ramp(100), 22050, bit_depth=depth, loop=(0, 100), title="x"))) as file:
        assert file.getparams()[:4] == (2, width, 22050, 100)
        first = int.from_bytes(file.readframes(1)[:width], "little", signed=True)
    assert first == -(2 ** (8 * width - 1))


@pytest.mark.parametrize("frames", [1, 2, 3, 65537])
@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("depth", BIT_DEPTHS)
def test_every_chunk_ends_at_an_even_place(frames: int, channels: int, depth: str) -> None:
    """24 bits in one channel may be odd: a pad byte follows, which RIFF's size counts and the chunk's does not."""
    audio = np.full((frames, channels), 0.5, np.float32)
    content = encode_wav(audio, 8000, bit_depth=depth, loop=(0, frames), title="x", comment="odd")
    size = frames * channels * {"16": 2, "24": 3, "32f": 4}[depth]
    assert len(content) % 2 == 0
    assert struct.unpack("<I", content[4:8])[0] == len(content) - 8
    assert content[-size - size % 2 - 8 :][:8] == b"data" + struct.pack("<I", size)
    assert content.endswith(b"\0") or not size % 2
    assert decode_wav(content + b"LIST" + struct.pack("<I", 4) + b"more").audio.shape == (frames, channels)
    with io.BytesIO(content) as file:
        assert chunks_of(file) == len(content)


def chunks_of(file: io.BytesIO) -> int:
    """Return where the last chunk ends, as a reader that goes from chunk to chunk sees it."""
    place, end = 12, len(file.getvalue())
    while place < end:
        file.seek(place)
        name, size = struct.unpack("<4sI", file.read(8))
        assert name in (b"fmt ", b"fact", b"smpl", b"LIST", b"cue ", b"data")
        place += 8 + size + size % 2
    return place


@pytest.mark.parametrize("depth", ["16", "24"])
def test_too_loud_is_refused_and_not_clipped(depth: str) -> None:
    with pytest.raises(InputError, match="would clip"):
        encode_wav(np.full((4, 2), 1.0, np.float32), 48000, bit_depth=depth)


def test_floats_may_be_loud_but_not_infinite() -> None:
    assert decode_wav(encode_wav(np.full((4, 2), 3.0, np.float32), 48000, bit_depth="32f")).audio[0, 0] == 3.0
    with pytest.raises(InputError, match="finite"):
        encode_wav(np.full((4, 2), np.nan, np.float32), 48000, bit_depth="32f")


def test_bad_arguments() -> None:
    with pytest.raises(InputError, match="16, 24, 32f"):
        encode_wav(ramp(4), 48000, bit_depth=8)
    with pytest.raises(InputError, match="not empty"):
        encode_wav(np.zeros((0, 2), np.float32), 48000)


def test_damaged_files() -> None:
    good = encode_wav(ramp(100), 48000)
    with pytest.raises(FormatError, match="RIFF WAVE"):
        decode_wav(b"OggS" + good)
    with pytest.raises(FormatError, match="cut short"):
        decode_wav(good[:-7])
    with pytest.raises(FormatError, match=r"b\.wav: .*'data'"):
        decode_wav(good[:36], file="b.wav")
    with pytest.raises(FormatError, match="8 bits"):
        decode_wav(good[:34] + struct.pack("<H", 8) + good[36:])


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_wav(tmp_path / "none.wav")


@pytest.mark.parametrize("loop", [(0, 0), (0, 101), (-1, 5), (50, 50), (60, 50)])
def test_loops_that_do_not_lie_in_the_file(loop: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="does not lie in 100 frames"):
        encode_wav(ramp(100), 8000, loop=loop)
