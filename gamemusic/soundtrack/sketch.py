"""Sketch: what can be seen of a piece, small enough to keep for the page of a soundtrack."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

from gamemusic.score.parts import Arrangement
from gamemusic.units import SUBTICKS_PER_TICK

__all__ = ["COLUMNS", "draw_sketch"]

COLUMNS = 320
"""Columns of the waveform."""


def draw_sketch(arrangement: Arrangement, audio: npt.NDArray[np.float32] | None) -> dict[str, Any]:
    """Return a piece's notes and the outline of its sound, in plain numbers for JSON.

    Args:
        arrangement: As it is played.
        audio: Its mix, frames x channels; None where only MIDI was asked for.

    Returns:
        ``ticks`` and ``ticks_per_bar``; ``tracks``, a list of ``{"role": name, "notes": [[start, length, pitch,
        velocity], ...]}`` with times in ticks; ``wave``, `COLUMNS` pairs of the lowest and the highest sample of a
        column in -100 to 100 per cent of the loudest one, empty without sound.
    """
    return {
        "ticks": arrangement.ticks,
        "ticks_per_bar": arrangement.meter.bar_ticks,
        "tracks": [
            {
                "role": str(part.role),
                "notes": [
                    [
                        note.start // SUBTICKS_PER_TICK,
                        max(1, note.duration // SUBTICKS_PER_TICK),
                        note.pitch,
                        note.velocity,
                    ]
                    for note in part.notes
                ],
            }
            for part in arrangement.parts
        ],
        "wave": [] if audio is None else _outline(audio),
    }


def _outline(audio: npt.NDArray[np.float32]) -> list[list[int]]:
    mono = audio.mean(axis=1) if audio.ndim > 1 else audio
    highest = float(np.abs(mono).max(initial=0.0)) or 1.0
    edges = np.linspace(0, len(mono), COLUMNS + 1).astype(int)
    return [
        [round(100 * float(part.min()) / highest), round(100 * float(part.max()) / highest)]
        for part in (mono[start : max(end, start + 1)] for start, end in itertools.pairwise(edges))
    ]
