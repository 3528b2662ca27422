"""``python -m gamemusic_export``: the stages by which the shipped moods are made, each resumable."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from gamemusic.errors import GameMusicError, MissingError
from gamemusic.files import read_file
from gamemusic.packs.library import shipped_dir

__all__ = ["main", "shipped_recipes"]

_RECIPES = ("base", "corpus", "judge", "trials")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 done, 1 an error that can be mended, 2 wrong usage."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(_parser().parse_args(words))
    except GameMusicError as error:
        print(f"gamemusic_export: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; start the same command again to go on from the last validation", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gamemusic_export",
        description="Make the shipped moods: corpus, training, export.",
        epilog="A mood of your own learns by: gamemusic train FOLDER --midi DIR",
    )
    parser.add_argument("--work", type=Path, default=Path("runs"), help="folder for datasets and runs (default: runs)")
    parser.add_argument("--recipes", type=Path, default=None, help="folder of recipes (default: the shipped ones)")
    parser.add_argument("--presets", type=Path, default=None, help="folder of mood packs (default: the shipped ones)")
    parser.add_argument("--threads", type=int, default=0, help="threads of torch (default: its own choice)")
    stages = parser.add_subparsers(dest="stage", required=True, metavar="STAGE")
    for name, text in (("prepare", "read the corpus into a dataset"), ("all", "prepare, base and every mood")):
        stage = stages.add_parser(name, help=text)
        stage.add_argument("corpus", type=Path, help="folder that holds the sources' folders")
        stage.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    stages.add_parser("base", help="train the base model")
    stages.add_parser("judge", help="train the model that judges seams")
    ear = stages.add_parser("ear", help="learn what candidates are chosen by, from real and from composed music")
    ear.add_argument("file", type=Path, help="where to write it; the shipped one is gamemusic/composer/ear.json")
    ear.add_argument("--seeds", type=int, default=3, help="phrases composed of each style (default: 3)")
    stages.add_parser("ngram", help="count the 5-grams that the models are held against")
    stages.add_parser("trials", help="train briefly with one thing changed at a time, and print the table")
    mood = stages.add_parser("mood", help="fine-tune, export and measure moods")
    mood.add_argument("names", nargs="+", metavar="MOOD", help="names of recipes")
    notice = stages.add_parser("notice", help="write who is to be named for the training music")
    notice.add_argument("file", type=Path)
    return parser


def _run(options: argparse.Namespace) -> int:
    try:
        import torch

        from gamemusic_export.card import write_notice
        from gamemusic_export.pipeline import Workshop
        from gamemusic_export.progress import StageProgress
        from gamemusic_export.recipe import CorpusRecipe, read_recipe
        from gamemusic_export.trials import write_table
    except ImportError as error:
        raise MissingError(f"training needs its extra ({error}); run: pip install 'gamemusic[train]'") from error

    if options.threads:
        torch.set_num_threads(options.threads)
    recipes = options.recipes or shipped_recipes()
    presets = options.presets or shipped_dir() or Path("presets")
    with StageProgress(sys.stderr) as progress:
        workshop = Workshop(recipes, options.work, presets, progress)
        if options.stage in ("prepare", "all"):
            workshop.prepare(options.corpus, jobs=options.jobs)
            report = options.work / "dataset" / "report.json"
            skipped = json.loads(read_file(report))["skipped"]
            print(f"dataset in {options.work / 'dataset'}; {len(skipped)} files skipped, reasons in {report}")
        if options.stage in ("base", "all"):
            print(f"base weights in {workshop.train_base()}")
        if options.stage in ("judge", "all"):
            print(f"judge's weights in {workshop.train_judge()}")
        moods = options.names if options.stage == "mood" else ()
        if options.stage == "all":
            moods = sorted(path.stem for path in recipes.glob("*.yaml") if path.stem not in _RECIPES)
        for name in moods:
            print(f"mood pack in {workshop.train_mood(name)}")
        if options.stage == "trials":
            print(write_table(workshop.run_trials()))
        if options.stage == "ear":
            print(f"ear in {workshop.learn_ear(options.file, seeds=options.seeds)}")
        if options.stage == "ngram":
            for plain in (False, True):
                print(f"5-gram in {workshop.build_ngram(plain=plain)}")
        if options.stage == "notice":
            write_notice(workshop.dataset(), read_recipe(recipes / "corpus.yaml", CorpusRecipe), options.file)
    return 0


def shipped_recipes() -> Path:
    """Return the recipes' folder: beside this package in the source tree, inside it when installed."""
    inside = Path(__file__).parent / "recipes"
    return inside if inside.is_dir() else Path(__file__).parents[1] / "recipes"
