"""Beats of music that somebody played freely: a tempo from the distances of onsets, then the best chain of beats.

The chain is found by dynamic programming, as D. P. W. Ellis does in audio ("Beat Tracking by Dynamic Programming",
Journal of New Music Research 36, 2007): a beat is worth what is struck there, less what it costs that its distance from
the one before differs from the tempo and, here, from the distance before that: a tempo may wander, but not jump. All of
it is whole numbers, so that every machine finds the same beats.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["LEAST_PERIOD", "MOST_MILLISECONDS", "find_beats", "find_period"]

MOST_MILLISECONDS = 1_800_000
"""Longest music in which beats are looked for: half an hour, which takes 20 seconds and 40 MB."""
_FRAME = 10
"""Milliseconds of a frame, in which beats are looked for before they are moved to what is struck there."""
_KERNEL = (1, 3, 6, 8, 6, 3, 1)
"""How much a stroke counts in the frames around it: a chord's notes are struck within some hundredths of a second."""
_PERIODS = range(30, 151)
"""Distances of beats that are tried, in frames: 200 to 40 beats a minute."""
LEAST_PERIOD = _FRAME * _PERIODS[0]
"""Shortest distance of beats, in milliseconds."""
_USUAL_PERIOD = 60
"""The likeliest of them, 100 beats a minute; half and twice that are half as likely."""
_LOUDEST = 40
"""Most that strokes count in one frame, so that one thick chord does not outweigh the rhythm."""
_MEAN = 100
"""What a stroke counts on average, once all are scaled."""
_STIFFNESS, _HURRY = 1, 8
"""What it costs that beats are not as far apart as usual, and not as far as the ones before, times `_squared_ratio`."""
_REACH = 45
"""Milliseconds around a beat in which the strokes are that it is moved to."""

Ints = npt.NDArray[np.int64]


def find_period(onsets: Sequence[int], weights: Sequence[int]) -> int:
    """Return the usual distance of beats, in milliseconds; arguments as of `find_beats`."""
    strokes = _strokes(np.array(onsets, dtype=np.int64), np.array(weights, dtype=np.int64))
    return _find_period(strokes) * _FRAME


def find_beats(onsets: Sequence[int], weights: Sequence[int], period: int) -> list[int]:
    """Return the times of the beats, in milliseconds, from the first onset or before it to behind the last one.

    Args:
        onsets: Times of strokes, in milliseconds from 0 to `MOST_MILLISECONDS`, sorted; at least two different ones.
        weights: How much each of them counts.
        period: The usual distance of beats, in milliseconds, at least `LEAST_PERIOD`.
    """
    times, sizes = np.array(onsets, dtype=np.int64), np.array(weights, dtype=np.int64)
    beats = [_move(frame * _FRAME, times, sizes) for frame in _chain(_strokes(times, sizes), period // _FRAME)]
    beats = [beat for index, beat in enumerate(beats) if index == 0 or beat > beats[index - 1]]
    if len(beats) == 1:
        beats.append(beats[0] + period)
    while beats[0] > times[0]:
        beats.insert(0, 2 * beats[0] - beats[1])
    while beats[-1] <= times[-1]:
        beats.append(2 * beats[-1] - beats[-2])
    return beats


def _strokes(times: Ints, weights: Ints) -> Ints:
    """Return how much is struck in each frame, spread over its neighbours, on average `_MEAN` where anything is."""
    frames = np.zeros(int(times[-1]) // _FRAME + len(_KERNEL) + 1, dtype=np.int64)
    np.add.at(frames, times // _FRAME, weights)
    frames = np.minimum(frames, _LOUDEST)
    spread = np.convolve(frames, np.array(_KERNEL, dtype=np.int64), mode="same")
    struck = frames > 0
    return spread * _MEAN // max(1, int(spread[struck].sum()) // int(struck.sum()))


def _find_period(strokes: Ints) -> int:
    """Return the usual distance of beats, in frames: strokes follow strokes at it, at twice and at half of it."""
    centred = strokes - int(strokes.sum()) // len(strokes)
    longest = 2 * _PERIODS[-1] + 1
    follow = [int(np.dot(centred[: max(0, len(centred) - lag)], centred[lag:])) for lag in range(longest + 1)]

    def near(lag: int) -> int:
        return max(follow[lag - 1 : lag + 2])

    def fit(period: int) -> int:
        found = 2 * near(period) + near(2 * period) + near(period // 2)
        ratio = 1000 * max(period, _USUAL_PERIOD) // min(period, _USUAL_PERIOD) - 1000
        return max(0, found) * 1000 // (1000 + ratio * ratio // 1000)

    return max(_PERIODS, key=lambda period: (fit(period), -abs(period - _USUAL_PERIOD)))


def _chain(strokes: Ints, period: int) -> list[int]:
    """Return the frames of the best chain of beats, each of which has a frame and a distance from the one before."""
    distances = np.arange(period * 3 // 4, period * 4 // 3 + 1, dtype=np.int64)
    count, longest = len(distances), int(distances[-1])
    change = _HURRY * _squared_ratio(distances[:, None], distances[None, :])  # (distances, distances before)
    away = _STIFFNESS * _squared_ratio(distances, np.int64(period))
    total = np.zeros((longest + len(strokes), count), dtype=np.int64)  # before the beginning nothing is worth anything
    back = np.zeros((len(strokes), count), dtype=np.int16)
    rows = np.arange(count)
    for frame, struck in enumerate(strokes.tolist()):
        before = total[longest + frame - distances] - change  # (distances, distances before)
        best = before.argmax(axis=1)
        worth = before[rows, best] - away
        total[longest + frame] = struck + np.maximum(worth, 0)
        back[frame] = np.where(worth > 0, best, -1)
    last = max(0, len(strokes) - period)
    frame, state = divmod(int(total[longest + last :].argmax()), count)
    frame += last
    beats = []
    while frame >= 0:
        beats.append(frame)
        before_state = int(back[frame, state])
        if before_state < 0:
            break
        frame, state = frame - int(distances[state]), before_state
    return beats[::-1]


def _squared_ratio(one: Ints, other: Ints | np.int64) -> Ints:
    """Return the square of how much more the longer of two distances is, in thousandths, by 1000."""
    ratio = 1000 * np.maximum(one, other) // np.minimum(one, other) - 1000
    found: Ints = ratio * ratio // 1000
    return found


def _move(beat: int, times: Ints, weights: Ints) -> int:
    """Return the time of the strokes near a beat, in their middle by weight; the beat where there are none."""
    first, after = np.searchsorted(times, (beat - _REACH, beat + _REACH + 1))
    if first == after:
        return beat
    near, sizes = times[first:after], weights[first:after]
    return int(near[np.searchsorted(np.cumsum(sizes), (int(sizes.sum()) + 1) // 2)])
