"""Lock file: which packs, soundfonts and versions a soundtrack was baked with, kept beside it under version control."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from gamemusic.errors import FormatError, InputError
from gamemusic.files import read_file, shown_name
from gamemusic.packs.jsonfile import check_shape, load_json, record, table, text
from gamemusic.soundtrack.order import Order

__all__ = ["differences", "lock_path", "parse_lock", "pins_of", "read_lock", "write_lock"]

Pins = Mapping[str, Mapping[str, str]]

_ADVICE = "this is no lock file: remove it, and the next bake writes a new one"
_MOST_BYTES, _MOST_VALUES = 16 << 20, 1_000_000
_PINNED = table(text(400, least=1), text(64, r"[0-9a-f]{64}", "a SHA-256 of 64 digits"), _MOST_VALUES)
_LOCK = record({"packs": _PINNED, "soundfonts": _PINNED, "versions": table(text(100), text(100), 100)})


def lock_path(soundtrack: Path) -> Path:
    """Return where the lock of a soundtrack file lies: ``NAME.lock``."""
    return soundtrack.with_suffix(".lock")


def pins_of(orders: Iterable[Order]) -> dict[str, dict[str, str]]:
    """Return what orders depend on: packs and soundfonts with their SHA-256, libraries with their versions."""
    pins: dict[str, dict[str, str]] = {"packs": {}, "soundfonts": {}, "versions": {}}
    for order in orders:
        for origin in (order.origin, order.left):
            while origin is not None:
                pins["packs"][origin.mood] = origin.digest
                origin = origin.harmony
        if order.soundfont:
            pins["soundfonts"][shown_name(Path(order.soundfont).name)] = order.soundfont_digest
        pins["versions"].update(order.versions)
    return {kind: dict(sorted(found.items())) for kind, found in pins.items()}


def read_lock(path: Path) -> Pins | None:
    """Return what a lock file pins; None when there is none.

    Raises:
        FormatError: It is damaged.
    """
    if not path.exists() and not path.is_symlink():
        return None
    try:
        data = read_file(path, most=_MOST_BYTES, links=False)
    except InputError as error:
        raise FormatError(f"{error}; {_ADVICE}", file=path) from None
    return parse_lock(data, file=path)


def parse_lock(data: bytes, *, file: object = "soundtrack.lock") -> Pins:
    """Return what a lock file's bytes pin; ``file`` is the name that messages give.

    Raises:
        FormatError: They are no lock file.
    """
    value = load_json(data, file=file, most_values=_MOST_VALUES, advice=_ADVICE)
    check_shape(value, _LOCK, file=file, advice=_ADVICE)
    return {kind: dict(pins) for kind, pins in value.items()}


def write_lock(pins: Pins) -> bytes:
    """Return a lock file's bytes."""
    return (json.dumps(pins, indent=1, ensure_ascii=False) + "\n").encode()


def differences(pinned: Pins, found: Pins) -> list[str]:
    """Return in words where what is installed differs from what is pinned; what is new or gone is no difference."""
    words = []
    for kind, names in (("packs", "pack"), ("soundfonts", "soundfont"), ("versions", "")):
        for name, value in found[kind].items():
            before = pinned[kind].get(name, value)
            if before != value:
                shown = [one if kind == "versions" else one[:12] for one in (before, value)]
                words.append(f"{names} {name}: {shown[0]} is pinned, {shown[1]} is here".strip())
    return words
