"""What a game asks for is what it hears."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recording import record

import gamemusic
from gamemusic import Director, Moment, Settings
from gamemusic.errors import InputError


def moments(director: Director) -> list[Moment]:
    """Return a list that grows by every bar line that is heard, at once."""
    told: list[Moment] = []

    def tell(moment: Moment, *, first: bool) -> None:
        told.append(moment)

    director._notifier.tell = tell  # type: ignore[method-assign]
    return told


def test_silence_before_and_music_after_play(make_director: Any, tiny: str) -> None:
    director = make_director()
    assert not np.any(director.read(4096))
    director.play(tiny)
    heard = record(director, 3)
    assert heard.dtype == np.float32
    assert heard.shape[1] == 2
    assert np.max(np.abs(heard)) > 0.01
    assert np.max(np.abs(heard)) <= 1.0


def test_the_same_seed_plays_the_same_and_another_another(make_director: Any, tiny: str) -> None:
    def play(seed: int) -> np.ndarray:
        director = make_director(seed=seed)
        director.play(tiny)
        return record(director, 6)

    first = play(1)
    assert np.array_equal(first, play(1))
    assert not np.array_equal(first, play(2))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 8192), min_size=1, max_size=12))
def test_how_much_is_read_at_once_changes_nothing(make_director: Any, tiny: str, sizes: list[int]) -> None:
    whole, parts = make_director(), make_director()
    for director in (whole, parts):
        director.play(tiny, intensity=0.9)
    pieces = np.concatenate([parts.read(size) for size in sizes])
    assert np.max(np.abs(pieces - whole.read(len(pieces)))) < 1e-6


def test_int16_is_the_same_sound(make_director: Any, tiny: str) -> None:
    one, other = make_director(), make_director()
    for director in (one, other):
        director.play(tiny)
    numbers = other.read(8192, dtype="int16")
    assert numbers.dtype == np.int16
    assert np.max(np.abs(numbers / 32767.0 - one.read(8192))) < 1 / 32767


@pytest.mark.parametrize("at", ["beat", "bar", "phrase"])
@pytest.mark.parametrize("by", ["bridge", "cut", "crossfade"])
def test_moods_change_at_the_boundary_that_was_asked_for(make_director: Any, tiny: str, at: str, by: str) -> None:
    director = make_director()
    told = moments(director)
    director.play(tiny, style="chamber", intensity=0.9)
    record(director, 2.3)
    old = director._conductor.deck()
    assert old is not None
    asked = director._mixer.position
    director.play(tiny, style="rock", at=at, by=by)
    heard = record(director, 12)
    assert np.any(heard)
    change = next(moment for moment in told if moment.style == "rock")
    frame = round(change.seconds * director.sample_rate)
    entry = old.placed[-1]
    places = {"beat": entry.take.pulses, "bar": entry.take.bar_frames, "phrase": (0, entry.take.frames)}[at]
    assert frame - entry.start in places
    assert frame >= asked
    # the first such place: none lies between asking and the change, but for the little time that it takes
    assert not any(asked + 2000 < entry.start + place < frame for place in places)
    assert change.kind == ("bridge" if by == "bridge" else "phrase")
    assert director.counters["bridges"] == (by == "bridge")
    assert director.counters["moves"] == 1


def test_no_gap_and_no_click_where_moods_change(make_director: Any, tiny: str) -> None:
    director = make_director()
    director.play(tiny, style="chamber", intensity=0.9)
    before = record(director, 4)
    director.play(tiny, style="rock")
    after = record(director, 6)
    both = np.concatenate([before, after])
    usual = np.max(np.abs(np.diff(before, axis=0)))
    assert np.max(np.abs(np.diff(both[len(before) - 10 : len(before) + 10], axis=0))) <= usual
    loud = np.sqrt(np.mean(both[: len(both) // 3200 * 3200].reshape(-1, 3200, 2) ** 2, axis=(1, 2)))
    assert np.min(loud[np.flatnonzero(loud)[0] + 1 :]) > 1e-5


def test_returning_to_a_mood_goes_on_where_it_was_left(make_director: Any, tiny: str) -> None:
    director = make_director()
    told = moments(director)
    director.play(tiny, style="chamber")
    while not told or told[-1].bar != 1:
        director.read(256)
    director.play(tiny, style="rock", by="cut")
    while told[-1].style != "rock":
        director.read(256)
    told.clear()
    director.play(tiny, style="chamber", by="cut")
    while not told or told[-1].style != "chamber":
        director.read(256)
    assert told[-1].bar == 2
    director.play(tiny, style="rock", by="cut", resume=False)
    while told[-1].style != "rock":
        director.read(256)
    assert told[-1].bar == 0


def test_repeats_then_variations_then_something_new(make_director: Any, tiny: str) -> None:
    director = make_director()
    told = moments(director)
    director.play(tiny, style="chamber")
    while sum(moment.bar == 0 for moment in told) < 12:
        director.read(8192)
    phrases = [moment.phrase for moment in told if moment.bar == 0]
    # an opening once, then the phrase and its two repeats, two variations with theirs, then a new one
    runs = [phrases[0]]
    lengths = [1]
    for phrase in phrases[1:]:
        if phrase is runs[-1]:
            lengths[-1] += 1
        else:
            runs.append(phrase)
            lengths.append(1)
    assert lengths[:4] == [1, 3, 3, 3]
    first, *variations = runs[1:4]
    assert all(one.chords == first.chords for one in variations)
    assert len({one.tracks for one in (first, *variations)}) == 3
    assert runs[4].seed != first.seed
    assert director.counters["late_repeats"] == 0


def test_intensity_is_heard_at_the_next_beat_and_composed_for_the_next_phrase(make_director: Any, tiny: str) -> None:
    director = make_director()
    told = moments(director)
    director.play(tiny, style="chamber", intensity=0.1)
    while sum(moment.bar == 0 for moment in told) < 2:
        director.read(4096)
    calm = told[-1].phrase
    assert calm.intensity == 0.1
    quiet = record(director, 1)
    director.intensity = 0.9
    record(director, 1)
    assert np.mean(record(director, 1) ** 2) > 1.5 * np.mean(quiet**2)
    while told[-1].phrase is calm:
        director.read(4096)
    assert told[-1].phrase.intensity == 0.9
    assert told[-1].phrase.chords == calm.chords
    assert told[-1].phrase.seed == calm.seed


def test_stems_can_be_silenced_and_add_up(make_director: Any, tiny: str) -> None:
    def play(*silent: str) -> np.ndarray:
        director = make_director(settings={"headroom_db": -20.0})
        for role in silent:
            director.set_stem(role, 0.0)
        director.play(tiny, style="rock", intensity=0.9)
        return record(director, 4)

    mix = play()
    lead = play("bass", "drums", "harmony", "texture", "counter")
    others = play("lead")
    assert np.any(lead)
    assert np.any(others)
    assert np.max(np.abs(lead + others - mix)) < 1e-5


def test_pause_stands_still_and_resume_goes_on(make_director: Any, tiny: str) -> None:
    paused, straight = make_director(), make_director()
    for director in (paused, straight):
        director.play(tiny)
        record(director, 3)
    paused.pause()
    assert np.any(paused.read(4096))  # fades
    assert not np.any(record(paused, 1))
    paused.resume()
    straight.read(512)
    one, other = paused.read(16000), straight.read(16000)
    assert np.array_equal(one[1024:], other[1024:])


def test_duck_and_stop(make_director: Any, tiny: str) -> None:
    director = make_director()
    director.play(tiny)
    full = record(director, 4)
    director.duck(-20.0, 0.1)
    record(director, 1)
    ducked = record(director, 4)
    assert 0.02 < np.sqrt(np.mean(ducked**2) / np.mean(full**2)) < 0.3
    director.duck(0.0)
    director.stop(fade=0.5)
    record(director, 1)
    assert not np.any(record(director, 1))
    director.play(tiny)
    assert np.any(record(director, 3))


def test_a_stinger_sounds_on_the_beat_in_the_key_and_the_music_steps_back(make_director: Any, tiny: str) -> None:
    director, plain = make_director(), make_director()
    told = moments(director)
    for one in (director, plain):
        one.play(tiny, style="chamber")
        record(one, 5)
    deck = director._conductor.deck()
    assert deck is not None
    director.stinger("win")
    record(director, 6)
    stinger = next(moment for moment in told if moment.kind == "stinger")
    under = next(entry for entry in deck.placed if entry.start <= stinger.seconds * 32000 < entry.end)
    assert round(stinger.seconds * 32000) - under.start in under.take.pulses
    assert stinger.phrase.key == under.take.phrase.key
    assert stinger.phrase.ending == "cadence"
    assert director._mixer._under.target == 1.0  # forth again
    assert director.counters["composed"] > plain.counters["composed"]
    with pytest.raises(InputError, match="no stinger"):
        director.stinger("nothing of the kind")


def test_a_stinger_that_comes_before_the_music_waits_for_it(make_director: Any, tiny: str) -> None:
    director = make_director()
    told = moments(director)
    director.play(tiny)
    director.stinger("win")
    record(director, 6)
    assert [moment.kind for moment in told if moment.bar == 0].count("stinger") == 1
    assert director.now is not None
    assert director.now.kind == "phrase"
    assert told[0].kind == "phrase"


def test_a_saved_game_takes_its_music_up_again(make_director: Any, tiny: str) -> None:
    director = make_director(seed=9)
    told = moments(director)
    director.play(tiny, style="chamber", intensity=0.7)
    while sum(moment.bar == 0 for moment in told) < 6 or told[-1].bar != 2:
        director.read(512)
    director.set_stem("bass", 0.5)
    state = json.loads(json.dumps(director.save_state()))
    later = make_director(seed=4)
    told_later = moments(later)
    later.load_state(state)
    while not told_later:
        later.read(512)
    assert told_later[0].phrase == told[-1].phrase
    assert told_later[0].bar == told[-1].bar
    assert (later.seed, later.intensity) == (9, 0.7)
    assert later.save_state() == state


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"seed": -1},
        {"seed": True},
        {"intensity": 2},
        {"playing": ["x"]},
        {"moods": {}},
        {"moods": [{"mood": "x"}]},
        {"moods": [1]},
        {"stems": {}},
        {"stems": None},
    ],
)
def test_a_damaged_state_is_refused(make_director: Any, tiny: str, change: dict[str, Any]) -> None:
    director = make_director()
    director.play(tiny)
    state = director.save_state()
    with pytest.raises(InputError):
        director.load_state({**state, **change})
    with pytest.raises(InputError):
        director.load_state([])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda d: d.play("nowhere"), "not installed"),
        (lambda d: d.play("explore", style="metal"), "no style"),
        (lambda d: d.play("explore", at="now"), "beat, bar, phrase"),
        (lambda d: d.play("explore", by="magic"), "bridge, cut, crossfade"),
        (lambda d: d.play("explore", intensity=float("nan")), "0 to 1"),
        (lambda d: setattr(d, "intensity", 1.5), "0 to 1"),
        (lambda d: setattr(d, "intensity", "loud"), "0 to 1"),
        (lambda d: d.read(0), "frames"),
        (lambda d: d.read(1 << 30), "frames"),
        (lambda d: d.read(10, dtype="int32"), "int16"),
        (lambda d: d.duck(3.0), "-96 to 0"),
        (lambda d: d.duck(float("nan")), "-96 to 0"),
        (lambda d: d.stop(fade=-1), "0 to 60"),
        (lambda d: d.set_stem("tuba", 1.0), "lead"),
        (lambda d: d.set_stem("lead", 2.0), "0 to 1"),
        (lambda d: d.stinger("win"), "play()"),
        (lambda d: Settings(ahead_seconds=100), "ahead_seconds"),
        (lambda d: Settings(phrases_ahead=1.5), "whole number"),  # type: ignore[arg-type]  # as a game might
        (lambda d: Director(sample_rate=100), "hertz"),
        (lambda d: Director(seed=-1), "seed"),
    ],
)
def test_what_is_not_allowed_is_said_and_the_music_goes_on(
    make_director: Any, tiny: str, call: Any, words: str
) -> None:
    director = make_director()
    with pytest.raises(InputError, match=words):
        call(director)
    director.play(tiny)
    assert np.any(record(director, 2))


def test_names_are_public() -> None:
    assert {"Director", "Settings", "Moment"} <= set(gamemusic.__all__)
