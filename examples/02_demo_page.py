"""Write a page of loops: players without a gap, piano rolls, MIDI and WAV files; it needs no server.

python examples/02_demo_page.py [FOLDER] [--moods a,b] [--seed N] [--all] [--wav] [--blind]
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from demo_page.blind import find_sources, make_clips, write_blind_page, write_key
from demo_page.loops import find_moods, make_takes, plan_orders
from demo_page.page import write_page

import gamemusic
from gamemusic.files import write_files


def main() -> int:
    """Write the page and say where it is."""
    parser = argparse.ArgumentParser(description="Write a page of loops that plays from a file, without a server.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("out"), help="where to (default: out)")
    parser.add_argument("--moods", default="", metavar="A,B", help="moods or paths of packs (default: all installed)")
    parser.add_argument(
        "--seed", type=int, default=7, metavar="N", help="the same seed gives the same notes (default: 7)"
    )
    parser.add_argument("--all", action="store_true", help="every style of each mood, not only its first")
    parser.add_argument("--wav", action="store_true", help="leave WAV files too (the page makes them without)")
    parser.add_argument("--blind", action="store_true", help="a page for judging by ear, without labels")
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1), metavar="N", help="processes at once")
    options = parser.parse_args()
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
        return _write_blind(options) if options.blind else _write(options)
    except (gamemusic.GameMusicError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _write(options: argparse.Namespace) -> int:
    folder: Path = options.folder
    moods, faults = find_moods(_names(options))
    orders = plan_orders(moods, folder, seed=options.seed, all_styles=options.all, wav=options.wav)
    takes = make_takes(orders, jobs=max(1, options.jobs), tell=_progress(len(orders)))
    files = [folder / path for take in takes for path in (take.sound, take.midi) if path]
    size = sum(path.stat().st_size for path in files)
    page = write_page(moods, takes, version=gamemusic.__version__, size=size, faults=faults)
    write_files({folder / "index.html": page.encode("utf-8")})
    for fault in faults:
        print(fault, file=sys.stderr)
    missing = next((take.missing for take in takes if take.missing), "")
    if missing:
        print(f"no audio: {missing}")
    print(f"{folder / 'index.html'}: {len(moods)} moods, {len(takes)} loops, {size / 1e6:.0f} MB")
    return 0


def _write_blind(options: argparse.Namespace) -> int:
    folder: Path = options.folder
    sources = find_sources()
    moods, faults = find_moods(_names(options))
    clips = make_clips(moods, sources, folder, seed=options.seed, tell=_progress(len(moods) * len(sources)))
    version = gamemusic.__version__
    page = write_blind_page(moods, clips, seed=options.seed, version=version)
    key = write_key(clips, seed=options.seed, version=version)
    write_files({folder / "blind.html": page.encode("utf-8"), folder / "key.json": key})
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{folder / 'blind.html'}: {len(clips)} clips; who composed what: {folder / 'key.json'}")
    return 0


def _names(options: argparse.Namespace) -> list[str]:
    return [name for name in options.moods.split(",") if name]


def _progress(count: int) -> Callable[[int, str], None]:
    """Return what shows progress on a terminal, on one line, and nothing elsewhere."""

    def tell(done: int, name: str) -> None:
        if sys.stderr.isatty():
            end = "\n" if done == count else ""
            print(f"\r{done} of {count} {name:40}", end=end, file=sys.stderr, flush=True)

    return tell


if __name__ == "__main__":
    sys.exit(main())
