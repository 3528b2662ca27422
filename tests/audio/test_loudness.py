"""Loudness against the standard's own figures."""

from __future__ import annotations

import numpy as np
import pytest

from gamemusic.audio.balance import pan_gains
from gamemusic.audio.loudness import (
    amplitude_to_db,
    db_to_amplitude,
    k_response,
    loudness,
    peak,
    short_loudness,
    silent_bars,
    true_peak,
)


@pytest.mark.parametrize("rate", [32000, 44100, 48000])
def test_a_sine_of_full_scale_in_one_channel_reads_minus_three(rate: int) -> None:
    # ITU-R BS.1770-4: 997 Hz, 0 dBFS, one front channel: -3.01 LKFS
    sine = np.sin(2 * np.pi * 997 * np.arange(4 * rate) / rate)
    audio = np.stack([sine, np.zeros_like(sine)], axis=1).astype(np.float32)
    assert loudness(audio, rate) == pytest.approx(-3.01, abs=0.05)


def test_k_weighting_is_the_standards_at_48_khz() -> None:
    # the table of coefficients in BS.1770-4, annex 1
    frequencies = np.array([20.0, 100.0, 1000.0, 5000.0, 15000.0])
    delay = np.exp(-2j * np.pi * frequencies / 48000)
    shelf = (1.53512485958697 - 2.69169618940638 * delay + 1.19839281085285 * delay**2) / (
        1 - 1.69065929318241 * delay + 0.73248077421585 * delay**2
    )
    cut = (1 - 2 * delay + delay**2) / (1 - 1.99004745483398 * delay + 0.99007225036621 * delay**2)
    assert k_response(frequencies, 48000) == pytest.approx(shelf * cut, rel=1e-6)


def test_silence_and_gating() -> None:
    assert loudness(np.zeros((48000, 2), np.float32), 48000) == -70.0
    rng = np.random.default_rng(0)
    sound = (0.1 * rng.standard_normal((4 * 48000, 2))).astype(np.float32)
    with_pause = np.concatenate([sound, np.zeros_like(sound)])
    assert loudness(with_pause, 48000) == pytest.approx(loudness(sound, 48000), abs=0.3)
    assert loudness(0.5 * sound, 48000) - loudness(sound, 48000) == pytest.approx(-6.02, abs=0.01)


@pytest.mark.parametrize("rate", [8000, 44100, 96000])
@pytest.mark.parametrize("seconds", [0.1, 0.4, 3.0, 9.7])
def test_loudness_by_blocks_is_that_of_all_at_once(rate: int, seconds: float) -> None:
    audio = (0.1 * np.random.default_rng(3).standard_normal((round(seconds * rate), 2))).astype(np.float32)
    audio[len(audio) // 3 :] *= 3.0
    size = 1 << int(np.ceil(np.log2(2 * len(audio))))
    weight = k_response(np.asarray(np.fft.rfftfreq(size, 1 / rate), np.float64), rate)[:, None]
    heard = np.fft.irfft(np.fft.rfft(audio.astype(np.float64), size, axis=0) * weight, size, axis=0)[: len(audio)]
    window = min(len(audio), round(0.4 * rate))
    expected = [
        -0.691 + 10 * np.log10(np.sum(heard[start : start + window] ** 2) / window)
        for start in range(0, len(audio) - window + 1, window // 4)
    ]
    assert short_loudness(audio, rate) == pytest.approx(expected, abs=1e-4)


def test_true_peak_by_windows_is_that_of_all_at_once() -> None:
    # a sine of a quarter of the rate, sampled at 45 degrees, peaks 3 dB above its samples; here it lies late
    audio = np.zeros((200_000, 2), np.float32)
    audio[:, 0] = 0.3 * np.sin(np.pi / 2 * np.arange(200_000) + np.pi / 4)
    audio[150_000:150_400, 1] = 0.6 * np.sin(np.pi / 2 * np.arange(400) + np.pi / 4)
    whole = np.fft.irfft(np.fft.rfft(audio, axis=0), 4 * len(audio), axis=0) * 4
    assert true_peak(audio) == pytest.approx(float(np.max(np.abs(whole))), rel=1e-3)
    assert true_peak(audio) > 1.3 * peak(audio)


@pytest.mark.parametrize("size", [9, 40])
def test_true_peak_is_found_wherever_windows_meet(size: int) -> None:
    """A burst that is highest between its samples, at each place around the first border, gains the same."""
    burst = 0.5 * np.sin(np.pi / 2 * np.arange(size) + np.pi / 4)
    window, step = 1 << 15, (1 << 15) - 512
    found = []
    for place in (0, 1, 1000, *range(step - 300, step + 300, 7), *range(window - 600, window + 40, 7), 2 * step - 5):
        audio = np.zeros((70_000, 1), np.float32)
        audio[place : place + size, 0] = burst
        found.append(true_peak(audio))
    assert found == pytest.approx([found[2]] * len(found), rel=1e-3)
    whole = np.zeros((4096, 1))
    whole[1000 : 1000 + size, 0] = burst
    assert found[2] == pytest.approx(
        np.abs(np.fft.irfft(np.fft.rfft(whole, axis=0), 4 * 4096, axis=0) * 4).max(), rel=1e-3
    )


@pytest.mark.parametrize("eighths", [0, 1, 2, 3])
def test_true_peak_sees_each_quarter_between_samples(eighths: int) -> None:
    """Of a sine of a quarter of the rate, which is highest at a sample, or at one of three places after it."""
    sine = 0.5 * np.sin(np.pi / 2 * np.arange(4096) + np.pi / 8 * eighths)
    assert true_peak(sine[:, None].astype(np.float32)) == pytest.approx(0.5, rel=0.06)
    middle = np.hanning(4096) * sine  # without the step at its ends, which rings
    assert true_peak(middle[:, None].astype(np.float32)) == pytest.approx(0.5, rel=0.003)


def test_true_peak_of_a_quiet_window_beside_a_louder_one() -> None:
    """What gains most between its samples, 4.7 dB here, is not passed over because others are larger as samples."""
    audio = np.zeros((100_000, 1), np.float32)
    audio[1000] = 0.5  # a single sample gains nothing
    pulses = np.array([1.0, -1.0] * 4 + [-1.0, 1.0] * 4, np.float32)  # in step with the band's end but for the middle
    audio[80_000:80_016, 0] = 0.35 * pulses
    assert true_peak(audio[70_000:]) > 0.55
    assert true_peak(audio) == pytest.approx(true_peak(audio[70_000:]), rel=1e-3)


def test_silent_bars_are_counted_from_one() -> None:
    mix = np.zeros((4000, 2), np.float32)
    mix[0:1000] = 0.5
    mix[2500, 1] = 0.0011  # just above -60 dB
    mix[3500, 0] = 0.0009  # just below
    assert silent_bars(mix, 4) == [2, 4]
    assert silent_bars(mix, 4, threshold_db=-80.0) == [2]


def test_small_things() -> None:
    assert peak(np.zeros((0, 2), np.float32)) == 0.0
    assert peak(np.array([[-0.5, 0.25]], np.float32)) == 0.5
    assert amplitude_to_db(db_to_amplitude(-7.0)) == pytest.approx(-7.0)
    assert pan_gains(0.0) == pytest.approx((1.0, 1.0))
    assert pan_gains(-1.0) == pytest.approx((2**0.5, 0.0), abs=1e-12)
    left, right = pan_gains(0.4)
    assert left**2 + right**2 == pytest.approx(2.0) and right > left
