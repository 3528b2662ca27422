"""How each figure of composed music lies beside real music and the controls, over all moods, by mood and by style."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from gamemusic_export.evaluation.features import FeatureSet
from gamemusic_export.evaluation.heard import HEARD, MELODY, NOTES
from gamemusic_export.evaluation.sets import draw_even, group_weights, halve, make_generator, weighted_quantile
from gamemusic_export.evaluation.tell import tell_apart
from gamemusic_export.evaluation.tells import load_controls, load_tells, scope_of

__all__ = ["TELLS", "Tell", "measure_tells"]

TELLS = ("told_by_melody", "told_by_all", *HEARD, "nearest")
"""All figures of `measure_tells`: ``told_by_melody`` and ``told_by_all`` are areas under the curve of boosted trees,
0.5 when they guess; ``nearest`` is how far a phrase's melody is from the likest other one, as a share of the same among
as many real ones of the styles; the others are means of `gamemusic_export.evaluation.heard.HEARD`."""

_SIGHTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType(
    {
        "told_by_melody": (MELODY, ("interval_lead",)),
        "told_by_all": (NOTES, ("interval_lead", "interval_bass", "pitch_class_bass", "onset_upper", "onset_bass")),
    }
)
"""What trees see: figures and distributions. No tempo, velocity or drums, and nothing that says which roles play."""
_FOLDS = 5
_LEAST_GROUPS = 10
"""Pieces or phrases on either side without which trees are not asked."""
_NEAREST = 40
"""Phrases among which neighbours are looked for, at most."""
_DRAWS = 10
"""How often as many real ones are drawn."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """One figure. Values are NaN where they cannot be measured."""

    value: float
    """Of the composed music."""
    real: float
    """Of real music of the same style tokens, each as often as in the composed music. Of an area: the halves of one
    repertoire told apart."""
    other: float
    """Of an area: two real repertoires of one style told apart; else NaN."""
    low: float
    high: float
    """Between them lie four fifths of the real passages."""
    controls: Mapping[str, float]
    """The same of random weights and of the 5-gram, of those that are kept."""


def measure_tells(rows: FeatureSet) -> dict[str, dict[str, Tell]]:
    """Return the figures of `TELLS` of all rows, under the empty name, of each mood, and of each ``mood/style``.

    Args:
        rows: See `gamemusic_export.evaluation.tells.hear_takes`.

    Raises:
        InputError: When nothing is kept of a style token.
        MissingError: When scikit-learn is not installed.
    """
    bench = _Bench({"": rows, **load_controls()})
    named = [scope_of(group) for group in rows.groups]
    scopes = ["", *sorted({mood for mood, _ in named}), *sorted({f"{mood}/{style}" for mood, style in named})]
    return {scope: bench.measure(scope) for scope in scopes}


class _Bench:
    """The sets, and the areas that were measured already: a mood's style token is often a style's, too."""

    def __init__(self, sets: Mapping[str, FeatureSet]) -> None:
        self.sets = sets
        """Of the model, under the empty name, and of the controls."""
        self.areas: dict[tuple[str, str, str, tuple[str, ...]], float] = {}

    def measure(self, scope: str) -> dict[str, Tell]:
        parts = {kind: _within(rows, scope) for kind, rows in self.sets.items()}
        ours = parts[""]
        tokens = _shares(ours)
        real = {token: _real(token) for token in tokens}
        pooled = _join(list(real.values()))
        weights = np.concatenate([tokens[token] * group_weights(each.groups) for token, each in real.items()])
        found: dict[str, Tell] = {}
        for name in _SIGHTS:
            told = {kind: self._tell_set(name, kind, rows) for kind, rows in parts.items()}
            asked = not np.isnan(told[""])
            real_area, other = (
                _over_tokens(tokens, partial(measure, name)) if asked else np.nan
                for measure in (_tell_halves, _tell_repertoires)
            )
            found[name] = _line(told, real=real_area, other=other)
        for name in HEARD:
            column = pooled.figure(name).astype(np.float64)
            low, high = weighted_quantile(column, weights, (0.1, 0.9))
            values = {kind: _mean(rows.figure(name)) for kind, rows in parts.items()}
            found[name] = _line(values, real=_mean(column, weights), low=float(low), high=float(high))
        found["nearest"] = _line({kind: _measure_nearest(rows, pooled) for kind, rows in parts.items()}, real=1.0)
        return found

    def _tell_set(self, name: str, kind: str, rows: FeatureSet) -> float:
        """Return how well a set is told from real music of the same style token, the mean over its tokens."""
        tokens = _shares(rows)
        for token in tokens:
            key = (name, kind, token, rows.groups)
            if key not in self.areas:
                self.areas[key] = _tell(name, rows.select(np.array(rows.styles) == token), _real(token))
        return _over_tokens(tokens, lambda token: self.areas[name, kind, token, rows.groups])


def _line(
    values: Mapping[str, float], *, real: float, other: float = np.nan, low: float = np.nan, high: float = np.nan
) -> Tell:
    controls = {kind: value for kind, value in values.items() if kind}
    return Tell(value=values[""], real=real, other=other, low=low, high=high, controls=controls)


def _within(rows: FeatureSet, scope: str) -> FeatureSet:
    mood, _, style = scope.partition("/")
    named = [scope_of(group) for group in rows.groups]
    return rows.select(np.array([mood in ("", here) and style in ("", name) for here, name in named], dtype=bool))


def _shares(rows: FeatureSet) -> dict[str, float]:
    """Return how much of the rows each style token is."""
    return {token: rows.styles.count(token) / len(rows) for token in sorted(set(rows.styles))}


@cache
def _real(token: str) -> FeatureSet:
    return load_tells(token)


def _mean(values: npt.NDArray[np.floating], weights: Floats | None = None) -> float:
    known = ~np.isnan(values)
    if not known.any():
        return float("nan")
    return float(np.average(values[known], weights=None if weights is None else weights[known]))


def _join(sets: Sequence[FeatureSet]) -> FeatureSet:
    return FeatureSet(
        np.concatenate([each.counts for each in sets]),
        np.concatenate([each.figures for each in sets]),
        groups=sum((each.groups for each in sets), ()),
        styles=sum((each.styles for each in sets), ()),
        moods=sum((each.moods for each in sets), ()),
        extra={name: np.concatenate([each.extra[name] for each in sets]) for name in HEARD},
    )


def _tell(name: str, one: FeatureSet, other: FeatureSet) -> float:
    """Return how well trees tell two sets apart; NaN where either has too few pieces."""
    figures, distributions = _SIGHTS[name]
    if name == "told_by_all":
        one, other = (each.select(~np.isnan(each.figure("played_bass_root"))) for each in (one, other))
    if min(one.pieces, other.pieces) < _LEAST_GROUPS:
        return float("nan")
    found = tell_apart(one, other, figures=figures, distributions=distributions, folds=_FOLDS, repeats=1, draws=1)
    return found.area


@cache
def _tell_halves(name: str, token: str) -> float:
    rows = _real(token)
    if rows.pieces < 2 * _LEAST_GROUPS:
        return float("nan")
    first, second = halve(rows.groups, make_generator(0))
    return _tell(name, rows.select(first), rows.select(second))


@cache
def _tell_repertoires(name: str, token: str) -> float:
    """Return how well the two collections that a style has most pieces of are told apart."""
    rows = _real(token)
    sources = {source: rows.select(np.array(rows.moods) == source) for source in set(rows.moods)}
    largest = sorted(sources.values(), key=lambda each: (-each.pieces, each.moods[0]))[:2]
    return _tell(name, *largest) if len(largest) == 2 else float("nan")


def _over_tokens(tokens: Mapping[str, float], measure: Callable[[str], float]) -> float:
    values = np.array([measure(token) for token in tokens])
    return _mean(values, np.array(list(tokens.values())))


def _measure_nearest(rows: FeatureSet, real: FeatureSet) -> float:
    ours, theirs = _first_rows(rows), _first_rows(real)
    count = min(len(ours), len(theirs), _NEAREST)
    if count < 2:
        return float("nan")
    generator = make_generator(0)
    known = _melodies(theirs)
    middle, spread = np.nanmean(known, axis=0), np.nanstd(known, axis=0)
    spread[~(spread > 1e-6)] = np.inf  # a column that never changes says nothing

    def distance(each: FeatureSet) -> float:
        drawn = each.select(draw_even(each.styles, count, generator))
        places = np.nan_to_num((_melodies(drawn) - middle) / spread)
        apart = np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=2))
        np.fill_diagonal(apart, np.inf)
        return float(apart.min(axis=1).mean())

    usual = float(np.mean([distance(theirs) for _ in range(_DRAWS)]))
    return float(np.mean([distance(ours) for _ in range(_DRAWS)])) / usual


def _first_rows(rows: FeatureSet) -> FeatureSet:
    """Return one row a phrase or piece: passages of one resemble each other."""
    _, first = np.unique(np.array(rows.groups), return_index=True)
    return rows.select(np.sort(first))


def _melodies(rows: FeatureSet) -> Floats:
    return rows.matrix(MELODY, ("interval_lead",)).astype(np.float64)
