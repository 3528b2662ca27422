"""``gamemusic bake``: a whole soundtrack at build time."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gamemusic.soundtrack.bake import Progress, Summary

__all__ = ["add_to"]


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("bake", help="compose and render a whole soundtrack into a folder")
    parser.add_argument("soundtrack", type=Path, metavar="SOUNDTRACK.yaml", help="the soundtrack file")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder to write to")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes at work (default: 1)")
    parser.add_argument(
        "--cluster", default="", metavar="ADDRESS", help="use the workers of a Dask scheduler, such as tcp://HOST:8786"
    )
    parser.add_argument(
        "--takes", type=int, default=1, metavar="N", help="takes of each cue to choose from with 'pick' (default: 1)"
    )
    parser.add_argument("--only", metavar="PATTERN", help="only pieces whose names match, such as 'town*'")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the folder is not up to date")
    parser.add_argument("--dry-run", action="store_true", help="write nothing; say what would be made")
    parser.add_argument("--force", action="store_true", help="make everything again")
    parser.add_argument(
        "--update-lock", action="store_true", help="take packs, soundfonts and versions as they are now"
    )
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Bake, and say what was done."""
    from gamemusic.soundtrack.bake import bake

    summary = bake(
        options.soundtrack,
        options.output,
        jobs=options.jobs,
        cluster=options.cluster,
        takes=options.takes,
        only=options.only,
        force=options.force,
        dry_run=options.dry_run,
        check=options.check,
        update_lock=options.update_lock,
        progress=_progress(),
    )
    if options.json:
        facts = {name: getattr(summary, name) for name in ("made", "current", "removed", "edited")}
        print(json.dumps({**facts, "failed": {one.name: one.reason for one in summary.failed}}))
    else:
        _tell(summary, options.output, planned=options.check or options.dry_run)
    stale = options.check and (summary.made or summary.removed)
    return 1 if summary.failed or stale else 0


def _progress() -> Progress:
    began = time.monotonic()
    shown = sys.stderr.isatty()

    def show(name: str, done: int, total: int) -> None:
        left = (time.monotonic() - began) / done * (total - done)
        if shown:
            print(
                f"\r\x1b[K{done}/{total} {name}, {left:.0f} s left", end="" if done < total else "\n", file=sys.stderr
            )
        else:
            print(f"{done}/{total} {name}", file=sys.stderr)

    return show


def _tell(summary: Summary, folder: Path, *, planned: bool) -> None:
    verb = "to be made" if planned else "made"
    print(f"{folder}: {len(summary.made)} {verb}, {len(summary.current)} up to date")
    if planned:
        for name in summary.made:
            print(f"  {name}")
    elif summary.made:
        _tabulate(summary, folder)
    for name in summary.removed:
        print(f"  {name} {'would be' if planned else 'was'} removed: it is no longer in the soundtrack")
    for name in summary.edited:
        print(f"  {name} had been edited; the edited file is kept as .{name}.edited")
    for one in summary.failed:
        print(f"  {one.name} failed: {one.reason}")


def _tabulate(summary: Summary, folder: Path) -> None:
    """Print a line for each piece that was made."""
    from gamemusic.soundtrack.manifest import read_manifest
    from gamemusic.soundtrack.page import body_seconds

    made = set(summary.made)
    print(f"  {'piece':24} {'mood':22} {'seed':>10} {'seconds':>7} {'LUFS':>6} {'peak':>5} {'seam':>5}")
    for piece in read_manifest(folder)["pieces"]:
        if piece["name"] not in made:
            continue
        # MIDI files have bars and a tempo, and so a length, but no frames
        seconds = max((file["seconds"] for file in piece["files"] if "seconds" in file), default=body_seconds(piece))
        cells = [_number(piece.get(key), digits) for key, digits in (("loudness_lufs", 1), ("true_peak_dbtp", 1))]
        seed = "-" if piece["seed"] is None else str(piece["seed"])
        print(
            f"  {piece['name'][:24]:24} {piece['mood'] + '/' + piece['style']:22} {seed:>10} {seconds:7.1f} "
            f"{cells[0]:>6} {cells[1]:>5} {_number(piece['seam_bits'] if piece['ending'] == 'loop' else None, 2):>5}"
        )


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
