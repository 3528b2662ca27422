"""How loud each note is played, and how held notes swell. Whole numbers only, so that every machine plays alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gamemusic.arranger.chance import between
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
_LINES = frozenset({Role.LEAD, Role.COUNTER, Role.BASS})
"""Roles that play one note at a time, and shape each."""


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
    notes: Sequence[Note], role: Role, *, meter: Meter, ticks: int, intensity: float, seed: int
) -> list[int]:
    """Return the velocity each note is played with.

    What is written decides who is louder within the role, not how loud the role is: scores that were marked soft
    throughout would be lost in the mix, and loudness is the intensity's business. So velocities are taken from the
    role's median, which is played at the usual level. Drums play what is written.

    Accents follow the meter. They are full where the notes are all written alike and halved where the composer or the
    figure has said who is loud; drums with accents of their own get no others.
    """
    flat = len({note.velocity for note in notes}) <= 1
    mean = sum(note.pitch for note in notes) // max(1, len(notes))
    median = sorted(note.velocity for note in notes)[len(notes) // 2] if notes else _USUAL
    shaped = []
    for note in notes:
        written = _USUAL + min(_CONTRAST, max(-_CONTRAST, note.velocity - median))
        velocity = (note.velocity if role is Role.DRUMS else written) + _swell(note.start, meter, ticks)
        accent = _accent(note.start % meter.bar_ticks, meter)
        if role is Role.DRUMS:
            velocity += 2 * accent if flat else 0
        else:
            velocity += accent if flat else accent // 2
            if role in (Role.LEAD, Role.COUNTER):  # a line that rises grows
                velocity += min(5, max(-5, (note.pitch - mean) // 2))
        velocity += between(-3, 3, seed, list(Role).index(role), note.start, note.pitch)
        shaped.append(scale_velocity(velocity, intensity))
    return shaped


def add_expression(
    notes: Iterable[PlayedNote], role: Role, program: int, *, meter: Meter, subticks: int
) -> tuple[Control, ...]:
    """Return a part's expression: each held note of a line swells, chords do so bar by bar; drums have none."""
    if role is Role.DRUMS:
        return ()
    if program not in SUSTAINED:
        return (Control(0, EXPRESSION, _STRUCK),)
    points = {0: 104}
    if role in _LINES:
        for note in notes:
            points.update(_arch(note.start, note.duration, 96, 114))
    else:
        bar = meter.bar_ticks * SUBTICKS_PER_TICK
        for head in range(0, subticks, bar):
            points.update(_arch(head, bar, 99, 110))
    controls: list[Control] = []
    for start in sorted(points):
        if start < subticks and (not controls or controls[-1].value != points[start]):
            controls.append(Control(start, EXPRESSION, points[start]))
    return tuple(controls)


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
