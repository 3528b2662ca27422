"""arrange(): a phrase gets its players."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from gamemusic.arranger.articulation import articulate
from gamemusic.arranger.cadence import come_home
from gamemusic.arranger.drummer import add_fills, add_ghosts, ease_kicks, halve
from gamemusic.arranger.drums import DRUM_FIGURES, play_groove
from gamemusic.arranger.dynamics import SUSTAINED, add_expression, shape_velocities
from gamemusic.arranger.figures import FIGURES, RANGES, Range, play_figure
from gamemusic.arranger.layers import Layers, plan_layers
from gamemusic.arranger.reach import narrow, thin
from gamemusic.arranger.sections import Section, find_sections, loudness, section_figure
from gamemusic.arranger.timing import place_notes, swing_table
from gamemusic.arranger.voicing import open_low
from gamemusic.errors import InputError, suggest
from gamemusic.idioms import IDIOMS
from gamemusic.score.figuretable import TABLE
from gamemusic.score.orchestration import DEFAULT_ORCHESTRATION, Instrument, Orchestration
from gamemusic.score.parts import Arrangement, Part
from gamemusic.score.percussion import DRUM_CHANNEL
from gamemusic.score.phrase import Note, Phrase, Role
from gamemusic.units import SUBTICKS_PER_TICK

__all__ = ["arrange"]

_DOUBLE_SOFTER = 14
"""Velocity by which an octave that doubles is softer than what it doubles."""

_ACCOMPANYING = (Role.HARMONY, Role.TEXTURE, Role.COUNTER)
_LOWEST_TOP, _HAND = 62, 14
"""How low the top of an accompanying figure may be pushed, and how far a hand reaches down from it, in semitones: not
into the bass, which lies below 48."""

Scores = Mapping[Role, tuple[Note, ...]]


def arrange(phrase: Phrase) -> Arrangement:
    """Return a phrase as its orchestration plays it.

    A role is silent when the phrase is less intense than its instrument asks for, or when it has no notes; within a
    phrase that has a form, sections decide who plays. The same phrase always gives the same arrangement: chance is
    drawn from `Phrase.seed` alone. More intensity never takes a layer away.

    Raises:
        InputError: When an instrument names a figure that does not exist, or one that is not for its role.
    """
    orchestration = phrase.orchestration or DEFAULT_ORCHESTRATION
    players = {role: orchestration.instruments.get(role, DEFAULT_ORCHESTRATION.instruments[role]) for role in Role}
    sections = find_sections(phrase)
    scores = _write_scores(phrase, orchestration, players, sections)
    layers = plan_layers(phrase, scores, players, orchestration, sections)
    parts = []
    for channel, role in enumerate(Role):
        instrument = players[role]
        if role not in scores or instrument.from_intensity > phrase.intensity:
            continue
        notes = _choose_notes(phrase, role, scores[role], instrument, layers, sections)
        if notes:
            number = DRUM_CHANNEL if role is Role.DRUMS else channel
            parts.append(_make_part(phrase, orchestration, role, number, instrument, notes, sections))
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


def _write_scores(
    phrase: Phrase, orchestration: Orchestration, players: Mapping[Role, Instrument], sections: Sequence[Section]
) -> Scores:
    """Return each role's notes at sounding pitch and at every intensity; roles without notes are left out."""
    scores: dict[Role, tuple[Note, ...]] = {}
    for role in Role:
        found = _find_notes(phrase, role, players[role], orchestration, sections)
        found = come_home(found, phrase, role)
        if role in (Role.HARMONY, Role.TEXTURE) and not players[role].figure:
            found = open_low(found, scores.get(Role.BASS, ()))
        if role is Role.DRUMS and not players[role].figure:
            found = add_fills(ease_kicks(found, phrase.meter), phrase, players[role].program)
        if found:
            scores[role] = found
    return scores


def _find_notes(
    phrase: Phrase, role: Role, instrument: Instrument, orchestration: Orchestration, sections: Sequence[Section]
) -> tuple[Note, ...]:
    """Return a role's notes: in each section those of its figure there, or those that were composed."""
    whole = "" if instrument.figure or sections else orchestration.figures.get("", {}).get(role, "")
    wanted = [section_figure(each, role, instrument, orchestration) for each in sections]
    written: dict[str, tuple[Note, ...]] = {}
    for figure in (instrument.figure, whole, *wanted):
        if figure:
            _check_figure(role, figure, orchestration)
        if figure not in written:
            written[figure] = (
                _realise(figure, phrase, role, instrument, orchestration)
                if figure
                else _composed(phrase, role, instrument)
            )
    if set(wanted) <= {instrument.figure}:
        return written[whole or instrument.figure]
    notes: list[Note] = []
    for section, figure in zip(sections, wanted, strict=True):
        begin, end = (bar * phrase.meter.bar_ticks for bar in (section.first, section.end))
        notes += _clip(written[figure], begin, end)
    return tuple(sorted(notes))


def _realise(
    name: str, phrase: Phrase, role: Role, instrument: Instrument, orchestration: Orchestration
) -> tuple[Note, ...]:
    figure = orchestration.own_figures.get(name) or TABLE.get(name)
    lower = figure.lower if figure is not None and role is not Role.BASS else 0
    tune = orchestration.instruments.get(Role.LEAD)
    octave = 0 if tune is None else tune.octave
    pitches = _under_tune(phrase, role, instrument, octave, _sounding_range(role, instrument, lower))
    if name in orchestration.own_grooves:
        notes = play_groove(orchestration.own_grooves[name], phrase, pitches)
    else:
        notes = play_figure(figure, phrase, pitches) if figure is not None else FIGURES[name](phrase, pitches)
    return notes if instrument.density is None else thin(notes, instrument.density, phrase.meter)


def _clip(notes: Collection[Note], begin: int, end: int) -> list[Note]:
    """Return what sounds between two ticks, cut to them."""
    return [
        Note(max(begin, note.start), note.pitch, min(end, note.end) - max(begin, note.start), note.velocity)
        for note in notes
        if note.start < end and begin < note.end
    ]


def _composed(phrase: Phrase, role: Role, instrument: Instrument) -> tuple[Note, ...]:
    notes = phrase.track(role).notes
    if role is Role.DRUMS or not instrument.octave:
        return tuple(sorted(notes))
    return tuple(sorted(Note(n.start, _fold(n.pitch + 12 * instrument.octave), n.duration, n.velocity) for n in notes))


def _check_figure(role: Role, figure: str, orchestration: Orchestration) -> None:
    drums = {*DRUM_FIGURES, *orchestration.own_grooves}
    every = (*FIGURES, *orchestration.own_figures, *orchestration.own_grooves)
    if figure not in every or (figure in drums) != (role is Role.DRUMS):
        fit = [name for name in every if (name in drums) == (role is Role.DRUMS)]
        some = ", ".join(fit[:4]) + (f" and {len(fit) - 4} more" if len(fit) > 4 else "")
        raise InputError(f"figure {figure!r} for {role} is not one of {some}{suggest(figure, fit)}")


def _sounding_range(role: Role, instrument: Instrument, lower: int) -> Range:
    """Return where a role's figure sounds, ``lower`` semitones below where the role's figures usually lie.

    Voicings must know, since what is clear high up is mud an octave lower.
    """
    if role is Role.DRUMS:
        return RANGES[role]
    usual = (RANGES[role][0] - lower, RANGES[role][1] - lower)
    written = usual if instrument.reach is None else narrow(usual, instrument.reach)
    low, high = (limit + 12 * instrument.octave for limit in written)
    low, high = max(0, low), min(127, high)
    return min(low, high - 12), max(high, low + 12)


def _under_tune(phrase: Phrase, role: Role, instrument: Instrument, lead_octave: int, pitches: Range) -> Range:
    """Return where an accompanying figure lies: under most of the lead, so that the tune is heard.

    An instrument that has no such notes, as a glockenspiel, stays apart where it is.
    """
    lead = sorted(note.pitch + 12 * lead_octave for note in phrase.track(Role.LEAD).notes)
    if role not in _ACCOMPANYING or not lead:
        return pitches
    low, high = pitches
    top = max(_LOWEST_TOP, min(high, lead[len(lead) // 4] - 1))
    least = IDIOMS[instrument.program].low
    if role is not Role.HARMONY and top - least < _HAND:
        return pitches
    return min(low, max(least, top - _HAND)) if role is not Role.HARMONY else min(low, top - _HAND), top


def _fold(pitch: int) -> int:
    """Return a pitch moved by octaves into 0..127."""
    return pitch % 12 if pitch < 0 else pitch if pitch <= 127 else pitch - 12 * -(-(pitch - 127) // 12)


def _choose_notes(
    phrase: Phrase,
    role: Role,
    score: tuple[Note, ...],
    instrument: Instrument,
    layers: Layers,
    sections: Sequence[Section],
) -> tuple[Note, ...]:
    """Return what a role plays at the phrase's intensity, with the velocities it is played with."""
    velocities = shape_velocities(
        score,
        role,
        meter=phrase.meter,
        ticks=phrase.ticks,
        intensity=phrase.intensity,
        seed=phrase.seed,
        levels=loudness(phrase, sections),
    )
    shaped = [replace(note, velocity=velocity) for note, velocity in zip(score, velocities, strict=True)]
    if role is not Role.DRUMS:
        kept = layers.keep(shaped, role, phrase.intensity)
        if instrument.double_from is not None and instrument.double_from <= phrase.intensity:
            kept = _double(kept)
        return kept
    slow = layers.slow_bars(phrase.intensity)
    kept = layers.keep(halve(shaped, phrase.meter, bars=slow), role, phrase.intensity)
    if instrument.figure:
        return kept
    ghosts = add_ghosts(score, phrase, bars=frozenset(range(phrase.bars)) - slow)
    return tuple(sorted((*kept, *layers.keep(ghosts, role, phrase.intensity))))


def _double(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """Return notes with a softer octave above each, where none sounds already."""
    doubled = list(notes)
    for note in notes:
        pitch = note.pitch + 12
        free = all(each.pitch != pitch or each.end <= note.start or note.end <= each.start for each in notes)
        if pitch <= 127 and free:
            doubled.append(Note(note.start, pitch, note.duration, max(1, note.velocity - _DOUBLE_SOFTER)))
    return tuple(sorted(doubled))


def _make_part(
    phrase: Phrase,
    orchestration: Orchestration,
    role: Role,
    channel: int,
    instrument: Instrument,
    notes: tuple[Note, ...],
    sections: Sequence[Section],
) -> Part:
    """Return a role's part: when and how long each note is played, and the part's controllers."""
    subticks = phrase.ticks * SUBTICKS_PER_TICK
    figures = {section_figure(each, role, instrument, orchestration) for each in sections}
    figures.add(instrument.figure)
    played = place_notes(
        notes,
        [note.velocity for note in notes],
        role,
        lengths=articulate(
            notes,
            role,
            gate=instrument.gate,
            sustained=instrument.program in SUSTAINED,
            tempo_bpm=phrase.tempo_bpm,
            breaths={section.end * phrase.meter.bar_ticks for section in sections[:-1]},
        ),
        swing=swing_table(orchestration.swing, phrase.meter),
        tempo_bpm=phrase.tempo_bpm,
        subticks=subticks,
        seed=phrase.seed,
        strum=phrase.meter.pulse_ticks if any(name.startswith("strum") for name in figures) else 0,
        exact=orchestration.soundfont == "chip",
    )
    controls = add_expression(
        played,
        role,
        instrument.program,
        meter=phrase.meter,
        subticks=subticks,
        levels=loudness(phrase, sections),
    )
    return Part(role, channel, instrument, played, controls)
