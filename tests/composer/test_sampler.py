"""Drawing tokens and measuring surprise with integers."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from gamemusic.composer.sampler import LOGIT_STEPS, Sampler, load_noise, mix
from gamemusic.composer.surprise import FRACTION, load_exponentials, surprise

VOCABULARY = 622
Ints = npt.NDArray[np.int32]


def _logits(candidates: int = 2) -> Ints:
    """Return logits from 0 to 2.4 nats, each once."""
    return np.tile((np.arange(VOCABULARY) * 37 % VOCABULARY).astype(np.int32), (candidates, 1))


def _draws(seed: int, *, steps: int = 50, candidates: int = 2, temperature: float = 1.0, min_p: float = 0.0) -> Ints:
    sampler = Sampler(seed, candidates, steps, VOCABULARY, temperature=temperature, min_p=min_p)
    return np.array([sampler.draw(step, _logits(candidates)) for step in range(steps)], dtype=np.int32)  # (T, B)


def test_the_same_seed_draws_the_same() -> None:
    assert np.array_equal(_draws(5), _draws(5))


def test_seeds_candidates_and_steps_draw_apart() -> None:
    draws = _draws(5)
    assert (draws != _draws(6)).mean() > 0.9
    assert (draws != _draws(5 + (1 << 63))).mean() > 0.9  # every bit of the seed counts
    assert (draws[:, 0] != draws[:, 1]).mean() > 0.9
    assert (draws[1:] != draws[:-1]).mean() > 0.9


def test_a_candidate_draws_the_same_in_any_company() -> None:
    assert np.array_equal(_draws(5, candidates=8)[:, :2], _draws(5))
    assert np.array_equal(_draws(5, steps=80)[:50], _draws(5))


def test_draws_are_pinned() -> None:
    """Golden: these very numbers, on every machine and in every release that keeps its seeds."""
    assert _draws(7, steps=6, min_p=0.02).tolist() == [
        [102, 182],
        [149, 214],
        [389, 537],
        [51, 416],
        [327, 175],
        [353, 536],
    ]
    assert _draws(2**64 - 1, steps=6, temperature=0.9).tolist() == [
        [617, 514],
        [227, 550],
        [81, 195],
        [352, 83],
        [436, 450],
        [211, 548],
    ]


def test_counter_is_splitmix64() -> None:
    """The first three numbers of SplitMix64 seeded with 0, as published with its reference code."""
    step = 0x9E3779B97F4A7C15
    counters = np.array([step, 2 * step % 2**64, 3 * step % 2**64], dtype=np.uint64)
    assert mix(counters).tolist() == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def test_tables_are_what_their_maker_makes() -> None:
    tables = pytest.importorskip("gamemusic_export.tables")
    assert np.array_equal(load_noise(), tables.make_noise())
    assert np.array_equal(load_exponentials(), tables.make_exponentials())


def test_noise_is_gumbel_noise() -> None:
    noise = np.sort(load_noise().astype(np.float64)) / LOGIT_STEPS
    chances = (np.arange(len(noise)) + 0.5) / len(noise)
    assert np.abs(noise + np.log(-np.log(chances))).max() <= 0.51 / LOGIT_STEPS


@pytest.mark.parametrize(("temperature", "fits"), [(1.0, True), (2.0, False)])
def test_tokens_are_drawn_as_often_as_softmax_says(temperature: float, fits: bool) -> None:
    """With a control: at another temperature the same 20,000 draws do not fit."""
    logits = np.random.default_rng(0).normal(0, 1.5 * LOGIT_STEPS, 64).astype(np.int32)
    chances = np.exp(logits / LOGIT_STEPS)
    expected = 20_000 * chances / chances.sum()
    sampler = Sampler(3, 20, 1000, 64, temperature=temperature, min_p=0)
    drawn = np.concatenate([sampler.draw(step, np.tile(logits, (20, 1))) for step in range(1000)])
    found = np.bincount(drawn, minlength=64)
    # 63 degrees of freedom: above 103.4 once in a thousand times
    assert (float((np.square(found - expected) / expected).sum()) < 103.4) == fits
    assert (float(np.abs(found - expected).sum()) / 40_000 < 0.03) == fits


@pytest.mark.parametrize("min_p", [0.02, 0.1, 0.5])
def test_unlikely_tokens_are_never_drawn(min_p: float) -> None:
    logits = np.linspace(0, -8 * LOGIT_STEPS, VOCABULARY).astype(np.int32)
    sampler = Sampler(1, 8, 500, VOCABULARY, temperature=2.0, min_p=min_p)
    drawn = np.concatenate([sampler.draw(step, np.tile(logits, (8, 1))) for step in range(500)])
    likely = np.exp(logits[drawn] / LOGIT_STEPS)
    assert likely.min() >= min_p * 0.998  # logits are counted in 256ths
    assert likely.min() < min_p * 1.3  # and the threshold is reached


def test_forbidden_tokens_are_never_drawn() -> None:
    logits = np.full((8, VOCABULARY), -(1 << 28), dtype=np.int32)
    logits[:, [9, 300]] = [-(1 << 20), 1 << 20]  # the likeliest and the unlikeliest that a graph gives
    sampler = Sampler(1, 8, 200, VOCABULARY, temperature=2.0, min_p=0)
    assert set(np.concatenate([sampler.draw(step, logits.copy()) for step in range(200)]).tolist()) == {300}
    logits[:, 300] = -(1 << 28)
    assert set(np.concatenate([sampler.draw(step, logits.copy()) for step in range(200)]).tolist()) == {9}


def test_ties_go_to_the_lowest_token() -> None:
    sampler = Sampler(1, 1, 50, 16, temperature=1.0, min_p=0)
    noise = load_noise().astype(np.int32)
    for step in range(50):
        before = np.zeros((1, 16), dtype=np.int32)
        sampler.draw(step, before)  # leaves the noise of this step
        assert any(np.array_equal(before[0], noise[at : at + 16]) for at in np.flatnonzero(noise == before[0, 0]))
        even = 5000 - before  # with its noise, every token comes to 5000
        assert sampler.draw(step, even.astype(np.int32)).tolist() == [0]
        even = 5000 - before
        even[0, :7] -= 1
        assert sampler.draw(step, even.astype(np.int32)).tolist() == [7]


def test_nothing_asks_a_maths_library() -> None:
    """exp and log of NumPy differ between processors; these two modules may not call them, nor random generators."""
    import gamemusic.composer.sampler as sampler_module
    import gamemusic.composer.surprise as surprise_module

    for module in (sampler_module, surprise_module):
        source = Path(str(module.__file__)).read_text("utf-8")
        assert not any(name in source for name in ("np.exp", "np.log", "math.", "np.random", "import random"))


@pytest.mark.parametrize("spread", [0.5, 3, 8])
def test_surprise_is_the_negative_logarithm_of_softmax(spread: float) -> None:
    logits = np.random.default_rng(2).normal(0, spread * LOGIT_STEPS, VOCABULARY).astype(np.int32)
    steps = (logits - logits.max()) / LOGIT_STEPS
    exact = np.log2(np.exp(steps).sum()) - steps / np.log(2)
    table = load_exponentials()
    found = np.array([surprise(logits, token, table) for token in range(VOCABULARY)]) / FRACTION
    ordinary = exact < 10
    assert ordinary.any()
    assert np.abs(found - exact)[ordinary].max() < 0.01
    rare = ~ordinary & (exact < 30)  # beyond the table's end all are counted alike
    assert (np.abs(found - exact)[rare] / exact[rare]).max(initial=0) < 0.0011


def test_surprise_is_pinned() -> None:
    table = load_exponentials()
    assert [surprise(_logits(1)[0], token, table) for token in (0, 1, 100, 621)] == [744905, 731252, 527195, 529040]
    even = np.zeros(512, dtype=np.int32)
    assert surprise(even, 17, table) == 9 * FRACTION


def test_exponentials_begin_and_end_where_they_should() -> None:
    table = load_exponentials()
    assert (table[0], table[256]) == (1 << 30, int((Decimal(-1).exp() * 2**30).to_integral_value()))
    assert table[-1] == 0 and table[-2] == 1 and (np.diff(table) <= 0).all()


def test_noise_goes_on_at_the_tables_beginning_where_it_ends() -> None:
    sampler, noise = Sampler(1, 8, 1000, VOCABULARY, temperature=1.0, min_p=0), load_noise()
    places = sampler._places
    late = np.argwhere(places > len(noise) - VOCABULARY)
    assert len(late) > 20
    for step, candidate in late.tolist():
        logits = np.zeros((8, VOCABULARY), dtype=np.int32)
        sampler.draw(step, logits)  # leaves the noise of this step
        at = (places[step, candidate] + np.arange(VOCABULARY)) % len(noise)
        assert np.array_equal(logits[candidate], noise[at])


def test_a_token_at_the_limit_of_min_p_may_still_come() -> None:
    """ln 0.5 is 177.4 steps: a token 177 steps below the likeliest is drawn, one 178 steps below never is."""
    logits = np.full((8, 64), -178, dtype=np.int32)
    logits[:, :2] = [0, -177]
    sampler = Sampler(1, 8, 200, 64, temperature=2.0, min_p=0.5)
    assert set(np.concatenate([sampler.draw(step, logits.copy()) for step in range(200)]).tolist()) == {0, 1}
