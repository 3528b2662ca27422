"""A line for each engine: what the director plays, heard through the game's own sound.

>>> import gamemusic
>>> from gamemusic import adapters
>>> music = gamemusic.Director(sample_rate=48000)  # doctest: +SKIP
>>> adapters.pygame.play(music)  # doctest: +SKIP

``adapters.pygame``, ``panda3d``, ``pyglet`` (and so Arcade), ``sounddevice``, ``miniaudio`` and ``renpy`` are loaded
when they are first named, and each loads its engine when it is first used. `Recording` keeps what was heard. See
``docs/engines.md``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gamemusic.adapters.source import AudioSource

if TYPE_CHECKING:
    from gamemusic.adapters import miniaudio, panda3d, pygame, pyglet, renpy, sounddevice
    from gamemusic.adapters.recording import Recording

__all__ = ["AudioSource", "Recording", "miniaudio", "panda3d", "pygame", "pyglet", "renpy", "sounddevice"]

_MODULES = frozenset(__all__) - {"AudioSource", "Recording"}


def __getattr__(name: str) -> Any:
    """Load an engine's module when it is first asked for (PEP 562)."""
    if name == "Recording":
        return importlib.import_module("gamemusic.adapters.recording").Recording
    if name not in _MODULES:
        raise AttributeError(f"module 'gamemusic.adapters' has no attribute {name!r}")
    return importlib.import_module(f"gamemusic.adapters.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
