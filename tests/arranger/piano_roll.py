"""Notes as text: one line a pitch, one character a sixteenth, bars parted by ``|``."""

from __future__ import annotations

from collections.abc import Iterable

from gamemusic.programs import DRUM_NAMES
from gamemusic.score.phrase import Note, Phrase
from gamemusic.theory import PITCH_NAMES

_CELL = 3


def roll(notes: Iterable[Note], phrase: Phrase, *, drums: bool = False) -> str:
    """Return a piano roll, highest pitch first: ``o`` is struck, ``=`` is held; drums show velocity tens in hex."""
    found = sorted(notes)
    width = phrase.meter.bar_ticks // _CELL
    lines = []
    for pitch in sorted({note.pitch for note in found}, reverse=True):
        cells = ["."] * (phrase.ticks // _CELL)
        for note in found:
            if note.pitch == pitch:
                first, last = note.start // _CELL, (note.end - 1) // _CELL
                cells[first] = f"{note.velocity // 10:x}" if drums else "o"
                for index in range(first + 1, last + 1):
                    cells[index] = "="
        text = "".join(cells)
        bars = "|".join(text[start : start + width] for start in range(0, len(text), width))
        name = DRUM_NAMES[pitch] if drums else f"{PITCH_NAMES[pitch % 12]}{pitch // 12 - 1}"
        lines.append(f"{name:<16}|{bars}|" if drums else f"{name:<4}|{bars}|")
    return "\n".join(lines) + "\n"
