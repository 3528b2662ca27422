"""Rank correlations, within a seed and between moods."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamemusic.errors import InputError
from gamemusic_export.evaluation.order import correlate_within, order_moods, rank_correlation

VALUES = st.lists(st.integers(-50, 50), min_size=2, max_size=20)


@given(VALUES.filter(lambda values: len(set(values)) > 1))
def test_a_rising_function_changes_no_rank(values: list[int]) -> None:
    assert rank_correlation(values, [value**3 + 1 for value in values]) == pytest.approx(1)
    assert rank_correlation(values, [-value for value in values]) == pytest.approx(-1)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=20))
def test_it_is_pearsons_correlation_of_middle_ranks(pairs: list[tuple[int, int]]) -> None:
    def ranks(values: list[int]) -> list[float]:
        return [sum(other < value for other in values) + values.count(value) / 2 for value in values]

    one, other = ([pair[side] for pair in pairs] for side in (0, 1))
    expected = np.corrcoef(ranks(one), ranks(other))[0, 1] if len(set(one)) > 1 < len(set(other)) else 0.0
    assert rank_correlation(one, other) == pytest.approx(expected)


def test_what_has_no_rank_is_refused() -> None:
    for one, other in (([1], [2]), ([1, 2], [1, 2, 3]), ([1, np.nan], [1, 2])):
        with pytest.raises(InputError):
            rank_correlation(one, other)


def test_seeds_of_different_level_are_compared_apart() -> None:
    asked = [0.2, 0.5, 0.9] * 2
    rates = [5.0, 6.0, 7.0, 1.0, 2.0, 3.0]  # over all phrases the correlation would be lower
    found = correlate_within(asked, rates, [1, 1, 1, 2, 2, 2])
    assert [found.mean, found.least, found.lower] == pytest.approx([1, 1, 1])
    assert found.seeds == 2
    assert rank_correlation(asked, rates) < 0.6


def test_a_figure_that_ignores_what_is_asked_does_not_follow_it() -> None:
    generator = np.random.Generator(np.random.Philox(2))
    asked = np.tile(np.linspace(0, 1, 5), 100)
    found = correlate_within(asked.tolist(), generator.random(500).tolist(), np.repeat(np.arange(100), 5).tolist())
    assert abs(found.mean) < 0.2
    assert found.lower < found.mean
    assert correlate_within([0, 1], [3, 3], [0, 0]).mean == 0.0
    with pytest.raises(InputError, match="needs a seed"):
        correlate_within([0, 1], [0, 1], [0])


def test_moods_stand_in_their_order_or_not() -> None:
    expected = (("sorrow",), ("town", "explore"), ("combat",))
    rates = {"sorrow": [1.0, 2.0], "town": [3.0, np.nan], "explore": [2.5], "combat": [6.0]}
    right = order_moods(rates, expected)
    assert right.wrong == ()
    assert right.correlation > 0.9
    assert right.means["town"] == 3.0
    upside_down = order_moods({"sorrow": [9.0], "combat": [1.0], "town": [5.0]}, expected)
    assert upside_down.correlation == -1
    assert ("sorrow", "combat") in upside_down.wrong
    assert len(upside_down.wrong) == 3
    with pytest.raises(InputError, match="received nowhere"):
        order_moods({"nowhere": [1.0]}, expected)
