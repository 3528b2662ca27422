"""How the composer's ear is learned: real passages against sections of composed candidates, good and bad alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gamemusic.composer.composer import Composer
from gamemusic.composer.ear import Ear, Scale
from gamemusic.composer.hearing import FIGURES, NOTHING, hear
from gamemusic.packs.library import find_pack
from gamemusic.score.phrase import Role
from gamemusic.tokens.bars import Bar, Event, cut_bars
from gamemusic.tokens.vocabulary import STREAMS, STYLE_NAMES
from gamemusic_export.dataset import Dataset
from gamemusic_export.evaluation.real import real_phrases
from gamemusic_export.evaluation.sets import make_generator

__all__ = ["EAR_FIGURES", "hear_composed", "hear_dead", "hear_real", "learn_ear", "write_ear"]

_BARS = 8
_QUANTILES = (0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95)
_STRENGTH = 30.0
"""How strongly weights are drawn to 0: few rows of a style must not decide much."""
_MOST_ROWS = 2000
"""Rows that all rows together count as at most, against `_STRENGTH`."""
_ROUNDS = 60
_LEAST_REAL, _LEAST_COMPOSED = 30, 40
_BLIND = frozenset({"loop_lead", "loop_bass", "lead_gap"})
"""Figures that a passage cut out of a piece cannot say."""
EAR_FIGURES = tuple(name for name in FIGURES if name not in _BLIND)

Rows = Mapping[str, Sequence[Mapping[str, int]]]
"""Figures of passages, by style token."""


def hear_real(dataset: Dataset, *, per_piece: int = 3, limit: int = 6000) -> dict[str, list[Mapping[str, int]]]:
    """Return the figures of eight-bar passages of the training split that have a lead in half of their bars or more."""
    passages = real_phrases(dataset, dataset.select("train"), bars=_BARS, per_piece=per_piece, limit=limit)
    rows: dict[str, list[Mapping[str, int]]] = {}
    for phrase in passages.phrases:
        figures = hear(cut_bars(phrase), phrase.meter)
        if figures["lead_present"] >= 500:
            rows.setdefault(phrase.style, []).append(figures)
    return rows


def hear_dead(dataset: Dataset, *, limit: int = 600, seed: int = 0) -> dict[str, list[Mapping[str, int]]]:
    """Return the figures of real passages that were spoilt: what no ear may like, so that it is told so.

    Each is spoilt in every way of `_spoil`: one note for all, one bar for ever, pitches or bars in any order.
    """
    passages = real_phrases(dataset, dataset.select("train"), bars=_BARS, per_piece=1, limit=limit, seed=seed)
    generator = make_generator(seed)
    rows: dict[str, list[Mapping[str, int]]] = {}
    for phrase in passages.phrases:
        bars = cut_bars(phrase)
        if hear(bars, phrase.meter)["lead_present"] >= 500:
            rows.setdefault(phrase.style, []).extend(hear(one, phrase.meter) for one in _spoil(bars, generator))
    return rows


def _spoil(bars: list[Bar], generator: np.random.Generator) -> list[list[Bar]]:
    lead = STREAMS.index("lead")

    def change(turn: Callable[[Event], Event]) -> list[Bar]:
        return [
            tuple(tuple(sorted(map(turn, part))) if index == lead else part for index, part in enumerate(bar))
            for bar in bars
        ]

    numbers = [event.number for bar in bars for event in bar[lead]]
    usual = sorted(numbers)[len(numbers) // 2]
    mixed = iter(generator.permutation(numbers).tolist())
    order = generator.permutation(len(bars)).tolist()
    shuffled = [
        tuple(bars[order[at]][index] if index == lead else part for index, part in enumerate(bar))
        for at, bar in enumerate(bars)
    ]
    first = next(bar for bar in bars if bar[lead])
    return [
        change(lambda event: event._replace(number=usual)),
        [first] * len(bars),
        change(lambda event: event._replace(number=next(mixed))),
        change(lambda event: event._replace(position=event.position // 12 * 12, duration=12)),
        shuffled,
    ]


def hear_composed(
    moods: Sequence[str | Path], seeds: Sequence[int], progress: Callable[[str, int, int], None]
) -> dict[str, list[Mapping[str, int]]]:
    """Return the figures of the sections of every candidate of some moods, in all styles that compose a lead."""
    rows: dict[str, list[Mapping[str, int]]] = {}
    for mood in moods:
        composer = Composer(find_pack(mood))
        for name, style in composer.pack.preset.styles.items():
            if Role.LEAD not in style.learned:
                continue
            for number, seed in enumerate(seeds):
                phrase = composer.compose(style=name, seed=seed)
                rows.setdefault(style.token, []).extend(figures for one in phrase.judgement for figures in one.heard)
                progress(f"{composer.pack.name}, {name}", number + 1, len(seeds))
    return rows


def learn_ear(real: Rows, composed: Rows, dead: Rows) -> Ear:
    """Return the ear that tells real passages from composed and from spoilt ones, a style at a time.

    Styles with too few of either have the weights of all styles together, under the empty name.
    """
    styles = {}
    whole = [[one for rows in kind.values() for one in rows] for kind in (real, composed, dead)]
    for style in ("", *STYLE_NAMES):
        ours, theirs, controls = [kind.get(style, ()) for kind in (real, composed, dead)] if style else whole
        if len(ours) >= _LEAST_REAL and len(theirs) >= _LEAST_COMPOSED:
            styles[style] = _learn(ours, theirs, controls)
    return Ear(styles)


def _learn(
    real: Sequence[Mapping[str, int]], composed: Sequence[Mapping[str, int]], dead: Sequence[Mapping[str, int]]
) -> dict[str, Scale]:
    edges: dict[str, tuple[int, ...]] = {}
    for name in EAR_FIGURES:
        values = sorted(row[name] for row in real if row[name] != NOTHING)
        if len(values) < 10:
            continue
        edges[name] = tuple(sorted({values[int(share * (len(values) - 1))] for share in _QUANTILES}))
    columns = [(name, place) for name, cuts in edges.items() for place in range(NOTHING, len(cuts) + 1)]
    index = {column: number for number, column in enumerate(columns)}

    def table(rows: Sequence[Mapping[str, int]]) -> npt.NDArray[np.float64]:
        found = np.zeros((len(rows), len(columns)))
        for number, row in enumerate(rows):
            for name, cuts in edges.items():
                value = row[name]
                place = NOTHING if value == NOTHING else int(np.searchsorted(cuts, value, side="right"))
                found[number, index[name, place]] = 1.0
        return found

    features = np.concatenate([table(part) for part in (real, composed, dead) if part])
    shares = (0.5, 0.3, 0.2) if dead else (0.5, 0.5)
    sides = np.concatenate(
        [np.full(len(part), share / len(part)) for part, share in zip((real, composed, dead), shares, strict=False)]
    )
    weights = _fit(features, np.arange(len(features)) < len(real), sides * min(len(features), _MOST_ROWS))
    scales = {}
    for name, cuts in edges.items():
        rounded = [round(1000 * weights[index[name, place]]) for place in range(len(cuts) + 1)]
        scales[name] = Scale(cuts, tuple(rounded), round(1000 * weights[index[name, NOTHING]]))
    return scales


def _fit(
    features: npt.NDArray[np.float64], wanted: npt.NDArray[np.bool_], sides: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the weights of a logistic regression by Newton's method; ``sides`` says how much each row counts."""
    count, width = features.shape
    design = np.concatenate([features, np.ones((count, 1))], axis=1)
    weights = np.zeros(width + 1)
    ridge = np.append(np.full(width, _STRENGTH), 1e-6)
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (sides * (wanted - chance)) - ridge * weights
        curve = (design * (sides * chance * (1 - chance))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        weights += step
        if np.abs(step).max() < 1e-6:
            break
    found: npt.NDArray[np.float64] = weights[:-1]
    return found


def write_ear(path: Path, ear: Ear) -> Path:
    """Write ``ear.json`` and return its path."""
    path.write_text(ear.to_text(), encoding="utf-8")
    return path
