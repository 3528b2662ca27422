"""How well an exported model predicts held-out music, step by step as games run it, and with which style token best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from gamemusic.tokens.vocabulary import STYLE_NAMES
from gamemusic_export.dataset import Dataset
from gamemusic_export.prediction import FIRST_NOTE, Predictor, foretell, log_total
from gamemusic_export.train import Score

__all__ = ["compare_style_tokens", "score_session"]


def score_session(
    session: Predictor,
    dataset: Dataset,
    excerpts: npt.NDArray[np.int64],
    *,
    style: int | None = None,
    rows: int = 64,
    steps: int = 512,
) -> Score:
    """Return how well a model predicts whole excerpts.

    Args:
        session: The model.
        dataset: Where the excerpts come from.
        excerpts: Which ones.
        style: Index of the style token that the model is told; None: each excerpt's own.
        rows: Excerpts scored at once.
        steps: Steps read at once.
    """
    bits: dict[int, float] = defaultdict(float)
    notes: dict[int, int] = defaultdict(int)
    tokens = 0
    for one in foretell(session, dataset, excerpts, style=style, rows=rows, steps=steps):
        missed = (log_total(one.logits) - one.chosen()) / np.log(2)
        for index, part, token in zip(one.excerpts.tolist(), missed.tolist(), one.tokens.tolist(), strict=True):
            bits[index] += part
            notes[index] += token >= FIRST_NOTE
        tokens += len(one.tokens)
    total_bits = sum(bits.values())
    return Score(total_bits / max(1, sum(notes.values())), total_bits / max(1, tokens), dict(bits), dict(notes))


def compare_style_tokens(
    session: Predictor, dataset: Dataset, excerpts: npt.NDArray[np.int64], styles: Sequence[str]
) -> Mapping[str, tuple[int, int]]:
    """Return (pieces that their own style token predicts best, pieces) by ``style`` and by ``style/source``.

    Args:
        session: A mood's model.
        dataset: Where the excerpts come from.
        excerpts: Held-out excerpts.
        styles: Style tokens that the mood was trained on; each is tried on every piece.
    """
    by_style: dict[str, dict[int, float]] = {}
    for name in styles:
        score = score_session(session, dataset, excerpts, style=STYLE_NAMES.index(name))
        pieces: dict[int, float] = defaultdict(float)
        for excerpt, bits in score.bits.items():
            pieces[int(dataset.piece_of[excerpt])] += bits
        by_style[name] = pieces
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for piece in next(iter(by_style.values())):
        row = dataset.pieces[piece]
        best = min(styles, key=lambda name: by_style[name][piece])
        for key in (row.style, f"{row.style}/{row.source}"):
            found[key][0] += best == row.style
            found[key][1] += 1
    return {key: (won, count) for key, (won, count) in sorted(found.items())}
