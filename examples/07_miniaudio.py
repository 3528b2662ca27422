"""miniaudio: no engine at all, only a sound card; three moods in turn, and what is heard at each bar line.

python examples/07_miniaudio.py [--seconds N] [--wav FILE]

Needs `pip install 'gamemusic[miniaudio]'`. With --wav it plays to nowhere, and what would have been
heard is written.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import gamemusic
from gamemusic import adapters

try:
    import miniaudio
except ImportError:
    sys.exit("this example needs miniaudio: pip install 'gamemusic[miniaudio]'")

TURNS = (("explore", 0.3), ("dungeon", 0.6), ("combat", 0.9))
"""Moods and intensities, each for a third of the time."""


def main() -> int:
    """Play for a number of seconds."""
    parser = argparse.ArgumentParser(description="Music through miniaudio.")
    parser.add_argument("--seconds", type=float, default=30.0, metavar="N", help="end after N seconds (default: 30)")
    parser.add_argument("--wav", type=Path, metavar="FILE", help="no sound card; write what is heard")
    options = parser.parse_args()
    with ExitStack() as stack:
        music = stack.enter_context(gamemusic.Director(sample_rate=48000, seed=3))
        source: adapters.AudioSource = music
        if options.wav:
            source = stack.enter_context(adapters.Recording(music, options.wav, seconds=options.seconds))
        music.on_bar(
            lambda bar: print(f"{bar.seconds:6.1f} s  {bar.mood} ({bar.style}), bar {bar.bar + 1} of {bar.bars}")
        )
        nowhere: dict[str, Any] = {"backends": [miniaudio.Backend.NULL]} if options.wav else {}
        device = adapters.miniaudio.play(source, **nowhere)  # the one line
        stack.callback(device.close)
        for mood, intensity in TURNS:
            music.play(mood, intensity=intensity)
            time.sleep(options.seconds / len(TURNS))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except gamemusic.GameMusicError as error:
        sys.exit(f"error: {error}")
