"""``gamemusic pick``: the take that was liked best becomes the cue's."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_to"]


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("pick", help="write the seed of a take into the soundtrack file")
    parser.add_argument("cue", metavar="CUE", help="name of the cue")
    parser.add_argument("take", type=int, metavar="TAKE", help="number of the take, as 'bake --takes' made it")
    parser.add_argument(
        "--soundtrack",
        type=Path,
        default=Path("soundtrack.yaml"),
        metavar="FILE",
        help="the soundtrack file (default: soundtrack.yaml)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Pick, and say what was written."""
    from gamemusic.soundtrack.pick import pick_take

    seed = pick_take(options.soundtrack, options.cue, options.take)
    print(f"{options.soundtrack}: {options.cue} has the seed {seed} now; bake again")
    return 0
