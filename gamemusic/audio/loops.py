"""Arrangement -> stems and mix that loop exactly.

A loop is one period of the steady state: what the players would sound like if they had always been playing it. It
is rendered from silence, pass after pass, until the last voice of the first pass has ended. From one period before
that moment on, every voice that the steady state has is there; so the last period rendered *is* the loop, and it costs
one pass and one tail rather than two passes. It is written round a buffer of one period, so it needs no turning either.

The next period would be the same to the bit, since every voice has the same past and the same panning (see
`gamemusic.audio.priming` and `gamemusic.audio.synth.HARD_RIGHT`); where a part stands is the mixer's business.

Behind the synthesizer everything is linear, so the stems add up to the mix.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gamemusic.audio.balance import pan_gains, preset_of, stem_gain_db
from gamemusic.audio.loudness import amplitude_to_db, db_to_amplitude, peak
from gamemusic.audio.priming import prime
from gamemusic.audio.reverb import wet
from gamemusic.audio.schedule import Event, EventKind, schedule
from gamemusic.audio.synth import Synth, check_sample_rate
from gamemusic.score.parts import Arrangement, Part
from gamemusic.score.phrase import Role
from gamemusic.units import BLOCK_FRAMES, loop_frames

__all__ = ["Stems", "render_level", "render_mix", "render_stems"]

logger = logging.getLogger(__name__)

Audio = npt.NDArray[np.float32]

PEAK_LIMIT_DB = -1.0
"""Highest sample allowed, in dB of full scale; the rest is room for what resampling and lossy codecs add."""

CHUNK_FRAMES = 4096
"""Most frames between two looks at which voices still sound; a multiple of the block."""

LOOP_TAIL_SECONDS = 60.0
"""How long to wait for the first pass to end its ringing; a crash cymbal needs ten."""

CADENCE_TAIL_SECONDS = 12.0
"""Longest time that an ending rings."""

INAUDIBLE_DB = -80.0
"""An ending is over when it stays below this."""

ENDING_FADE_SECONDS = 0.02
"""How long the last of it, hardly audible, takes to reach exact silence."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stems:
    """A rendered arrangement."""

    sample_rate: int
    """In hertz."""
    stems: Mapping[Role, Audio]
    """Each role's finished sound with its share of the room, float32, shape (frames, 2)."""
    mix: Audio
    """The sum of the stems, float32, shape (frames, 2), within -1..1."""
    gain_db: float
    """What the peak rule took from all stems alike, in dB; 0 when nothing was too loud."""
    loops: bool
    """Whether the end leads back to the beginning."""


def render_stems(arrangement: Arrangement, soundfont: Path, sample_rate: int, *, extra_passes: int = 0) -> Stems:
    """Render every role apart, and their sum.

    Args:
        arrangement: What is played. With the ending ``loop`` all arrays are `units.loop_frames` long and loop exactly;
            with ``cadence`` they ring out, end in exact silence, and are a multiple of 64 frames long.
        soundfont: From `find_soundfont`.
        sample_rate: In hertz, 8000..96000.
        extra_passes: Play a loop this much longer and give the last pass: equal to the first one given, by which tests
            and benchmarks prove that it loops.

    Raises:
        InputError, MissingError, FormatError: See `Synth`.
    """
    dry, gains = _render_dry(arrangement, soundfont, check_sample_rate(sample_rate), extra_passes)
    frames = dry.shape[1] if arrangement.ending == "loop" else None
    finished: list[Audio] = []
    for part, row, sides in zip(arrangement.parts, dry, gains, strict=True):
        placed = np.stack([row * side for side in sides])
        send = placed * np.float32(part.instrument.reverb)
        finished.append(_add(wet(send, arrangement.room, sample_rate, frames=frames), placed))
    mix = _sum(finished, dry.shape[1])
    gain = _peak_gain([mix, *finished])
    everything = [mix, *finished]
    if frames is None:
        everything = _ring_out(everything, gain, _least_frames(arrangement, sample_rate), sample_rate)
    for rows in everything:
        rows *= np.float32(gain)
    interleaved = [np.ascontiguousarray(rows.T) for rows in everything]
    return Stems(
        sample_rate=sample_rate,
        stems={part.role: stem for part, stem in zip(arrangement.parts, interleaved[1:], strict=True)},
        mix=interleaved[0],
        gain_db=amplitude_to_db(gain) if gain < 1.0 else 0.0,
        loops=frames is not None,
    )


def render_mix(arrangement: Arrangement, soundfont: Path, sample_rate: int, *, extra_passes: int = 0) -> Audio:
    """Render the mix alone, float32, shape (frames, 2): `render_stems`'s, but one room for all parts is faster.

    Args and Raises: as `render_stems`.
    """
    return render_level(arrangement, soundfont, sample_rate, extra_passes=extra_passes)[0]


def render_level(
    arrangement: Arrangement, soundfont: Path, sample_rate: int, *, extra_passes: int = 0
) -> tuple[Audio, float]:
    """Return `render_mix`'s sound, and what the peak rule took from it in dB, see `Stems.gain_db`."""
    dry, gains = _render_dry(arrangement, soundfont, check_sample_rate(sample_rate), extra_passes)
    frames = dry.shape[1] if arrangement.ending == "loop" else None
    send = np.zeros((2, dry.shape[1]), np.float32)
    for part, row, sides in zip(arrangement.parts, dry, gains, strict=True):
        for ear, side in enumerate(sides):
            send[ear] += row * (side * np.float32(part.instrument.reverb))
    mix = wet(send, arrangement.room, sample_rate, frames=frames)
    del send
    for row, sides in zip(dry, gains, strict=True):
        for ear, side in enumerate(sides):
            mix[ear, : len(row)] += row * side
    gain = _peak_gain([mix])
    if frames is None:
        (mix,) = _ring_out([mix], gain, _least_frames(arrangement, sample_rate), sample_rate)
    mix *= np.float32(gain)
    return np.ascontiguousarray(mix.T), amplitude_to_db(gain) if gain < 1.0 else 0.0


def _render_dry(arrangement: Arrangement, soundfont: Path, sample_rate: int, extra_passes: int) -> tuple[Audio, Audio]:
    """Return a mono row a part, (parts, frames), and the gain of its left and right side, (parts, 2)."""
    parts = arrangement.parts
    frames = _least_frames(arrangement, sample_rate)
    if not any(part.notes for part in parts):
        return np.zeros((len(parts), frames), np.float32), np.ones((len(parts), 2), np.float32)
    loops = arrangement.ending == "loop"
    events = schedule(parts, total_subticks=arrangement.subticks, total_frames=frames, loops=loops)
    with Synth(soundfont, sample_rate=sample_rate, channels=len(parts)) as synth:
        for channel, part in enumerate(parts):
            synth.select(channel, *preset_of(part.role, part.instrument))
        prime(synth)
        # measured while the synthesizer holds the samples, so that they are decoded only once
        gains = [_part_gains(part, soundfont) for part in parts]
        if loops:
            tail_frames = round(LOOP_TAIL_SECONDS * sample_rate)
            rows = render_loop(synth, events, frames, tail_frames=tail_frames, extra_passes=extra_passes)
            # some samples carry a constant offset, which costs room below full scale and clicks when music stops
            rows -= rows.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
        else:
            rows = render_once(synth, events, frames, tail_frames=round(CADENCE_TAIL_SECONDS * sample_rate))
    return rows, np.array(gains, np.float32)


def render_loop(
    synth: Synth, events: Sequence[Event], frames: int, *, tail_frames: int, extra_passes: int = 0
) -> Audio:
    """Return one period of the steady state, dry: (channels, frames).

    Args:
        synth: Primed, with its presets selected.
        events: Of one pass, sorted.
        frames: The period. The result loops only when it is a multiple of 64.
        tail_frames: How long to wait for the first pass to end its ringing.
        extra_passes: How many more periods are played before the result is taken.
    """
    rows = np.zeros((synth.channels, frames), np.float32)
    played = _play_round(synth, events, rows)
    done = next(played)
    while done < frames:
        done = next(played)
    first_pass = synth.sounding()
    while not first_pass.isdisjoint(synth.sounding()):
        if done >= frames + tail_frames:
            logger.warning("a note rings for more than %g seconds; the seam may be heard", LOOP_TAIL_SECONDS)
            break
        done = next(played)
    until = done + extra_passes * frames
    while done < until:
        done = next(played)
    return rows


def render_once(synth: Synth, events: Sequence[Event], frames: int, *, tail_frames: int) -> Audio:
    """Return ``frames`` frames and what rings after them, dry: (channels, frames + tail).

    What still rings after ``tail_frames`` is faded out before that.
    """
    rows = np.zeros((synth.channels, frames + tail_frames // BLOCK_FRAMES * BLOCK_FRAMES), np.float32)
    for start, stop, now in _chunks(events, frames):
        _apply(synth, now)
        synth.render(rows, start, stop - start)
    _apply(synth, [event for event in events if event.frame >= frames])
    done = frames
    while synth.sounding() and done < rows.shape[1]:
        step = min(CHUNK_FRAMES, rows.shape[1] - done)
        synth.render(rows, done, step)
        done += step
    if synth.sounding():
        rows[:, -(tail_frames // 4) :] *= np.linspace(1.0, 0.0, tail_frames // 4, dtype=np.float32)
    return np.ascontiguousarray(rows[:, :done])


def _play_round(synth: Synth, events: Sequence[Event], rows: Audio) -> Iterator[int]:
    """Play pass after pass round ``rows``, yielding after each chunk how many frames were played."""
    chunks = list(_chunks(events, rows.shape[1]))
    done = 0
    while True:
        for start, stop, now in chunks:
            _apply(synth, now)
            synth.render(rows, start, stop - start)
            done += stop - start
            yield done


def _chunks(events: Sequence[Event], frames: int) -> Iterator[tuple[int, int, list[Event]]]:
    """Yield (start, stop, events at start), short enough and without a gap."""
    at: dict[int, list[Event]] = {}
    for event in events:
        at.setdefault(event.frame, []).append(event)
    borders = sorted({*range(0, frames, CHUNK_FRAMES), *(frame for frame in at if frame < frames), frames})
    for start, stop in itertools.pairwise(borders):
        yield start, stop, at.get(start, [])


def _apply(synth: Synth, events: Sequence[Event]) -> None:
    for event in events:
        if event.kind is EventKind.NOTE_ON:
            synth.note_on(event.channel, event.number, event.value)
        elif event.kind is EventKind.NOTE_OFF:
            synth.note_off(event.channel, event.number)
        else:
            synth.control(event.channel, event.number, event.value)


def _part_gains(part: Part, soundfont: Path) -> tuple[float, float]:
    gain = db_to_amplitude(stem_gain_db(part.role, part.instrument, soundfont)) if part.notes else 1.0
    left, right = pan_gains(part.instrument.pan)
    return gain * left, gain * right


def _least_frames(arrangement: Arrangement, sample_rate: int) -> int:
    return loop_frames(arrangement.ticks, arrangement.tempo_bpm, sample_rate)


def _add(rows: Audio, dry: Audio) -> Audio:
    rows[:, : dry.shape[1]] += dry
    return rows


def _sum(stems: Sequence[Audio], frames: int) -> Audio:
    if not stems:
        return np.zeros((2, frames), np.float32)
    mix = stems[0].copy()
    for rows in stems[1:]:
        mix += rows
    return mix


def _peak_gain(everything: Sequence[Audio]) -> float:
    highest = max(peak(rows) for rows in everything)
    limit = db_to_amplitude(PEAK_LIMIT_DB)
    return limit / highest if highest > limit else 1.0


def _ring_out(everything: Sequence[Audio], gain: float, least: int, sample_rate: int) -> list[Audio]:
    """Cut all rows where the last of them has become inaudible, at a whole block and to exact silence.

    Args:
        everything: Rows of one length, at least ``least``.
        gain: What they are about to be multiplied by.
        least: Shortest length, in frames: that of the written bars.
        sample_rate: In hertz.
    """
    threshold = db_to_amplitude(INAUDIBLE_DB) / gain
    stop = least
    for rows in everything:
        audible = np.flatnonzero(np.max(np.abs(rows), axis=0) >= threshold)
        stop = max(stop, int(audible[-1]) + 1 if len(audible) else 0)
    stop = -(-stop // BLOCK_FRAMES) * BLOCK_FRAMES
    fade = round(ENDING_FADE_SECONDS * sample_rate)
    slope = np.linspace(1.0, 0.0, fade, dtype=np.float32)
    result = []
    for rows in everything:
        ended = np.zeros((2, stop), np.float32)
        kept = rows[:, :stop]
        ended[:, : kept.shape[1]] = kept
        ended[:, -fade:] *= slope[-stop:]
        result.append(ended)
    return result
