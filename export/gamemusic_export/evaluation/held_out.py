"""Figures that need the held-out music itself: how well it is predicted, and with which style token."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gamemusic.composer.session import Session
from gamemusic.packs.pack import Pack
from gamemusic_export.dataset import Dataset
from gamemusic_export.evaluate import compare_style_tokens
from gamemusic_export.evaluation.figures import Figure, hold_to_goal
from gamemusic_export.evaluation.goals import GOALS
from gamemusic_export.ngram import NGramSession
from gamemusic_export.prediction import score_masked

__all__ = ["Predictors", "measure_prediction", "measure_style_token"]

_CONFOUNDED = "only from one source, so style and source cannot be told apart"


@dataclass(frozen=True, slots=True)
class Predictors:
    """Who else predicts."""

    base: Session
    """The model that every mood was fine-tuned from, exported."""
    ngram: NGramSession
    """With the network's conditioning."""
    plain: NGramSession
    """Of tokens alone."""


def measure_prediction(
    own: Session, others: Predictors, dataset: Dataset, excerpts: npt.NDArray[np.int64]
) -> list[Figure]:
    """Return bits per note of the mood's model, of the base and of the 5-grams, all under the same grammar mask."""
    bits = {
        name: score_masked(session, dataset, excerpts).bits_per_note
        for name, session in (
            ("model", own),
            ("base", others.base),
            ("5-gram", others.ngram),
            ("5-gram of tokens alone", others.plain),
        )
    }
    pieces = len({int(dataset.piece_of[index]) for index in excerpts})
    under, plain = (1 - bits["model"] / bits[name] for name in ("5-gram", "5-gram of tokens alone"))
    return [
        hold_to_goal(
            Figure(
                name="prediction",
                value=bits["model"],
                baselines={"5-gram": bits["5-gram"]},
                note=f"{under:.1%} under the 5-gram with the same conditioning, {plain:.1%} under that of tokens alone "
                f"({bits['5-gram of tokens alone']:.3f}); {pieces} held-out pieces",
                details=bits,
            )
        ),
        Figure(
            name="prediction, mood against base",
            value=bits["model"],
            goal=GOALS["prediction, mood against base"].words,
            reached=bits["model"] < bits["base"],  # a mood that is its base has not gained anything
            baselines={"base": bits["base"]},
            note=f"base {bits['base']:.3f}",
        ),
    ]


def measure_style_token(own: Session, pack: Pack, dataset: Dataset, excerpts: npt.NDArray[np.int64]) -> Figure:
    """Return for how many held-out pieces the right style token predicts best, among those of the mood."""
    tokens = sorted({style.token for style in pack.preset.styles.values()})
    found = compare_style_tokens(own, dataset, excerpts, tokens)
    won, count = (sum(found[name][place] for name in tokens if name in found) for place in (0, 1))
    sources = {name: {key for key in found if key.startswith(f"{name}/")} for name in tokens}
    single = [name for name in tokens if len(sources[name]) == 1]
    words = ", ".join(f"{name} {found[name][0]} of {found[name][1]}" for name in tokens if name in found)
    return hold_to_goal(
        Figure(
            name="style token",
            value=won / max(1, count),
            note=f"{words}; {', '.join(single)}: {_CONFOUNDED}" if single else words,
            details={key: list(value) for key, value in found.items()},
        )
    )
