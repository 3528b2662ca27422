"""Every error a user of this package can cause.

::

    GameMusicError
    +-- InputError (also ValueError)      a value that was passed in: unknown mood, 0 bars, tempo 0
    +-- FormatError (also ValueError)     a preset, pack, MIDI file or soundfont; carries file, line, column
    |   +-- PackError                     a mood pack whose parts do not belong together
    |   +-- MidiError                     a MIDI file that cannot be used
    +-- MissingError (also RuntimeError)  something that has to be installed: FluidSynth, a soundfont, an extra
    +-- OutputError (also OSError)        a file that could not be written

A message says what was wrong, where, what is allowed and what to do next, in that order.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable

__all__ = [
    "FormatError",
    "GameMusicError",
    "GameMusicWarning",
    "InputError",
    "MidiError",
    "MissingError",
    "OutputError",
    "PackError",
    "suggest",
]

_LONGEST_GUESSED, _MOST_GUESSED = 100, 2000
"""What is longer, or one of more names, is not compared: that takes time with the product of both."""


class GameMusicError(Exception):
    """Root of every error this package raises on purpose."""


class GameMusicWarning(UserWarning):
    """Music that was made, but not as well as it should be; filter it with `warnings`."""


class InputError(GameMusicError, ValueError):
    """A value that was passed in is not allowed."""


class FormatError(GameMusicError, ValueError):
    """A file that was read is not what it should be.

    Args:
        message: What is wrong, what is allowed, what to do.
        file: The file's name as the user knows it.
        line: 1-based line, or None where the format has no lines.
        column: 1-based column, or None.
    """

    def __init__(
        self, message: str, *, file: object = None, line: int | None = None, column: int | None = None
    ) -> None:
        self.file = None if file is None else str(file)
        self.line = line
        self.column = column
        where = ":".join(str(part) for part in (self.file, line, column) if part is not None)
        super().__init__(f"{where}: {message}" if where else message)


class PackError(FormatError):
    """A mood pack whose parts are missing, damaged or do not belong together."""


class MidiError(FormatError):
    """A MIDI file that is damaged or cannot be used."""


class MissingError(GameMusicError, RuntimeError):
    """Something that must be installed first; the message holds the line to run."""


class OutputError(GameMusicError, OSError):
    """A file that could not be written; nothing is left under its name."""


def suggest(found: str, allowed: Iterable[str]) -> str:
    """Return ``'; did you mean 'X'?'`` for the nearest allowed name, or an empty string when none is near."""
    if len(found) > _LONGEST_GUESSED:
        return ""
    near = difflib.get_close_matches(found, list(itertools.islice(allowed, _MOST_GUESSED)), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
