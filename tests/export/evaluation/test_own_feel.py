"""Groove and register: what listeners notice first, and what a mean likeness of 98 % does not say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gamemusic.score.phrase import Note, Phrase, Role, Track
from gamemusic.theory import Key
from gamemusic.units import METERS

pytest.importorskip("torch")

from gamemusic_export.evaluation.features import FeatureSet, featurise
from gamemusic_export.evaluation.own_feel import find_groove, find_register, measure_groove, measure_register
from gamemusic_export.evaluation.sets import PhraseSet

Rhythm = Callable[[np.random.Generator, int], list[int]]


def _repeated(generator: np.random.Generator, bar: int) -> list[int]:
    return [0, 12, 18, 24, 36]


def _free(generator: np.random.Generator, bar: int) -> list[int]:
    return sorted(generator.choice(48, 5, replace=False).tolist())


def _set(rhythm: Rhythm, *, lead: int = 72, bass: int | None = 40, seed: int = 0) -> FeatureSet:
    generator = np.random.default_rng(seed)
    phrases = []
    for number in range(8):
        tracks = []
        for role, center in ((Role.LEAD, lead), (Role.BASS, bass)):
            if center is None:
                continue
            notes = [
                Note(48 * bar + start, center + int(generator.integers(-3, 4)), 1, 80)
                for bar in range(8)
                for start in rhythm(generator, bar)
            ]
            tracks.append(Track(role, tuple(notes)))
        phrases.append(
            Phrase(bars=8, meter=METERS["4/4"], tempo_bpm=100, key=Key(0, "major"), tracks=tuple(tracks), seed=number)
        )
    return featurise(PhraseSet(tuple(phrases), tuple(f"piece {number}" for number in range(len(phrases)))))


def test_a_groove_that_is_lost_is_seen() -> None:
    real = _set(_repeated)
    found = measure_groove(_set(_free, seed=1), real)
    assert found is not None and not found.good
    assert found.real == 1 and found.share < 0.2
    same = measure_groove(_set(_repeated, seed=1), real)
    assert same is not None and same.good


def test_music_without_a_groove_is_not_to_get_one() -> None:
    real = _set(_free)
    found = measure_groove(_set(_repeated, seed=1), real)
    assert found is not None and not found.good
    same = measure_groove(_set(_free, seed=1), real)
    assert same is not None and same.good


def test_a_role_in_another_register_is_named() -> None:
    real = _set(_repeated)
    found = measure_register(_set(_repeated, lead=60, seed=1), real)
    assert found is not None and not found.good
    assert found.role is Role.LEAD and found.semitones == pytest.approx(-12, abs=1)
    found = measure_register(_set(_repeated, bass=52, seed=1), real)
    assert found is not None and found.role is Role.BASS and found.semitones == pytest.approx(12, abs=1)
    same = measure_register(_set(_repeated, lead=74, seed=1), real)
    assert same is not None and same.good


def test_a_role_that_only_one_has_is_not_compared() -> None:
    found = measure_register(_set(_repeated, bass=None, lead=74), _set(_repeated))
    assert found is not None and found.role is Role.LEAD and found.good


def _bench(real: FeatureSet | None, *, music: bool = True) -> SimpleNamespace:
    return SimpleNamespace(real=real, music=object() if music else None)


def test_findings_say_what_helps() -> None:
    real = _set(_repeated)
    sets = {"own": SimpleNamespace(features=_set(_free, lead=90)), "random": SimpleNamespace(features=_set(_free))}
    (groove,) = find_groove(_bench(real), sets)  # type: ignore[arg-type]  # all that it asks of them
    assert not groove.good and groove.others["real music"] == 1
    assert "of its bars have the rhythm of a bar shortly before; in your pieces 100 % have" in groove.means
    assert "lower temperature" in groove.helps
    (register,) = find_register(_bench(real), sets)  # type: ignore[arg-type]  # all that it asks of them
    assert not register.good and register.own == pytest.approx(18, abs=1)
    assert "the lead lies farthest from where it should: 18 semitones higher than in your pieces" in register.means
    assert find_groove(_bench(None), sets) == find_register(_bench(None), sets) == []  # type: ignore[arg-type]  # as above
    (theirs,) = find_groove(_bench(real, music=False), sets)  # type: ignore[arg-type]  # as above
    assert theirs.good  # with its parent's music it need not have much in common


def test_a_mood_that_lost_the_groove_is_not_good_to_go(tmp_path: Path) -> None:
    """The verdict's sentence names it."""
    from gamemusic_export.evaluation.own import _judge

    sets = {"own": SimpleNamespace(features=_set(_free))}
    findings = find_groove(_bench(_set(_repeated)), sets)  # type: ignore[arg-type]  # all that it asks of them
    bench = SimpleNamespace(pack=SimpleNamespace(name="haunted"), same_model=False)
    said = _judge(bench, findings, 40)  # type: ignore[arg-type]  # all that it asks of it
    assert said == "haunted works, with one thing to look at in 40 phrases: groove."
