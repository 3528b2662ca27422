"""Arrangement -> stems and mix that loop exactly.

A loop is one period of the steady state: what the players would sound like if they had always been playing it. It
is rendered from silence, pass after pass, until the last voice of the first pass has ended. From one period before
that moment on, every voice that the steady state has is there; so the last period rendered *is* the loop, and it costs
one pass and one tail rather than two passes. It is mixed round a buffer of one period while it is played, so it needs
no turning either, and little memory beside itself.

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
from gamemusic.audio.mixdown import Mixdown, Recorder, Stemdown
from gamemusic.audio.priming import prime
from gamemusic.audio.reverb import impulse_response
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
"""Frames that are mixed at once, and between two looks at which voices still sound; a multiple of the block."""

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
    finished = _render(arrangement, soundfont, check_sample_rate(sample_rate), extra_passes, Stemdown)
    mix = _sum(finished, _least_frames(arrangement, sample_rate))
    gain = _peak_gain([mix, *finished])
    loops = arrangement.ending == "loop"
    if not loops:
        _ring_out([mix, *finished], gain, _least_frames(arrangement, sample_rate), sample_rate)
    for sound in (mix, *finished):
        sound *= np.float32(gain)
    return Stems(
        sample_rate=sample_rate,
        stems={part.role: stem for part, stem in zip(arrangement.parts, finished, strict=True)},
        mix=mix,
        gain_db=amplitude_to_db(gain) if gain < 1.0 else 0.0,
        loops=loops,
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
    (mix,) = _render(arrangement, soundfont, check_sample_rate(sample_rate), extra_passes, Mixdown)
    gain = _peak_gain([mix])
    if arrangement.ending != "loop":
        _ring_out([mix], gain, _least_frames(arrangement, sample_rate), sample_rate)
    mix *= np.float32(gain)
    return mix, amplitude_to_db(gain) if gain < 1.0 else 0.0


def _render(
    arrangement: Arrangement,
    soundfont: Path,
    sample_rate: int,
    extra_passes: int,
    kind: type[Mixdown | Stemdown],
) -> list[Audio]:
    """Return what ``kind`` makes of the parts, in the room: (frames, 2) each, longer than it sounds if it ends."""
    parts, room, loops = arrangement.parts, arrangement.room, arrangement.ending == "loop"
    frames = dry_frames = _least_frames(arrangement, sample_rate)
    if not any(part.notes for part in parts):
        return [np.zeros((frames, 2), np.float32) for _ in (parts if kind is Stemdown else (None,))]
    events = schedule(parts, total_subticks=arrangement.subticks, total_frames=frames, loops=loops)
    with Synth(soundfont, sample_rate=sample_rate, channels=len(parts)) as synth:
        for channel, part in enumerate(parts):
            synth.select(channel, *preset_of(part.role, part.instrument))
        prime(synth)
        # measured while the synthesizer holds the samples, so that they are decoded only once
        gains = np.array([_part_gains(part, soundfont) for part in parts], np.float32)
        sends = gains.mean(axis=1) * np.array([part.instrument.reverb for part in parts], np.float32)
        if loops:
            recorder = kind(frames, gains, sends)
            tail_frames = round(LOOP_TAIL_SECONDS * sample_rate)
            render_loop(synth, events, frames, recorder, tail_frames=tail_frames, extra_passes=extra_passes)
            recorder.centre()
        else:
            tail_frames = round(CADENCE_TAIL_SECONDS * sample_rate)
            room_frames = impulse_response(room, sample_rate).shape[1]
            recorder = kind(-(-(frames + tail_frames + room_frames) // BLOCK_FRAMES) * BLOCK_FRAMES, gains, sends)
            dry_frames = render_once(synth, events, frames, recorder, tail_frames=tail_frames)
    return recorder.finish(room, sample_rate, dry_frames=dry_frames, wraps=loops)


def render_loop(
    synth: Synth,
    events: Sequence[Event],
    frames: int,
    recorder: Recorder,
    *,
    tail_frames: int,
    extra_passes: int = 0,
) -> None:
    """Write one period of the steady state, dry, to ``recorder``.

    Args:
        synth: Primed, with its presets selected.
        events: Of one pass, sorted.
        frames: The period. The result loops only when it is a multiple of 64.
        recorder: Takes a row a channel, again and again round ``frames``; what it took last is the loop.
        tail_frames: How long to wait for the first pass to end its ringing.
        extra_passes: How many more periods are played before the result is taken.
    """
    played = _play_round(synth, events, frames, recorder)
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


def render_once(synth: Synth, events: Sequence[Event], frames: int, recorder: Recorder, *, tail_frames: int) -> int:
    """Write ``frames`` frames and what rings after them, dry, to ``recorder``; return how many that are.

    What still rings after ``tail_frames`` is faded out before that.
    """
    done = sum(_play(synth, events, frames, recorder))
    _apply(synth, [event for event in events if event.frame >= frames])
    most = frames + tail_frames // BLOCK_FRAMES * BLOCK_FRAMES
    rows = np.zeros((synth.channels, CHUNK_FRAMES), np.float32)
    while synth.sounding() and done < most:
        step = min(CHUNK_FRAMES, most - done)
        synth.render(rows, 0, step)
        recorder.write(done, rows[:, :step])
        done += step
    if synth.sounding():
        recorder.fade_out(done - tail_frames // 4, done)
    return done


def _play_round(synth: Synth, events: Sequence[Event], frames: int, recorder: Recorder) -> Iterator[int]:
    """Play pass after pass, yielding after each chunk how many frames were played."""
    done = 0
    while True:
        for step in _play(synth, events, frames, recorder):
            done += step
            yield done


def _play(synth: Synth, events: Sequence[Event], frames: int, recorder: Recorder) -> Iterator[int]:
    """Play one pass, and yield the length of each chunk when it was written."""
    rows = np.zeros((synth.channels, CHUNK_FRAMES), np.float32)
    for start, stop, now in _steps(events, frames):
        _apply(synth, now)
        place = start % CHUNK_FRAMES
        synth.render(rows, place, stop - start)
        if stop % CHUNK_FRAMES == 0 or stop == frames:
            chunk = place + stop - start
            recorder.write(stop - chunk, rows[:, :chunk])
            yield chunk


def _steps(events: Sequence[Event], frames: int) -> Iterator[tuple[int, int, list[Event]]]:
    """Yield (start, stop, events at start), each within one chunk and without a gap."""
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


def _sum(stems: Sequence[Audio], frames: int) -> Audio:
    if not stems:
        return np.zeros((frames, 2), np.float32)
    mix = stems[0].copy()
    for stem in stems[1:]:
        mix += stem
    return mix


def _peak_gain(everything: Sequence[Audio]) -> float:
    highest = max(peak(sound) for sound in everything)
    limit = db_to_amplitude(PEAK_LIMIT_DB)
    return limit / highest if highest > limit else 1.0


def _ring_out(everything: Sequence[Audio], gain: float, least: int, sample_rate: int) -> None:
    """Cut all sounds where the last of them has become inaudible, at a whole block and to exact silence.

    Args:
        everything: Sounds of one length, at least ``least``; changed in place.
        gain: What they are about to be multiplied by.
        least: Shortest length, in frames: that of the written bars.
        sample_rate: In hertz.
    """
    threshold = db_to_amplitude(INAUDIBLE_DB) / gain
    stop = max(least, *(_audible_frames(sound, threshold) for sound in everything))
    stop = -(-stop // BLOCK_FRAMES) * BLOCK_FRAMES
    fade = round(ENDING_FADE_SECONDS * sample_rate)
    slope = np.linspace(1.0, 0.0, fade, dtype=np.float32)[-stop:, None]
    for sound in everything:
        sound.resize((stop, 2), refcheck=False)  # a slice would keep all of it in memory, and a copy take as much again
        sound[-fade:] *= slope


def _audible_frames(sound: Audio, threshold: float) -> int:
    """Return how many frames there are up to the last one that reaches ``threshold``."""
    for stop in range(len(sound), 0, -CHUNK_FRAMES):
        start = max(0, stop - CHUNK_FRAMES)
        audible = np.flatnonzero(np.max(np.abs(sound[start:stop]), axis=1) >= threshold)
        if len(audible):
            return start + int(audible[-1]) + 1
    return 0
