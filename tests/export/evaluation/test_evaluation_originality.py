"""Copied notes are found, in any key; scales and repeated notes belong to nobody."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from madephrases import make_phrase, noise, noises, transposed, tune

from gamemusic.errors import InputError
from gamemusic.score.phrase import Note, Phrase, Role
from gamemusic_export.evaluation.lines import Line, read_line
from gamemusic_export.evaluation.originality import SHORTEST, LineIndex, measure_variety, share_over

NOTES = st.lists(st.tuples(st.sampled_from((6, 12)), st.sampled_from((60, 64, 67, 68))), min_size=1, max_size=30)


def line(pitches: list[int], rhythm: tuple[int, ...] = (12, 6, 6)) -> Line:
    onsets = np.cumsum([0, *(rhythm[number % len(rhythm)] for number in range(len(pitches) - 1))])
    return [(int(onset), pitch) for onset, pitch in zip(onsets, pitches, strict=True)]


def moves_of(notes: Line) -> list[tuple[int, int]]:
    return [(after[1] - before[1], after[0] - before[0]) for before, after in pairwise(notes)]


def find_by_trial(one: Line, others: list[Line]) -> int:
    """The longest run by comparing every place with every place; only for lines without steps."""
    mine, longest = moves_of(one), 0
    plain = [step == 0 for step, _ in mine]
    # a single move between two repeated notes belongs to them
    told = [
        not (flag or (0 < place < len(plain) - 1 and plain[place - 1] and plain[place + 1]))
        for place, flag in enumerate(plain)
    ]
    for other in others:
        theirs = moves_of(other)
        for first in range(len(mine)):
            for start in range(len(theirs)):
                end = 0
                while (
                    first + end < len(mine) and start + end < len(theirs) and mine[first + end] == theirs[start + end]
                ):
                    end += 1
                telling = [place for place in range(first, first + end) if told[place]]
                if end >= SHORTEST - 1 and telling:
                    longest = max(longest, telling[-1] - telling[0] + 2)
    return longest if longest >= SHORTEST else 0


@given(NOTES, st.lists(NOTES, min_size=1, max_size=4))
@settings(max_examples=300)
def test_the_index_finds_what_comparing_everything_finds(
    wanted: list[tuple[int, int]], known: list[list[tuple[int, int]]]
) -> None:
    def build(notes: list[tuple[int, int]]) -> Line:
        onsets = np.cumsum([distance for distance, _ in notes]).tolist()
        return [(onset, pitch) for onset, (_, pitch) in zip(onsets, notes, strict=True)]

    one, others = build(wanted), [build(notes) for notes in known]
    long = [other for other in others if len(other) >= SHORTEST]
    if not long:
        with pytest.raises(InputError, match="at least one line"):
            LineIndex(("x", other) for other in others)
        return
    assert LineIndex(("x", other) for other in long).longest_run(one) == find_by_trial(one, long)


def test_a_copy_is_found_in_any_key_and_not_in_another_rhythm() -> None:
    tune_ = [60, 67, 64, 65, 72, 71, 67, 62, 64, 60, 69, 67]
    index = LineIndex([("piece", line(tune_))])
    assert index.longest_run(line([pitch + 5 for pitch in tune_])) == 12
    assert index.longest_run(line(tune_[3:11], (12, 6, 6))) == 8
    assert index.longest_run(line(tune_, (12, 12, 6))) == 0
    assert index.longest_run(line(tune_[::-1])) == 0
    assert index.longest_run(line(tune_), exclude="piece") == 0
    assert index.longest_run(line(tune_), exclude="another") == 12


def test_scales_and_repeated_notes_are_not_copies() -> None:
    scale = [60, 62, 64, 65, 67, 69, 71, 72, 74]
    repeated = [60] * 8 + [67] * 8
    index = LineIndex([("scale", line(scale)), ("repeated", line(repeated, (12,)))])
    assert index.longest_run(line(scale)) == 0
    assert index.longest_run(line(repeated, (12,))) == 0
    # at the ends of a run they do not count; within it they do
    told = [72, 60, 67, 64]
    known = LineIndex([("piece", line([*told, *scale[1:]], (12,)))])
    assert known.longest_run(line([*told, *scale[1:]], (12,))) == 5  # twelve without the scale
    inner = LineIndex([("piece", line([*told, 62, 62, 62, 62, 62, 62, *told[::-1]], (12,)))])
    assert inner.longest_run(line([*told, 62, 62, 62, 62, 62, 62, *told[::-1]], (12,))) == 14


def test_a_run_does_not_cross_from_one_piece_to_another() -> None:
    first, second = [60, 67, 64, 65, 72], [71, 67, 62, 64, 60]
    apart = LineIndex([("one", line(first, (12,))), ("two", line(second, (12,)))])
    assert apart.longest_run(line(first + second, (12,))) == 5


def test_copied_phrases_are_told_from_others() -> None:
    def lead(phrase: Phrase) -> Line:
        return read_line(phrase.track(Role.LEAD).notes, Role.LEAD)

    own, others = [noise(seed) for seed in range(20)], [noise(seed) for seed in range(100, 120)]
    index = LineIndex((str(phrase.seed), lead(phrase)) for phrase in own)
    copies = {str(phrase.seed): lead(transposed(phrase, 3)) for phrase in own}
    assert share_over(np.array([index.longest_run(line) for line in copies.values()])) == 1.0
    assert share_over(np.array([index.longest_run(line, exclude=name) for name, line in copies.items()])) == 0.0
    assert share_over(np.array([index.longest_run(lead(phrase)) for phrase in others])) == 0.0


def test_an_index_of_half_a_million_notes_is_built_by_arrays() -> None:
    generator = np.random.Generator(np.random.Philox(3))
    lines = [
        ("piece", list(zip(range(0, 12 * 500, 12), generator.integers(60, 72, 500).tolist(), strict=True)))
        for _ in range(1000)
    ]
    index = LineIndex(lines)  # a quarter of a second; note by note it would take minutes
    assert len(index) == 500_000
    assert index.longest_run(lines[777][1][100:140]) > 30


def test_phrases_of_a_set_are_all_different() -> None:
    varied = measure_variety(noises(20).phrases)
    assert varied.identical == 0
    assert varied.over == 0.0
    assert len(varied.runs) == 20
    twins = measure_variety([*noises(20).phrases, transposed(noise(4), 2)])
    assert twins.identical == 1
    assert twins.largest > 0.9
    assert twins.over == pytest.approx(2 / 21)


def test_a_set_without_a_tune_is_only_compared_as_a_whole() -> None:
    drums = make_phrase({Role.DRUMS: [Note(0, 36, 3)]})
    varied = measure_variety([drums, drums, tune(1)])
    assert varied.identical == 1
    assert varied.runs == (0, 0, 0)
    assert measure_variety([drums]).largest == 0.0
