"""``gamemusic evaluate``: how good a mood's music is, measured. It needs the training and evaluation extras."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from pathlib import Path

from gamemusic.cli.train import missing_extra
from gamemusic.errors import InputError, MissingError

__all__ = ["EVALUATE_REMEDY", "add_to"]

EVALUATE_REMEDY = "pip install 'gamemusic[train,evaluate]'"
"""What installs all that evaluation needs."""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "evaluate", help="say how good a mood is: your own in plain words, shipped ones in figures"
    )
    parser.add_argument("moods", nargs="*", metavar="MOOD", help="moods or paths of packs (default: all shipped ones)")
    parser.add_argument(
        "--corpus", type=Path, metavar="FOLDER", help="measure on the music itself, too, and renew the references"
    )
    parser.add_argument(
        "--work", type=Path, default=Path("runs"), metavar="DIR", help="where datasets lie (default: runs)"
    )
    parser.add_argument(
        "--midi", type=Path, metavar="DIR", help="the MIDI files that a mood of your own was taught with"
    )
    parser.add_argument(
        "--phrases",
        type=int,
        metavar="N",
        help="phrases a set (default: 200, 40 for a mood of your own, 20 a style with --tells)",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="write a page with pictures and sounds here")
    parser.add_argument("--write-cards", action="store_true", help="write the figures into the packs' cards")
    parser.add_argument("--summary", action="store_true", help="measure nothing: print what the cards say, as a table")
    parser.add_argument(
        "--tells", action="store_true", help="measure what a listener would notice, of all moods in one table"
    )
    parser.add_argument(
        "--seed", type=int, default=50_000, metavar="N", help="with --tells: first seed (default: 50000)"
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="with --tells: keep the composed phrases here")
    parser.add_argument("--takes", type=Path, metavar="FILE", help="with --tells: measure phrases that --save kept")
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
    if options.tells:
        return _run_tells(options)
    if options.save is not None or options.takes is not None:
        raise InputError("--save and --takes go with --tells")
    own = [mood for mood in options.moods if not _is_shipped(mood)] if options.corpus is None else []
    if own:
        return _run_own(options, own)
    if options.midi is not None:
        raise InputError("--midi is for a mood of your own; name its folder, such as ./haunted")
    from gamemusic_export.evaluation.command import evaluate

    print(
        evaluate(
            options.moods,
            corpus=options.corpus,
            work=options.work,
            phrases=options.phrases or 200,
            output=options.output,
            write_cards=options.write_cards,
            as_json=options.json,
        )
    )
    return 0


def _run_tells(options: argparse.Namespace) -> int:
    if options.midi is not None:
        raise InputError("--midi does not go with --tells")
    from gamemusic_export.evaluation.tellcommand import tell_moods

    moods = options.moods if options.takes is not None else [_path(mood) for mood in options.moods]
    print(
        tell_moods(
            moods,
            phrases=20 if options.phrases is None else options.phrases,
            seed=options.seed,
            takes=options.takes,
            save=options.save,
            corpus=options.corpus,
            work=options.work,
            output=options.output,
            write_cards=options.write_cards,
            as_json=options.json,
        )
    )
    return 0


def _is_shipped(mood: str) -> bool:
    """Return whether a mood is one that comes with the package, which has a reference to be measured against."""
    from gamemusic.packs.library import find_pack, list_shipped

    return find_pack(_path(mood)).path in {listing.path for listing in list_shipped()}


def _path(mood: str) -> str | Path:
    """Return a mood's folder where one is meant: a bare word that is no installed mood may be a folder here."""
    from gamemusic.packs.library import list_packs
    from gamemusic.packs.pack import PRESET_FILE

    installed = any(listing.name == mood for listing in list_packs())
    return Path(mood) if not installed and (Path(mood) / PRESET_FILE).is_file() else mood


def _run_own(options: argparse.Namespace, own: list[str]) -> int:
    if len(options.moods) > 1:
        raise InputError(f"a mood of your own is measured by itself; name {own[0]} alone")
    if options.write_cards:
        raise InputError("--write-cards is for shipped moods; training writes the card of your own")
    from gamemusic_export.evaluation.own import evaluate_own
    from gamemusic_export.evaluation.own_page import tell_own, to_dict, write_own_page
    from gamemusic_export.progress import StageProgress

    with StageProgress(sys.stderr) as progress:
        found = evaluate_own(
            _path(own[0]),
            midi=options.midi,
            phrases=options.phrases or 40,
            progress=lambda label, done, total: progress(f"composing, {label}", {"update": done, "updates": total}),
        )
    print(json.dumps(to_dict(found), indent=2) if options.json else tell_own(found), flush=True)
    page = write_own_page(found, options.output or Path(f"{found.mood}-report"))
    print(f"look and listen: {page}", file=sys.stderr if options.json else sys.stdout)
    return 0
