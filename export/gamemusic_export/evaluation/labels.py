"""What distributions, their bins and figures are called where people read them."""

from __future__ import annotations

from fractions import Fraction

from gamemusic.programs import DRUM_NAMES
from gamemusic.tokens.vocabulary import DRUM_PITCHES
from gamemusic.units import TICKS_PER_BEAT
from gamemusic_export.evaluation.distributions import DURATIONS, POSITIONS, VOICES, WIDEST
from gamemusic_export.evaluation.features import RATES
from gamemusic_export.evaluation.likeness import RATE_EDGES, SHARE_EDGES
from gamemusic_export.evaluation.structure import SELF_SIMILARITY

__all__ = ["name_bins", "name_column", "name_feature", "name_unit"]

_PARTS = {"upper": "lead and counter", "inner": "harmony and texture"}


def _name_quarters(ticks: int) -> str:
    """Return a length such as ``1 1/3``."""
    whole, rest = divmod(Fraction(ticks, TICKS_PER_BEAT), 1)
    return " ".join(str(part) for part in (whole, rest) if part) or "0"


_BINS = {
    "pitch class": ("1", "b2", "2", "b3", "3", "4", "#4", "5", "b6", "6", "b7", "7"),
    "interval": tuple(f"{step:+d}" if step else "0" for step in range(-WIDEST, WIDEST + 1)),
    "duration": (*(_name_quarters(ticks) for ticks in DURATIONS), "longer"),
    "onset": (*(_name_quarters(tick) for tick in POSITIONS), "else"),
    "polyphony": (*(str(count) for count in range(VOICES)), f"{VOICES}+"),
    "drum key": tuple(DRUM_NAMES[pitch].replace("_", " ") for pitch in DRUM_PITCHES),
    "notes a quarter note": tuple(f"{edge:g}" for edge in RATE_EDGES[:-1]),
    "rhythms alike": tuple(f"{edge:.1f}" for edge in SHARE_EDGES[:-1]),
    "pitches alike": tuple(f"{edge:.1f}" for edge in SHARE_EDGES[:-1]),
}
_UNITS = {
    "pitch class": "degree above the tonic",
    "interval": "semitones from note to note",
    "duration": "quarter notes, up to",
    "onset": "quarter notes after the bar line",
    "polyphony": "notes at once",
    "drum key": "",
    "notes a quarter note": "from this rate on",
    "rhythms alike": "shared part, from this on",
    "pitches alike": "shared part, from this on",
}


def _split(name: str) -> tuple[str, str]:
    """Return what a distribution or figure is about, and of whom: ``interval_lead`` is an interval, of the lead."""
    if name in RATES:
        return "notes a quarter note", name.removeprefix("rate").removeprefix("_")
    if name in SELF_SIMILARITY:
        _, kind, lag = name.split("_")
        return {"rhythm": "rhythms alike", "pitch": "pitches alike"}[
            kind
        ], "1 bar apart" if lag == "1" else f"{lag} bars apart"
    for kind in ("pitch_class", "drum_key"):
        if name.startswith(kind):
            return kind.replace("_", " "), name[len(kind) + 1 :]
    kind, _, part = name.partition("_")
    return kind, _PARTS.get(part, part)


def name_feature(name: str) -> str:
    """Return a distribution's or figure's name in words, such as ``interval, lead``."""
    kind, part = _split(name)
    if kind not in _BINS:
        return name.replace("_", " ")
    return f"{kind}, {part}" if part else kind


def name_bins(name: str) -> tuple[str, ...]:
    """Return what the bins of a distribution or figure are called."""
    return _BINS[_split(name)[0]]


def name_unit(name: str) -> str:
    """Return what the bins of a distribution or figure count."""
    return _UNITS[_split(name)[0]]


def name_column(column: str) -> str:
    """Return a column of `gamemusic_export.evaluation.features.FeatureSet.matrix` in words.

    ``interval_lead 12`` is the share of the lead's intervals that are 0: ``interval, lead: 0``.
    """
    name, _, place = column.partition(" ")
    return f"{name_feature(name)}: {name_bins(name)[int(place)]}" if place else name_feature(name)
