"""pyglet, and Arcade, which plays through it: the source as a streaming source of ``pyglet.media``.

>>> player = adapters.pyglet.play(music)  # doctest: +SKIP

Delay: pyglet keeps 0.6 to 0.9 s of sound ahead, whatever the source; what the game asks for is heard that much later.
The thread that pyglet fills its buffers with runs whether or not the game draws frames.

pyglet holds what a player plays against the computer's clock, as films need it. Since no sound card's clock agrees with
it, it would leave out or repeat 12 ms of music whenever the two are 30 ms apart, every few minutes. The player that
`play` returns does not, and so hears every sample once.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

from gamemusic.adapters.source import AudioSource, check_source, load_engine

__all__ = ["make_source", "play"]

EXTRA = "pyglet"


def play(source: AudioSource) -> Any:
    """Play ``source`` and return the ``pyglet.media.Player``, which has ``volume``, ``pause()`` and ``delete()``.

    Keep the player: the music ends when nothing refers to it.

    Raises:
        InputError: ``source`` cannot be played.
        MissingError: pyglet is not installed.
    """
    stream = make_source(source)
    player = _player_class()()
    player.queue(stream)
    player.play()
    return player


def make_source(source: AudioSource) -> Any:
    """Return ``source`` as a ``pyglet.media.codecs.StreamingSource`` of 16 bits, for a player of your own.

    Raises: as `play`.
    """
    check_source(source)
    return _source_class()(source)


@functools.cache
def _source_class() -> Any:
    """Return the class; it is made when pyglet is there, since it derives from one of pyglet's."""
    codecs = load_engine("pyglet.media.codecs", extra=EXTRA)

    class Music(codecs.StreamingSource):  # type: ignore[misc, name-defined]
        """A source without an end."""

        def __init__(self, source: AudioSource) -> None:
            self._source = source
            self._block = 4  # two channels of two bytes
            self._frames = 0
            self.audio_format = codecs.AudioFormat(channels=2, sample_size=16, sample_rate=source.sample_rate)

        def is_precise(self) -> bool:
            return True  # exactly what is asked for, always

        def get_audio_data(self, num_bytes: int, compensation_time: float = 0.0) -> Any:
            frames = max(1, int(num_bytes) // self._block)
            sound = self._source.read(frames, "int16").tobytes()
            self._frames += frames
            return codecs.AudioData(sound, len(sound))

        def seek(self, timestamp: float) -> None:
            """Stay: it is played as it comes."""

    return Music


@functools.cache
def _player_class() -> Any:
    media = load_engine("pyglet.media", extra=EXTRA)

    class Player(media.Player):  # type: ignore[misc, name-defined]
        """A player that leaves the sound's clock as it is."""

        def _create_audio_player(self) -> None:
            super()._create_audio_player()
            audio = self._audio_player
            if audio is not None:
                audio.desync_bytes_minor = audio.desync_bytes_critical = sys.maxsize

    return Player
