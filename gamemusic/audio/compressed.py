"""FLAC and Ogg Vorbis with loop points: the only module that imports soundfile, the binding of libsndfile.

Who reads which names: SDL_mixer, RPG Maker and most engines LOOPSTART with LOOPLENGTH or LOOPEND; ZDoom's family
LOOP_START and LOOP_END. All count frames; the end is the first frame after the loop.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import numpy.typing as npt

from gamemusic.audio.loudness import peak
from gamemusic.audio.ogg import header_comments, read_comments, vorbis_comments, with_comments
from gamemusic.errors import FormatError, InputError, MissingError

__all__ = ["FORMATS", "Sound", "check_installed", "decode", "encode", "library_version", "loop_fields", "measure"]

Audio = npt.NDArray[np.float32]

FORMATS = {".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS")}
"""libsndfile's format and subtype, by suffix."""

VENDOR = "gamemusic"
_STEP_FRAMES = 16384
"""libsndfile's Vorbis encoder keeps a whole write on the stack."""
_COMMENT_BLOCK, _PADDING, _LAST_BLOCK = 4, 1, 0x80


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sound:
    """What a compressed file holds."""

    audio: Audio
    """Shape (frames, channels)."""
    sample_rate: int
    fields: dict[str, str]
    """Its comments, names in capitals."""

    @property
    def loop(self) -> tuple[int, int] | None:
        """First frame of the loop and first one after it; None without one.

        Raises:
            FormatError: The loop's fields contradict each other or are no numbers.
        """
        return _loop_of(self.fields)


def _loop_of(fields: dict[str, str]) -> tuple[int, int] | None:
    names = [name for name in ("LOOPSTART", "LOOPLENGTH", "LOOPEND", "LOOP_START", "LOOP_END") if name in fields]
    if not names:
        return None
    try:
        found = {name: int(fields[name]) for name in names}
        start = found["LOOPSTART"]
        end = start + found["LOOPLENGTH"]
    except (KeyError, ValueError) as error:
        raise FormatError(f"the loop's fields are incomplete or no numbers: {names}; write it again") from error
    if not (found.get("LOOPEND", end) == found.get("LOOP_END", end) == end and found.get("LOOP_START", start) == start):
        raise FormatError(f"the loop's fields contradict each other: {found}; write the file again")
    return start, end


def loop_fields(start: int, end: int) -> list[tuple[str, str]]:
    """Return the comments that say where a file loops.

    Args:
        start: First frame of the loop.
        end: First frame after it.
    """
    values = {"LOOPSTART": start, "LOOPLENGTH": end - start, "LOOPEND": end, "LOOP_START": start, "LOOP_END": end}
    return [(name, str(value)) for name, value in values.items()]


def check_installed() -> None:
    """Do nothing when soundfile and libsndfile are there.

    Raises:
        MissingError: Saying how to install them.
    """
    _import()


def library_version() -> str:
    """Return libsndfile's version, such as ``1.2.2``; raises as `check_installed`."""
    return str(_import().__libsndfile_version__)


def encode(
    audio: Audio,
    sample_rate: int,
    suffix: str,
    *,
    loop: tuple[int, int] | None = None,
    title: str = "",
    comment: str = "",
    bit_depth: str = "16",
    quality: float = 0.5,
) -> bytes:
    """Return a FLAC or Ogg Vorbis file's bytes; the same for the same sound, with one libsndfile.

    Args:
        audio: Shape (frames, channels), within -1..1, at least one frame.
        sample_rate: In hertz.
        suffix: ``.flac`` or ``.ogg``.
        loop: First frame of the loop and first one after it.
        title, comment: Said in comments, when not empty.
        bit_depth: ``16`` or ``24``, of FLAC.
        quality: Of Vorbis, 0 to 1.

    Raises:
        InputError: The audio is empty, too loud or not finite.
        MissingError: soundfile is not installed.
    """
    soundfile = _import()
    container, subtype = FORMATS[suffix]
    if audio.ndim != 2 or not audio.shape[0] or not peak(audio) <= 1.0:  # NaN is not, either
        raise InputError(f"audio must be finite, within -1..1 and (frames, channels), not empty (found {audio.shape})")
    target = io.BytesIO()
    if container == "FLAC":
        subtype = f"PCM_{bit_depth}"
    settings = {"compression_level": 1.0 - quality} if container == "OGG" else {}
    with soundfile.SoundFile(
        target, "w", samplerate=sample_rate, channels=audio.shape[1], format=container, subtype=subtype, **settings
    ) as file:
        for start in range(0, len(audio), _STEP_FRAMES):
            block = audio[start : start + _STEP_FRAMES]
            file.write(_whole_numbers(block, int(bit_depth)) if container == "FLAC" else block)
    fields = [(name, text) for name, text in (("TITLE", title), ("COMMENT", comment)) if text]
    fields += loop_fields(*loop) if loop else []
    if container == "OGG":
        return with_comments(target.getvalue(), VENDOR, fields)
    return _flac_with_comments(target.getvalue(), fields)


def _whole_numbers(audio: Audio, bits: int) -> npt.NDArray[np.int32]:
    """Return samples as whole numbers, so that rounding is ours: libsndfile scales floats by one less."""
    whole = np.rint(audio.astype(np.float64) * (1 << (bits - 1)))
    return np.clip(whole, -(1 << (bits - 1)), (1 << (bits - 1)) - 1).astype(np.int32) << (32 - bits)


def decode(content: bytes, suffix: str, *, file: object = None) -> Sound:
    """Return what a FLAC or Ogg Vorbis file holds.

    Raises:
        FormatError: The file is damaged.
        MissingError: soundfile is not installed.
    """
    soundfile = _import()
    fields = header_comments(content, file=file) if suffix == ".ogg" else _flac_comments(content, file=file)
    try:
        audio, sample_rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise FormatError(f"libsndfile cannot read it ({error}); write the file again", file=file) from error
    return Sound(audio=audio, sample_rate=int(sample_rate), fields=fields)


def measure(
    content: bytes, suffix: str, *, most_frames: int, file: object = None
) -> tuple[int, int, tuple[int, int] | None]:
    """Return the sample rate of a FLAC or Ogg Vorbis file, how many frames it decodes to and its loop.

    It is decoded in steps and kept nowhere, and not beyond ``most_frames``. Raises as `decode`.
    """
    soundfile = _import()
    fields = header_comments(content, file=file) if suffix == ".ogg" else _flac_comments(content, file=file)
    frames = 0
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as sound:
            while frames < most_frames:
                read = len(sound.read(min(_STEP_FRAMES, most_frames - frames), dtype="float32"))
                frames += read
                if not read:
                    break
            return int(sound.samplerate), frames, _loop_of(fields)
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise FormatError(f"libsndfile cannot read it ({error}); write the file again", file=file) from error


def _import() -> ModuleType:
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise MissingError(f"FLAC and OGG need soundfile ({error}); pip install 'gamemusic[bake]'") from error
    module: ModuleType = soundfile
    return module


def _flac_blocks(content: bytes, *, file: object = None) -> tuple[list[tuple[int, bytes]], int]:
    """Return a FLAC file's blocks of metadata, as (kind, content), and where its sound begins (RFC 9639, 8)."""
    if content[:4] != b"fLaC":
        raise FormatError("this is no FLAC file; write it again", file=file)
    blocks: list[tuple[int, bytes]] = []
    place, last = 4, False
    while not last:
        head = content[place : place + 4]
        size = int.from_bytes(head[1:], "big")
        block = content[place + 4 : place + 4 + size]
        if len(head) < 4 or len(block) < size:
            raise FormatError("the metadata is cut off; write the file again", file=file)
        last = bool(head[0] & _LAST_BLOCK)
        blocks.append((head[0] & ~_LAST_BLOCK, block))
        place += 4 + size
    return blocks, place


def _flac_with_comments(content: bytes, fields: list[tuple[str, str]]) -> bytes:
    blocks, sound = _flac_blocks(content)
    kept = [block for block in blocks if block[0] not in (_COMMENT_BLOCK, _PADDING)]
    kept.append((_COMMENT_BLOCK, vorbis_comments(VENDOR, fields)))
    parts = [b"fLaC"]
    for index, (kind, block) in enumerate(kept):
        last = _LAST_BLOCK if index == len(kept) - 1 else 0
        parts.append(struct.pack(">I", (kind | last) << 24 | len(block)) + block)
    return b"".join([*parts, content[sound:]])


def _flac_comments(content: bytes, *, file: object = None) -> dict[str, str]:
    blocks, _ = _flac_blocks(content, file=file)
    found = [block for kind, block in blocks if kind == _COMMENT_BLOCK]
    return read_comments(found[0], file=file) if found else {}
