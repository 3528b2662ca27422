"""The names a game may rely on; this list changes only together with the changelog."""

from __future__ import annotations

import inspect

import pytest

import gamemusic
from gamemusic.errors import GameMusicError

NAMES = {
    "Chord",
    "Composer",
    "FormatError",
    "GameMusicError",
    "InputError",
    "MidiError",
    "MissingError",
    "Note",
    "OutputError",
    "PackError",
    "Phrase",
    "Role",
    "Track",
    "__version__",
    "compose",
    "render",
    "save",
}


def test_names() -> None:
    assert set(gamemusic.__all__) == NAMES
    assert gamemusic.__all__ == sorted(gamemusic.__all__)
    assert set(dir(gamemusic)) >= NAMES
    for name in NAMES:
        assert getattr(gamemusic, name) is getattr(gamemusic, name)


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'conduct'"):
        _ = gamemusic.conduct


def test_documented() -> None:
    for name in NAMES - {"__version__"}:
        assert inspect.getdoc(getattr(gamemusic, name)), name


def test_every_error_has_one_root() -> None:
    errors = [getattr(gamemusic, name) for name in NAMES if name.endswith("Error")]
    assert all(issubclass(error, GameMusicError) for error in errors)


def test_arguments_of_compose() -> None:
    mood, *others = inspect.signature(gamemusic.compose).parameters.values()
    assert mood.name == "mood"
    names = ["style", "bars", "key", "tempo", "meter", "intensity", "seed", "ending"]
    assert [argument.name for argument in others] == names
    assert all(argument.kind is argument.KEYWORD_ONLY and argument.default is None for argument in others)
