"""Bits per note under the grammar's masks, alike for every predictor, so that no one is paid for what rules ensure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gamemusic.composer.sampler import LOGIT_STEPS
from gamemusic.score.phrase import Role
from gamemusic.theory import Key
from gamemusic.tokens.grammar import Grammar, Rules
from gamemusic.tokens.state import State
from gamemusic.tokens.vocabulary import BAR, END, METER_NAMES, NOTE, ROLES, VOCABULARY_SIZE
from gamemusic.units import parse_meter
from gamemusic_export.batches import PADDING, whole_excerpts
from gamemusic_export.dataset import Dataset
from gamemusic_export.prepared import COLUMNS

if TYPE_CHECKING:
    from gamemusic_export.evaluate import Predictor

__all__ = ["MaskedScore", "find_legal", "score_masked"]

_FIRST_NOTE = NOTE[ROLES[0]]
_METER, _ROLES = COLUMNS.index("meter"), COLUMNS.index("roles")
_UNLIMITED = 128
"""Notes struck at once that no phrase has."""

Grammars = dict[tuple[int, int], Grammar]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedScore:
    """How well excerpts are predicted by someone who knows what is allowed."""

    bits_per_note: float
    """Bits of all tokens, by note written out, where forbidden tokens have no chance."""
    bits_per_note_unmasked: float
    """The same without masks."""
    tokens: int
    forbidden: int
    """Tokens that came although a mask forbids them; these are scored without it in both figures."""
    bits: Mapping[int, float]
    """Masked bits of each excerpt."""
    notes: Mapping[int, int]
    """Notes of each excerpt."""


def find_legal(steps: npt.NDArray[np.uint16], grammars: Grammars | None = None) -> npt.NDArray[np.bool_]:
    """Return which tokens may follow each of an excerpt's steps but the last, (T - 1, V).

    The rules are as wide as they can be: the roles that each phrase has, all pitches, any chord of notes, no limit of
    density, no scale.

    Args:
        steps: (T, F), see `gamemusic_export.dataset.Dataset.excerpt`.
        grammars: Those of earlier calls, by meter and roles; grows.
    """
    grammars = {} if grammars is None else grammars
    tokens = steps[:, 0].tolist()
    heads = [0, *(index for index, token in enumerate(tokens) if index and token == END)]
    legal = np.empty((len(tokens) - 1, VOCABULARY_SIZE), dtype=bool)
    state: State | None = None
    for first, end in zip(heads, [*heads[1:], len(tokens) - 1], strict=False):
        if first == end:
            continue  # the END that closes the last phrase opens no other
        state = State(tokens[first + 1 : end + 1].count(BAR), state)
        grammar = _open_grammar(grammars, int(steps[first, _METER]), int(steps[first, _ROLES]))
        for index in range(first, end):
            if index > first:
                state.advance(tokens[index])
            row = grammar.row(state)
            legal[index] = grammar.rows[row] == 0
        state.advance(tokens[end])
    return legal


def _open_grammar(grammars: Grammars, meter: int, roles: int) -> Grammar:
    """Return the grammar of a meter and a set of roles, kept for later phrases."""
    found = grammars.get((meter, roles))
    if found is None:
        rules = Rules(
            bars=1,
            meter=parse_meter(METER_NAMES[meter]),
            key=Key(0, "major"),
            roles=tuple(role for index, role in enumerate(ROLES) if roles >> index & 1),
            polyphony=dict.fromkeys(Role, _UNLIMITED),
        )
        found = grammars[meter, roles] = Grammar(rules)
    return found


def score_masked(
    predictor: Predictor, dataset: Dataset, excerpts: npt.NDArray[np.int64], *, rows: int = 64, steps: int = 512
) -> MaskedScore:
    """Return how well a predictor foretells whole excerpts, with and without the grammar's masks.

    Args:
        predictor: A session, or anything that is asked like one.
        dataset: Where the excerpts come from.
        excerpts: Which ones.
        rows: Excerpts scored at once.
        steps: Steps read at once.
    """
    bits: dict[int, float] = defaultdict(float)
    notes: dict[int, int] = defaultdict(int)
    plain, tokens, forbidden, done = 0.0, 0, 0, 0
    masks: list[npt.NDArray[np.uint8]] = []
    memory = predictor.start(1)
    for features, targets, fresh, group in whole_excerpts(dataset, excerpts, rows=rows, steps=steps):
        if fresh.all():
            memory, done = predictor.start(len(group)), 0
            grammars: Grammars = {}  # not kept for longer: every new place in a bar adds a row to them
            masks = [np.packbits(find_legal(dataset.excerpt(int(index)), grammars), axis=1) for index in group]
        for step in range(features.shape[1]):
            wanted = targets[:, step]
            counts = wanted != PADDING
            if not counts.any():
                break
            logits, memory = predictor.step(np.ascontiguousarray(features[:, step]), memory)
            running = np.flatnonzero(counts)
            wanted = wanted[running]
            packed = np.stack([masks[row][done] for row in running])
            legal = np.unpackbits(packed, axis=1, count=VOCABULARY_SIZE).astype(bool)
            broken = ~legal[np.arange(len(running)), wanted]
            legal[broken] = True
            scaled = logits[running].astype(np.float64) / LOGIT_STEPS
            chosen = scaled[np.arange(len(running)), wanted]
            plain += float((_log_total(scaled) - chosen).sum())
            missed = (_log_total(np.where(legal, scaled, -np.inf)) - chosen) / np.log(2)
            for row, one, token in zip(running.tolist(), missed.tolist(), wanted.tolist(), strict=True):
                bits[int(group[row])] += one
                notes[int(group[row])] += token >= _FIRST_NOTE
            tokens += len(running)
            forbidden += int(broken.sum())
            done += 1
    count = max(1, sum(notes.values()))
    return MaskedScore(
        bits_per_note=sum(bits.values()) / count,
        bits_per_note_unmasked=plain / math.log(2) / count,
        tokens=tokens,
        forbidden=forbidden,
        bits=dict(bits),
        notes=dict(notes),
    )


def _log_total(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the logarithm of the sum of each row's exponentials."""
    largest = logits.max(axis=1)
    return np.asarray(np.log(np.exp(logits - largest[:, None]).sum(axis=1)) + largest)
