"""Panda3D: a window of music; 1, 2, 3 choose the mood, the arrows up and down the intensity, space is a stinger.

python examples/04_panda3d.py [--seconds N] [--wav FILE]

Needs `pip install 'gamemusic[panda3d]'`. With --wav there is no window, a fight begins halfway, and what was heard is
written. In Ursina the same line plays: adapters.panda3d.play(music, app).
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

import gamemusic
from gamemusic import adapters

try:
    from direct.gui.OnscreenText import OnscreenText
    from direct.showbase.ShowBase import ShowBase
    from panda3d.core import ClockObject
except ImportError:
    sys.exit("this example needs Panda3D: pip install 'gamemusic[panda3d]'")


def main() -> int:
    """Play until the window is closed, or for a number of seconds."""
    parser = argparse.ArgumentParser(description="Music in Panda3D.")
    parser.add_argument("--seconds", type=float, metavar="N", help="end after N seconds")
    parser.add_argument("--wav", type=Path, metavar="FILE", help="no window; write what is heard")
    options = parser.parse_args()
    seconds = options.seconds or (10.0 if options.wav else None)
    with ExitStack() as stack:
        base = ShowBase(windowType="none" if options.wav else None)
        stack.callback(base.destroy)
        clock = ClockObject.getGlobalClock()
        clock.setMode(ClockObject.MLimited)  # without a window nothing else would slow the frames down
        clock.setFrameRate(60)
        music = stack.enter_context(gamemusic.Director(sample_rate=48000, seed=3))
        source: adapters.AudioSource = music
        if options.wav:
            source = stack.enter_context(adapters.Recording(music, options.wav, seconds=seconds))
        music.play("explore")
        feed = adapters.panda3d.play(source, base)  # the one line
        stack.callback(feed.stop)

        def change(step: float) -> None:
            music.intensity = min(1.0, max(0.0, music.intensity + step))

        def cheer() -> None:
            if music.now is not None:  # a stinger sounds in music that plays
                music.stinger("win")

        for key, mood in (("1", "explore"), ("2", "dungeon"), ("3", "combat")):
            base.accept(key, music.play, [mood])
        base.accept("arrow_up", change, [0.1])
        base.accept("arrow_down", change, [-0.1])
        base.accept("space", cheer)
        if not options.wav:
            OnscreenText("1 explore  2 dungeon  3 combat  up/down intensity  space stinger", scale=0.06)
        fight = None if seconds is None else seconds / 2
        while seconds is None or feed.fed < seconds * source.sample_rate:
            base.taskMgr.step()
            if fight is not None and clock.getFrameTime() > fight:
                music.play("combat", at="beat")
                fight = None
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except gamemusic.GameMusicError as error:
        sys.exit(f"error: {error}")
