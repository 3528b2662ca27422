"""The mix of the shipped styles: who is how loud, how wide it is, how loud the moods are."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # benchmarks are in no package that is installed

from benchmarks.mix import (
    MOST_UNDER,
    NARROWEST,
    SPREAD,
    WIDEST,
    Balance,
    _correlate,
    measure_styles,
    summarise,
)
from gamemusic.packs.library import list_shipped
from gamemusic.score.phrase import Role

SLACK = 1.5
"""In LU: how far one phrase's balance may lie from its style's."""


def check(found: Balance, slack: float) -> None:
    """Hold a style's balance against what a mix should keep."""
    name = f"{found.mood}/{found.style}: {found}"
    assert found.loudest <= MOST_UNDER + slack, name
    assert found.lead_margin >= -slack, name
    assert found.harmony_under <= 8 + slack, name
    assert WIDEST - 0.05 <= found.correlation <= NARROWEST + 0.03, name


def test_correlation_tells_mono_from_wide() -> None:
    noise = np.random.default_rng(1).normal(size=(20000, 2)).astype(np.float32)
    assert abs(_correlate(noise)) < 0.05
    assert _correlate(np.repeat(noise[:, :1], 2, axis=1)) == pytest.approx(1.0)
    assert _correlate(np.zeros((100, 2), np.float32)) == 1.0


def test_a_summary_names_the_worst_style() -> None:
    quiet = {Role.LEAD: -4.0, Role.HARMONY: -7.0, Role.BASS: -6.0}
    good = Balance(mood="a", style="x", intensity=0.5, loudness=-20.0, correlation=0.8, roles=quiet)
    loud = {Role.LEAD: -9.0, Role.HARMONY: -20.0, Role.DRUMS: -0.5}
    bad = Balance(mood="b", style="y", intensity=0.5, loudness=-12.0, correlation=0.99, roles=loud)
    check(good, 0.0)
    rows = {row.what: row for row in summarise([good, bad])}
    assert rows["loudest role against the mix"].ours == -0.5 and "b/y" in rows["loudest role against the mix"].note
    assert rows["harmony under the lead"].ours == 11.0
    assert rows["lead above the next pitched role"].ours == 2.0
    assert rows["loudest mood over softest"].ours == 8.0
    with pytest.raises(AssertionError):
        check(bad, SLACK)


@pytest.mark.parametrize("mood", ["combat", "tavern"])
def test_the_first_style_of_a_mood_is_balanced(mood: str, mono_font: Path) -> None:
    (found,) = measure_styles([mood], seeds=(11,), styles=1, bars=8)
    check(found, SLACK)


@pytest.mark.slow
def test_every_style_is_balanced(mono_font: Path) -> None:
    found = list(measure_styles([one.name for one in list_shipped()], seeds=(11, 12)))
    for each in found:
        check(each, SLACK)
    moods: dict[str, list[float]] = {}
    for each in found:
        moods.setdefault(each.mood, []).append(each.loudness)
    means = [sum(levels) / len(levels) for levels in moods.values()]
    assert max(means) - min(means) <= SPREAD
