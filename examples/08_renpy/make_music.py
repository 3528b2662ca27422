"""Ren'Py: compose the music of a visual novel, once, before it ships; game/script.rpy plays it.

python examples/08_renpy/make_music.py [GAME] [--seed N]

Writes game/gamemusic.rpy and game/audio/gamemusic/*.wav beside this file, or into another project's game folder.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import gamemusic
from gamemusic import adapters

CUES = {"home": ("town", 0.4), "cellar": ("dungeon", 1.0), "fight": ("combat", 1.0)}
"""Name in the script, mood, intensity; with 1.0 every layer has something to play, and the script fades it."""


def main() -> int:
    """Write the music and say where it is."""
    parser = argparse.ArgumentParser(description="Compose the music of a Ren'Py game.")
    here = Path(__file__).with_name("game")
    parser.add_argument("game", nargs="?", type=Path, default=here, help="the project's game folder")
    parser.add_argument("--bars", type=int, default=16, metavar="N", help="length of each cue (default: 16)")
    parser.add_argument("--seed", type=int, default=3, metavar="N", help="the same seed gives the same music")
    options = parser.parse_args()
    phrases = {
        cue: gamemusic.compose(mood, intensity=intensity, bars=options.bars, seed=options.seed)
        for cue, (mood, intensity) in CUES.items()
    }
    phrases["won"] = gamemusic.compose("victory", bars=4, ending="cadence", seed=options.seed)
    script = adapters.renpy.write(phrases, options.game, stems=True)  # the one line
    print(f"{script}: {', '.join(phrases)}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except gamemusic.GameMusicError as error:
        sys.exit(f"error: {error}")
