"""A deck makes the sound that offline rendering makes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gamemusic.arranger.arranger import arrange
from gamemusic.audio.convolver import Convolver
from gamemusic.audio.loops import render_mix
from gamemusic.audio.reverb import wet
from gamemusic.audio.soundfont import CHIP_SOUNDFONT
from gamemusic.composer.composer import Composer
from gamemusic.director.deck import Deck
from gamemusic.director.take import Take, make_take
from gamemusic.packs.library import find_pack
from gamemusic.score.orchestration import Room
from gamemusic.score.phrase import Phrase, Role

RATE = 32000


@pytest.fixture(scope="module")
def phrase(tiny_pack: Path) -> Phrase:
    return Composer(find_pack(tiny_pack)).compose(seed=5, style="chamber", intensity=0.5)


@pytest.fixture(scope="module")
def take(phrase: Phrase) -> Take:
    return make_take(phrase, RATE)


@pytest.fixture
def deck(phrase: Phrase) -> Iterator[Deck]:
    made = Deck(phrase.orchestration, CHIP_SOUNDFONT, RATE)
    yield made
    made.close()


def sound(deck: Deck, frames: int) -> np.ndarray:
    while deck.head < frames and not deck.done:
        deck.make_block()
    blocks = [block.dry + block.wet for block in deck.blocks]
    return np.concatenate(blocks)[:frames]


@pytest.mark.parametrize("block", [512, 2048])
def test_room_by_blocks_is_the_room_at_once(block: int) -> None:
    room = Room(seconds=1.2)
    send = np.random.default_rng(1).standard_normal(block * 60).astype(np.float32)
    send[block * 30 :] = 0.0
    convolver = Convolver(room, RATE, block)
    parts = [convolver.process(send[start : start + block]) for start in range(0, len(send), block)]
    expected = wet(np.stack([send, send]), room, RATE, frames=None)[:, : len(send)]
    assert np.max(np.abs(np.concatenate(parts, axis=1) - expected)) < 1e-5 * np.max(np.abs(expected))
    for _ in range(200):
        convolver.process(np.zeros(block, np.float32))
    assert not convolver.rings


def test_repeats_sound_as_the_rendered_loop(deck: Deck, take: Take, phrase: Phrase) -> None:
    deck.begin(0, lambda _: (take, 0), lambda: 0.5, first=take)
    live = sound(deck, 3 * take.frames)[2 * take.frames :]
    loop = render_mix(arrange(phrase), CHIP_SOUNDFONT, RATE)
    scale = float(np.sum(live * loop) / np.sum(loop * loop))  # the rendered one may be turned down by its peak
    rest = live / scale - loop
    # what is left is the constant offset that rendering takes away
    assert np.sqrt(np.mean((rest - rest.mean(axis=0)) ** 2)) < 1e-3 * np.sqrt(np.mean(loop**2))


@pytest.mark.parametrize("rate", [RATE, 96000])
def test_the_third_pass_is_the_fourth(tiny_pack: Path, rate: int) -> None:
    # the first two lack tails of what was before them; after that nothing may depend on how often a voice was used
    phrase = Composer(find_pack(tiny_pack)).compose(seed=5, style="rock", intensity=0.9, bars=1, tempo=160)
    deck, take = Deck(phrase.orchestration, CHIP_SOUNDFONT, rate), make_take(phrase, rate)
    deck.begin(0, lambda _: (take, 0), lambda: 0.9, first=take)
    heard = sound(deck, 4 * take.frames)
    deck.close()
    third, fourth = heard[2 * take.frames : 3 * take.frames], heard[3 * take.frames :]
    assert np.max(np.abs(fourth)) > 0.05
    assert np.max(np.abs(third - fourth)) <= 1 / 32768


def test_stems_add_up_to_the_mix(phrase: Phrase, take: Take) -> None:
    def play(roles: tuple[Role, ...]) -> np.ndarray:
        one = Deck(phrase.orchestration, CHIP_SOUNDFONT, RATE)
        for role, fader in one.stems.items():
            fader.value = fader.target = 1.0 if role in roles else 0.0
        one.begin(0, lambda _: (take, 0), lambda: 0.5, first=take)
        result = sound(one, take.frames)
        one.close()
        return result

    mix = play(tuple(Role))
    stems = [play((role,)) for role in Role]
    assert sum(bool(np.any(stem)) for stem in stems) >= 3
    assert np.max(np.abs(sum(stems) - mix)) < 1e-5
    # the control: without one of them they do not
    assert np.max(np.abs(sum(stems[1:]) - mix)) > 1e-3


def test_a_cut_ahead_lets_notes_ring_and_then_all_is_silent(deck: Deck, take: Take) -> None:
    deck.begin(0, lambda _: (take, 0), lambda: 0.5, first=take)
    cut = take.bar_frames[1]
    deck.cut(cut)
    heard = sound(deck, 20 * RATE)
    assert deck.done
    assert np.any(heard[cut + 2000 : cut + 4000])
    assert np.max(np.abs(heard[-100:])) < 1e-4


def test_a_late_cut_silences_what_was_made_without_a_click(deck: Deck, take: Take) -> None:
    deck.begin(0, lambda _: (take, 0), lambda: 0.5, first=take)
    while deck.head < 2 * RATE:
        deck.make_block()
    cut = RATE + 100
    before = np.concatenate([block.dry.copy() for block in deck.blocks])
    deck.cut(cut)
    after = np.concatenate([block.dry for block in deck.blocks])
    assert np.array_equal(after[:cut], before[:cut])
    assert not np.any(after[cut + round(0.03 * RATE) + 1 :])
    # no step is larger than those of the music itself
    assert np.max(np.abs(np.diff(after, axis=0))) <= np.max(np.abs(np.diff(before, axis=0))) + 1e-4
    while not deck.done:
        deck.make_block()
        assert not np.any(deck.blocks[-1].dry)


def test_boundaries(deck: Deck, take: Take) -> None:
    deck.begin(6400, lambda _: (take, 0), lambda: 0.5, first=take)
    deck.make_block()
    assert deck.boundary("beat", 6401)[0] == 6400 + take.pulses[1]
    frame, placed, bars = deck.boundary("bar", 6401 + take.bar_frames[1])
    assert (frame, bars) == (6400 + take.bar_frames[2], 2)
    assert placed.take is take
    assert deck.boundary("phrase", 6401)[0] == 6400 + take.frames
    # beyond what is known it counts on a repeat
    assert deck.boundary("bar", 6401 + take.frames)[0] == 6400 + take.frames + take.bar_frames[1]


def test_marks_tell_every_bar_once(deck: Deck, take: Take) -> None:
    deck.begin(0, lambda _: (take, 0), lambda: 0.5, first=take)
    while deck.head < 2 * take.frames - 64:
        deck.make_block()
    wanted = [start + bar for start in (0, take.frames) for bar in take.bar_frames[:-1]]
    assert [mark.frame for mark in deck.marks][: len(wanted)] == wanted
    assert [mark.first for mark in deck.marks][: take.phrase.bars] == [True] + [False] * (take.phrase.bars - 1)


def test_joining_at_a_bar_begins_there(deck: Deck, take: Take) -> None:
    deck.begin(640, lambda _: (take, 0), lambda: 0.5, first=take, bar=2)
    deck.make_block()
    assert deck.marks[0].bar == 2
    assert deck.boundary("bar", 641)[0] == 640 + take.bar_frames[3] - take.bar_frames[2]


def test_layers_come_at_the_beat_and_fade(deck: Deck, take: Take) -> None:
    intensity = [0.1]
    deck.begin(0, lambda _: (take, 0), lambda: intensity[0], first=take)
    counter = next(player for player in deck._players if player.role is Role.COUNTER)
    deck.make_block()
    assert counter.line is None
    intensity[0] = 0.9
    while deck.head <= take.pulses[1]:
        assert counter.line is None
        deck.make_block()
    assert counter.line is not None
    assert 0.0 < counter.layer.value < 1.0
    while deck.head <= take.pulses[2] + deck.block:
        deck.make_block()
    assert counter.layer.value == 1.0
