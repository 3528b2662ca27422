"""``gamemusic train``: the stages of making moods, for which the training extra must be installed."""

from __future__ import annotations

import argparse
import importlib.util

from gamemusic.errors import MissingError

__all__ = ["TRAIN_REMEDY", "add_to", "missing_extra"]

TRAIN_REMEDY = "pip install 'gamemusic[train]'"
"""What installs the training extra."""

_EXTRA = ("torch", "onnx", "safetensors", "rich")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    # every word is handed on as it is: no word begins with this prefix, so that none is taken for an option here
    parser = commands.add_parser("train", help="make moods from MIDI files", prefix_chars="\0", add_help=False)
    parser.add_argument("words", nargs="*", metavar="STAGE", help="see `gamemusic train --help`")
    parser.set_defaults(run=run)


def missing_extra() -> tuple[str, ...]:
    """Return the packages of the training extra that are not installed."""
    return tuple(name for name in _EXTRA if importlib.util.find_spec(name) is None)


def run(options: argparse.Namespace) -> int:
    """Hand over to ``python -m gamemusic_export``."""
    if missing := missing_extra():
        raise MissingError(f"training needs {', '.join(missing)}; run: {TRAIN_REMEDY}")
    from gamemusic_export.command import main

    return main(options.words)
