"""``gamemusic evaluate``: how good a mood's music is, measured. It needs the training and evaluation extras."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

from gamemusic.cli.train import missing_extra
from gamemusic.errors import MissingError

__all__ = ["EVALUATE_REMEDY", "add_to"]

EVALUATE_REMEDY = "pip install 'gamemusic[train,evaluate]'"
"""What installs all that evaluation needs."""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("evaluate", help="measure a mood's music against real music, random weights, a 5-gram")
    parser.add_argument("moods", nargs="*", metavar="MOOD", help="moods or paths of packs (default: all shipped ones)")
    parser.add_argument(
        "--corpus", type=Path, metavar="FOLDER", help="measure on the music itself, too, and renew the references"
    )
    parser.add_argument(
        "--work", type=Path, default=Path("runs"), metavar="DIR", help="where datasets lie (default: runs)"
    )
    parser.add_argument("--phrases", type=int, default=200, metavar="N", help="phrases a set (default: 200)")
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="write a report with pictures here")
    parser.add_argument("--write-cards", action="store_true", help="write the figures into the packs' cards")
    parser.add_argument("--summary", action="store_true", help="measure nothing: print what the cards say, as a table")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    if options.summary:
        from gamemusic.packs.library import find_packs
        from gamemusic_export.evaluation.summary import summarise_cards

        print(summarise_cards(find_packs(options.moods)))
        return 0
    missing = missing_extra() + tuple(
        name
        for name, module in (("scikit-learn", "sklearn"), ("matplotlib", "matplotlib"))
        if importlib.util.find_spec(module) is None
    )
    if missing:
        raise MissingError(f"evaluation needs {', '.join(missing)}; run: {EVALUATE_REMEDY}")
    from gamemusic_export.evaluation.command import evaluate

    print(
        evaluate(
            options.moods,
            corpus=options.corpus,
            work=options.work,
            phrases=options.phrases,
            output=options.output,
            write_cards=options.write_cards,
            as_json=options.json,
        )
    )
    return 0
