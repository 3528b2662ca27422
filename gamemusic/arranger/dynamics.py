"""How loud each note is played, and how held notes swell. Whole numbers only, so that every machine plays alike."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from gamemusic.arranger.articulation import LINES
from gamemusic.arranger.chance import between
from gamemusic.arranger.drummer import HATS, KICKS, SNARES
from gamemusic.score.parts import Control, PlayedNote
from gamemusic.score.phrase import Note, Role
from gamemusic.units import SUBTICKS_PER_TICK, TICKS_PER_BEAT, Meter

__all__ = ["EXPRESSION", "SUSTAINED", "add_expression", "scale_velocity", "shape_velocities"]

EXPRESSION = 11
"""MIDI controller by which held notes swell."""
SUSTAINED = frozenset((*range(16, 24), *range(40, 45), *range(48, 55), *range(56, 96), 109, 110, 111))
"""General MIDI programs that sound as long as they are held."""

_DOWNBEAT, _HALF_BAR, _PULSE, _EIGHTH, _BETWEEN = 9, 5, 3, -3, -6
_STRUCK = 110
"""Expression of instruments that are struck or plucked."""
_SWELL_BARS, _SWELL = 4, 3
_USUAL = 80
"""Velocity of a role's median note before accents and intensity."""
_CONTRAST = 24
"""Most that a written velocity may differ from it."""
_LOUD_DRUMS = 2
"""How much more than the others drums follow the form."""
_SOFT_STROKE = 40
"""Written drums up to this velocity are meant to be soft, and have no accents."""


def _accent(tick: int, meter: Meter) -> int:
    """Return how much louder than even a note at ``tick`` of a bar is."""
    if tick == 0:
        return _DOWNBEAT
    if tick * 2 == meter.bar_ticks and tick % meter.pulse_ticks == 0:
        return _HALF_BAR
    if tick % meter.pulse_ticks == 0:
        return _PULSE
    return _EIGHTH if tick % (TICKS_PER_BEAT // 2) == 0 else _BETWEEN


def _swell(tick: int, meter: Meter, ticks: int) -> int:
    """Return the phrase's own breath: every four bars it grows for five eighths of the way, then falls."""
    length = _SWELL_BARS * meter.bar_ticks
    head = tick - tick % length
    length = min(length, ticks - head)
    place, peak = 8 * (tick - head), 5 * length
    rise = place * 2 * _SWELL // peak if place <= peak else (8 * length - place) * 2 * _SWELL // (8 * length - peak)
    return rise - _SWELL


def scale_velocity(velocity: int, intensity: float) -> int:
    """Return a velocity at an intensity: three quarters at 0, 1.15 times at 1, within 1..127."""
    permille = 750 + round(400 * min(1.0, max(0.0, intensity)))
    return min(127, max(1, (velocity * permille + 500) // 1000))


def shape_velocities(
    notes: Sequence[Note],
    role: Role,
    *,
    meter: Meter,
    ticks: int,
    intensity: float,
    seed: int,
    levels: Sequence[int] = (),
) -> list[int]:
    """Return the velocity each note is played with.

    What is written decides who is louder within the role, not how loud the role is: scores that were marked soft
    throughout would be lost in the mix, and loudness is the intensity's business. So velocities are taken from the
    role's median, which is played at the usual level. Of drums that is the median of kick and snare, since these carry
    a groove; soft strokes stay as soft as they are written.

    Accents follow the meter. They are full where the notes are all written alike and halved where the composer or the
    figure has said who is loud; a drum that is struck evenly throughout a bar is accented as a drummer would.

    Args:
        notes: All notes of the role, also those that rest at this intensity.
        role: Whose they are.
        meter: Meter of the phrase.
        ticks: Its length.
        intensity: 0 to 1.
        seed: What chance is drawn from.
        levels: What each felt beat adds, see `gamemusic.arranger.sections.loudness`.
    """
    flat = len({note.velocity for note in notes}) <= 1
    mean = sum(note.pitch for note in notes) // max(1, len(notes))
    median = _median(notes, role)
    even = _even_strokes(notes, meter) if role is Role.DRUMS else frozenset()
    shaped = []
    for note in notes:
        least = -_USUAL if role is Role.DRUMS else -_CONTRAST
        written = _USUAL + min(_CONTRAST, max(least, note.velocity - median))
        if role is Role.DRUMS and note.velocity <= _SOFT_STROKE:
            written = note.velocity
        velocity = written + _swell(note.start, meter, ticks)
        accent = _accent(note.start % meter.bar_ticks, meter)
        level = levels[note.start // meter.pulse_ticks] if levels else 0
        if role is Role.DRUMS:
            velocity += level * _LOUD_DRUMS
            if (note.start // meter.bar_ticks, note.pitch) in even and note.velocity > _SOFT_STROKE:
                velocity += _drum_accent(note, accent, meter)
        else:
            velocity += level + (accent if flat else accent // 2)
            if role in (Role.LEAD, Role.COUNTER):  # a line that rises grows
                velocity += min(5, max(-5, (note.pitch - mean) // 2))
        velocity += between(-3, 3, seed, list(Role).index(role), note.start, note.pitch)
        shaped.append(scale_velocity(velocity, intensity))
    return shaped


def _median(notes: Sequence[Note], role: Role) -> int:
    """Return the velocity at which a role is written: of drums that of kick and snare, of all keys where both rest."""
    velocities = [note.velocity for note in notes]
    if role is Role.DRUMS:
        loud = [note for note in notes if note.velocity > _SOFT_STROKE]
        velocities = [note.velocity for note in loud if note.pitch in KICKS | SNARES] or [n.velocity for n in loud]
    return sorted(velocities)[len(velocities) // 2] if velocities else _USUAL


def _even_strokes(notes: Iterable[Note], meter: Meter) -> frozenset[tuple[int, int]]:
    """Return (bar, key) where a drum is struck more than once, always alike."""
    strokes: dict[tuple[int, int], list[int]] = {}
    for note in notes:
        strokes.setdefault((note.start // meter.bar_ticks, note.pitch), []).append(note.velocity)
    return frozenset(place for place, found in strokes.items() if len(found) > 1 and len(set(found)) == 1)


def _drum_accent(note: Note, accent: int, meter: Meter) -> int:
    """Return how much louder than even a stroke is: time-keepers lean on beats, kick on the bar, snare on backbeats."""
    on_beat = note.start % meter.pulse_ticks == 0
    if note.pitch in HATS:
        return accent - 2 if on_beat else accent * 2
    if note.pitch in KICKS:
        return accent if on_beat else -6
    if note.pitch in SNARES:
        return 4 if on_beat else -12
    return accent


def add_expression(
    notes: Iterable[PlayedNote], role: Role, program: int, *, meter: Meter, subticks: int, levels: Sequence[int] = ()
) -> tuple[Control, ...]:
    """Return a part's expression: each held note of a line swells, chords do so bar by bar; drums have none.

    Args:
        notes: The part's notes.
        role: Whose they are.
        program: General MIDI program; what is struck or plucked does not swell.
        meter: Meter of the phrase.
        subticks: Its length.
        levels: What each felt beat adds, see `gamemusic.arranger.sections.loudness`.
    """
    if role is Role.DRUMS:
        return ()
    if program not in SUSTAINED:
        return (Control(0, EXPRESSION, _STRUCK),)
    points = {0: 104}
    played = tuple(notes)
    if role in LINES and not _has_chords(played):
        for note in played:
            points.update(_arch(note.start, note.duration, 96, 114))
    else:
        bar = meter.bar_ticks * SUBTICKS_PER_TICK
        for head in range(0, subticks, bar):
            points.update(_arch(head, bar, 99, 110))
    controls: list[Control] = []
    pulse = meter.pulse_ticks * SUBTICKS_PER_TICK
    for start in sorted(points):
        value = points[start] + (levels[start // pulse] if levels and start < subticks else 0)
        if start < subticks and (not controls or controls[-1].value != value):
            controls.append(Control(start, EXPRESSION, value))
    return tuple(controls)


def _has_chords(notes: Sequence[PlayedNote]) -> bool:
    """Say whether notes of a part sound together, for more than the moment in which a line joins two."""
    ends = itertools.accumulate((note.start + note.duration for note in notes), max)
    return any(end - note.start > SUBTICKS_PER_TICK for end, note in zip(ends, notes[1:], strict=False))


def _arch(start: int, length: int, low: int, high: int) -> dict[int, int]:
    """Return points that rise to ``high`` over five eighths of ``length`` and fall; a short note is even."""
    even = (low + high + 1) // 2
    if length < TICKS_PER_BEAT * SUBTICKS_PER_TICK:
        return {start: even}
    steps = max(8, length * 4 // (TICKS_PER_BEAT * SUBTICKS_PER_TICK))
    peak = steps * 5 // 8
    points = {}
    for step in range(steps):
        share, whole = (step, peak) if step <= peak else (steps - step, steps - peak)
        points[start + length * step // steps] = low + (high - low) * share // whole
    return points
