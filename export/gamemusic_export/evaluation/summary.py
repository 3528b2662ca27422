"""The measured figures of all moods in one table, read from their cards: what the README shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gamemusic.packs.pack import Pack

__all__ = ["summarise_cards"]


def _figure(measures: Any, name: str, key: str = "value") -> float | None:
    found = measures.get("evaluation", {}).get(name, {}).get(key)
    return float(found) if isinstance(found, int | float) else None


def _show(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _under(measures: Any) -> str:
    own, other = _figure(measures, "prediction"), _figure(measures, "prediction", "5-gram")
    return "-" if own is None or not other else f"{1 - own / other:.0%}"


def _beside(name: str, other: str) -> Callable[[Any], str]:
    """Return what shows a figure beside the same of ``other``."""
    keys = ("value", other)
    return lambda measures: " / ".join(_show(_figure(measures, name, key), ".2f") for key in keys)


_COLUMNS: tuple[tuple[str, Callable[[Any], str]], ...] = (
    ("bits/note", lambda measures: _show(_figure(measures, "prediction"), ".2f")),
    ("under 5-gram", _under),
    ("style token", lambda measures: _show(_figure(measures, "style token"), ".0%")),
    ("likeness / 5-gram", _beside("likeness", "5-gram")),
    ("told apart / 5-gram", _beside("can a machine tell", "5-gram")),
    ("structure / real", _beside("structure", "real")),
    ("harmony / real", _beside("harmony", "real")),
    ("seam, judge", lambda measures: _show(_figure(measures, "seam, by the judge"), "+.2f")),
    ("copies / real", _beside("originality", "real")),
    ("intensity", lambda measures: _show(_figure(measures, "intensity, notes"), ".2f")),
    ("mood known / real", _beside("mood recognised", "real")),
    ("style known / real", _beside("style recognised", "real")),
)


def summarise_cards(packs: Sequence[Pack]) -> str:
    """Return a Markdown table, one row a mood."""
    head = ("mood", *(name for name, _ in _COLUMNS))
    rows = [head, ("---",) * len(head)]
    rows += [(pack.name, *(show(pack.card.measures) for _, show in _COLUMNS)) for pack in packs]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
