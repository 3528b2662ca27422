"""Performance: one level of a piece as it is heard, with stems and intro, before the gain that all levels share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gamemusic.arranger.arranger import arrange
from gamemusic.audio.loops import render_level, render_stems
from gamemusic.audio.loudness import SILENCE_LUFS, amplitude_to_db, db_to_amplitude, loudness, true_peak
from gamemusic.score.parts import Arrangement, join
from gamemusic.score.phrase import Phrase
from gamemusic.soundtrack.order import Order
from gamemusic.units import loop_frames

__all__ = ["TRUE_PEAK_DB", "Performance", "Sound", "perform", "set_gain"]

Audio = npt.NDArray[np.float32]

TRUE_PEAK_DB = -1.0
"""Highest true peak allowed, in dBTP."""
_SETTLING_SECONDS = 6.0
"""How much of a loop is heard a second time behind an intro in the same file, so that what rings over from its end is
there when it comes round."""
_MIX = ""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sound:
    """What is written to a file of each format."""

    arrangement: Arrangement
    audio: Mapping[str, Audio]
    """By role, float32, (frames, 2); the mix stands behind an empty name. Empty where only MIDI is asked for."""
    loop: tuple[int, int] | None
    """First frame of the loop and first one after it; None for what is heard once."""
    loop_bar: int = 0
    """Bar in which the loop begins, from 0."""
    bars: int = 0
    """Written bars; what is heard once rings on after them."""

    @property
    def mix(self) -> Audio | None:
        """All roles together; None where only MIDI is asked for."""
        return self.audio.get(_MIX)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Performance:
    """One level of a piece."""

    level: float
    arrangement: Arrangement
    """Without an intro."""
    main: Sound
    intro: Sound | None = None
    """Where it is a file of its own."""
    sounds: tuple[Sound, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sounds", (self.main,) if self.intro is None else (self.main, self.intro))


def perform(order: Order, level: float, arrangement: Arrangement, intro: Phrase | None) -> Performance:
    """Return one level of a piece as it is heard.

    Args:
        order: For formats, soundfont and rate.
        level: Its intensity.
        arrangement: How it is played.
        intro: What leads to it, once; None: nothing.
    """
    main = _sound(order, arrangement)
    if intro is None:
        return Performance(level=level, arrangement=arrangement, main=main)
    lead = _sound(order, arrange(intro))
    if not order.intro_inside:
        return Performance(level=level, arrangement=arrangement, main=main, intro=lead)
    once = _sound(order, replace(arrangement, ending="cadence")) if main.audio else main
    return Performance(level=level, arrangement=arrangement, main=_join(order, lead, once, main))


def set_gain(order: Order, performances: Sequence[Performance]) -> tuple[float, dict[str, Any], list[float | None]]:
    """Return the gain in dB that all levels, stems and intros share, what the manifest says of it, and how loud each
    performance is with it, in LUFS.

    The loudest level comes to the order's loudness, unless a true peak of any file would then pass `TRUE_PEAK_DB`.
    """
    sounds = [sound for performance in performances for sound in performance.sounds]
    measured = [loudness(one.main.mix, order.sample_rate) for one in performances if one.main.mix is not None]
    if not measured:
        return 0.0, {}, [None for _ in performances]
    loudest = max(measured)
    if loudest <= SILENCE_LUFS:
        silent = {"loudness_lufs": None, "target_lufs": order.loudness, "gain_db": 0.0}
        return 0.0, silent, [None for _ in performances]
    highest = amplitude_to_db(max(true_peak(audio) for sound in sounds for audio in sound.audio.values()))
    wanted = order.loudness - loudest
    gain = min(wanted, TRUE_PEAK_DB - highest)
    facts = {
        "loudness_lufs": round(loudest + gain, 2),
        "target_lufs": order.loudness,
        "missed_by_lu": round(max(0.0, wanted - gain), 2),
        "gain_db": round(gain, 4),
        "true_peak_dbtp": round(highest + gain, 2),
    }
    return gain, facts, [round(one + gain, 2) if one > SILENCE_LUFS else None for one in measured]


def _sound(order: Order, arrangement: Arrangement) -> Sound:
    audio: dict[str, Audio] = {}
    back = np.float32(1.0)
    if order.soundfont and order.stems:
        rendered = render_stems(arrangement, Path(order.soundfont), order.sample_rate)
        back = np.float32(db_to_amplitude(-rendered.gain_db))
        audio[_MIX] = rendered.mix
        audio.update({str(role): stem for role, stem in rendered.stems.items()})
    elif order.soundfont:
        mix, gain_db = render_level(arrangement, Path(order.soundfont), order.sample_rate)
        back = np.float32(db_to_amplitude(-gain_db))
        audio[_MIX] = mix
    for sound in audio.values():  # in place, since a loop may be long
        sound *= back
    loops = arrangement.ending == "loop" and bool(audio)
    return Sound(
        arrangement=arrangement,
        audio=audio,
        loop=(0, len(audio[_MIX])) if loops else None,
        bars=arrangement.bars,
    )


def _join(order: Order, intro: Sound, once: Sound, loop: Sound) -> Sound:
    """Return an intro and a loop as one sound.

    Behind the intro the loop's first pass is heard as it is from silence, then as it is when it comes round; the loop
    begins where the two have become the same. So nothing is heard at its seam, and nothing of its end before its time.

    Args:
        order: For the sample rate.
        intro: Heard once; it rings on over the loop's beginning.
        once: The loop's bars, heard once.
        loop: The loop as it comes round.
    """
    arrangement = join(intro.arrangement, loop.arrangement)
    if not loop.audio:
        return Sound(arrangement=arrangement, audio={}, loop=None, loop_bar=intro.bars, bars=arrangement.bars)
    start = loop_frames(intro.arrangement.ticks, intro.arrangement.tempo_bpm, order.sample_rate)
    if loop.loop is None:
        audio = _follow(intro, loop, start)
        return Sound(arrangement=arrangement, audio=audio, loop=None, loop_bar=intro.bars, bars=arrangement.bars)
    frames = len(loop.audio[_MIX])
    settled = min(frames, round(_SETTLING_SECONDS * order.sample_rate))
    fade = np.linspace(0.0, 1.0, settled // 4, dtype=np.float32)[:, None]
    audio = {}
    for name in sorted({*intro.audio, *loop.audio}):
        body = loop.audio.get(name, np.zeros((frames, 2), np.float32))
        first = once.audio.get(name, np.zeros((frames, 2), np.float32))[:frames]
        whole = np.zeros((start + frames + settled, 2), np.float32)
        whole[start : start + frames] = body
        whole[start + frames :] = body[:settled]
        whole[start : start + settled - len(fade)] = first[: settled - len(fade)]
        over = slice(settled - len(fade), settled)
        whole[start:][over] = first[over] * (1.0 - fade) + body[over] * fade
        lead = intro.audio.get(name, np.zeros((0, 2), np.float32))[: start + settled]
        whole[: len(lead)] += lead * _fall(len(lead), start + settled, order.sample_rate)
        audio[name] = whole
    at = start + settled
    return Sound(
        arrangement=arrangement, audio=audio, loop=(at, at + frames), loop_bar=intro.bars, bars=arrangement.bars
    )


def _follow(intro: Sound, then: Sound, start: int) -> dict[str, Audio]:
    """Return what is heard once after an intro that lasts until frame ``start`` and rings on over it."""
    frames = max(len(intro.audio[_MIX]), start + len(then.audio[_MIX]))
    audio = {}
    for name in sorted({*intro.audio, *then.audio}):
        audio[name] = np.zeros((frames, 2), np.float32)
        for sound, at in ((intro, 0), (then, start)):
            if name in sound.audio:
                audio[name][at : at + len(sound.audio[name])] += sound.audio[name]
    return audio


def _fall(frames: int, most: int, sample_rate: int) -> Audio:
    """Return a gain that ends at nothing where an intro's ringing would reach into the loop."""
    gain = np.ones((frames, 1), np.float32)
    if frames == most:
        length = min(frames, sample_rate // 2)
        gain[-length:, 0] = np.linspace(1.0, 0.0, length, dtype=np.float32)
    return gain
