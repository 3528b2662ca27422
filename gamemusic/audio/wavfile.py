"""WAV files with loop points: 16 and 24 bits, and 32-bit float.

Layout: Microsoft's "Multimedia Programming Interface and Data Specifications 1.0" (1991) and "New Multimedia Data
Types" (1994). All chunks that say something of the sound stand before it, where readers of streams see them.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gamemusic.audio.loudness import peak
from gamemusic.errors import FormatError, InputError
from gamemusic.files import read_file, write_file
from gamemusic.values import check_choice

__all__ = ["BIT_DEPTHS", "Wav", "check_bit_depth", "decode_wav", "encode_wav", "read_wav", "write_wav"]

Audio = npt.NDArray[np.float32]

BIT_DEPTHS = ("16", "24", "32f")
"""Sample formats: two of whole numbers, one of floats."""

PCM, FLOAT = 1, 3
"""Format tags."""

UNITY_NOTE = 60
"""Pitch at which samplers play the file as it is."""

FORWARD_LOOP = 0
ENDLESS = 0

LARGEST_RIFF = 0xFFFF_FFFF
"""RIFF sizes are 32 bits."""

_STEP_FRAMES = 65536
"""How many frames are encoded at once."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Wav:
    """What a WAV file holds."""

    audio: Audio
    """Shape (frames, channels), 1.0 is full scale."""
    sample_rate: int
    """In hertz."""
    bit_depth: str
    """One of `BIT_DEPTHS`."""
    loop: tuple[int, int] | None = None
    """First and last frame of the first loop, closed; None without one."""
    cues: tuple[int, ...] = ()
    """Frames of the points in its ``cue`` chunk."""
    title: str = ""
    comment: str = ""


def check_bit_depth(bit_depth: str | int) -> str:
    """Return ``bit_depth`` as one of `BIT_DEPTHS`.

    Raises:
        InputError: For any other.
    """
    whole = isinstance(bit_depth, Integral) and not isinstance(bit_depth, bool) and 0 <= bit_depth <= 64
    return check_choice(str(bit_depth) if whole else bit_depth, "bit depth", BIT_DEPTHS)


def encode_wav(
    audio: Audio,
    sample_rate: int,
    *,
    bit_depth: str | int = "16",
    loop: tuple[int, int] | None = None,
    title: str = "",
    comment: str = "",
) -> bytes:
    """Return a WAV file's bytes.

    Samples are rounded and not dithered: a loop has to repeat to the bit.

    Args:
        audio: Shape (frames, channels), float, at least one frame, within -1..1 for whole numbers.
        sample_rate: In hertz.
        bit_depth: ``16``, ``24`` or ``32f``.
        loop: First frame of the loop and first one after it; said in a ``smpl`` chunk, which names the last frame that
            is played instead, and by two labelled points of a ``cue`` chunk.
        title, comment: Said in a ``LIST INFO`` chunk, when not empty.

    Raises:
        InputError: The audio is empty, too loud, not finite, or too long for a WAV file. Nothing is clipped.
    """
    depth = check_bit_depth(bit_depth)
    if audio.ndim != 2 or not audio.shape[0] or not audio.shape[1]:
        raise InputError(f"audio must be of shape (frames, channels) and not empty (received {audio.shape})")
    _check_samples(audio, depth)
    frames, channels = audio.shape
    width = {"16": 2, "24": 3, "32f": 4}[depth]
    block = channels * width
    form = struct.pack(
        "<HHIIHH", FLOAT if depth == "32f" else PCM, channels, sample_rate, sample_rate * block, block, 8 * width
    )
    chunks = [(b"fmt ", form + struct.pack("<H", 0) if depth == "32f" else form)]
    if depth == "32f":  # demanded of every format but PCM
        chunks.append((b"fact", struct.pack("<I", frames)))
    if loop is not None:
        if not 0 <= loop[0] < loop[1] <= frames:
            raise InputError(f"a loop of {loop[0]} to {loop[1]} does not lie in {frames} frames")
        chunks.append((b"smpl", _sampler(*loop, sample_rate)))
    if title or comment:
        chunks.append((b"LIST", _information(title, comment)))
    if loop is not None:
        chunks += [(b"cue ", _cues(*loop)), (b"LIST", _cue_labels())]
    head = b"WAVE" + b"".join(_chunk(name, content) for name, content in chunks)
    size = frames * block
    if len(head) + 8 + size + size % 2 > LARGEST_RIFF:
        raise InputError(f"{frames} frames do not fit into a WAV file (4 GB); render fewer bars or at a lower rate")
    # written piece by piece, so that nothing as long as the audio is needed beside the file itself
    file = io.BytesIO()
    file.write(b"RIFF" + struct.pack("<I", len(head) + 8 + size + size % 2) + head + b"data" + struct.pack("<I", size))
    for start in range(0, frames, _STEP_FRAMES):
        file.write(_encode_samples(audio[start : start + _STEP_FRAMES], depth))
    file.write(b"\0" * (size % 2))
    return file.getvalue()


def write_wav(
    path: Path,
    audio: Audio,
    sample_rate: int,
    *,
    bit_depth: str | int = "16",
    loop: tuple[int, int] | None = None,
    title: str = "",
    comment: str = "",
) -> None:
    """Write a WAV file, whole or not at all.

    Args: as `encode_wav`.

    Raises:
        InputError: As `encode_wav`.
        OutputError: The file could not be written.
    """
    write_file(path, encode_wav(audio, sample_rate, bit_depth=bit_depth, loop=loop, title=title, comment=comment))


def read_wav(path: Path) -> Wav:
    """Return what a WAV file of one of `BIT_DEPTHS` holds.

    Raises:
        FormatError: It is damaged, or of another format.
        InputError: It cannot be read.
    """
    return decode_wav(read_file(path), file=path)


def decode_wav(content: bytes, *, file: object = None) -> Wav:
    """Return what a WAV file's bytes hold; ``file`` is named in errors.

    Raises:
        FormatError: As `read_wav`.
    """
    chunks = _chunks(content, file)
    for name in ("fmt ", "data"):
        if name not in chunks:
            raise FormatError(f"a WAV file without its {name!r} chunk; write it again", file=file)
    form, data = chunks["fmt "], chunks["data"]
    if len(form) < 16:
        raise FormatError("the 'fmt ' chunk is too short; write the file again", file=file)
    tag, channels, sample_rate, _, block, bits = struct.unpack("<HHIIHH", form[:16])
    depth = {(PCM, 16): "16", (PCM, 24): "24", (FLOAT, 32): "32f"}.get((tag, bits))
    if depth is None or not channels or block != channels * bits // 8 or len(data) % block:
        raise FormatError(
            f"WAV format {tag} with {bits} bits is not one of {', '.join(BIT_DEPTHS)}, or the file is cut short",
            file=file,
        )
    information = _read_information(chunks.get("LIST", b""))
    loop = None
    sampler = chunks.get("smpl", b"")
    if len(sampler) >= 60 and struct.unpack("<I", sampler[28:32])[0]:
        loop = struct.unpack("<II", sampler[44:52])
    points = chunks.get("cue ", b"")
    count = struct.unpack("<I", points[:4])[0] if len(points) >= 4 else 0
    cues = tuple(
        struct.unpack("<I", points[4 + 24 * index + 20 : 4 + 24 * index + 24])[0]
        for index in range(min(count, (len(points) - 4) // 24))
    )
    return Wav(
        audio=_floats(data, depth).reshape(-1, channels),
        sample_rate=sample_rate,
        bit_depth=depth,
        loop=loop,
        cues=cues,
        title=information.get("INAM", ""),
        comment=information.get("ICMT", ""),
    )


def _check_samples(audio: Audio, depth: str) -> None:
    highest = peak(audio)
    if not np.isfinite(highest):
        raise InputError("audio holds samples that are not finite numbers; nothing was written")
    if depth == "32f":
        return
    scale = 2 ** (int(depth) - 1)
    if np.rint(np.float64(audio.max()) * scale) > scale - 1 or np.rint(np.float64(audio.min()) * scale) < -scale:
        raise InputError(
            f"audio reaches {highest:.3f} of full scale and would clip at {depth} bits; turn it down or write 32f"
        )


def _encode_samples(audio: Audio, depth: str) -> bytes:
    if depth == "32f":
        return np.ascontiguousarray(audio, "<f4").tobytes()
    # float64: at 24 bits float32 would round before we do
    scaled = np.rint(audio.astype(np.float64) * 2 ** (int(depth) - 1))
    if depth == "16":
        return bytes(scaled.astype("<i2").tobytes())
    low_bytes: npt.NDArray[np.uint8] = scaled.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3]
    return bytes(low_bytes.tobytes())


def _floats(data: bytes, depth: str) -> Audio:
    if depth == "32f":
        return np.frombuffer(data, "<f4").astype(np.float32)
    if depth == "16":
        return (np.frombuffer(data, "<i2") / np.float32(2**15)).astype(np.float32)
    wide = np.zeros((len(data) // 3, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)  # in the upper bytes, so that the sign comes along
    return (wide.view("<i4")[:, 0] / np.float32(2**31)).astype(np.float32)


def _sampler(start: int, end: int, sample_rate: int) -> bytes:
    header = struct.pack("<9I", 0, 0, round(1e9 / sample_rate), UNITY_NOTE, 0, 0, 0, 1, 0)
    # the end is the last frame that is played, not the one after it
    return header + struct.pack("<6I", 0, FORWARD_LOOP, start, end - 1, 0, ENDLESS)


def _cues(start: int, end: int) -> bytes:
    # inside the data, as some readers refuse a point behind the last frame
    points = [struct.pack("<2I4s3I", number, at, b"data", 0, 0, at) for number, at in ((1, start), (2, end - 1))]
    return struct.pack("<I", len(points)) + b"".join(points)


def _cue_labels() -> bytes:
    labels = ((1, b"loop start\0"), (2, b"loop end\0"))
    return b"adtl" + b"".join(_chunk(b"labl", struct.pack("<I", number) + text) for number, text in labels)


def _information(title: str, comment: str) -> bytes:
    texts = ((b"INAM", title), (b"ICMT", comment), (b"ISFT", "gamemusic"))
    return b"INFO" + b"".join(_chunk(name, text.encode("utf-8") + b"\0") for name, text in texts if text)


def _read_information(content: bytes) -> dict[str, str]:
    if content[:4] != b"INFO":
        return {}
    found, place = {}, 4
    while place + 8 <= len(content):
        name, size = content[place : place + 4], struct.unpack("<I", content[place + 4 : place + 8])[0]
        text = content[place + 8 : place + 8 + size].split(b"\0")[0]
        found[name.decode("latin-1")] = text.decode("utf-8", "replace")
        place += 8 + size + size % 2
    return found


def _chunk(name: bytes, content: bytes) -> bytes:
    # the padding to even places is not part of the size
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _chunks(content: bytes, file: object) -> dict[str, bytes]:
    """Return the first chunk of each name."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise FormatError("this is not a WAV file (no RIFF WAVE header)", file=file)
    found: dict[str, bytes] = {}
    place = 12
    while place + 8 <= len(content):
        (size,) = struct.unpack("<I", content[place + 4 : place + 8])
        if place + 8 + size > len(content):
            raise FormatError("the WAV file is cut short; write it again", file=file)
        found.setdefault(content[place : place + 4].decode("latin-1"), content[place + 8 : place + 8 + size])
        place += 8 + size + size % 2
    return found
