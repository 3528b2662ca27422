"""How held-out music is foretold, step by step; and bits per note under the grammar's masks.

The masks are alike for every predictor, so that no one is paid for what rules ensure.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gamemusic.composer.sampler import LOGIT_STEPS
from gamemusic.composer.session import Memory
from gamemusic.score.phrase import Role
from gamemusic.theory import Key
from gamemusic.tokens.grammar import Grammar, Rules
from gamemusic.tokens.state import State
from gamemusic.tokens.vocabulary import BAR, END, METER_NAMES, NOTE, ROLES, VOCABULARY_SIZE
from gamemusic.units import parse_meter
from gamemusic_export.batches import PADDING, whole_excerpts
from gamemusic_export.dataset import Dataset
from gamemusic_export.prepared import COLUMNS

__all__ = ["FIRST_NOTE", "Foretold", "MaskedScore", "Predictor", "find_legal", "foretell", "log_total", "score_masked"]

FIRST_NOTE = NOTE[ROLES[0]]
"""Tokens from here on are notes."""
_METER, _ROLES, _STYLE = (COLUMNS.index(name) for name in ("meter", "roles", "style"))
_UNLIMITED = 128
"""Notes struck at once that no phrase has."""

Grammars = dict[tuple[int, int], Grammar]


class Predictor(Protocol):
    """What predicts like a `gamemusic.composer.session.Session`."""

    def start(self, batch: int) -> Memory:
        """Return the empty memory of ``batch`` sequences."""

    def step(self, features: npt.NDArray[np.int64], memory: Memory) -> tuple[npt.NDArray[np.int32], Memory]:
        """Return the next tokens' logits (B, V), in 1/256 nat, and the new memory."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """One step of several excerpts, of those that have not ended."""

    place: int
    """Tokens of each excerpt that were read before."""
    excerpts: npt.NDArray[np.int64]
    """(n,)"""
    logits: npt.NDArray[np.float64]
    """What was foretold, (n, V), in nats."""
    tokens: npt.NDArray[np.int64]
    """What came, (n,)."""

    def chosen(self) -> npt.NDArray[np.float64]:
        """Return the logit of each token that came, (n,)."""
        return self.logits[np.arange(len(self.tokens)), self.tokens]


def foretell(
    predictor: Predictor,
    dataset: Dataset,
    excerpts: npt.NDArray[np.int64],
    *,
    style: int | None = None,
    rows: int = 64,
    steps: int = 512,
) -> Iterator[Foretold]:
    """Yield what a predictor foretells of whole excerpts, step by step.

    Args:
        predictor: A session, or anything that is asked like one.
        dataset: Where the excerpts come from.
        excerpts: Which ones.
        style: Index of the style token that the predictor is told; None: each excerpt's own.
        rows: Excerpts read at once.
        steps: Steps read at once.
    """
    memory, place = predictor.start(1), 0
    for features, targets, fresh, group in whole_excerpts(dataset, excerpts, rows=rows, steps=steps):
        if style is not None:
            features[:, :, _STYLE] = style
        if fresh.all():
            memory, place = predictor.start(len(group)), 0
        for step in range(features.shape[1]):
            running = np.flatnonzero(targets[:, step] != PADDING)
            if not len(running):
                break
            logits, memory = predictor.step(np.ascontiguousarray(features[:, step]), memory)
            scaled = logits[running].astype(np.float64) / LOGIT_STEPS
            yield Foretold(place, group[running], scaled, targets[running, step])
            place += 1


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
    plain, tokens, forbidden = 0.0, 0, 0
    masks: dict[int, npt.NDArray[np.uint8]] = {}
    for one in foretell(predictor, dataset, excerpts, rows=rows, steps=steps):
        count, running = len(one.tokens), one.excerpts.tolist()
        if not one.place:
            grammars: Grammars = {}  # not kept for longer: every new place in a bar adds a row to them
            masks = {index: np.packbits(find_legal(dataset.excerpt(index), grammars), axis=1) for index in running}
        packed = np.stack([masks[index][one.place] for index in running])
        legal = np.unpackbits(packed, axis=1, count=VOCABULARY_SIZE).astype(bool)
        broken = ~legal[np.arange(count), one.tokens]
        legal[broken] = True
        chosen = one.chosen()
        plain += float((log_total(one.logits) - chosen).sum())
        missed = (log_total(np.where(legal, one.logits, -np.inf)) - chosen) / np.log(2)
        for index, part, token in zip(running, missed.tolist(), one.tokens.tolist(), strict=True):
            bits[index] += part
            notes[index] += token >= FIRST_NOTE
        tokens += count
        forbidden += int(broken.sum())
    every = max(1, sum(notes.values()))
    return MaskedScore(
        bits_per_note=sum(bits.values()) / every,
        bits_per_note_unmasked=plain / math.log(2) / every,
        tokens=tokens,
        forbidden=forbidden,
        bits=dict(bits),
        notes=dict(notes),
    )


def log_total(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the logarithm of the sum of each row's exponentials."""
    largest = logits.max(axis=1)
    return np.asarray(np.log(np.exp(logits - largest[:, None]).sum(axis=1)) + largest)
