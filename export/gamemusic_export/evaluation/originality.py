"""How long the longest run of notes is that a phrase shares with other music, and with the phrases beside it.

A run is notes in a row of one line with the same intervals and the same distances in time, in any transposition.
Scales and repeated notes belong to nobody: they do not count at the ends of a run, and no run is made of them alone.

The index holds a hash of every few moves (R. M. Karp, M. O. Rabin, "Efficient randomized pattern-matching algorithms",
IBM J. Res. Dev. 31, 1987); matches that continue each other are joined to runs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gamemusic.composer.sampler import mix
from gamemusic.errors import InputError
from gamemusic.score.phrase import Phrase, Role
from gamemusic_export.evaluation.lines import MELODIC, Line, read_line

__all__ = ["LONG_RUN", "SHORTEST", "LineIndex", "Variety", "measure_variety", "share_over"]

SHORTEST = 5
"""Notes of the shortest run that is found."""
LONG_RUN = 8
"""Notes that a phrase may share with another piece without being remarked."""
_MOVES = SHORTEST - 1
_SCALE = 5
"""Steps in one direction that make a scale."""
_BASE = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 2**64))

Words = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def _powers(base: np.uint64, count: int) -> Words:
    powers = np.full(count, base, dtype=np.uint64)
    powers[:1] = 1
    return np.cumprod(powers, dtype=np.uint64)


class _Moves:
    """The moves of some lines, one after the other, ready to be compared.

    Args:
        lines: Each at least one note.
        salt: Keeps the borders between lines of two of these from being alike.
    """

    def __init__(self, lines: Sequence[Line], salt: int) -> None:
        lengths = np.array([len(line) for line in lines], dtype=np.int64)
        notes = np.array([note for line in lines for note in line], dtype=np.int64).reshape(-1, 2)
        self.line = np.repeat(np.arange(len(lines)), lengths)[:-1]
        """Line of each move's first note."""
        steps = np.diff(notes[:, 1])
        border = np.diff(np.repeat(np.arange(len(lines)), lengths)) != 0
        words = mix((steps & 0xFFFF).astype(np.uint64) << np.uint64(32) | np.diff(notes[:, 0]).astype(np.uint64))
        borders = np.arange(border.sum(), dtype=np.uint64) | np.uint64(salt) << np.uint64(56) | np.uint64(1 << 55)
        words[border] = mix(borders)
        self.border = border
        plain = _find_plain(np.where(border, 99, steps))
        self.moving = ~plain & ~border
        """Moves that are no scale and no repetition."""
        self.telling = self.moving & ~_find_alone(plain, border)
        """Those of them that are not alone between two that are."""
        self._inverse = _powers(_INVERSE, len(words) + 1)
        self._sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(words * _powers(_BASE, len(words)))])

    def __len__(self) -> int:
        return len(self.border)

    def hashes(self, first: Rows, end: Rows) -> Words:
        """Return a hash of the moves ``first`` up to ``end``, the same for the same moves anywhere."""
        return np.asarray((self._sums[end] - self._sums[first]) * self._inverse[first])

    def grams(self, wanted: Flags) -> tuple[Rows, Words]:
        """Return where `_MOVES` moves begin that are in one line and of which one is wanted, and their hashes."""
        starts = np.arange(max(0, len(self) - _MOVES + 1))
        good = _count(self.border, starts) == 0
        good &= _count(wanted, starts) > 0
        starts = starts[good]
        return starts, self.hashes(starts, starts + _MOVES)


def _count(flags: Flags, starts: Rows) -> Rows:
    sums = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(flags)])
    return np.asarray(sums[starts + _MOVES] - sums[starts])


def _find_plain(steps: npt.NDArray[np.int64]) -> Flags:
    """Return which moves repeat a note or belong to a scale."""
    plain = steps == 0
    for sign in (1, -1):
        along = (steps * sign >= 1) & (steps * sign <= 2)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], along, [False]]).astype(np.int8)))
        for first, end in edges.reshape(-1, 2)[np.diff(edges.reshape(-1, 2), axis=1)[:, 0] >= _SCALE]:
            plain[first:end] = True
    return np.asarray(plain)


def _find_alone(plain: Flags, border: Flags) -> Flags:
    """Return which moves inside a line are alone between two plain ones."""
    alone = np.zeros_like(plain)
    alone[1:-1] = plain[:-2] & plain[2:] & ~border[1:-1]
    return alone


class LineIndex:
    """Lines in which shared runs are looked for.

    Args:
        lines: (group, line); a group is what `longest_run` can leave out, such as the phrase that a line is from.

    Raises:
        InputError: When no line has `SHORTEST` notes.
    """

    def __init__(self, lines: Iterable[tuple[str, Line]]) -> None:
        kept = [(group, line) for group, line in lines if len(line) >= SHORTEST]
        if not kept:
            raise InputError(f"an index needs at least one line of {SHORTEST} notes (received none)")
        names = sorted({group for group, _ in kept})
        self._number = {name: index for index, name in enumerate(names)}
        self._moves = _Moves([line for _, line in kept], salt=1)
        owner = np.array([self._number[group] for group, _ in kept], dtype=np.int64)
        # what is alone here may not be alone in a line that is looked for
        starts, hashes = self._moves.grams(self._moves.moving)
        order = np.argsort(hashes, kind="stable")
        self._hashes, self._starts = hashes[order], starts[order]
        self._owner = owner[self._moves.line[self._starts]]

    def __len__(self) -> int:
        """Notes in the index, borders between lines included."""
        return len(self._moves) + 1

    def longest_run(self, line: Line, *, exclude: str | None = None) -> int:
        """Return the notes of the longest run that ``line`` shares with a line of the index; 0 below `SHORTEST`.

        Args:
            line: What to look for.
            exclude: A group that does not count, such as the piece that the line is from.
        """
        if len(line) < SHORTEST:
            return 0
        moves = _Moves([line], salt=2)
        starts, hashes = moves.grams(moves.telling)
        low, high = (np.searchsorted(self._hashes, hashes, side) for side in ("left", "right"))
        counts = high - low
        mine = np.repeat(starts, counts)
        where = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(low, counts)
        if exclude is not None and exclude in self._number:
            where_kept = self._owner[where] != self._number[exclude]
            mine, where = mine[where_kept], where[where_kept]
        return self._join(moves, mine, self._starts[where]) if len(mine) else 0

    def _join(self, moves: _Moves, mine: Rows, theirs: Rows) -> int:
        """Return the notes of the longest run made of matches that continue each other."""
        order = np.lexsort((mine, theirs - mine))
        mine, theirs = mine[order], theirs[order]
        before, after, there = mine[:-1], mine[1:], theirs[:-1]
        # matches overlap or touch, or what lies between them is alike too: plain moves, which the index leaves out
        joined = np.diff(theirs - mine) == 0
        gap = np.flatnonzero(joined & (after - before > _MOVES))
        joined[gap] = moves.hashes(before[gap], after[gap]) == self._moves.hashes(
            there[gap], there[gap] + after[gap] - before[gap]
        )
        heads = np.flatnonzero(np.concatenate([[True], ~joined]))
        tails = np.concatenate([heads[1:], [len(mine)]]) - 1
        first, end = mine[heads], mine[tails] + _MOVES
        told = np.flatnonzero(moves.telling)
        lowest = told[np.searchsorted(told, first)]
        highest = told[np.searchsorted(told, end) - 1]
        longest = int((highest - lowest).max()) + 2
        return longest if longest >= SHORTEST else 0


def share_over(runs: npt.NDArray[np.int64], notes: int = LONG_RUN) -> float:
    """Return the share of phrases with a run longer than ``notes``, from the longest run of each, (phrases,)."""
    return float((runs > notes).mean()) if len(runs) else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Variety:
    """How much the phrases of a set are alike."""

    identical: int
    """Pairs of phrases with the same notes, transposed or not."""
    largest: float
    """Largest share of a phrase's lead that another phrase has too, as one run, 0 to 1."""
    over: float
    """Share of phrases with a run of the lead longer than `LONG_RUN` that another phrase has too."""
    runs: tuple[int, ...]
    """Longest run of each phrase's lead in another phrase, in notes."""


def measure_variety(phrases: Sequence[Phrase], *, roles: Collection[Role] = MELODIC) -> Variety:
    """Compare the phrases of a set with each other.

    Args:
        phrases: Composed from different seeds, or each of another piece: pieces repeat themselves.
        roles: Lines of the other phrases in which the lead is looked for.
    """
    contents: dict[object, int] = {}
    for phrase in phrases:
        content = _content(phrase)
        contents[content] = contents.get(content, 0) + 1
    names = [str(number) for number in range(len(phrases))]
    leads = [read_line(phrase.track(Role.LEAD).notes, Role.LEAD) for phrase in phrases]
    every = [
        (name, line)
        for name, phrase in zip(names, phrases, strict=True)
        for role in roles
        if len(line := read_line(phrase.track(role).notes, role)) >= SHORTEST
    ]
    runs = [0] * len(phrases)
    if every:
        index = LineIndex(every)
        runs = [index.longest_run(line, exclude=name) for name, line in zip(names, leads, strict=True)]
    shares = [run / len(line) for run, line in zip(runs, leads, strict=True) if line]
    return Variety(
        identical=sum(count * (count - 1) // 2 for count in contents.values()),
        largest=max(shares, default=0.0),
        over=share_over(np.array(runs, dtype=np.int64)),
        runs=tuple(runs),
    )


def _content(phrase: Phrase) -> object:
    """Return the notes of a phrase, pitches counted from its lowest pitched note."""
    pitched = [note.pitch for role, note in phrase.notes() if role is not Role.DRUMS]
    lowest = min(pitched, default=0)
    return str(phrase.meter), tuple(
        sorted(
            (role.value, note.start, note.pitch - (0 if role is Role.DRUMS else lowest), note.duration)
            for role, note in phrase.notes()
        )
    )
