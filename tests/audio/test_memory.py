"""Memory that sound takes beside itself does not grow with it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from arrangements import arrangement

from gamemusic.audio.compressed import encode
from gamemusic.audio.loops import render_mix, render_stems
from gamemusic.audio.loudness import loudness, true_peak
from gamemusic.audio.soundfont import CHIP_SOUNDFONT
from gamemusic.audio.wavfile import encode_wav
from gamemusic.errors import MissingError
from gamemusic.score.orchestration import Room
from gamemusic.score.phrase import Role

RATE = 8000
SHORT, LONG = 3, 9
"""Bars."""


def peak_bytes(action: Callable[[], object]) -> int:
    """Return the most bytes that numpy and Python held at once beyond what was there before."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        action()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def growth(action: Callable[[int], object], sizes: tuple[int, int]) -> int:
    """Return by how many bytes the peak grows from the first size to the second."""
    for size in sizes:  # caches are filled before
        action(size)
    short, long = (peak_bytes(lambda size=size: action(size)) for size in sizes)  # type: ignore[misc]
    return long - short


@pytest.fixture(scope="module", autouse=True)
def _needs_fluidsynth() -> None:
    try:
        render_mix(arrangement(roles=(Role.LEAD,)), CHIP_SOUNDFONT, RATE)
    except MissingError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("ending", ["loop", "cadence"])
def test_a_mix_takes_itself_and_one_row(ending: str) -> None:
    def render(bars: int) -> npt.NDArray[np.float32]:
        music = arrangement(bars=bars, tempo_bpm=60, ending=ending, room=Room(seconds=0.5))
        return render_mix(music, CHIP_SOUNDFONT, RATE)

    own = render(LONG).nbytes - render(SHORT).nbytes
    # stereo, and what the room hears; the notes are Python's objects
    assert 0.9 * own <= growth(render, (SHORT, LONG)) <= 1.6 * own + 200_000


def test_stems_take_themselves_and_one_row() -> None:
    def render(bars: int) -> int:
        music = arrangement(bars=bars, tempo_bpm=60, room=Room(seconds=0.5))
        stems = render_stems(music, CHIP_SOUNDFONT, RATE)
        return stems.mix.nbytes + sum(stem.nbytes for stem in stems.stems.values())

    own = render(LONG) - render(SHORT)
    assert 0.9 * own <= growth(render, (SHORT, LONG)) <= 1.1 * own + 200_000


def noise(seconds: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(1).uniform(-0.9, 0.9, (seconds * 48000, 2)).astype(np.float32)


@pytest.mark.parametrize("measure", [lambda audio: loudness(audio, 48000), true_peak])
def test_measuring_takes_no_more_for_longer_sound(measure: Callable[[npt.NDArray[np.float32]], float]) -> None:
    sounds = {seconds: noise(seconds) for seconds in (10, 30)}
    assert growth(lambda seconds: measure(sounds[seconds]), (10, 30)) <= 0.05 * 20 * 48000 * 8


@pytest.mark.parametrize("bit_depth", ["16", "24", "32f"])
def test_writing_wav_takes_the_file_alone(bit_depth: str) -> None:
    sounds = {seconds: noise(seconds) for seconds in (10, 30)}
    own = len(encode_wav(sounds[30], 48000, bit_depth=bit_depth)) - len(
        encode_wav(sounds[10], 48000, bit_depth=bit_depth)
    )
    # a buffer that grows keeps an eighth in reserve
    assert growth(lambda seconds: encode_wav(sounds[seconds], 48000, bit_depth=bit_depth), (10, 30)) <= 1.3 * own


@pytest.mark.parametrize("suffix", [".flac", ".ogg"])
def test_compressing_takes_a_few_times_the_file(suffix: str) -> None:
    pytest.importorskip("soundfile")
    sounds = {seconds: noise(seconds) for seconds in (4, 12)}
    own = len(encode(sounds[12], 48000, suffix)) - len(encode(sounds[4], 48000, suffix))
    # comments are put in afterwards, which takes the file again page by page
    assert growth(lambda seconds: encode(sounds[seconds], 48000, suffix), (4, 12)) <= 5 * own
