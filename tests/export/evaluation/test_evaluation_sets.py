"""Draws that are fair to pieces."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from madephrases import tune

from gamemusic.errors import InputError
from gamemusic_export.evaluation.sets import (
    PhraseSet,
    draw_even,
    group_weights,
    halve,
    make_generator,
    weighted_quantile,
)

GROUPS = st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=40)


@given(GROUPS, st.integers(0, 2**32), st.data())
def test_draws_are_even_and_without_repetition(groups: list[str], seed: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(groups)))
    rows = draw_even(groups, count, make_generator(seed))
    assert len(set(rows.tolist())) == count
    drawn, there = Counter(groups[row] for row in rows), Counter(groups)
    most = max(drawn.values(), default=0)
    # a group gives fewer than another by two only when it has no more
    assert all(drawn[name] >= min(there[name], most - 1) for name in there)
    assert rows.tolist() == draw_even(groups, count, make_generator(seed)).tolist()


def test_more_rows_than_there_are_cannot_be_drawn() -> None:
    with pytest.raises(InputError, match="3 rows cannot be drawn from 2"):
        draw_even(["a", "b"], 3, make_generator(0))


@given(GROUPS.filter(lambda groups: len(set(groups)) > 1), st.integers(0, 2**32))
def test_halves_share_no_piece_and_lose_none(groups: list[str], seed: int) -> None:
    first, second = halve(groups, make_generator(seed))
    one, other = {groups[row] for row in first}, {groups[row] for row in second}
    assert not one & other
    assert abs(len(one) - len(other)) <= 1
    assert sorted([*first, *second]) == list(range(len(groups)))


def test_one_piece_cannot_be_halved() -> None:
    with pytest.raises(InputError, match="two pieces"):
        halve(["a", "a"], make_generator(0))


@given(GROUPS)
def test_every_group_weighs_the_same(groups: list[str]) -> None:
    weights = group_weights(groups)
    sums = [weights[[name == group for group in groups]].sum() for name in set(groups)]
    assert sums == pytest.approx([1 / len(set(groups))] * len(sums))


def test_a_long_piece_does_not_move_a_quantile() -> None:
    values = np.array([1.0, 2.0, 3.0, *[9.0] * 97])
    groups = ["a", "b", "c", *["d"] * 97]
    assert weighted_quantile(values, group_weights(groups), (0.5,))[0] == 2.0
    assert weighted_quantile(values, np.ones(100), (0.5,))[0] == 9.0
    assert np.isnan(weighted_quantile(np.array([np.nan]), np.ones(1), (0.5,))).all()


def test_each_phrase_has_a_group() -> None:
    with pytest.raises(InputError, match="1 phrases need as many groups"):
        PhraseSet((tune(1),), ())
    assert PhraseSet.composed([tune(1), tune(2)]).pieces == 2
