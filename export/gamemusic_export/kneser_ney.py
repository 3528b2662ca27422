"""Interpolated modified Kneser-Ney estimates of the next token, from contexts that lose one factor at a time.

S. F. Chen and J. Goodman, "An Empirical Study of Smoothing Techniques for Language Modeling", Harvard TR-10-98, 1998.
A context may hold what a model is told beside the tokens: J. A. Bilmes and K. Kirchhoff, "Factored Language Models
and Generalized Parallel Backoff", NAACL 2003.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gamemusic.errors import InputError
from gamemusic.tokens.vocabulary import FEATURES, VOCABULARY_SIZE

__all__ = ["PAD", "PAST", "Chains", "Factors", "Rung", "build_chain", "find_discounts", "join_chains"]

PAST = ("t1", "t2", "t3", "t4", "t5", "t6", "t7")
"""Factors that are tokens: the last one, the one before it, and so on."""
PAD = VOCABULARY_SIZE
"""Value of a token factor before the first token."""
_TOKEN_BITS = 10
_TOKEN_MASK = np.uint64((1 << _TOKEN_BITS) - 1)
"""A key holds the token in its low bits and 54 bits of the context's hash above them: two of 10 million contexts share
theirs in one build out of 360."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]
Factors = Mapping[str, npt.NDArray[np.integer]]
"""Values of each factor, (N,), by name: `PAST`, and the features beside the token."""
Rung = tuple[str, ...]
"""Factors of a context."""


def _make_tables() -> dict[str, Hashes]:
    """Return a random number for each value of each factor; a context's hash is those of its values, joined by xor.

    A. L. Zobrist, "A New Hashing Method with Application for Game Playing", 1970.
    """
    generator = np.random.Philox(1970)
    sizes = {**dict.fromkeys(PAST, VOCABULARY_SIZE + 1), **{k: v for k, v in FEATURES.items() if k != "token"}}
    return {name: generator.random_raw(size) for name, size in sizes.items()}


_TABLES = _make_tables()


@dataclass(frozen=True, slots=True)
class Chains:
    """One or more chains of contexts, and what follows each context.

    A chain's rungs go from the most factors to none; the levels are the rungs of all chains, one after another.
    """

    chains: tuple[tuple[Rung, ...], ...]
    levels: Ints
    """First context of each level, and the end, (levels + 1,)."""
    contexts: Hashes
    """Hashes of the contexts, ascending within a level, (C,)."""
    edges: npt.NDArray[np.int32]
    """First type (context and next token) of each context, and the end, (C + 1,)."""
    tokens: npt.NDArray[np.uint16]
    """Next token of each type, ascending within a context, (types,)."""
    shares: npt.NDArray[np.float32]
    """Discounted count of each type by its context's total, (types,)."""
    rest: npt.NDArray[np.float32]
    """Share of each context that the rung below distributes, (C,)."""

    def find(self, factors: Factors, count: int) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Return the place of each level's context, and whether it was ever seen, (levels, B) both.

        Args:
            factors: Values of every factor that a rung names, (B,) each.
            count: B.
        """
        rungs = [rung for chain in self.chains for rung in chain]
        hashes = {name: _TABLES[name].take(factors[name]) for name in {name for rung in rungs for name in rung}}
        wanted = np.zeros((len(rungs), count), dtype=np.uint64)
        for level, rung in enumerate(rungs):
            for name in rung:
                wanted[level] ^= hashes[name]
        wanted >>= np.uint64(_TOKEN_BITS)
        places = np.empty(wanted.shape, dtype=np.int64)
        for level, (first, end) in enumerate(pairwise(self.levels.tolist())):
            places[level] = np.minimum(self.contexts[first:end].searchsorted(wanted[level]) + first, end - 1)
        return places, self.contexts.take(places) == wanted

    def mix(self, places: Ints, known: npt.NDArray[np.bool_], weights: Floats) -> Floats:
        """Return the chance of every token, (B, V): the chains' chances by their weights.

        Args:
            places: See `find`.
            known: See `find`.
            weights: Of each chain, (chains, B).
        """
        count = places.shape[1]
        rest = np.where(known, self.rest.take(places), np.float32(1)).astype(np.float64)
        left, first = np.zeros(count), 0
        for chain, weight in zip(self.chains, weights, strict=True):
            part = rest[first : first + len(chain)]
            products = np.multiply.accumulate(np.concatenate((weight[None], part)), axis=0)
            part[:] = products[:-1]  # what reaches a rung is what all above it left
            left += products[-1]
            first += len(chain)
        rows = np.broadcast_to(np.arange(count) * VOCABULARY_SIZE, known.shape)[known]
        found, scales = places[known], rest[known]
        begins = self.edges.take(found)
        sizes = self.edges.take(found + 1) - begins
        ends = np.cumsum(sizes)
        types = np.arange(ends[-1]) + np.repeat(begins - ends + sizes, sizes)
        cells = self.tokens.take(types) + np.repeat(rows, sizes)
        amounts = self.shares.take(types) * np.repeat(scales, sizes)
        chances = np.bincount(cells, amounts, minlength=count * VOCABULARY_SIZE).reshape(count, VOCABULARY_SIZE)
        return np.asarray(chances + (left / VOCABULARY_SIZE)[:, None])

    def chances(self, places: Ints, known: npt.NDArray[np.bool_], tokens: npt.NDArray[np.integer]) -> Floats:
        """Return each chain's chance of the given tokens, (chains, N): quicker than `mix` where there are many.

        Args:
            places: See `find`.
            known: See `find`.
            tokens: The tokens that came, (N,).
        """
        chances = np.full((len(self.chains), len(tokens)), 1 / VOCABULARY_SIZE)
        level = len(self.levels) - 1
        for chain, row in zip(reversed(self.chains), chances[::-1], strict=True):
            for _ in chain:
                level -= 1
                first, end = self.levels[level : level + 2]
                types = slice(self.edges[first], self.edges[end])
                sizes = np.diff(self.edges[first : end + 1])
                keys = np.repeat(np.arange(first, end) << _TOKEN_BITS, sizes) | self.tokens[types]
                asked = places[level] << _TOKEN_BITS | tokens.astype(np.int64)
                found = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
                row *= np.where(known[level], self.rest[places[level]], 1.0)
                row += np.where(known[level] & (keys[found] == asked), self.shares[types][found], 0.0)
        return chances


def join_chains(parts: Iterable[Chains]) -> Chains:
    """Return all chains of ``parts`` in one."""
    some = list(parts)
    contexts = np.cumsum([0, *(len(part.contexts) for part in some)])
    types = np.cumsum([0, *(len(part.tokens) for part in some)], dtype=np.int32)
    return Chains(
        tuple(chain for part in some for chain in part.chains),
        np.concatenate(
            [part.levels[:-1] + first for part, first in zip(some, contexts, strict=False)] + [contexts[-1:]]
        ),
        np.concatenate([part.contexts for part in some]),
        np.concatenate([part.edges[:-1] + first for part, first in zip(some, types, strict=False)] + [types[-1:]]),
        np.concatenate([part.tokens for part in some]),
        np.concatenate([part.shares for part in some]),
        np.concatenate([part.rest for part in some]),
    )


def build_chain(factors: Factors, targets: npt.NDArray[np.integer], rungs: Sequence[Rung]) -> Chains:
    """Count and discount what follows every context.

    The first rung counts occurrences. Each other one counts the different contexts of the rung above it in which a
    token was seen (R. Kneser and H. Ney, ICASSP 1995), unless that rung has only conditions more: these take few
    values, which would say little of how freely a token follows.

    Args:
        factors: Values of every factor that the rungs name, (N,) each.
        targets: The token that follows, (N,).
        rungs: Contexts, from the most factors to none, each some of the one before it.

    Raises:
        InputError: When the rungs do not shrink to none, or there is nothing to count.
    """
    if not rungs or rungs[-1] or any(not set(low) < set(high) for high, low in pairwise(rungs)):
        raise InputError("rungs must lose factors one after another until none is left; end them with ()")
    if not len(targets):
        raise InputError("an n-gram needs at least one token to count; give it excerpts of two steps or more")
    parts = []
    where: npt.NDArray[np.integer] = np.arange(len(targets), dtype=np.int32)
    counts = np.ones(len(targets), dtype=np.int64)
    for index, rung in enumerate(rungs):
        keys = np.zeros(len(where), dtype=np.uint64)
        for name in rung:
            keys ^= _TABLES[name].take(factors[name][where])
        keys = keys & ~_TOKEN_MASK | targets[where].astype(np.uint64)
        order = np.argsort(keys)
        keys = keys[order]
        firsts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
        counts = np.add.reduceat(counts[order], firsts)
        where = where[order[firsts]]
        parts.append(_discount(keys[firsts], counts))
        if index + 1 < len(rungs):
            counts = _pass_down(factors, where, counts, set(rung) - set(rungs[index + 1]))
    chain = join_chains(parts)
    return Chains((tuple(rungs),), chain.levels, chain.contexts, chain.edges, chain.tokens, chain.shares, chain.rest)


def _pass_down(factors: Factors, where: npt.NDArray[np.integer], counts: Ints, lost: set[str]) -> Ints:
    """Return what each type adds to the counts of the rung below."""
    past = [name for name in PAST if name in lost]
    if not past:
        return counts
    # nothing stands before the first token, so there is nothing that could differ
    return np.where(factors[past[-1]][where] == PAD, counts, 1)


def find_discounts(counts: Ints) -> tuple[float, float, float]:
    """Return what is taken from counts of one, of two, and of more, by Chen and Goodman's equation 26.

    Few counts, or counts of no natural distribution, may give no estimate, or one that takes nothing and leaves
    unseen tokens without a chance: it is then a half, one, and one and a half.
    """
    of = np.bincount(np.minimum(counts, 5), minlength=6)[1:5].astype(float).tolist()
    if all(of):
        share = of[0] / (of[0] + 2 * of[1])
        one, two, more = (k - (k + 1) * share * of[k] / of[k - 1] for k in (1, 2, 3))
        if min(one, two, more) > 0:
            return one, two, more
    return 0.5, 1.0, 1.5


def _discount(keys: Hashes, counts: Ints) -> Chains:
    """Return one level, of sorted keys that differ, and their counts."""
    contexts = keys >> np.uint64(_TOKEN_BITS)
    firsts = np.flatnonzero(np.concatenate(([True], contexts[1:] != contexts[:-1])))
    taken = np.array((0.0, *find_discounts(counts)))[np.minimum(counts, 3)]
    totals = np.add.reduceat(counts, firsts)
    edges = np.append(firsts, len(keys)).astype(np.int32)
    return Chains(
        (),
        np.array([0, len(firsts)]),
        contexts[firsts],
        edges,
        (keys & _TOKEN_MASK).astype(np.uint16),
        ((counts - taken) / np.repeat(totals, np.diff(edges))).astype(np.float32),
        (np.add.reduceat(taken, firsts) / totals).astype(np.float32),
    )
