"""How far each stem is turned up or down, so that levels in presets mean loudness as it is heard.

A soundfont's flute may be 15 dB louder than its harp at the same velocity. So each preset is measured once a process:
a few notes (or chords, or drum strokes) that its role is likely to play, at one fixed velocity. The stem's gain puts
*that* at `REFERENCE_LUFS` plus the instrument's level. The phrase's own notes and velocities have no say in it: soft
phrases stay soft, thin ones thin, and the same instrument has the same gain in every phrase of a game.
"""

from __future__ import annotations

import itertools
import logging
import math
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType

import numpy as np

from gamemusic.audio.loudness import SILENCE_LUFS, short_loudness
from gamemusic.audio.soundfont import soundfont_sha256
from gamemusic.audio.synth import DRUM_BANK, Synth
from gamemusic.score.orchestration import Instrument
from gamemusic.score.phrase import Role
from gamemusic.units import BLOCK_FRAMES

__all__ = ["REFERENCE_LUFS", "pan_gains", "preset_of", "stem_gain_db"]

logger = logging.getLogger(__name__)

REFERENCE_LUFS = -21.5
"""Loudness of an instrument of level 0 at `CALIBRATION_VELOCITY`. Six roles at usual levels then give about -18
LUFS."""

CALIBRATION_VELOCITY = 80
"""Also the velocity that scores give a note by default."""

CALIBRATION_RATE = 32000
"""In hertz. Above 16 kHz nothing adds to loudness."""

GAIN_LIMIT_DB = 36.0
"""A preset that needs more than this is broken or silent in this register, and noise would be all one heard."""

STEP_SECONDS = 0.5

PROBES = MappingProxyType(
    {
        Role.BASS: ((36,), (), (43,), ()),
        Role.HARMONY: ((55, 59, 62), (), (), (57, 60, 64), (), ()),
        Role.TEXTURE: ((60,), (), (67,), (), (74,), ()),
        Role.COUNTER: ((60,), (), (67,), ()),
        Role.LEAD: ((69,), (), (76,), ()),
        Role.DRUMS: ((36, 42), (38, 42), (36, 42), (38, 42)),
    }
)
"""What is played to measure a role's preset: pitches every half second, held until the next; () holds on.

Chords for harmony, since that is what it plays. Long enough for strings that swell.
"""


def stem_gain_db(role: Role, instrument: Instrument, soundfont: Path) -> float:
    """Return the gain, in dB, that brings a dry stem to its place in the mix.

    It is a multiple of 0.1 dB, and the same in every process with the same soundfont.
    """
    bank, program = preset_of(role, instrument)
    found = _preset_loudness(soundfont, bank, program, role, 0 if role is Role.DRUMS else instrument.octave)
    if found <= SILENCE_LUFS:
        logger.warning("%s: preset %d:%d is silent where %s plays", soundfont.name, bank, program, role)
        return instrument.level_db
    gain = round(REFERENCE_LUFS - found, 1)
    return instrument.level_db + max(-GAIN_LIMIT_DB, min(GAIN_LIMIT_DB, gain))


def preset_of(role: Role, instrument: Instrument) -> tuple[int, int]:
    """Return the soundfont's (bank, program) that plays a role."""
    return (DRUM_BANK if role is Role.DRUMS else instrument.bank), instrument.program


def pan_gains(pan: float) -> tuple[float, float]:
    """Return the factors for left and right at ``pan`` (-1..1): equal power, 1 and 1 in the middle."""
    angle = (pan + 1.0) * math.pi / 4.0
    return math.sqrt(2.0) * math.cos(angle), math.sqrt(2.0) * math.sin(angle)


_measured: dict[tuple[str, int, int, Role, int], float] = {}
_measured_lock = threading.RLock()


def _begin_as_child() -> None:
    global _measured_lock  # noqa: PLW0603  # a thread that is not in a forked child may have held it
    _measured_lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_as_child)


def _preset_loudness(soundfont: Path, bank: int, program: int, role: Role, octave: int) -> float:
    """Return the loudness (LUFS) of a role's probe on a preset; measured once a process."""
    key = (soundfont_sha256(soundfont), bank, program, role, octave)
    with _measured_lock:
        if key not in _measured:
            _measured[key] = _measure(soundfont, bank, program, PROBES[role], 12 * octave)
        return _measured[key]


def _measure(soundfont: Path, bank: int, program: int, probe: Iterable[tuple[int, ...]], transposition: int) -> float:
    # a synthesizer of its own for every preset: what was measured before must not show in the result
    step = round(STEP_SECONDS * CALIBRATION_RATE / BLOCK_FRAMES) * BLOCK_FRAMES
    steps = tuple(probe)
    rows = np.zeros((1, step * len(steps)), np.float32)
    sounding: list[int] = []
    with Synth(soundfont, sample_rate=CALIBRATION_RATE, channels=1, polyphony=256) as synth:
        synth.select(0, bank, program)
        for place, chord in enumerate(steps):
            if chord:
                for pitch in sounding:
                    synth.note_off(0, pitch)
                sounding = [max(0, min(127, pitch + transposition)) for pitch in chord]
                for pitch in sounding:
                    synth.note_on(0, pitch, CALIBRATION_VELOCITY)
            synth.render(rows, place * step, step)
    # the loudest 400 ms of each chord, so that a plucked and a bowed note count alike, then the mean power of those
    onsets = [place for place, chord in enumerate(steps) if chord] + [len(steps)]
    audio = np.repeat(rows.T, 2, axis=1)
    loudest = [
        float(np.max(short_loudness(audio[first * step : last * step], CALIBRATION_RATE)))
        for first, last in itertools.pairwise(onsets)
    ]
    mean = 10.0 * math.log10(sum(10.0 ** (level / 10.0) for level in loudest) / len(loudest))
    return max(SILENCE_LUFS, mean)
