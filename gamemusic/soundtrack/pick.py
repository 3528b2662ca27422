"""Pick: another take of a cue becomes the soundtrack's, by one number in the file; all else stays as it was written."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from gamemusic.errors import FormatError, InputError, suggest
from gamemusic.files import read_file, write_file
from gamemusic.packs.yamlfile import find_spot
from gamemusic.soundtrack.plan import MAX_TAKES
from gamemusic.soundtrack.schema import BOUNDS, Soundtrack, load_soundtrack, take_seed
from gamemusic.values import check_path, check_whole

__all__ = ["pick_take", "write_seed"]


def pick_take(path: Path, name: str, take: int) -> int:
    """Write the seed of a take into a soundtrack file, and return it.

    Args:
        path: The soundtrack file. Comments, order and layout are kept.
        name: Of the cue.
        take: Its number on the page, 2 or more; take 1 is what the file says already.

    Raises:
        InputError: There is no such file, cue or take, or the cue is not composed.
        FormatError: The file is wrong.
        OutputError: It cannot be written.
    """
    path, take = check_path(path), check_whole(take, "take", 1, MAX_TAKES)
    data = read_file(path, "soundtrack", most=BOUNDS.size)
    soundtrack = load_soundtrack(data, file=path)
    if name not in soundtrack.cues:
        known = ", ".join(list(soundtrack.cues)[:12])
        raise InputError(f"{path.name} has no cue {name!r}, but {known}{suggest(name, soundtrack.cues)}")
    cue = soundtrack.cues[name]
    if cue.source:
        raise InputError(f"the cue {name} is played from {cue.source}; only composed cues have takes")
    if take == 1:
        raise InputError(f"take 1 of {name} is what {path.name} says already; name another one")
    seed = take_seed(name, take)
    write_file(path, write_seed(data, soundtrack, name, seed, file=path))
    return seed


def write_seed(data: bytes, soundtrack: Soundtrack, name: str, seed: int, *, file: object) -> bytes:
    """Return a soundtrack file's bytes with a cue's seed changed or put in, nothing else.

    Raises:
        FormatError: When the cue is written in a way that this cannot be done to.
    """
    text = data.decode("utf-8-sig")
    place = _place(text, name, seed)
    start, end, written = (0, 0, "") if place is None else place
    mark = data[: len(data) - len(text.encode())]
    changed = mark + (text[:start] + written + text[end:]).encode()
    cues = {**soundtrack.cues, name: dataclasses.replace(soundtrack.cues[name], seed=seed)}
    try:
        agrees = load_soundtrack(changed, file=file) == dataclasses.replace(soundtrack, cues=cues)
    except FormatError:
        agrees = False
    if not agrees:
        raise FormatError(
            f"the seed could not be put into the cue {name}; write 'seed: {seed}' there by hand", file=file
        )
    return changed


def _place(text: str, name: str, seed: int) -> tuple[int, int, str] | None:
    """Return which characters of the file are replaced, and by what."""
    if present := find_spot(text, ("cues", name, "seed")):
        return present.start, present.end, str(seed)
    cue = find_spot(text, ("cues", name))
    if cue is None:
        return None
    if cue.flow:
        return cue.start + 1, cue.start + 1, f"seed: {seed}" if cue.empty else f"seed: {seed}, "
    return cue.start, cue.start, f"seed: {seed}\n{' ' * cue.column}"
