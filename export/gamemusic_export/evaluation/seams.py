"""How surprising a phrase's beginning is after its end, to any model: the mood's own, or a judge trained apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gamemusic.composer.session import Memory
from gamemusic.composer.surprise import FRACTION, load_exponentials, surprises
from gamemusic.score.phrase import Phrase
from gamemusic.tokens.bars import cut_bars
from gamemusic.tokens.codec import encode_bar
from gamemusic.tokens.state import State
from gamemusic.tokens.vocabulary import (
    BAR,
    END,
    FEATURES,
    METER_NAMES,
    MODE_NAMES,
    ROLES,
    START,
    STYLE_NAMES,
    intensity_bin,
)
from gamemusic_export.prediction import Predictor

__all__ = ["SeamFigures", "measure_seams"]

_COLUMNS = tuple(FEATURES)
_ROWS = 32


@dataclass(frozen=True, slots=True)
class SeamFigures:
    """Mean surprise of bars, in bits a token, one entry a phrase."""

    over: npt.NDArray[np.float64]
    """Of the first bar, played again after the last."""
    inside: npt.NDArray[np.float64]
    """Of the bars inside the phrase, the first one not counted: nothing comes before it."""


def measure_seams(predictor: Predictor, phrases: Sequence[Phrase]) -> SeamFigures:
    """Return how surprised a model is at the seam and inside.

    Every note is written out, since a copied bar would be no surprise inside and cannot be a copy over the seam.

    Args:
        predictor: The model.
        phrases: Whose `Phrase.style` is a style token.
    """
    over, inside = [], []
    for first in range(0, len(phrases), _ROWS):
        for seam, within in _score(predictor, phrases[first : first + _ROWS]):
            over.append(seam)
            inside.append(within)
    return SeamFigures(np.array(over), np.array(inside))


def _write(phrase: Phrase) -> tuple[list[int], list[int], list[tuple[int, ...]]]:
    """Return a phrase's tokens and its first bar's once more, the bar of each, and the features shown before each."""
    bars = cut_bars(phrase)
    known = {
        "style": STYLE_NAMES.index(phrase.style),
        "intensity": intensity_bin(phrase.intensity),
        "meter": METER_NAMES.index(str(phrase.meter)),
        "mode": MODE_NAMES.index(phrase.key.parent),
        "roles": sum(1 << ROLES.index(role) for role in phrase.roles),
        "ending": 0,
    }
    state = State(len(bars))
    tokens, owners, rows = [], [], []
    last = START

    def take(token: int, owner: int) -> None:
        nonlocal last
        shown = {
            **known,
            "token": last,
            "bars_left": state.bars_left,
            "position": state.position,
            "chord": state.chord,
        }
        rows.append(tuple(shown[name] for name in _COLUMNS))
        tokens.append(token)
        owners.append(owner)
        state.advance(token)
        last = token

    velocities = list(state.velocities)
    for index, bar in enumerate(bars):
        take(BAR, -1)
        for token in encode_bar(bar, (), velocities, copies=False):
            take(token, index)
    take(END, -1)
    state = State(len(bars), state)
    take(BAR, -1)
    for token in encode_bar(bars[0], (), list(state.velocities), copies=False):
        take(token, len(bars))
    return tokens, owners, rows


def _score(predictor: Predictor, phrases: Sequence[Phrase]) -> list[tuple[float, float]]:
    written = [_write(phrase) for phrase in phrases]
    longest = max(len(tokens) for tokens, _, _ in written)
    table = load_exponentials()
    sums = [[[0, 0] for _ in range(phrase.bars + 1)] for phrase in phrases]
    memory: Memory = predictor.start(len(phrases))
    features = np.zeros((len(phrases), len(_COLUMNS)), dtype=np.int64)
    for step in range(longest):
        for row, (tokens, _, shown) in enumerate(written):
            features[row] = shown[min(step, len(tokens) - 1)]
        logits, memory = predictor.step(features, memory)
        wanted = [tokens[min(step, len(tokens) - 1)] for tokens, _, _ in written]
        for row, (bits, (tokens, owners, _)) in enumerate(zip(surprises(logits, wanted, table), written, strict=True)):
            if step < len(tokens) and owners[step] >= 0:
                place = sums[row][owners[step]]
                place[0] += bits
                place[1] += 1
    return [
        (
            bars[-1][0] / max(1, bars[-1][1]) / FRACTION,
            sum(total for total, _ in bars[1:-1]) / max(1, sum(count for _, count in bars[1:-1])) / FRACTION,
        )
        for bars in sums
    ]
