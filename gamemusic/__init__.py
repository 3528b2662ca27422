"""Music for games, composed by small neural networks on the player's own machine.

>>> import gamemusic
>>> phrase = gamemusic.compose("explore", style="chamber", bars=8, seed=7)  # doctest: +SKIP
>>> phrase.save("loop.wav")  # doctest: +SKIP

Everything heavy is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gamemusic.version import __version__

if TYPE_CHECKING:
    from gamemusic.composer.composer import Composer, compose
    from gamemusic.director.director import Director
    from gamemusic.director.notifier import Moment
    from gamemusic.director.settings import Settings
    from gamemusic.errors import (
        FormatError,
        GameMusicError,
        GameMusicWarning,
        InputError,
        MidiError,
        MissingError,
        OutputError,
        PackError,
    )
    from gamemusic.limits import Limits
    from gamemusic.output import render, save
    from gamemusic.score.phrase import Chord, Note, Phrase, Role, Track

__all__ = [
    "Chord",
    "Composer",
    "Director",
    "FormatError",
    "GameMusicError",
    "GameMusicWarning",
    "InputError",
    "Limits",
    "MidiError",
    "MissingError",
    "Moment",
    "Note",
    "OutputError",
    "PackError",
    "Phrase",
    "Role",
    "Settings",
    "Track",
    "__version__",
    "compose",
    "render",
    "save",
]

_HOMES = {
    **dict.fromkeys(("Composer", "compose"), "gamemusic.composer.composer"),
    "Director": "gamemusic.director.director",
    "Limits": "gamemusic.limits",
    "Moment": "gamemusic.director.notifier",
    "Settings": "gamemusic.director.settings",
    **dict.fromkeys(("render", "save"), "gamemusic.output"),
    **dict.fromkeys(("Chord", "Note", "Phrase", "Role", "Track"), "gamemusic.score.phrase"),
    **dict.fromkeys(
        (
            "FormatError",
            "GameMusicError",
            "GameMusicWarning",
            "InputError",
            "MidiError",
            "MissingError",
            "OutputError",
            "PackError",
        ),
        "gamemusic.errors",
    ),
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gamemusic' has no attribute {name!r}")
    value: Any = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
