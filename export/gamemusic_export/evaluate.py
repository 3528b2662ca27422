"""How well an exported model predicts held-out music, step by step as games run it, and with which style token best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gamemusic.composer.sampler import LOGIT_STEPS
from gamemusic.composer.session import Memory
from gamemusic.tokens.vocabulary import NOTE, ROLES, STYLE_NAMES
from gamemusic_export.batches import PADDING, whole_excerpts
from gamemusic_export.dataset import Dataset
from gamemusic_export.prepared import COLUMNS
from gamemusic_export.train import Score

__all__ = ["Predictor", "compare_style_tokens", "score_session"]

_FIRST_NOTE = NOTE[ROLES[0]]
_STYLE = COLUMNS.index("style")


class Predictor(Protocol):
    """What predicts like a `gamemusic.composer.session.Session`."""

    def start(self, batch: int) -> Memory:
        """Return the empty memory of ``batch`` sequences."""

    def step(self, features: npt.NDArray[np.int64], memory: Memory) -> tuple[npt.NDArray[np.int32], Memory]:
        """Return the next tokens' logits (B, V), in 1/256 nat, and the new memory."""


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
    memory = session.start(1)
    for features, targets, fresh, group in whole_excerpts(dataset, excerpts, rows=rows, steps=steps):
        if style is not None:
            features[:, :, _STYLE] = style
        if fresh.all():
            memory = session.start(len(group))
        for step in range(features.shape[1]):
            wanted = targets[:, step]
            if (targets[:, step:] == PADDING).all():
                break
            logits, memory = session.step(np.ascontiguousarray(features[:, step]), memory)
            scaled = logits.astype(np.float64) / LOGIT_STEPS
            largest = scaled.max(axis=1, keepdims=True)
            total = np.log(np.exp(scaled - largest).sum(axis=1)) + largest[:, 0]
            counts = wanted != PADDING
            chosen = scaled[np.arange(len(wanted)), np.where(counts, wanted, 0)]
            missed = np.where(counts, total - chosen, 0.0) / np.log(2)
            for row, excerpt in enumerate(group.tolist()):
                bits[excerpt] += float(missed[row])
                notes[excerpt] += int(wanted[row] >= _FIRST_NOTE)
            tokens += int(counts.sum())
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
