"""What a preset allows holds for figures too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamemusic.arranger.arranger import arrange
from gamemusic.arranger.figures import RANGES
from gamemusic.arranger.reach import narrow, thin
from gamemusic.packs.schema import load_preset
from gamemusic.score.orchestration import Instrument, Orchestration
from gamemusic.score.phrase import Chord, Note, Phrase, Role, Track
from gamemusic.theory import parse_key
from gamemusic.units import METERS, SUBTICKS_PER_TICK

PRESET = """\
name: march
tempo: [100, 100]
keys: [D minor]
styles:
  chamber:
    learned: []
    instruments:
      harmony: {program: strings, figure: FIGURE}
      bass: {program: cello, figure: bass_eighths, octave: 1}
      drums: {program: standard, figure: march}
"""
CHORDS = (Chord(0, 2, "min"), Chord(48, 10, "maj"), Chord(96, 9, "7"))
NOTES = st.lists(st.builds(Note, st.integers(0, 95), st.integers(40, 80), st.integers(1, 12)), max_size=60)


def play(text: str) -> dict[Role, list[tuple[int, int]]]:
    """Return (start in ticks, pitch) of what each role plays over three bars by a preset."""
    preset = load_preset(text.encode())
    phrase = Phrase(
        bars=3,
        meter=METERS["4/4"],
        tempo_bpm=100,
        key=parse_key("D minor"),
        tracks=(),
        chords=CHORDS,
        intensity=1.0,
        orchestration=preset.orchestration_of(preset.style()),
    )
    return {
        part.role: [(round(note.start / SUBTICKS_PER_TICK), note.pitch) for note in part.notes]
        for part in arrange(phrase).parts
    }


@pytest.mark.parametrize("figure", ["block", "pad", "alberti", "strum", "pulse", "arpeggio_up", "ostinato", "drone"])
@pytest.mark.parametrize("reach", ["[C5, C7]", "[C2, D3]", "[E4, G5]"])
def test_a_figure_keeps_to_the_roles_range(figure: str, reach: str) -> None:
    low, high = {"[C5, C7]": (72, 96), "[C2, D3]": (36, 50), "[E4, G5]": (64, 79)}[reach]
    text = PRESET.replace("FIGURE", figure)
    limited = play(f"ranges: {{harmony: {reach}, bass: [C2, C3]}}\n{text}")
    assert all(low <= pitch <= high for _, pitch in limited[Role.HARMONY])
    assert all(48 <= pitch <= 60 for _, pitch in limited[Role.BASS])  # an octave higher than composed
    free = play(text)
    assert not all(low <= pitch <= high for _, pitch in free[Role.HARMONY])


def test_a_figure_keeps_to_the_roles_density_and_to_its_strong_beats() -> None:
    text = PRESET.replace("FIGURE", "strum")
    free, limited = play(text), play(f"density: {{harmony: 9, bass: 2, drums: 4}}\n{text}")
    for role, most in ((Role.HARMONY, 9), (Role.BASS, 2), (Role.DRUMS, 4)):
        bars = [[start for start, _ in limited[role] if start // 48 == bar] for bar in range(3)]
        assert all(1 <= len(bar) <= most for bar in bars), role
        assert len(free[role]) > len(limited[role])
    assert [start % 48 for start, _ in limited[Role.BASS]] == [0, 12] * 3
    styled = play(text.replace("    learned: []\n", "    learned: []\n    density: {bass: 1}\n"))
    assert len(styled[Role.BASS]) == 3  # a style's own goes first, and says nothing of others
    assert styled[Role.HARMONY] == free[Role.HARMONY]


@given(
    NOTES,
    st.integers(1, 48),
    st.sampled_from(sorted(METERS)),
)
def test_thinning(notes: list[Note], most: int, meter: str) -> None:
    kept = thin(notes, most, METERS[meter])
    length = METERS[meter].bar_ticks
    assert set(kept) <= set(notes)
    for bar in range(96 // length + 1):
        before = [note for note in notes if note.start // length == bar]
        after = [note for note in kept if note.start // length == bar]
        assert len(after) <= most
        assert bool(after) == bool(before)
        assert len(before) > most or sorted(after) == sorted(before)


@given(st.sampled_from(sorted(RANGES)), st.integers(0, 127), st.integers(0, 127))
def test_a_narrowed_range_holds_an_octave(role: Role, one: int, other: int) -> None:
    low, high = narrow(RANGES[role], (min(one, other), max(one, other)))
    assert high - low >= 12
    assert min(one, other) <= low
    assert high <= max(one, other, min(one, other) + 12)


@pytest.mark.parametrize("name", ["stride", "waltz", "alberti", "nocturne", "block", "riff_gallop"])
def test_accompaniment_lies_between_a_low_tune_and_the_bass(name: str) -> None:
    ticks = 4 * METERS["4/4"].bar_ticks
    tune = tuple(Note(start, 58 + start // 12 % 5, 12) for start in range(0, ticks, 12))
    players = {
        Role.LEAD: Instrument(),
        Role.HARMONY: Instrument(figure=name),
        Role.BASS: Instrument(figure="bass_roots"),
    }
    phrase = Phrase(
        bars=4,
        meter=METERS["4/4"],
        tempo_bpm=100,
        key=parse_key("C"),
        tracks=(Track(Role.LEAD, tune),),
        chords=tuple(Chord(48 * bar, root, "maj") for bar, root in enumerate((4, 1, 11, 9))),
        intensity=1.0,
        orchestration=Orchestration(instruments=players),
    )
    parts = {part.role: [note.pitch for note in part.notes] for part in arrange(phrase).parts}
    assert max(parts[Role.BASS]) <= 47 < 48 <= min(parts[Role.HARMONY]) + 3 * (name == "riff_gallop")
    assert max(parts[Role.HARMONY]) <= 62
