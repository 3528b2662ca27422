"""Bake: a soundtrack file -> a folder of music. Only what changed is made again."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gamemusic.errors import GameMusicError, InputError
from gamemusic.files import write_file
from gamemusic.soundtrack.credits import CREDITS, list_licences, write_credits
from gamemusic.soundtrack.dialects import side_files
from gamemusic.soundtrack.folder import Folder, lock_folder
from gamemusic.soundtrack.lockfile import differences, lock_path, pins_of, read_lock, write_lock
from gamemusic.soundtrack.maker import Made
from gamemusic.soundtrack.order import Order, make_orders
from gamemusic.soundtrack.page import draw_page
from gamemusic.soundtrack.plan import MAX_TAKES, read_plan
from gamemusic.soundtrack.workers import Failure, carry_out
from gamemusic.values import check_path, check_truth, check_whole, shown

__all__ = ["Summary", "bake"]

Progress = Callable[[str, int, int], None]
"""Called with what was just done, how many pieces are done and how many there are to do."""


@dataclass(slots=True)
class Summary:
    """What a bake did, or would do."""

    made: list[str] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    """Files of pieces that are no longer in the soundtrack."""
    edited: list[str] = field(default_factory=list)
    """Files that somebody had changed, which were kept as ``.NAME.edited``."""
    failed: list[Failure] = field(default_factory=list)


def bake(
    path: Path,
    target: Path,
    *,
    jobs: int = 1,
    cluster: str = "",
    takes: int = 1,
    only: str | None = None,
    force: bool = False,
    dry_run: bool = False,
    check: bool = False,
    update_lock: bool = False,
    progress: Progress | None = None,
) -> Summary:
    """Bake a soundtrack.

    Args:
        path: The soundtrack file.
        target: The folder to write to; made when it is missing, its parent must exist.
        jobs: Processes at work.
        cluster: Address of a Dask scheduler, whose workers do the work instead.
        takes: Of each composed cue, 1 to `MAX_TAKES`; a later bake with fewer removes the others.
        only: A shell pattern; other pieces are left as they are.
        force: Make everything again.
        dry_run: Only say what would be made.
        check: Only say what is not as the soundtrack says; every file is read.
        update_lock: Take packs, soundfonts and versions as they are now.
        progress: Called after each piece.

    Raises:
        InputError, FormatError: The soundtrack file or the request is wrong.
        MissingError: Something has to be installed.
        OutputError: The folder cannot be written to, or another bake is at work there.
        GameMusicError: What is installed is not what the lock file pins.
    """
    path, target = check_path(path), check_path(target)
    jobs, takes = check_whole(jobs, "jobs", 1, 256), check_whole(takes, "takes", 1, MAX_TAKES)
    for name, flag in (("force", force), ("dry_run", dry_run), ("check", check), ("update_lock", update_lock)):
        check_truth(flag, name)
    if not isinstance(cluster, str) or not (only is None or isinstance(only, str)):
        wrong = only if isinstance(cluster, str) else cluster
        raise InputError(f"cluster and only must be texts (received {shown(wrong)})")
    plan = read_plan(path)
    orders = make_orders(plan, takes)
    pins = pins_of(orders)
    lock = lock_path(path)
    _check_lock(lock, pins, update=update_lock)
    chosen = [order for order in orders if only is None or fnmatch.fnmatchcase(order.name, only)]
    if not chosen:
        raise InputError(
            f"no piece is called like {only!r}; there are {', '.join(order.name for order in orders[:12])}"
        )
    if not target.exists() and (dry_run or check):
        return Summary(made=[order.name for order in chosen])
    if not target.parent.is_dir():
        raise InputError(f"folder {target.parent} does not exist; make it first, or bake elsewhere")
    with lock_folder(target):
        folder = Folder(target)
        summary = Summary()
        wanted = []
        for order in chosen:
            fresh = not force and folder.is_current(order.name, order.key, thorough=check)
            (summary.current if fresh else summary.made).append(order.name)
            if not fresh:
                wanted.append(order)
        gone = [] if only else [name for name in folder.entries if name not in {order.name for order in orders}]
        if dry_run or check:
            summary.removed = [file["file"] for name in gone for file in folder.entries[name]["files"]]
            return summary
        summary.made = []
        # those of one mood one after another, since its model and its instruments are loaded then
        wanted.sort(key=lambda order: (order.origin.digest, order.soundfont_digest, order.origin.style))
        _make(_results(wanted, jobs, cluster), len(wanted), folder, summary, progress)
        places = {order.name: place for place, order in enumerate(orders)}
        summary.made.sort(key=lambda name: places[name])
        summary.removed = folder.drop(gone)
        summary.edited = folder.kept
        soundtrack = plan.soundtrack
        licences = list_licences(soundtrack, plan.packs.values(), orders)
        facts = {"title": soundtrack.title, "author": soundtrack.author, "licences": licences, **pins}
        manifest = folder.manifest(facts, [order.name for order in orders])
        folder.finish(manifest, {CREDITS: write_credits(soundtrack, licences), **side_files(manifest)}, _page)
        if not lock.exists() or update_lock or read_lock(lock) != pins:
            write_file(lock, write_lock(pins))
    return summary


def _results(wanted: list[Order], jobs: int, cluster: str) -> Iterator[Made | Failure]:
    if not cluster:
        return carry_out(wanted, min(jobs, max(1, len(wanted))))
    from gamemusic.soundtrack.cluster import carry_out_on

    return carry_out_on(cluster, wanted) if wanted else iter(())


def _make(
    results: Iterator[Made | Failure], total: int, folder: Folder, summary: Summary, progress: Progress | None
) -> None:
    for done, result in enumerate(results, start=1):
        if isinstance(result, Made):
            folder.add(result)
            summary.made.append(result.name)
        else:
            summary.failed.append(result)
        if progress is not None:
            progress(result.name, done, total)


def _page(manifest: Mapping[str, Any], folder: Folder) -> bytes:
    sketches = {piece["name"]: folder.sketch(piece["name"]) for piece in manifest["pieces"]}
    return draw_page(manifest, sketches, folder.path)


def _check_lock(lock: Path, pins: dict[str, dict[str, str]], *, update: bool) -> None:
    pinned = read_lock(lock)
    if pinned is None or update:
        return
    found = differences(pinned, pins)
    if found:
        raise GameMusicError(
            f"{lock.name} does not hold what is installed: {'; '.join(found)}. Install what is pinned, or take what is "
            "here with --update-lock"
        )
