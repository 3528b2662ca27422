"""Arcade, and so pyglet: move the mouse up for more intensity; 1, 2, 3 choose the mood, space is a stinger.

python examples/05_arcade.py [--seconds N] [--wav FILE]

Needs `pip install arcade`. With --wav there is no window, a fight begins halfway, and what was heard is written.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import gamemusic
from gamemusic import adapters

if "--wav" in sys.argv:
    os.environ["ARCADE_HEADLESS"] = "True"  # read when Arcade is imported
try:
    import arcade
except ImportError:
    sys.exit("this example needs Arcade: pip install arcade")

MOODS = {"KEY_1": "explore", "KEY_2": "dungeon", "KEY_3": "combat"}


class Window(arcade.Window):  # type: ignore[misc]
    """A bar as high as the intensity."""

    def __init__(self, music: gamemusic.Director, seconds: float | None) -> None:
        super().__init__(480, 320, "gamemusic")
        self.music = music
        self.moods = {getattr(arcade.key, key): mood for key, mood in MOODS.items()}
        self.left = seconds
        self.fight = None if seconds is None else seconds / 2

    def on_draw(self) -> None:
        self.clear()
        arcade.draw_lbwh_rectangle_filled(0, 0, self.width, self.height * self.music.intensity, arcade.color.AMBER)

    def on_update(self, delta_time: float) -> None:
        if self.left is None:
            return
        self.left -= delta_time
        if self.fight is not None and self.left < self.fight:
            self.music.play("combat", at="beat")
            self.fight = None
        if self.left <= 0:
            self.close()

    def on_mouse_motion(self, x: float, y: float, dx: float, dy: float) -> None:
        self.music.intensity = min(1.0, max(0.0, y / self.height))

    def on_key_press(self, symbol: int, modifiers: int) -> Any:
        if symbol in self.moods:
            self.music.play(self.moods[symbol])
        elif symbol == arcade.key.SPACE and self.music.now is not None:  # it sounds in music that plays
            self.music.stinger("win")


def main() -> int:
    """Play until the window is closed, or for a number of seconds."""
    parser = argparse.ArgumentParser(description="Music in Arcade.")
    parser.add_argument("--seconds", type=float, metavar="N", help="end after N seconds")
    parser.add_argument("--wav", type=Path, metavar="FILE", help="no window; write what is heard")
    options = parser.parse_args()
    seconds = options.seconds or (10.0 if options.wav else None)
    with ExitStack() as stack:
        music = stack.enter_context(gamemusic.Director(sample_rate=48000, seed=3))
        source: adapters.AudioSource = music
        if options.wav:
            source = stack.enter_context(adapters.Recording(music, options.wav, seconds=seconds))
        music.play("explore")
        player = adapters.pyglet.play(source)  # the one line
        stack.callback(player.delete)
        Window(music, seconds)
        arcade.run()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except gamemusic.GameMusicError as error:
        sys.exit(f"error: {error}")
