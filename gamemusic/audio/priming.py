"""Giving all voices of a synthesizer a past, the same one, so that no note depends on which voice it gets.

FluidSynth keeps a voice's last amplitude and panning when the next note takes it over, and glides from there in that
note's first 64 frames (fluid_rvoice_reset leaves them alone, seen from 2.3.1 on). So a note sounds a little different,
often softer, on a voice that was never mixed, as in the first passes of a loop.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from gamemusic.audio.synth import Synth
from gamemusic.units import BLOCK_FRAMES

__all__ = ["prime"]

Audio = npt.NDArray[np.float32]

ROUNDS = 64
"""How often keys are played at most: enough for a thousand voices with a kit of twenty keys. From the second time on
only those are played that sound, so that silent keys, which a soundfont can make costly, are asked for once."""

HELD_GENERATORS = {33: -20000.0, 35: 20000.0, 38: 20000.0}
"""Delay, hold and release of the volume envelope, in timecents added to what the soundfont says, which FluidSynth then
cuts to what it allows: a note begins at once and lasts."""

SHORTEST_DELAY_RATE = 1024
"""The shortest delay of an envelope is 2**-10 s, and a voice that is still in it is not mixed. Above 65,536 Hz that is
a whole block."""


def prime(synth: Synth) -> None:
    """Let every voice sound once, unheard; to be called once, when presets are selected and before any note."""
    frames = BLOCK_FRAMES * (1 + synth.sample_rate // (SHORTEST_DELAY_RATE * BLOCK_FRAMES))
    rows = np.zeros((synth.channels, frames), np.float32)
    _offset(synth, HELD_GENERATORS)
    keys = list(itertools.product(range(synth.channels), range(127, -1, -1)))
    reached, before = 0, -1
    for _ in range(ROUNDS):
        if reached in (before, synth.polyphony):
            break
        before = reached
        reached, keys = _play(synth, keys, rows)
    _offset(synth, dict.fromkeys(HELD_GENERATORS, 0.0))
    while synth.sounding():
        # block by block: a note-off that FluidSynth put off brings a silenced voice back, into its release
        for channel in range(synth.channels):
            synth.silence(channel)
        synth.render(rows, 0, BLOCK_FRAMES)


def _play(synth: Synth, keys: list[tuple[int, int]], rows: Audio) -> tuple[int, list[tuple[int, int]]]:
    """Play keys, (channel, pitch), for as long as ``rows`` are.

    Returns:
        How many voices sounded at once, and the keys that took any: others are silent, or all voices are taken.
    """
    most, heard = 0, []
    for _, some in itertools.groupby(keys, key=lambda key: key[0]):
        # a key that sounds already takes further voices, since the ones before go on; some kits have few keys
        for channel, pitch in some:
            taken = synth.count_voices()
            if taken >= synth.polyphony:
                break
            synth.note_on(channel, pitch, 127)
            if synth.count_voices() > taken:
                heard.append((channel, pitch))
        most = max(most, synth.count_voices())
        # channel by channel, since FluidSynth forgets what is asked of too many voices within one block
        synth.render(rows, 0, rows.shape[1])
    return most, heard


def _offset(synth: Synth, offsets: dict[int, float]) -> None:
    for channel, (generator, offset) in itertools.product(range(synth.channels), offsets.items()):
        synth.offset_generator(channel, generator, offset)
