"""Random phrases for the tests of tokens: whatever the token table can say."""

from __future__ import annotations

from hypothesis import strategies as st

from gamemusic.score.phrase import DRUM_TICKS, Chord, Note, Phrase, Role, Track
from gamemusic.theory import Key
from gamemusic.tokens.bars import DEFAULT_POLYPHONY, settle, transposition
from gamemusic.tokens.vocabulary import (
    DRUM_PITCHES,
    MAX_DURATION,
    MODE_NAMES,
    PITCH_RANGES,
    QUALITY_NAMES,
    ROLES,
    VELOCITIES,
)
from gamemusic.units import METERS


@st.composite
def phrases(draw: st.DrawFn) -> Phrase:
    """Phrases on the grid; bars are repeated now and then, so that copies are written too."""
    meter = draw(st.sampled_from(list(METERS.values())))
    bars = draw(st.integers(1, 10))
    key = Key(draw(st.integers(0, 11)), draw(st.sampled_from(MODE_NAMES)))
    shift, length = transposition(key.tonic), meter.bar_ticks
    total = bars * length
    tracks = []
    for role in ROLES:
        low, high = PITCH_RANGES.get(role, (0, 0))
        pitches = st.sampled_from(DRUM_PITCHES) if role is Role.DRUMS else st.integers(low + shift, high + shift)
        drawn = draw(
            st.lists(
                st.tuples(
                    st.integers(0, total - 1), pitches, st.integers(1, MAX_DURATION), st.sampled_from(VELOCITIES)
                ),
                max_size=8,
            )
        )
        if draw(st.booleans()):  # the first bar again, one, two, four and eight bars later
            first = [note for note in drawn if note[0] < length]
            drawn += [(n[0] + lag * length, *n[1:]) for n in first for lag in (1, 2, 4, 8) if lag < bars]
        wanted = DRUM_TICKS if role is Role.DRUMS else MAX_DURATION
        notes = {(s, p): Note(s, p, min(d if role is not Role.DRUMS else wanted, total - s), v) for s, p, d, v in drawn}
        settled = sorted(notes.values()) if role is Role.DRUMS else settle(notes.values(), DEFAULT_POLYPHONY[role])
        if settled:
            tracks.append(Track(role, tuple(settled)))
    places = draw(st.lists(st.integers(0, total - 1), unique=True, max_size=6))
    chords = [Chord(at, draw(st.integers(0, 11)), draw(st.sampled_from(QUALITY_NAMES))) for at in sorted(places)]
    return Phrase(bars=bars, meter=meter, tempo_bpm=100, key=key, tracks=tuple(tracks), chords=tuple(chords))
