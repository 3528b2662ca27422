"""Random phrases with random players."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from gamemusic.arranger.drums import DRUM_FIGURES
from gamemusic.arranger.figures import FIGURES
from gamemusic.scales import MODES
from gamemusic.score.orchestration import Instrument, Orchestration, SectionPlan
from gamemusic.score.phrase import DRUM_TICKS, Chord, Note, Phrase, Role, Track
from gamemusic.theory import CHORD_QUALITIES, Key
from gamemusic.units import PLAYED_METERS

PITCHED_FIGURES = tuple(name for name in FIGURES if name not in DRUM_FIGURES)


@st.composite
def bare_phrases(draw: st.DrawFn) -> Phrase:
    """Return a phrase with chords and without notes or players."""
    meter = draw(st.sampled_from(sorted(PLAYED_METERS.values(), key=str)))
    bars = draw(st.integers(1, 9))
    starts = draw(st.sets(st.integers(0, bars * meter.bar_ticks // 6 - 1), max_size=6))
    qualities = st.sampled_from(sorted(CHORD_QUALITIES))
    chords = tuple(Chord(6 * start, draw(st.integers(0, 11)), draw(qualities)) for start in sorted(starts))
    return Phrase(
        bars=bars,
        meter=meter,
        tempo_bpm=draw(st.floats(20, 400)),
        key=Key(draw(st.integers(0, 11)), draw(st.sampled_from(sorted(MODES)))),
        tracks=(),
        chords=chords,
        ending=draw(st.sampled_from(("loop", "cadence"))),
        intensity=draw(st.floats(0, 1)),
        seed=draw(st.integers(0, 2**63)),
    )


@st.composite
def tracks(draw: st.DrawFn, role: Role, ticks: int) -> Track:
    """Return a role's track; notes of one pitch may overlap."""
    notes = set()
    for _ in range(draw(st.integers(0, 12))):
        start = draw(st.integers(0, ticks - 1))
        length = DRUM_TICKS if role is Role.DRUMS else draw(st.integers(1, 60))
        pitch = draw(st.sampled_from((36, 38, 42, 45, 49)) if role is Role.DRUMS else st.integers(0, 127))
        velocity = draw(st.sampled_from((80, 80, 80, 1, 127)))
        notes.add(Note(start, pitch, min(length, ticks - start), velocity))
    return Track(role, tuple(sorted(notes)))


@st.composite
def instruments(draw: st.DrawFn, role: Role) -> Instrument:
    """Return any player of a role."""
    figures = tuple(DRUM_FIGURES) if role is Role.DRUMS else PITCHED_FIGURES
    return Instrument(
        program=draw(st.integers(0, 127)),
        octave=draw(st.integers(-3, 3)),
        gate=draw(st.floats(0.1, 1)),
        from_intensity=draw(st.sampled_from((0.0, 0.0, 0.5))),
        figure=draw(st.sampled_from(("", *figures))),
        double_from=None if role is Role.DRUMS else draw(st.sampled_from((None, None, 0.3, 0.8))),
    )


@st.composite
def section_plans(draw: st.DrawFn) -> SectionPlan:
    """Return any plan of a section, also one that silences everybody."""
    resting = draw(st.sets(st.sampled_from(Role)))
    figures = {
        role: draw(st.sampled_from(tuple(DRUM_FIGURES) if role is Role.DRUMS else PITCHED_FIGURES))
        for role in sorted(draw(st.sets(st.sampled_from(Role), max_size=2)) - resting)
    }
    return SectionPlan(rest=tuple(sorted(resting)), figures=figures, half_time=draw(st.booleans()))


@st.composite
def phrases(draw: st.DrawFn) -> Phrase:
    """Return a phrase with tracks, chords and players of all kinds."""
    phrase = draw(bare_phrases())
    playing = draw(st.sets(st.sampled_from(Role)))
    played_by = draw(st.sets(st.sampled_from(Role)))
    orchestration = Orchestration(
        instruments={role: draw(instruments(role)) for role in Role if role in played_by},
        swing=draw(st.floats(0, 0.5)),
    )
    return phrase.replace(
        tracks=tuple(draw(tracks(role, phrase.ticks)) for role in Role if role in playing),
        orchestration=draw(st.sampled_from((None, orchestration, orchestration))),
    )


@st.composite
def formed_phrases(draw: st.DrawFn) -> Phrase:
    """Return a phrase whose form has sections of two to four bars, some of them planned by its style."""
    names = draw(st.lists(st.sampled_from(("A", "A'", "B", "C")), min_size=1, max_size=5))
    size = draw(st.integers(2, 4))
    phrase = draw(phrases())
    chords = tuple(chord for chord in phrase.chords if chord.start < size * len(names) * phrase.meter.bar_ticks)
    frame = phrase.replace(bars=size * len(names), form=tuple(names), tracks=(), chords=chords)
    orchestration = phrase.orchestration
    if orchestration is not None:
        plans = draw(st.dictionaries(st.sampled_from((*names, "A2", "B1")), section_plans(), max_size=2))
        orchestration = replace(orchestration, sections=plans)
    playing = draw(st.sets(st.sampled_from(Role), min_size=1))
    return frame.replace(
        tracks=tuple(draw(tracks(role, frame.ticks)) for role in Role if role in playing), orchestration=orchestration
    )
