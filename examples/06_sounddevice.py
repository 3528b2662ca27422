"""sounddevice: no engine at all, only a sound card; three moods in turn, and what is heard at each bar line.

python examples/06_sounddevice.py [--seconds N] [--wav FILE]

Needs `pip install 'gamemusic[sounddevice]'`. With --wav what was heard is written, also where there is no sound card.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import gamemusic
from gamemusic import adapters

TURNS = (("explore", 0.3), ("dungeon", 0.6), ("combat", 0.9))
"""Moods and intensities, each for a third of the time."""


class Silence:
    """A sound card that nobody hears."""

    def __init__(self, source: adapters.AudioSource) -> None:
        self._source = source
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        began, frames = time.monotonic(), 0
        while not self._over.wait(0.01):
            due = int((time.monotonic() - began) * self._source.sample_rate) - frames
            self._source.read(max(1, due))
            frames += due


def main() -> int:
    """Play for a number of seconds."""
    parser = argparse.ArgumentParser(description="Music through sounddevice.")
    parser.add_argument("--seconds", type=float, default=30.0, metavar="N", help="end after N seconds (default: 30)")
    parser.add_argument("--wav", type=Path, metavar="FILE", help="write what is heard")
    options = parser.parse_args()
    with ExitStack() as stack:
        music = stack.enter_context(gamemusic.Director(sample_rate=48000, seed=3))
        source: adapters.AudioSource = music
        if options.wav:
            source = stack.enter_context(adapters.Recording(music, options.wav, seconds=options.seconds))
        music.on_bar(
            lambda bar: print(f"{bar.seconds:6.1f} s  {bar.mood} ({bar.style}), bar {bar.bar + 1} of {bar.bars}")
        )
        try:
            stack.enter_context(adapters.sounddevice.play(source))  # the one line
        except gamemusic.MissingError:
            if not options.wav:
                raise
            stack.enter_context(Silence(source))
        for mood, intensity in TURNS:
            music.play(mood, intensity=intensity)
            time.sleep(options.seconds / len(TURNS))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except gamemusic.GameMusicError as error:
        sys.exit(f"error: {error}")
