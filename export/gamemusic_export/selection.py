"""Which excerpts of the dataset a recipe asks for."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gamemusic.errors import InputError
from gamemusic.score.measures import Measures
from gamemusic_export.dataset import Dataset
from gamemusic_export.recipe import Selection

__all__ = ["choose_excerpts", "pick"]

_FIGURES = tuple(item.name for item in dataclasses.fields(Measures))


def choose_excerpts(
    dataset: Dataset, choices: Sequence[Selection], split: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the excerpts of a split that fit any selection, and how often each is to be drawn.

    A long piece counts less an excerpt, by the square root of its excerpts, so that no quartet of half an hour rules.

    Raises:
        InputError: When a selection finds nothing to train on.
    """
    weights: Counter[int] = Counter()
    for choice in choices:
        fitting = [index for index in dataset.select(split).tolist() if _fits(dataset, index, choice)]
        if not fitting and split == "train":
            raise InputError(f"the selection of {choice.style} music finds no piece; widen its figures")
        pieces = Counter(int(dataset.piece_of[index]) for index in fitting)
        scale = sum(count**0.5 for count in pieces.values())
        for index in fitting:
            weights[index] += choice.share / scale / pieces[int(dataset.piece_of[index])] ** 0.5
    chosen = np.array(sorted(weights), dtype=np.int64)
    return chosen, np.array([weights[index] for index in chosen.tolist()])


def _fits(dataset: Dataset, index: int, choice: Selection) -> bool:
    piece = dataset.pieces[dataset.piece_of[index]]
    if piece.style != choice.style or (choice.sources and piece.source not in choice.sources):
        return False
    figures = dataset.figures[index]
    return all(low <= figures[_FIGURES.index(name)] <= high for name, (low, high) in choice.where.items())


def pick(
    chosen: tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]], most: int, *, seed: int
) -> npt.NDArray[np.int64]:
    """Return at most ``most`` of the excerpts, drawn by weight without repetition.

    Raises:
        InputError: When there is none.
    """
    excerpts, weights = chosen
    if not len(excerpts):
        raise InputError("no held-out music fits this recipe; widen its selections")
    generator = np.random.Generator(np.random.Philox(seed))
    size = min(most, len(excerpts))
    return np.sort(generator.choice(excerpts, size=size, replace=False, p=weights / weights.sum()))
