"""What is kept of each phrase: counts and figures, from which all measures but originality are computed.

The rows of the held-out real music are committed as a small file, so that the figures can be reproduced without the
corpus: a row says how often each interval occurs, and no longer which notes there were.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from gamemusic.errors import FormatError, InputError
from gamemusic.files import open_ordinary
from gamemusic.score.measures import measure
from gamemusic.score.phrase import Phrase, Role
from gamemusic.tokens.bars import transposition
from gamemusic.units import TICKS_PER_BEAT
from gamemusic_export.evaluation.distributions import DISTRIBUTIONS, count_distributions
from gamemusic_export.evaluation.harmony import HARMONY, measure_harmony
from gamemusic_export.evaluation.sets import PhraseSet
from gamemusic_export.evaluation.structure import SELF_SIMILARITY, STRUCTURE, measure_structure

__all__ = ["FIGURES", "LIKENESS_FIGURES", "NOTE_FIGURES", "RATES", "FeatureSet", "featurise", "load_features"]

Table = npt.NDArray[np.float32]

RATES = ("rate", *(f"rate_{role.value}" for role in Role))
"""Notes a quarter note, of all roles and of each."""
_REGISTERS = tuple(f"pitch_{role.value}" for role in Role if role is not Role.DRUMS)
"""Mean pitch of each role, MIDI note number less the key's transposition from C; NaN when it is silent."""
_HIDDEN = ("velocity", "minor", "intensity")
"""Mean velocity, whether the third is minor, and the intensity asked for: not told to classifiers."""
LIKENESS_FIGURES = (*RATES, *SELF_SIMILARITY)
"""Figures that the comparison with real music is about, beside the distributions."""
NOTE_FIGURES = (*RATES, *_REGISTERS, *STRUCTURE, *HARMONY)
"""Figures that notes and chords alone decide."""
FIGURES = (*NOTE_FIGURES, *_HIDDEN)
"""All columns of `FeatureSet.figures`."""

_EDGES = (0, *accumulate(DISTRIBUTIONS.values()))
_SLICES = {name: slice(low, high) for name, low, high in zip(DISTRIBUTIONS, _EDGES, _EDGES[1:], strict=False)}
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """Rows of features, one a phrase."""

    counts: Table
    """(phrases, all bins of `DISTRIBUTIONS`), whole numbers."""
    figures: Table
    """(phrases, len(FIGURES)), rounded to half precision; NaN where a figure does not apply."""
    groups: tuple[str, ...]
    """Piece or seed of each phrase."""
    styles: tuple[str, ...]
    moods: tuple[str, ...]
    extra: Mapping[str, Table] = field(default_factory=lambda: MappingProxyType({}))
    """Figures that were measured elsewhere, such as the longest run shared with another piece, each (phrases,)."""

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def pieces(self) -> int:
        """Different groups."""
        return len(set(self.groups))

    def distribution(self, name: str) -> Table:
        """Return the counts of a distribution, (phrases, bins)."""
        return self.counts[:, _SLICES[name]]

    def figure(self, name: str) -> Table:
        """Return a figure's column, or an extra one, (phrases,)."""
        return self.extra[name] if name in self.extra else self.figures[:, FIGURES.index(name)]

    def select(self, rows: npt.ArrayLike) -> FeatureSet:
        """Return some of the rows, by index or by a mask."""
        chosen = np.asarray(rows)
        index = np.arange(len(self))[chosen] if chosen.size else np.zeros(0, dtype=np.int64)
        return FeatureSet(
            self.counts[index],
            self.figures[index],
            groups=tuple(self.groups[row] for row in index),
            styles=tuple(self.styles[row] for row in index),
            moods=tuple(self.moods[row] for row in index),
            extra={name: values[index] for name, values in self.extra.items()},
        )

    def with_extra(self, name: str, values: npt.ArrayLike) -> FeatureSet:
        """Return the set with one more figure, (phrases,), rounded to half precision.

        Raises:
            InputError: When there is not one value for each phrase, or the name is taken by `FIGURES`.
        """
        column = np.asarray(values).astype(np.float16).astype(np.float32)
        if column.shape != (len(self),) or name in FIGURES:
            raise InputError(f"extra figure {name!r} needs one value for each of {len(self)} phrases, and its own name")
        return replace(self, extra={**self.extra, name: column})

    def matrix(
        self, figures: Sequence[str] = NOTE_FIGURES, distributions: Sequence[str] = tuple(DISTRIBUTIONS)
    ) -> Table:
        """Return what classifiers see: each distribution as shares, and the figures; (phrases, columns).

        Shares of a distribution that a phrase has nothing of are 0; figures may be NaN.
        """
        parts = []
        for name in distributions:
            counts = self.distribution(name)
            parts.append(counts / np.maximum(1, counts.sum(axis=1, keepdims=True)))
        parts += [self.figure(name)[:, None] for name in figures]
        return np.concatenate(parts, axis=1).astype(np.float32)

    @staticmethod
    def columns(figures: Sequence[str] = NOTE_FIGURES) -> tuple[str, ...]:
        """Return the names of the columns of `matrix`, such as ``interval_lead 12``: a distribution and its bin."""
        return (*(f"{name} {place}" for name, bins in DISTRIBUTIONS.items() for place in range(bins)), *figures)

    def save(self, path: Path) -> Path:
        """Write the rows as a compressed NumPy archive of about 200 bytes a phrase, and return ``path``."""
        meta = {
            "format": _FORMAT,
            "distributions": dict(DISTRIBUTIONS),
            "figures": FIGURES,
            "groups": self.groups,
            "styles": self.styles,
            "moods": self.moods,
            "extra": sorted(self.extra),
        }
        packed = np.frombuffer(json.dumps(meta, separators=(",", ":")).encode(), dtype=np.uint8)
        extra = np.array([self.extra[name] for name in sorted(self.extra)], dtype=np.float16)
        path.parent.mkdir(parents=True, exist_ok=True)
        # column by column is what compresses best: neighbours are alike
        np.savez_compressed(
            path,
            meta=packed,
            counts=np.minimum(self.counts.T, 65535).astype(np.uint16),
            figures=self.figures.T.astype(np.float16),
            extra=extra,
        )
        return path


def load_features(path: Path) -> FeatureSet:
    """Return the rows that `FeatureSet.save` wrote.

    Raises:
        FormatError: When the file is no such archive, or was written by another version.
    """
    try:
        with open_ordinary(path) as file, np.load(file, allow_pickle=False) as arrays:
            meta = json.loads(bytes(arrays["meta"]).decode())
            counts, figures, extra = (arrays[name].astype(np.float32) for name in ("counts", "figures", "extra"))
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise FormatError(f"this is not a file of features ({error}); measure the phrases again", file=path) from None
    if (
        meta["format"] != _FORMAT
        or meta["distributions"] != dict(DISTRIBUTIONS)
        or tuple(meta["figures"]) != FIGURES
        or len(meta["groups"]) != counts.shape[1]
    ):
        raise FormatError("these features were measured by another version; measure the phrases again", file=path)
    groups, styles, moods = (tuple(meta[name]) for name in ("groups", "styles", "moods"))
    return FeatureSet(counts.T, figures.T, groups, styles, moods, dict(zip(meta["extra"], extra, strict=True)))


def featurise(phrases: PhraseSet) -> FeatureSet:
    """Return the features of each phrase.

    Raises:
        InputError: When the set is empty.
    """
    if not phrases.phrases:
        raise InputError("features need at least one phrase (received none)")
    counts = []
    figures = []
    for phrase in phrases.phrases:
        found = count_distributions(phrase)
        counts.append(np.concatenate([found[name] for name in DISTRIBUTIONS]))
        named = _measure_figures(phrase)
        figures.append([named[name] for name in FIGURES])
    # rounded as in the file, so that measures from the file are the same
    rounded = np.array(figures, dtype=np.float16).astype(np.float32)
    styles = tuple(phrase.style for phrase in phrases.phrases)
    moods = tuple(phrase.mood for phrase in phrases.phrases)
    return FeatureSet(np.array(counts, dtype=np.float32), rounded, phrases.groups, styles, moods)


def _measure_figures(phrase: Phrase) -> dict[str, float]:
    beats, shift = phrase.ticks / TICKS_PER_BEAT, transposition(phrase.key.tonic)
    figures = {**measure_structure(phrase), **measure_harmony(phrase)}
    total = 0
    for role in Role:
        notes = phrase.track(role).notes
        total += len(notes)
        figures[f"rate_{role.value}"] = len(notes) / beats
        figures[f"pitch_{role.value}"] = sum(note.pitch for note in notes) / len(notes) - shift if notes else np.nan
    whole = measure(phrase)
    figures["rate"] = total / beats
    figures["velocity"] = whole.mean_velocity
    figures["minor"] = float(whole.minor)
    figures["intensity"] = phrase.intensity
    return figures
