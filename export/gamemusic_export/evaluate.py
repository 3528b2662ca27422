"""How well the exported integers predict held-out music, beside the float model they come from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gamemusic.composer.sampler import LOGIT_STEPS
from gamemusic.composer.session import Session
from gamemusic.tokens.vocabulary import NOTE, ROLES
from gamemusic_export.batches import PADDING, whole_excerpts
from gamemusic_export.dataset import Dataset

__all__ = ["score_session"]

_FIRST_NOTE = NOTE[ROLES[0]]


def score_session(
    session: Session, dataset: Dataset, excerpts: npt.NDArray[np.int64], *, rows: int = 64, steps: int = 512
) -> float:
    """Return the bits per note of an exported model over whole excerpts, step by step as games run it."""
    bits, notes = 0.0, 0
    memory = session.start(1)
    for features, targets, fresh, group in whole_excerpts(dataset, excerpts, rows=rows, steps=steps):
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
            bits += float((total - chosen)[counts].sum()) / np.log(2)
            notes += int((wanted >= _FIRST_NOTE).sum())
    return bits / max(1, notes)
