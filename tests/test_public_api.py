"""The names a game may rely on; this list changes only together with the changelog."""

from __future__ import annotations

import argparse
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import gamemusic
from gamemusic.cli.main import make_parser
from gamemusic.errors import GameMusicError
from gamemusic.output import DEFAULT_SAMPLE_RATE

NAMES = {
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
    names = ["style", "bars", "key", "tempo", "meter", "intensity", "seed", "ending", "theme", "harmony", "chords"]
    assert [argument.name for argument in others] == [*names, "limits"]
    assert all(argument.kind is argument.KEYWORD_ONLY and argument.default is None for argument in others)


def test_composer_takes_the_same_arguments() -> None:
    mood, *others = inspect.signature(gamemusic.compose).parameters.values()
    itself, *methods = inspect.signature(gamemusic.Composer.compose).parameters.values()
    assert (mood.name, itself.name) == ("mood", "self")
    assert methods == [argument for argument in others if argument.name != "limits"]  # it has its pack already


def compose_options() -> dict[str, argparse.Action]:
    """Return the options of ``gamemusic compose`` by name."""
    commands = next(action for action in make_parser()._actions if isinstance(action, argparse._SubParsersAction))
    parser: argparse.ArgumentParser = commands.choices["compose"]
    return {action.dest: action for action in parser._actions if action.dest != "help"}


def test_command_takes_the_same_arguments() -> None:
    options = compose_options()
    composing = dict(inspect.signature(gamemusic.compose).parameters)
    del composing["harmony"]  # another phrase, which has no name on a command line
    del composing["limits"]  # a host's
    saving = dict(inspect.signature(gamemusic.save).parameters)
    del saving["phrase"]
    saving["output"] = saving.pop("path")
    assert set(options) == {*composing, *saving, "json", "watch", "quantise"}
    assert not set(composing) & set(saving)
    for name, argument in {**composing, **saving}.items():
        if argument.default is argument.empty:
            assert options[name].required, name
        else:
            assert options[name].default == argument.default, name
            assert f"--{name.replace('_', '-')}" in options[name].option_strings


def test_command_knows_the_same_choices() -> None:
    from gamemusic.audio.wavfile import BIT_DEPTHS

    options = compose_options()
    assert tuple(options["bit_depth"].choices or ()) == BIT_DEPTHS
    assert tuple(options["ending"].choices or ()) == ("loop", "cadence")
    assert f"default: {DEFAULT_SAMPLE_RATE}" in str(options["sample_rate"].help)


def test_rendering_takes_the_same_arguments_as_saving() -> None:
    saving = inspect.signature(gamemusic.save).parameters
    for name, argument in inspect.signature(gamemusic.render).parameters.items():
        assert argument.replace(annotation=None) == saving[name].replace(annotation=None)


def test_no_module_takes_the_place_of_a_name(root: Path, tmp_path: Path) -> None:
    """Importing a module binds it in its package: one called ``compose`` would hide the function from then on."""
    script = """
import importlib, pkgutil, sys
import gamemusic
for module in pkgutil.walk_packages(gamemusic.__path__, "gamemusic."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
for name, home in gamemusic._HOMES.items():
    assert getattr(gamemusic, name) is getattr(sys.modules[home], name), name
    assert f"gamemusic.{name}" not in sys.modules, name
assert callable(gamemusic.compose)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(root)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
