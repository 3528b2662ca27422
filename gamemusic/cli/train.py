"""``gamemusic train FOLDER --midi DIR``: a mood learns somebody's own music. It needs the training extra."""

from __future__ import annotations

import argparse
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path

from gamemusic.errors import MissingError

__all__ = ["TRAIN_REMEDY", "add_to", "missing_extra"]

TRAIN_REMEDY = "pip install 'gamemusic[train]'"
"""What installs the training extra."""

_EXTRA = ("torch", "onnx", "safetensors", "rich")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "train",
        help="teach a mood your own MIDI files",
        description="Teach a mood your own MIDI files. Ctrl-C stops; the same command goes on from there.",
        epilog="Shipped moods are made by other commands, for those who work on this package: "
        "python -m gamemusic_export --help",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the mood's folder, as 'gamemusic new' made it")
    parser.add_argument("--midi", type=Path, required=True, metavar="DIR", help="folder of MIDI files")
    parser.add_argument("--quantise", action="store_true", help="find the beats of files that were played freely")
    parser.add_argument(
        "--style", default="", metavar="NAME", help="style that learns; a new name adds a style (default: the first)"
    )
    parser.add_argument(
        "--token",
        default="",
        metavar="KIND",
        help="kind of music that a new style begins as, such as chamber (default: the one that knows the files best)",
    )
    parser.add_argument("--licence", default="", help="of the files, such as CC0-1.0; asked for when left out")
    parser.add_argument("--author", default="", help="who the card names")
    parser.add_argument(
        "--show-roles", type=Path, metavar="FILE", help="only write who plays what, to be corrected; nothing is trained"
    )
    parser.add_argument("--roles", type=Path, metavar="FILE", help="who plays what, corrected")
    parser.add_argument(
        "--keep-preset", action="store_true", help="leave preset.yaml as it is; only for a style that is in it"
    )
    parser.add_argument(
        "--updates", type=_whole(1, 100_000), default=240, metavar="N", help="most training steps (default: 240)"
    )
    parser.add_argument(
        "--seed", type=_whole(0, 2**63 - 1), default=1, metavar="N", help="decides the order of the music (default: 1)"
    )
    parser.add_argument(
        "--threads", type=_whole(0, 1024), default=0, metavar="N", help="threads of torch (default: found by a trial)"
    )
    parser.set_defaults(run=run)


def _whole(low: int, high: int) -> Callable[[str], int]:
    """Return what reads a whole number in a range."""

    def read(text: str) -> int:
        number = int(text) if re.fullmatch(r"[+-]?[0-9]{1,20}", text) else low - 1
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"found {text[:40]!a}, expected a whole number, {low} to {high}")
        return number

    return read


def missing_extra() -> tuple[str, ...]:
    """Return the packages of the training extra that are not installed."""
    return tuple(name for name in _EXTRA if importlib.util.find_spec(name) is None)


def run(options: argparse.Namespace) -> int:
    """Hand over to the exporter, which alone imports torch."""
    if missing := missing_extra():
        raise MissingError(f"training needs {', '.join(missing)}; run: {TRAIN_REMEDY}")
    from gamemusic_export.own_command import run_own

    return run_own(options)
