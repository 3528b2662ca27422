"""A piano roll as SVG: what sounds, role by role, with bars, sections and chords.

All pictures have one size, whatever they show, so that a page may exchange one for another without moving anything.
Colours are the page's, by class: the roles' names, ``band``, ``bar``, ``edge``, ``octave``, ``playhead``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from html import escape

from gamemusic import Phrase, Role
from gamemusic.score.parts import Arrangement, PlayedNote
from gamemusic.theory import PITCH_NAMES, chord_name

__all__ = ["HEIGHT", "LEFT", "WIDTH", "draw_roll", "short_chord"]

WIDTH, HEIGHT = 1200, 270
"""Size of every picture, in its own units."""
LEFT = 34
"""Where time begins; the names of the octaves stand before it."""
_TOP = 22
_BOTTOM = HEIGHT - 22
_DRUMS = 40
"""Height of the drums' lane, where there are drums."""
_LETTER = 6.6
"""Width of a letter of the chords' names, at most."""
_LEAST_PITCHES = 25
"""A roll shows two octaves or more: few pitches do not make thick notes."""
_LOUDNESS = (("soft", 55), ("", 85), ("loud", 127))
"""Shades of notes, each with the highest velocity that has it."""
_BACK_TO_FRONT = (Role.HARMONY, Role.TEXTURE, Role.BASS, Role.COUNTER, Role.LEAD, Role.DRUMS)
_SHORT = (("maj7", "maj7"), ("min7", "m7"), ("m7b5", "ø7"), ("dim7", "°7"), ("min", "m"), ("dim", "°"), ("aug", "+"))


def draw_roll(phrase: Phrase, arrangement: Arrangement, *, name: str) -> str:
    """Return the picture of a phrase as it is played.

    Args:
        phrase: Whose form is shown.
        arrangement: What `gamemusic.arranger.arranger.arrange` made of it.
        name: What the picture shows, for those who do not see it.
    """
    parts = {part.role: part.notes for part in arrangement.parts}
    drums = parts.get(Role.DRUMS, ())
    floor = _BOTTOM - (_DRUMS if drums else 0)
    low, high = _pitch_range(notes for role, notes in parts.items() if role is not Role.DRUMS)
    row = (floor - _TOP) / (high - low + 1)
    across = (WIDTH - LEFT) / arrangement.subticks
    box = f"0 0 {WIDTH} {HEIGHT}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="roll" viewBox="{box}" role="img" aria-label="{escape(name)}">',
        *_draw_sections(phrase),
        *_draw_octaves(low, high, row, floor),
        *_draw_bars(phrase),
        *_draw_chords(phrase),
    ]
    if drums:
        lines.append(_line("edge", LEFT, floor, WIDTH, floor))
    for role in _BACK_TO_FRONT:
        if role is Role.DRUMS:
            keys = sorted({note.pitch for note in drums})
            height = (_DRUMS - 4) / max(6, len(keys))
            tops = {key: _BOTTOM - 2 - (place + 1) * height for place, key in enumerate(keys)}
            # drums sound as long as their sample: their picture says when they are hit
            notes = [PlayedNote(note.start, note.pitch, 60, note.velocity) for note in drums]
        else:
            notes, height = list(parts.get(role, ())), row
            tops = {pitch: floor - (pitch - low + 1) * row for pitch in range(low, high + 1)}
        lines += _draw_notes(role, notes, tops, height, across)
    lines.append(_line("playhead", LEFT, _TOP, LEFT, _BOTTOM))
    lines.append("</svg>")
    return "\n".join(lines)


def short_chord(root: int, quality: str) -> str:
    """Return a chord's name as lead sheets write it, such as ``F#m7``; root is a pitch class, 0..11."""
    name = PITCH_NAMES[root % 12]
    return name + dict(_SHORT).get(quality, chord_name(root, quality)[len(name) :])


def _pitch_range(voices: Iterable[Iterable[PlayedNote]]) -> tuple[int, int]:
    pitches = [note.pitch for notes in voices for note in notes] or [60]
    low, high = min(pitches) - 1, max(pitches) + 1
    missing = max(0, _LEAST_PITCHES - (high - low + 1))
    return low - missing // 2, high + missing - missing // 2


def _line(kind: str, left: float, top: float, right: float, bottom: float) -> str:
    return f'<line class="{kind}" x1="{left:.1f}" y1="{top:.1f}" x2="{right:.1f}" y2="{bottom:.1f}"/>'


def _text(kind: str, left: float, bottom: float, words: str) -> str:
    return f'<text class="{kind}" x="{left:.1f}" y="{bottom:.1f}">{escape(words)}</text>'


def _draw_sections(phrase: Phrase) -> Iterator[str]:
    """Yield a band for every second section, and the names of all."""
    width = (WIDTH - LEFT) / max(1, len(phrase.form))
    for place, section in enumerate(phrase.form):
        left = LEFT + place * width
        if place % 2 == 0:
            yield f'<rect class="band" x="{left:.1f}" y="0" width="{width:.1f}" height="{HEIGHT}"/>'
        yield _text("section", left + 5, _TOP - 7, section)


def _draw_octaves(low: int, high: int, row: float, floor: float) -> Iterator[str]:
    """Yield a line below each C."""
    for pitch in range(low + -low % 12, high + 1, 12):
        bottom = floor - (pitch - low) * row
        yield _line("octave", LEFT, bottom, WIDTH, bottom)
        yield _text("pitch", 4, bottom - 1, f"C{pitch // 12 - 1}")


def _draw_bars(phrase: Phrase) -> Iterator[str]:
    size = phrase.bars // len(phrase.form) if phrase.form else phrase.bars
    for bar in range(phrase.bars + 1):
        left = LEFT + (WIDTH - LEFT) * bar / phrase.bars
        yield _line("edge" if bar % size == 0 else "bar", left, _TOP, left, _BOTTOM)


def _draw_chords(phrase: Phrase) -> Iterator[str]:
    """Yield the names of chords that change, where they do not cover one another."""
    free, before = 0.0, ""
    for chord in phrase.chords:
        left = LEFT + (WIDTH - LEFT) * chord.start / phrase.ticks
        words = short_chord(chord.root, chord.quality)
        if words != before and left >= free and left + len(words) * _LETTER <= WIDTH:
            yield _text("chord", left + 1, HEIGHT - 7, words)
            free, before = left + (len(words) + 1) * _LETTER, words


def _draw_notes(
    role: Role, notes: Iterable[PlayedNote], tops: dict[int, float], height: float, across: float
) -> Iterator[str]:
    """Yield one path for each shade: thousands of notes as thousands of elements would make a page slow."""
    shades: dict[str, list[str]] = defaultdict(list)
    for note in notes:
        shade = next(name for name, loudest in _LOUDNESS if note.velocity <= loudest)
        width = max(1.5, note.duration * across - 0.6)
        left = LEFT + note.start * across
        shades[shade].append(
            f"M{left:.1f} {tops[note.pitch]:.1f}h{width:.1f}v{max(1.5, height - 0.5):.1f}h-{width:.1f}z"
        )
    for shade, boxes in sorted(shades.items()):
        kind = f"{role} {shade}".strip()
        yield f'<path class="{kind}" d="{"".join(boxes)}"/>'
