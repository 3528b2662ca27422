"""A pack's fingerprint: what its training music looks like, and which runs of notes it holds.

It keeps composed phrases from being too empty, too erratic or a copy. ``fingerprint.bin`` is a line that names the
format, a line of JSON, and the bits of a Bloom filter (B. H. Bloom, "Space/time trade-offs in hash coding with
allowable errors", 1970) of every `GRAM_NOTES` lead notes in a row, as intervals and distances in time. A filter never
misses a run that is there; one note too many is found by chance in a few per cent of cases, a run of twelve in none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated

from gamemusic.errors import PackError
from gamemusic.packs.fields import Exactly, Text, Whole
from gamemusic.packs.nodes import node_of
from gamemusic.packs.records import ListOf, MapOf, Pair, Record
from gamemusic.tokens.bars import Bar
from gamemusic.tokens.vocabulary import INTENSITY_BINS, LAGS, ROLES, STREAMS
from gamemusic.units import TICKS_PER_BEAT

__all__ = ["GRAM_NOTES", "MAX_BYTES", "Fingerprint", "describe_bars", "find_grams", "load_fingerprint", "pace_at"]

GRAM_NOTES = 8
"""Notes of the runs that are kept."""
MAX_BYTES = 256 * 1024
"""Longest file."""
_HEADER_BYTES = 16 * 1024
"""Room for the usual figures."""
_MAGIC = b"gamemusic fingerprint\n"
_HASHES = 3
_MASK = 2**64 - 1
_LEAD = STREAMS.index("lead")
_FIGURE = Pair(Whole(0, 10**9))
_PACE = ListOf(Whole(0, 10**9), INTENSITY_BINS, INTENSITY_BINS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    format: Annotated[int, Exactly(1)] = 1
    bits: Annotated[int, Whole(8, MAX_BYTES * 8)]
    runs: Annotated[int, Whole(0, 2**53)]
    usual: Annotated[Mapping[str, Mapping[str, tuple[int, int]]], MapOf(Text(32), MapOf(Text(32), _FIGURE))]
    pace: Annotated[Mapping[str, Mapping[str, tuple[int, ...]]], MapOf(Text(32), MapOf(Text(32), _PACE))]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a mood's training music looks like."""

    usual: Mapping[str, Mapping[str, tuple[int, int]]]
    """Lowest and highest usual value of the figures of `describe_bars`, by style token."""
    pace: Mapping[str, Mapping[str, tuple[int, ...]]]
    """Usual notes a beat in thousandths by style token, role and intensity bin, never falling."""
    runs: int
    """Different runs of `GRAM_NOTES` notes in the training music."""
    filter: bytes
    """The Bloom filter's bits."""
    bits: int
    """How many bits it has."""

    @classmethod
    def build(
        cls,
        usual: Mapping[str, Mapping[str, tuple[int, int]]],
        pace: Mapping[str, Mapping[str, tuple[int, ...]]],
        grams: Iterable[int],
        bits: int,
    ) -> Fingerprint:
        """Return the fingerprint of training music with these figures and runs, with a filter of ``bits``."""
        runs = set(grams) - {0}
        array = bytearray(-(-bits // 8))
        for gram in runs:
            for place in _places(gram, bits):
                array[place >> 3] |= 1 << (place & 7)
        return cls(usual, pace, len(runs), bytes(array), bits)

    def extended(self, grams: Iterable[int], *, bits_a_run: int = 8) -> Fingerprint:
        """Return a fingerprint that holds more runs, and all that this one holds.

        Places are counted modulo the filter's length; so a filter written several times in a row answers as before,
        and has room for more.

        Args:
            grams: The new runs, see `find_grams`.
            bits_a_run: Room for each of them, as far as the file may be so long.
        """
        runs = {gram for gram in grams if gram and not self.holds(gram)}
        wanted = -(-bits_a_run * len(runs) // self.bits)
        times = max(1, min(1 + wanted, (MAX_BYTES - _HEADER_BYTES) * 8 // self.bits))
        whole = int.from_bytes(self.filter, "little") & (1 << self.bits) - 1
        bits = times * self.bits
        array = bytearray(sum(whole << time * self.bits for time in range(times)).to_bytes(-(-bits // 8), "little"))
        for gram in runs:
            for place in _places(gram, bits):
                array[place >> 3] |= 1 << (place & 7)
        return replace(self, runs=self.runs + len(runs), filter=bytes(array), bits=bits)

    def holds(self, gram: int) -> bool:
        """Say whether a run of `GRAM_NOTES` notes is in the training music (or, rarely, only seems to be)."""
        return gram != 0 and all(self.filter[place >> 3] >> (place & 7) & 1 for place in _places(gram, self.bits))

    def longest_run(self, bars: Sequence[Bar], bar_ticks: int) -> int:
        """Return the notes of the longest run of lead notes that is in the training music; 0 below `GRAM_NOTES`."""
        longest = run = 0
        for gram in find_grams(bars, bar_ticks):
            run = run + 1 if self.holds(gram) else 0
            longest = max(longest, run)
        return longest + GRAM_NOTES - 1 if longest else 0

    def to_bytes(self) -> bytes:
        """Return the file's content."""
        header = {"format": 1, "bits": self.bits, "runs": self.runs, "usual": self.usual, "pace": self.pace}
        return _MAGIC + json.dumps(header, sort_keys=True, separators=(",", ":")).encode() + b"\n" + self.filter


def load_fingerprint(data: bytes, *, file: object = "fingerprint.bin") -> Fingerprint:
    """Return the fingerprint in a file's bytes.

    Raises:
        PackError: When they are none.
        FormatError: When its header holds something else than it should.
    """
    name = str(file)
    if len(data) > MAX_BYTES:
        raise PackError(f"the file has {len(data)} bytes, allowed are {MAX_BYTES}", file=name)
    head, newline, filter_ = data[len(_MAGIC) :].partition(b"\n")
    if not data.startswith(_MAGIC) or not newline:
        raise PackError("this is not a fingerprint; train the mood again to get one", file=name)
    try:
        value = json.loads(head)
    except (ValueError, RecursionError):
        raise PackError("the fingerprint's header is damaged; get the pack again", file=name) from None
    header = Record(_Header).read(node_of(value, file=name), "")
    if len(filter_) != -(-header.bits // 8):
        raise PackError(f"{len(filter_)} bytes of filter for {header.bits} bits; get the pack again", file=name)
    return Fingerprint(header.usual, header.pace, header.runs, filter_, header.bits)


def pace_at(pace: Mapping[str, Sequence[int]], roles: Iterable[str], intensity: float) -> int:
    """Return the usual notes a beat of some roles together at an intensity, in thousandths; a straight line from the
    calmest to the most intense music.

    Args:
        pace: `Fingerprint.pace` of a style token.
        roles: Those that it does not have count nothing.
        intensity: 0 to 1.
    """
    known = [pace[role] for role in roles if role in pace]
    slow, quick = (sum(one[place] for one in known) for place in (0, -1))
    return slow + (quick - slow) * round(intensity * 1000) // 1000


def _mix(value: int) -> int:
    """Return SplitMix64's output function of 64 bits (G. L. Steele et al., OOPSLA 2014)."""
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _MASK
    return value ^ value >> 31


def _places(gram: int, bits: int) -> tuple[int, ...]:
    """Return a run's bits in the filter (A. Kirsch, M. Mitzenmacher, "Less hashing, same performance", 2006)."""
    first, second = gram & 0xFFFFFFFF, gram >> 32 | 1
    return tuple((first + index * second) % bits for index in range(_HASHES))


def find_grams(bars: Sequence[Bar], bar_ticks: int) -> list[int]:
    """Return a hash of every `GRAM_NOTES` lead notes in a row, 0 for those that are a scale or one repeated note.

    Of notes struck together the highest counts. Transposition does not matter, rhythm does.
    """
    line: dict[int, int] = {}
    for number, bar in enumerate(bars):
        for position, pitch, _, _ in bar[_LEAD]:
            line[number * bar_ticks + position] = pitch  # sorted by pitch, so the highest is last
    onsets = sorted(line)
    moves = [(line[after] - line[before], after - before) for before, after in pairwise(onsets)]
    grams = []
    for first in range(len(moves) - GRAM_NOTES + 2):
        part = moves[first : first + GRAM_NOTES - 1]
        steps = {step for step, _ in part}
        if steps == {0} or steps <= {1, 2} or steps <= {-1, -2}:
            grams.append(0)
            continue
        value = 0
        for step, distance in part:
            value = _mix((value ^ (step & 0xFF) << 16 ^ distance) + 0x9E3779B97F4A7C15 & _MASK)
        grams.append(value or 1)
    return grams


def describe_bars(bars: Sequence[Bar], bar_ticks: int) -> dict[str, int]:
    """Return figures of some bars, in thousandths.

    ``<role>_notes``: notes a quarter note, of roles that have any. ``chords``: changes of harmony a bar. ``repeats``:
    role-bars that equal the same role's bar 1, 2, 4 or 8 before. With a lead: ``lead_rests``, bars without a lead
    onset; ``lead_leaps``, semitones from note to note; ``lead_rhythms``, different rhythms of its bars.
    """
    count = max(1, len(bars))
    figures = {"chords": 1000 * sum(len(bar[0]) for bar in bars) // count}
    repeats = filled = 0
    for stream, role in enumerate(ROLES, start=1):
        notes = sum(len(bar[stream]) for bar in bars)
        if notes:
            figures[f"{role}_notes"] = 1000 * notes * TICKS_PER_BEAT // (count * bar_ticks)
        for index, bar in enumerate(bars):
            if index and bar[stream]:
                filled += 1
                repeats += any(lag <= index and bars[index - lag][stream] == bar[stream] for lag in LAGS)
    figures["repeats"] = 1000 * repeats // max(1, filled)
    lead = [bar[_LEAD] for bar in bars]
    if any(lead):
        rhythms = [tuple(sorted({event.position for event in events})) for events in lead if events]
        pitches = [event.number for events in lead for event in events]
        leaps = [abs(after - before) for before, after in pairwise(pitches)]
        figures["lead_rests"] = 1000 * sum(not events for events in lead) // count
        figures["lead_leaps"] = 1000 * sum(leaps) // max(1, len(leaps))
        figures["lead_rhythms"] = 1000 * len(set(rhythms)) // len(rhythms)
    return figures
