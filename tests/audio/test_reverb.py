"""The room: decays as asked, wraps exactly, and is linear."""

from __future__ import annotations

import numpy as np
import pytest

from gamemusic.audio.loudness import loudness
from gamemusic.audio.reverb import add_wet, impulse_response, wet
from gamemusic.score.orchestration import Room

RATE = 32000


def noise(frames: int, *, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return (0.1 * np.random.default_rng(seed).standard_normal((2, frames))).astype(np.float32)


@pytest.mark.parametrize("frames", [100, 9000, 30000])
def test_convolution_is_numpys(frames: int) -> None:
    # shorter than a block, and of several
    send, room = noise(frames), Room(seconds=0.1, level_db=-6.0)
    response = impulse_response(room, RATE) * 10 ** (-6 / 20)
    expected = np.stack([np.convolve(send.mean(axis=0), row) for row in response])
    answer = wet(send, room, RATE, frames=None)
    assert answer.shape == expected.shape
    assert np.max(np.abs(answer - expected)) < 1e-5


def test_a_loop_of_the_room_is_the_steady_state() -> None:
    # played many times over in a line, the last period is what the circular form gives at once
    period = noise(6400)
    room = Room(seconds=1.0)
    line = wet(np.tile(period, 10), room, RATE, frames=None)[:, 9 * 6400 : 10 * 6400]
    assert np.max(np.abs(wet(period, room, RATE, frames=6400) - line)) < 1e-6


@pytest.mark.parametrize("frames", [64, 6400, 60_000, 61_440])
def test_what_lies_behind_the_loop_wraps_as_often_as_it_takes(frames: int) -> None:
    period, room = noise(frames), Room(seconds=0.5)
    answer = wet(period, room, RATE, frames=None).astype(np.float64)
    folded = np.zeros((2, frames))
    for start in range(0, answer.shape[1], frames):
        part = answer[:, start : start + frames]
        folded[:, : part.shape[1]] += part
    assert answer.shape[1] > (3 if frames < 10_000 else 1) * frames
    assert np.max(np.abs(wet(period, room, RATE, frames=frames) - folded)) < 1e-5


def test_the_room_is_added_to_what_is_there() -> None:
    send, room = noise(6400), Room(seconds=0.5)
    sound = noise(6400, seed=1).T.copy()
    expected = sound + wet(send, room, RATE, frames=6400).T
    add_wet(sound, send.mean(axis=0), room, RATE, wraps=True)
    assert np.max(np.abs(sound - expected)) < 1e-6


@pytest.mark.parametrize("seconds", [0.5, 2.0])
def test_it_falls_by_sixty_decibels_in_time(seconds: float) -> None:
    response = impulse_response(Room(seconds=seconds, damping=0.0), RATE).astype(np.float64)
    left = np.cumsum(np.sum(response**2, axis=0)[::-1])[::-1]  # Schroeder's integral
    level = 10 * np.log10(left / left[0] + 1e-20)
    times = np.arange(len(level)) / RATE
    slope = np.polyfit(times[(level < -5) & (level > -35)], level[(level < -5) & (level > -35)], 1)[0]
    assert -60 / slope == pytest.approx(seconds, rel=0.1)


def test_damping_takes_the_treble() -> None:
    def treble(damping: float) -> float:
        late = impulse_response(Room(seconds=1.5, damping=damping), RATE)[:, RATE // 2 :]
        power = np.abs(np.fft.rfft(late, axis=1)).sum(0) ** 2
        return float(power[len(power) // 2 :].sum() / power.sum())

    assert treble(1.0) < 0.1 * treble(0.0)


@pytest.mark.parametrize("damping", [0.0, 0.5, 1.0])
def test_level_is_loudness_against_the_dry_sound(damping: float) -> None:
    # music's spectrum: pink, the same in both ears
    spectrum = np.fft.rfft(noise(8 * RATE)[0]) / np.sqrt(np.arange(8 * RATE // 2 + 1) + 1)
    pink = np.tile(np.fft.irfft(spectrum), (2, 1)).astype(np.float32)
    answer = wet(pink, Room(damping=damping, level_db=-9.0), RATE, frames=8 * RATE)
    assert loudness(answer.T, RATE) - loudness(pink.T, RATE) == pytest.approx(-9.0, abs=1.0)


def test_the_ears_hear_different_rooms() -> None:
    left, right = impulse_response(Room(), RATE)
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.1


def test_the_same_again() -> None:
    first = impulse_response(Room(), RATE).tobytes()
    impulse_response.__globals__["_impulse_response"].cache_clear()
    assert impulse_response(Room(), RATE).tobytes() == first
