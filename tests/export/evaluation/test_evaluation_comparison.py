"""Measures that hold a set against real music: each finds nothing where there is nothing, and catches noise."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from madephrases import noises, shuffled, tunes

from gamemusic.errors import InputError, MissingError
from gamemusic_export.evaluation.bands import find_bands, measure_inside
from gamemusic_export.evaluation.features import FIGURES, FeatureSet, featurise
from gamemusic_export.evaluation.harmony import HARMONY
from gamemusic_export.evaluation.learners import area_under_curve, fold_groups
from gamemusic_export.evaluation.likeness import measure_likeness, overlap
from gamemusic_export.evaluation.recognise import recognise
from gamemusic_export.evaluation.sets import PhraseSet, make_generator
from gamemusic_export.evaluation.structure import STRUCTURE
from gamemusic_export.evaluation.tell import Tell, find_clues, find_void, tell_apart

HISTOGRAMS = arrays(np.float64, 6, elements=st.floats(0, 100)).filter(lambda array: array.sum() > 0.01)


@pytest.fixture(scope="module")
def real() -> FeatureSet:
    return featurise(tunes(60, each=2))


@pytest.fixture(scope="module")
def alike() -> FeatureSet:
    """Other tunes of the same making."""
    return featurise(tunes(60, first=5000))


@pytest.fixture(scope="module")
def wild() -> FeatureSet:
    return featurise(noises(60))


@given(HISTOGRAMS, HISTOGRAMS)
def test_overlap_is_a_share_and_symmetric(first: np.ndarray, second: np.ndarray) -> None:
    shared = overlap(first, second)
    assert 0 <= shared <= 1 + 1e-9
    assert shared == pytest.approx(overlap(second, first))
    assert overlap(first, 3 * first) == pytest.approx(1)


def test_overlap_of_nothing_is_nothing() -> None:
    assert overlap(np.zeros(3), np.ones(3)) == 0
    assert overlap(np.array([1.0, 0]), np.array([0, 1.0])) == 0


def test_likeness_of_the_same_music_is_one_and_of_noise_far_less(
    real: FeatureSet, alike: FeatureSet, wild: FeatureSet
) -> None:
    same = measure_likeness(alike, real, halvings=30)
    assert same.share == pytest.approx(1, abs=0.04)
    assert same.real_range[0] <= same.real_overlap <= same.real_range[1]
    assert same.phrases == 60
    assert same.pieces == 60
    assert "drum key" not in same.categories
    other = measure_likeness(wild, real, halvings=30)
    assert other.share < 0.6
    assert all(found < among for found, among in other.categories.values())
    assert measure_likeness(alike, real, halvings=30) == same


def test_likeness_does_not_grow_with_the_number_of_phrases(real: FeatureSet, alike: FeatureSet) -> None:
    few = alike.select(np.arange(20))
    shares = [measure_likeness(part, real, halvings=40).share for part in (few, alike)]
    assert shares[0] == pytest.approx(shares[1], abs=0.08)


def test_likeness_needs_something_to_compare(real: FeatureSet) -> None:
    with pytest.raises(InputError, match="received 0"):
        measure_likeness(real.select([]), real)
    with pytest.raises(InputError, match="two pieces"):
        measure_likeness(real, real.select([0, 1]))


def test_bands_hold_most_of_the_real_pieces_and_little_noise(
    real: FeatureSet, alike: FeatureSet, wild: FeatureSet
) -> None:
    for figures in (STRUCTURE, HARMONY):
        inside, outside = (measure_inside(part, real, figures, halvings=20) for part in (alike, wild))
        assert inside.share == pytest.approx(inside.real, abs=0.1)
        assert inside.real > 0.7
        assert outside.share < inside.share - 0.25
        assert set(inside.figures) == set(inside.medians)
        assert inside.spread == pytest.approx(inside.real_spread, abs=0.1)
        assert outside.spread < inside.spread - 0.25


def test_pitches_in_random_order_are_found_out(real: FeatureSet) -> None:
    # every rhythm, pitch and duration is that of a tune: only what is about their order can tell
    phrases = tunes(60, first=5000).phrases
    mixed = featurise(PhraseSet.composed([shuffled(phrase) for phrase in phrases]))
    categories = measure_likeness(mixed, real, halvings=20).categories
    assert categories["interval"][0] < categories["interval"][1] - 0.15
    assert categories["pitch class"][0] == pytest.approx(categories["pitch class"][1], abs=0.05)
    inside = measure_inside(mixed, real, STRUCTURE, halvings=20)
    assert inside.spread < inside.real_spread - 0.15
    clues = find_clues(mixed, real)
    assert all(clue.column.startswith(("interval", "similar_pitch")) for clue in clues)
    assert clues[0].area > 0.9


def test_what_is_always_in_the_middle_is_inside_every_band_and_not_spread(real: FeatureSet) -> None:
    names = ("similar_rhythm_1", "similar_pitch_2", "motif_3")
    figures = real.figures.copy()
    for name in names:
        figures[:, FIGURES.index(name)] = np.nanmedian(real.figure(name))
    tame = FeatureSet(real.counts, figures, real.groups, real.styles, real.moods)
    found = measure_inside(tame, real, names, halvings=10)
    assert found.share == 1.0
    assert found.spread < 0.5 < found.real_spread


def test_clues_name_what_differs(real: FeatureSet, alike: FeatureSet) -> None:
    figures = real.figures.copy()
    figures[:, FIGURES.index("rate")] += 3
    dense = FeatureSet(real.counts, figures, real.groups, real.styles, real.moods)
    found = find_clues(dense, real, most=3)
    assert len(found) == 3
    assert (found[0].column, found[0].area) == ("rate", 1.0)
    assert found[0].composed == pytest.approx(found[0].real + 3, abs=0.01)
    assert found[0].more and not find_clues(real, dense, most=1)[0].more
    assert find_clues(alike, real)[0].area < 0.7


def test_a_style_is_held_against_its_own_band() -> None:
    calm, busy = tunes(15, style="calm"), tunes(15, first=100, style="busy", busy=True)
    table = featurise(type(calm)(calm.phrases + busy.phrases, calm.groups + busy.groups))
    strange = featurise(tunes(15, first=200, style="calm", busy=True))
    fitting = featurise(tunes(15, first=200, style="busy", busy=True))
    assert measure_inside(strange, table, ("rate",), halvings=2).share == 0.0
    assert measure_inside(fitting, table, ("rate",), halvings=2).share == 1.0


def test_a_band_counts_pieces_not_phrases(real: FeatureSet, wild: FeatureSet) -> None:
    # one piece of sixty noisy phrases among sixty others does not move the band
    noisy = FeatureSet(wild.counts, wild.figures, ("one",) * 60, ("",) * 60, ("",) * 60)
    both = FeatureSet(
        np.concatenate([real.counts, noisy.counts]),
        np.concatenate([real.figures, noisy.figures]),
        real.groups + noisy.groups,
        real.styles + noisy.styles,
        real.moods + noisy.moods,
    )
    with_noise = find_bands(both, ("in_key",))["in_key"]
    assert with_noise[0] > np.max(wild.figure("in_key"))


def test_trees_cannot_tell_the_same_music_and_always_tell_noise(
    real: FeatureSet, alike: FeatureSet, wild: FeatureSet
) -> None:
    pytest.importorskip("sklearn")
    same, control = (tell_apart(part, real, folds=3, repeats=1, draws=200) for part in (alike, wild))
    assert same.area == pytest.approx(0.5, abs=0.13)
    assert same.area < same.upper < 0.75
    assert same.pieces == same.phrases == 60
    assert control.area > 0.95
    assert not find_void(control)
    assert tell_apart(alike, real, folds=3, repeats=1, draws=200) == same


def test_trees_learn_no_piece_by_heart() -> None:
    pytest.importorskip("sklearn")
    # four phrases of a piece are one phrase four times: folds by phrase would give each away by its twin
    pieces = featurise(tunes(24))
    fourfold = pieces.select(np.repeat(np.arange(24), 4))
    others = featurise(tunes(24, first=700)).select(np.repeat(np.arange(24), 4))
    found = tell_apart(fourfold, others, repeats=1, draws=100)
    assert found.area < 0.75
    assert found.upper > found.area + 0.05


def test_the_test_is_void_with_few_pieces_or_a_weak_control() -> None:
    good = Tell(area=0.97, upper=0.99, pieces=50, phrases=100)
    assert find_void(good) == ""
    assert "49 real pieces" in find_void(Tell(area=0.97, upper=0.99, pieces=49, phrases=100))
    assert "0.80" in find_void(Tell(area=0.8, upper=0.9, pieces=50, phrases=100))


def test_the_area_is_the_share_of_pairs_in_order() -> None:
    scores = np.array([0.1, 0.5, 0.5, 0.9])
    wanted = np.array([False, True, False, True])
    assert area_under_curve(scores, wanted) == pytest.approx(3.5 / 4)
    assert area_under_curve(scores, wanted, np.array([1.0, 2, 0, 1])) == pytest.approx(1)
    assert np.isnan(area_under_curve(scores, np.ones(4, dtype=bool)))


def test_a_piece_is_in_one_fold() -> None:
    groups = [f"piece {number % 7}" for number in range(30)]
    folds = fold_groups(groups, 3, make_generator(1))
    assert all(len({fold for fold, name in zip(folds, groups, strict=True) if name == one}) == 1 for one in groups)
    assert set(folds.tolist()) == {0, 1, 2}
    with pytest.raises(InputError, match="8 folds"):
        fold_groups(groups, 8, make_generator(1))


def test_without_scikit_learn_the_extra_is_named(real: FeatureSet, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sklearn", "sklearn.ensemble", "sklearn.linear_model"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingError, match=r"gamemusic\[evaluate\]"):
        tell_apart(real, real)
    labels = ["a", "b"] * (len(real) // 2)
    with pytest.raises(MissingError, match=r"gamemusic\[evaluate\]"):
        recognise(real, labels, real, labels)


def test_styles_are_recognised_and_wrong_ones_are_not(wild: FeatureSet) -> None:
    pytest.importorskip("sklearn")
    calm, busy = tunes(20, each=2, style="calm"), tunes(20, first=100, style="busy", busy=True)
    learned = featurise(type(calm)(calm.phrases + busy.phrases, calm.groups + busy.groups))
    fresh = tunes(10, first=300), tunes(10, first=400, busy=True)
    asked = featurise(type(calm)(fresh[0].phrases + fresh[1].phrases, fresh[0].groups + fresh[1].groups))
    right = ["calm"] * 10 + ["busy"] * 10
    found = recognise(asked, right, learned, learned.styles)
    assert found.labels == ("busy", "calm")
    assert found.share > 0.9
    assert found.real > 0.9
    assert found.pieces == (20, 20)
    assert np.sum(found.confusion) == 20
    assert recognise(asked, right[::-1], learned, learned.styles).share < 0.1
    # a label that says nothing is not recognised
    rows = np.random.Generator(np.random.Philox(5)).permutation(len(learned))
    by_piece = {name: ("x", "y")[int(row) % 2] for name, row in zip(learned.groups, rows, strict=True)}
    random_labels = [by_piece[name] for name in learned.groups]
    assert recognise(asked, ["x", "y"] * 10, learned, random_labels).real < 0.75


def test_labels_have_to_fit(real: FeatureSet) -> None:
    with pytest.raises(InputError, match="label each"):
        recognise(real, ["a"], real, ["a"] * len(real))
    with pytest.raises(InputError, match="received c"):
        recognise(real.select([0]), ["c"], real, ["a", "b"] * (len(real) // 2))
    with pytest.raises(InputError, match="no composed phrase"):
        recognise(real.select([]), [], real, ["a", "b"] * (len(real) // 2))
