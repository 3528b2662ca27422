"""pygame: the source as pygame's music, so that every channel is left to the game.

>>> pygame.mixer.pre_init(48000)  # doctest: +SKIP
>>> pygame.init()  # doctest: +SKIP
>>> adapters.pygame.play(music)  # doctest: +SKIP

``pygame.mixer.music`` streams a file-like object, and `Stream` is one: an endless WAV file whose samples are read from
the source when SDL's mixer wants them. So nothing has to be called in the game's loop, a loading screen does not
interrupt the music, and one block follows the other inside SDL's own decoder without a gap. Sounds queued on a channel
are gapless only when their length is a multiple of the mixer's buffer, which pygame does not tell; they need a thread
or a call a frame, and hold twice their length in delay.

Delay: ``frames`` (default 1024: 21 ms at 48 kHz), and the mixer's own buffer (512 frames: 11 ms), and the device's.

Pause by ``music.pause()`` of the director and not by ``pygame.mixer.music``: ``unpause()`` and ``get_metadata()`` wait
for SDL's lock without letting go of Python's, which SDL's thread may just be waiting for (seen with pygame-ce 2.5.8;
it concerns every file-like object and every queued sound). All other functions of the mixer let go.
"""

from __future__ import annotations

import io
import struct
from typing import Literal

from gamemusic.adapters.source import AudioSource, check_frames, check_rate, check_source, load_engine
from gamemusic.errors import InputError

__all__ = ["Stream", "play"]

EXTRA = "pygame"

PCM, FLOAT = 1, 3
"""Format tags of WAV files."""

LARGEST_DATA = 0x7FFF_0000
"""Bytes of sound that the WAV file claims to have: below 2^31, which readers with signed sizes take. It is repeated."""


def play(source: AudioSource, *, frames: int = 1024) -> None:
    """Play ``source`` as pygame's music, until ``pygame.mixer.music.stop()``, ``unload()`` or ``pygame.mixer.quit()``.

    Args:
        source: Of the rate at which ``pygame.mixer.init`` opened the device.
        frames: Read at once, 64 to 8192: the delay between asking the source for something and hearing it.

    Raises:
        InputError: The mixer is not initialised, has another rate, or ``frames`` is out of range.
        MissingError: pygame is not installed.
    """
    pygame = load_engine("pygame", extra=EXTRA)
    check_source(source)
    opened = pygame.mixer.get_init()
    if opened is None:
        raise InputError(f"pygame's mixer is not open; call pygame.mixer.init({source.sample_rate}) first")
    rate, size, _ = opened
    # pygame.init() opens it at 44,100 hertz, and pygame.mixer.init() then does nothing
    remedy = f"call pygame.mixer.pre_init({source.sample_rate}) before pygame.init()"
    check_rate(source, rate, engine="pygame's mixer", remedy=remedy)
    # a mixer of floats gets floats; for all others, 8 bits and mono included, SDL converts 16 bits as it mixes
    stream = Stream(source, dtype="float32" if abs(size) == 32 else "int16", frames=frames)
    music = pygame.mixer.music
    music.load(stream, "wav")
    music.set_volume(1.0)  # pygame begins at 127 of 128, which would change every sample a little
    music.play(loops=-1)


class Stream:
    """A WAV file without an end, for ``pygame.mixer.music.load(Stream(source), "wav")``.

    Its header is that of a file of 2 GB (three hours); played with ``loops=-1`` it goes on from there without a gap,
    since going back to its beginning changes nothing.

    Args:
        source: Where its samples come from.
        dtype: ``int16`` or ``float32``.
        frames: The most that is read at once, 64 to 8192; SDL asks for 16 kB.
        data_bytes: What the header says; for tests.
    """

    def __init__(
        self,
        source: AudioSource,
        *,
        dtype: Literal["float32", "int16"] = "int16",
        frames: int = 1024,
        data_bytes: int = LARGEST_DATA,
    ) -> None:
        self._source = check_source(source)
        self._dtype: Literal["float32", "int16"] = dtype
        self._frames = check_frames(frames, "frames", 64, 8192)
        width = 4 if dtype == "float32" else 2
        self._block = 2 * width
        data_bytes -= data_bytes % self._block
        rate, tag = source.sample_rate, FLOAT if dtype == "float32" else PCM
        form = struct.pack("<HHIIHH", tag, 2, rate, rate * self._block, self._block, 8 * width)
        self._header = b"RIFF%sWAVEfmt %s%sdata%s" % (
            struct.pack("<I", data_bytes + 36),
            struct.pack("<I", len(form)),
            form,
            struct.pack("<I", data_bytes),
        )
        self._end = len(self._header) + data_bytes
        self._place = 0

    def read(self, size: int = -1) -> bytes:
        """Return at most ``size`` bytes, whole frames in the part that is sound; b"" only beyond the end."""
        if self._place < len(self._header):
            part = self._header[self._place : self._place + size] if size >= 0 else self._header[self._place :]
        elif self._place >= self._end:
            part = b""  # where SDL looks for more chunks when it opens the file
        else:
            left = self._end - self._place
            most = min(left if size < 0 else size, left) // self._block
            part = self._source.read(min(most, self._frames), self._dtype).tobytes() if most else b""
        self._place += len(part)
        return part

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the file and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._end}[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        """Return the place in the file, in bytes."""
        return self._place

    def close(self) -> None:
        """Do nothing: the source belongs to the game."""

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
