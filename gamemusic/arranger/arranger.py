"""arrange(): a phrase gets its players."""

from __future__ import annotations

from gamemusic.arranger.drums import DRUM_FIGURES
from gamemusic.arranger.dynamics import add_expression, shape_velocities
from gamemusic.arranger.figures import FIGURES, RANGES, Range
from gamemusic.arranger.timing import place_notes, swing_table
from gamemusic.errors import InputError, suggest
from gamemusic.score.orchestration import DEFAULT_ORCHESTRATION, Instrument, Orchestration
from gamemusic.score.parts import Arrangement, Part
from gamemusic.score.phrase import Note, Phrase, Role
from gamemusic.units import SUBTICKS_PER_TICK

__all__ = ["arrange"]

_DRUM_CHANNEL = 9


def arrange(phrase: Phrase) -> Arrangement:
    """Return a phrase as its orchestration plays it.

    A role is silent when the phrase is less intense than its instrument asks for, or when it has no notes. The same
    phrase
    always gives the same arrangement: chance is drawn from `Phrase.seed` alone.

    Raises:
        InputError: When an instrument names a figure that does not exist, or one that is not for its role.
    """
    orchestration = phrase.orchestration or DEFAULT_ORCHESTRATION
    parts = []
    for channel, role in enumerate(Role):
        instrument = orchestration.instruments.get(role, DEFAULT_ORCHESTRATION.instruments[role])
        if instrument.from_intensity > phrase.intensity:
            continue
        notes = _find_notes(phrase, role, instrument)
        if notes:
            number = _DRUM_CHANNEL if role is Role.DRUMS else channel
            parts.append(_make_part(phrase, orchestration, role, number, instrument, notes))
    return Arrangement(
        bars=phrase.bars,
        meter=phrase.meter,
        tempo_bpm=phrase.tempo_bpm,
        key=phrase.key,
        parts=tuple(parts),
        chords=phrase.chords,
        room=orchestration.room,
        ending=phrase.ending,
        title=f"{phrase.mood or 'gamemusic'} ({phrase.style})" if phrase.style else phrase.mood or "gamemusic",
        comment=f"gamemusic mood={phrase.mood} style={phrase.style} seed={phrase.seed} bars={phrase.bars}",
    )


def _find_notes(phrase: Phrase, role: Role, instrument: Instrument) -> list[Note]:
    """Return a role's notes at sounding pitch: those of its figure, or those that were composed."""
    if instrument.figure:
        _check_figure(role, instrument.figure)
        return list(FIGURES[instrument.figure](phrase, _sounding_range(role, instrument.octave)))
    notes = sorted(phrase.track(role).notes)
    if role is Role.DRUMS or not instrument.octave:
        return notes
    shifted = (Note(n.start, _fold(n.pitch + 12 * instrument.octave), n.duration, n.velocity) for n in notes)
    return sorted(shifted)


def _check_figure(role: Role, figure: str) -> None:
    if figure not in FIGURES or (figure in DRUM_FIGURES) != (role is Role.DRUMS):
        fit = [name for name in FIGURES if (name in DRUM_FIGURES) == (role is Role.DRUMS)]
        raise InputError(f"figure {figure!r} for {role} is not one of {', '.join(fit)}{suggest(figure, fit)}")


def _sounding_range(role: Role, octave: int) -> Range:
    """Return where a role's figure sounds. Voicings must know, since what is clear high up is mud an octave lower."""
    low, high = (limit + 12 * octave for limit in RANGES[role])
    if role is Role.DRUMS:
        return RANGES[role]
    low, high = max(0, low), min(127, high)
    return min(low, high - 12), max(high, low + 12)


def _fold(pitch: int) -> int:
    """Return a pitch moved by octaves into 0..127."""
    return pitch % 12 if pitch < 0 else pitch if pitch <= 127 else pitch - 12 * -(-(pitch - 127) // 12)


def _make_part(
    phrase: Phrase, orchestration: Orchestration, role: Role, channel: int, instrument: Instrument, notes: list[Note]
) -> Part:
    """Return a role's part: when, how long and how loud each note is played, and the part's controllers."""
    subticks = phrase.ticks * SUBTICKS_PER_TICK
    played = place_notes(
        notes,
        shape_velocities(
            notes, role, meter=phrase.meter, ticks=phrase.ticks, intensity=phrase.intensity, seed=phrase.seed
        ),
        role,
        gate=instrument.gate,
        swing=swing_table(orchestration.swing, phrase.meter),
        tempo_bpm=phrase.tempo_bpm,
        subticks=subticks,
        seed=phrase.seed,
        strum=phrase.meter.pulse_ticks if instrument.figure == "strum" else 0,
    )
    controls = add_expression(played, role, instrument.program, meter=phrase.meter, subticks=subticks)
    return Part(role, channel, instrument, played, controls)
