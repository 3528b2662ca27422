"""Passages of real music come out of a dataset as they went in: exactly so many bars, a few a piece."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from madephrases import BAR, tune

from gamemusic.errors import InputError
from gamemusic.score.phrase import Phrase, Role, Track
from gamemusic.tokens.bars import cut_bars, join_bars
from gamemusic_export.dataset import Dataset, PieceRow
from gamemusic_export.evaluation.real import real_phrases
from gamemusic_export.prepared import encode_excerpt


def build(pieces: Sequence[Sequence[Phrase]], groups: Sequence[str] | None = None) -> Dataset:
    """Return a dataset in which each piece is one excerpt of the given phrases."""
    parts = [encode_excerpt(phrases, last=True)[0] for phrases in pieces]
    edges = np.cumsum([0, *(len(part) for part in parts)])
    names = [f"made/{number}" for number in range(len(pieces))]
    rows = [
        PieceRow(name, "made", "folk", "test", group, 1, "", "CC0")
        for name, group in zip(names, groups or names, strict=True)
    ]
    return Dataset(np.concatenate(parts), edges, np.arange(len(pieces)), np.zeros((len(pieces), 1)), rows, "")


def music(phrase: Phrase) -> tuple[object, ...]:
    return phrase.bars, phrase.tracks, phrase.chords, phrase.meter, phrase.key


def slice_bars(phrase: Phrase, first: int, end: int) -> Phrase:
    return join_bars(cut_bars(phrase)[first:end], phrase)


def test_whole_phrases_come_back_unchanged() -> None:
    pieces = [[tune(seed), tune(seed + 100)] for seed in range(5)]
    found = real_phrases(build(pieces), range(5), per_piece=2)
    assert Counter(found.groups) == {f"made/{number}": 2 for number in range(5)}
    for group in set(found.groups):
        came = [music(phrase) for phrase, name in zip(found.phrases, found.groups, strict=True) if name == group]
        assert all(music(phrase) in came for phrase in pieces[int(group.removeprefix("made/"))])
    assert {phrase.style for phrase in found.phrases} == {"rock"}  # token 0, which the made steps hold


def test_shorter_phrases_are_joined_and_longer_ones_cut() -> None:
    whole = tune(3)
    halves = [slice_bars(whole, 0, 4), slice_bars(whole, 4, 8)]
    found = real_phrases(build([halves, [whole]]), [0])
    assert [phrase.tracks for phrase in found.phrases] == [whole.tracks]
    shorter = real_phrases(build([[whole]]), [0], bars=4)
    assert shorter.phrases[0].tracks == slice_bars(whole, 0, 4).tracks


def test_a_passage_keeps_the_harmony_that_was_in_force() -> None:
    held = tune(3)
    silent = tune(4).replace(chords=())
    found = real_phrases(build([[slice_bars(held, 0, 4), silent]]), [0])
    assert [(chord.start, chord.root) for chord in found.phrases[0].chords] == [(0, held.chords[3].root)]


def test_no_piece_gives_too_many_and_all_give_one_before_any_gives_two() -> None:
    dataset = build([[tune(10 * piece + number) for number in range(4)] for piece in range(6)])
    assert max(Counter(real_phrases(dataset, range(6), per_piece=3).groups).values()) == 3
    limited = real_phrases(dataset, range(6), per_piece=3, limit=8)
    assert sorted(Counter(limited.groups).values()) == [1, 1, 1, 1, 2, 2]
    assert real_phrases(dataset, range(6), per_piece=3, limit=8) == limited
    assert real_phrases(dataset, range(6), per_piece=3, limit=8, seed=1) != limited


def test_near_duplicates_are_one_piece() -> None:
    dataset = build([[tune(1)], [tune(2)], [tune(3)]], ["a", "a", "b"])
    assert sorted(real_phrases(dataset, range(3), per_piece=1).groups) == ["a", "b"]


def test_empty_passages_other_meters_and_too_few_roles_are_left_out() -> None:
    full = tune(1)
    empty = full.replace(
        tracks=tuple(Track(t.role, tuple(n for n in t.notes if n.start < 2 * BAR)) for t in full.tracks)
    )
    alone = full.replace(tracks=(full.track(Role.LEAD),))
    dataset = build([[full], [empty], [alone]])
    assert set(real_phrases(dataset, range(3)).groups) == {"made/0", "made/2"}
    assert set(real_phrases(dataset, range(3), roles=3).groups) == {"made/0"}
    with pytest.raises(InputError, match="8 bars in 3/4"):
        real_phrases(dataset, range(3), meters=("3/4",))
    with pytest.raises(InputError, match="12 bars"):
        real_phrases(dataset, range(3), bars=12)
