"""Panda3D, and Ursina, which is built on it: the source as ``UserDataAudio``, fed by a task once a frame.

>>> adapters.panda3d.play(music, base)  # doctest: +SKIP

Delay: ``ahead``, and OpenAL's own 20 to 60 ms. A frame that takes longer than ``ahead`` lets the sound run dry, since
Panda3D moves sound on only between frames; it goes on with the next frame. How much is fed is reckoned from what the
card has played, and so does not drift from it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from gamemusic.adapters.source import AudioSource, check_seconds, check_source, load_engine

__all__ = ["Feed", "play"]

EXTRA = "panda3d"

FEED_SORT = 59
"""Panda3D's own task, which hands sound on to OpenAL, is number 60 of a frame; ours comes just before."""

MOST_SECONDS = 2.0
"""The most that one frame feeds."""


def play(source: AudioSource, base: Any, *, ahead: float = 0.2, manager: Any = None) -> Feed:
    """Play ``source`` until `Feed.stop` or the end of ``base``.

    Args:
        base: The ``ShowBase``; in Ursina the ``Ursina``.
        ahead: Sound that is kept ready, 0.02 to 2 s: how long a frame may take without being heard.
        manager: ``AudioManager``; default the one that plays ``base``'s music.

    Raises:
        InputError: ``source`` cannot be played, or ``ahead`` is out of range.
        MissingError: Panda3D is not installed.
    """
    check_source(source)
    seconds = check_seconds(ahead, "ahead", 0.02, MOST_SECONDS)
    return Feed(source, base, seconds, base.musicManager if manager is None else manager)


class Feed:
    """A sound that is fed by a task."""

    def __init__(
        self, source: AudioSource, base: Any, ahead: float, manager: Any, clock: Callable[[], float] = time.monotonic
    ) -> None:
        core = load_engine("panda3d.core", extra=EXTRA)
        task = load_engine("direct.task.Task", extra=EXTRA)
        self._source = source
        self._ahead = round(ahead * source.sample_rate)
        self._fed = 0
        self._continue, self._done = task.cont, task.done
        self._audio = core.UserDataAudio(source.sample_rate, 2, True)
        self.sound = manager.getSound(self._audio)
        """The ``AudioSound``, with ``setVolume``."""
        # without a sound card Panda3D's sound has no time; the music's time passes all the same
        self._clock = self._heard if manager.isValid() else clock
        self._start = 0.0
        self._start = self._clock()
        self._feed()
        self.sound.play()
        self._tasks = base.taskMgr
        self._task = self._tasks.add(self._step, "gamemusic", sort=FEED_SORT)

    @property
    def fed(self) -> int:
        """Frames that were read from the source."""
        return self._fed

    def stop(self) -> None:
        """Stop at once; a second call does nothing."""
        if self._audio is None:
            return
        self._tasks.remove(self._task)
        self.sound.stop()
        self._audio.done()
        self._audio = None

    def _heard(self) -> float:
        return float(self.sound.getTime())

    def _step(self, task: Any) -> Any:
        if self._audio is None:
            return self._done
        self._feed()
        return self._continue

    def _feed(self) -> None:
        rate = self._source.sample_rate
        due = round((self._clock() - self._start) * rate) + self._ahead - self._fed
        if due > 0:
            frames = min(due, round(MOST_SECONDS * rate))
            self._audio.append(self._source.read(frames, "int16").astype("<i2", copy=False).tobytes())
            self._fed += frames
