"""Lock file: which packs, soundfonts and versions a soundtrack was baked with, kept beside it under version control."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from gamemusic.errors import FormatError
from gamemusic.soundtrack.order import Order

__all__ = ["differences", "lock_path", "pins_of", "read_lock", "write_lock"]

Pins = Mapping[str, Mapping[str, str]]


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
            pins["soundfonts"][Path(order.soundfont).name] = order.soundfont_digest
        pins["versions"].update(order.versions)
    return {kind: dict(sorted(found.items())) for kind, found in pins.items()}


def read_lock(path: Path) -> Pins | None:
    """Return what a lock file pins; None when there is none.

    Raises:
        FormatError: It is damaged.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise FormatError(
            f"this is no lock file ({error}); remove it, and the next bake writes a new one", file=path
        ) from error
    kinds = ("packs", "soundfonts", "versions")
    if not isinstance(found, dict) or not all(isinstance(found.get(kind), dict) for kind in kinds):
        raise FormatError("this is no lock file; remove it, and the next bake writes a new one", file=path)
    return {kind: {str(name): str(value) for name, value in found[kind].items()} for kind in kinds}


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
