"""Rows of consecutive steps for training: each row follows one excerpt after another, memory emptied between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from gamemusic.tokens.vocabulary import NOTE, NOTE_END, PITCH_RANGES
from gamemusic_export.dataset import Dataset

__all__ = ["PADDING", "OctaveSampler", "RowSampler", "whole_excerpts"]

PADDING = -100
"""Target of a step that does not count."""

Ints = npt.NDArray[np.int64]


class RowSampler:
    """Endless training rows, drawn by weight. Its position can be stored and restored.

    Args:
        dataset: Where excerpts come from.
        excerpts: Indices that may be drawn.
        weights: How often each is drawn, any positive scale.
        rows: B, rows of a batch.
        steps: T, steps of a batch.
        seed: Decides the order.
    """

    def __init__(
        self, dataset: Dataset, excerpts: Ints, weights: npt.NDArray[np.float64], *, rows: int, steps: int, seed: int
    ) -> None:
        self.dataset, self.excerpts, self.rows, self.steps = dataset, excerpts, rows, steps
        self._edges = np.cumsum(weights / weights.sum())
        self._generator = np.random.Generator(np.random.Philox(seed))
        self._place = [(-1, 0)] * rows  # (excerpt, steps done)

    def draw(self) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
        """Return features (B, T, F), targets (B, T) and which rows begin an excerpt (B,)."""
        width = self.dataset.steps.shape[1]
        features = np.zeros((self.rows, self.steps, width), dtype=np.int64)
        targets = np.full((self.rows, self.steps), PADDING, dtype=np.int64)
        fresh = np.zeros(self.rows, dtype=bool)
        for row, (excerpt, done) in enumerate(self._place):
            if excerpt < 0:
                draw = int(np.searchsorted(self._edges, self._generator.random(), side="right"))
                excerpt, done = int(self.excerpts[min(draw, len(self.excerpts) - 1)]), 0
                fresh[row] = True
            steps = self.dataset.excerpt(excerpt)
            part = steps[done : done + self.steps]
            following = steps[done + 1 : done + 1 + len(part), 0]
            features[row, : len(part)] = part
            targets[row, : len(following)] = following
            done += self.steps
            self._place[row] = (excerpt, done) if done + 1 < len(steps) else (-1, 0)
        return features, targets, fresh

    def position(self) -> dict[str, Any]:
        """Return where the sampler stands, fit for JSON."""
        state = self._generator.bit_generator.state
        plain = {
            key: {k: v.tolist() for k, v in value.items()} if isinstance(value, dict) else _plain(value)
            for key, value in state.items()
        }
        return {"generator": plain, "place": list(self._place)}

    def restore(self, position: dict[str, Any]) -> None:
        """Go to where `position` was taken."""
        state = {
            key: {k: np.array(v, dtype=np.uint64) for k, v in value.items()}
            if isinstance(value, dict)
            else np.array(value, dtype=np.uint64)
            if isinstance(value, list)
            else value
            for key, value in position["generator"].items()
        }
        self._generator.bit_generator.state = state
        self._place = [(int(excerpt), int(done)) for excerpt, done in position["place"]]


class OctaveSampler(RowSampler):
    """Moves the pitched roles of a third of all stretches up an octave and of a third down, where ranges allow it.

    Keys are normalised already, so this is all that transposition can add.
    """

    def draw(self) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
        """As `RowSampler.draw`."""
        features, targets, fresh = super().draw()
        for row in range(self.rows):
            shift = int(self._generator.integers(-1, 2)) * 12
            features[row, :, 0] = shift_notes(features[row, :, 0], shift)
            targets[row] = shift_notes(targets[row], shift)
        return features, targets, fresh


def shift_notes(tokens: Ints, semitones: int) -> Ints:
    """Return ``tokens`` with every role's notes moved, but for roles that would leave their range."""
    moved = tokens.copy()
    for role, (low, high) in PITCH_RANGES.items():
        first = NOTE[role]
        notes = (tokens >= first) & (tokens <= first + high - low) & (tokens < NOTE_END)
        if notes.any():
            shifted = tokens[notes] + semitones
            if shifted.min() >= first and shifted.max() <= first + high - low:
                moved[notes] = shifted
    return moved


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def whole_excerpts(
    dataset: Dataset, excerpts: Ints, *, rows: int, steps: int
) -> Iterator[tuple[Ints, Ints, npt.NDArray[np.bool_], Ints]]:
    """Yield batches that go once through ``excerpts`` (sorted by length): as `RowSampler.draw`, and the rows'
    excerpts.
    """
    order = sorted(excerpts.tolist(), key=lambda index: len(dataset.excerpt(index)))
    for first in range(0, len(order), rows):
        group = order[first : first + rows]
        parts = [dataset.excerpt(index) for index in group]
        longest = max(len(part) for part in parts)
        for done in range(0, longest - 1, steps):
            features = np.zeros((len(group), steps, dataset.steps.shape[1]), dtype=np.int64)
            targets = np.full((len(group), steps), PADDING, dtype=np.int64)
            for row, part in enumerate(parts):
                some = part[done : done + steps]
                following = part[done + 1 : done + 1 + len(some), 0]
                features[row, : len(some)] = some
                targets[row, : len(following)] = following
            yield features, targets, np.full(len(group), done == 0), np.array(group, dtype=np.int64)
