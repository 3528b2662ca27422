"""Figures and voicings: in range, in harmony, clear low down, and as they are drawn in rolls/."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from arranger_cases import PITCHED_FIGURES, bare_phrases
from hypothesis import given, settings
from hypothesis import strategies as st
from piano_roll import roll

from gamemusic.arranger.drums import DRUM_FIGURES
from gamemusic.arranger.figures import FIGURES, RANGES
from gamemusic.arranger.grooves import GROOVES, TIMPANI_FIFTH, TIMPANI_ROOT
from gamemusic.arranger.sections import Kind, Section, section_figure
from gamemusic.arranger.voicing import find_spans, lead_voices, movement, open_low, span_index
from gamemusic.chordnames import parse_chord
from gamemusic.packs import musical
from gamemusic.programs import DRUM_NAMES
from gamemusic.score.figure import NEIGHBOURS, Figure, Stroke
from gamemusic.score.figuretable import HELD, TABLE
from gamemusic.score.groove import groove_in
from gamemusic.score.orchestration import Instrument, Orchestration
from gamemusic.score.phrase import Chord, Note, Phrase, Role
from gamemusic.theory import chord_pitch_classes, parse_key
from gamemusic.units import METERS, PLAYED_METERS

ROLLS = Path(__file__).parent / "rolls"
LOW_ROLES = [role for role in Role if role is not Role.DRUMS]


def progression(meter: str, key: str, chords: str, *, bars: int = 0, ending: str = "loop") -> Phrase:
    """Return a phrase with a chord a bar; ``Am/E7`` are two in one bar."""
    found = parse_key(key)
    length, pulse = PLAYED_METERS[meter].bar_ticks, PLAYED_METERS[meter].pulse_ticks
    spots = []
    for bar, names in enumerate(chords.split()):
        for index, name in enumerate(names.split("/")):
            late = index * (length // 2 - length // 2 % pulse or pulse)
            spots.append(Chord(bar * length + late, *parse_chord(name, found)))
    return Phrase(
        bars=bars or len(chords.split()),
        meter=PLAYED_METERS[meter],
        tempo_bpm=110.0,
        key=found,
        tracks=(),
        chords=tuple(spots),
        ending=ending,
    )


def is_clear(pitches: set[int]) -> bool:
    """Say whether no two neighbours below C3 lie closer than a fourth."""
    return all(low >= 48 or high - low >= 5 for low, high in itertools.pairwise(sorted(pitches)))


def check_notes(notes: tuple[Note, ...], phrase: Phrase) -> None:
    assert notes and list(notes) == sorted(notes)
    free: dict[int, int] = {}
    for note in notes:
        assert 0 <= note.start < note.end <= phrase.ticks and 1 <= note.velocity <= 127
        assert note.start >= free.get(note.pitch, 0)
        free[note.pitch] = note.end


def strokes(name: str) -> list[Stroke]:
    """Return every stroke of a figure, its turns' too."""
    figure = TABLE.get(name, Figure(name=name))
    cells = [*figure.bars.values(), *figure.turns.values()]
    return [stroke for some in cells for cell in some if cell for stroke in cell.strokes]


def steps_out(name: str) -> bool:
    """Say whether a figure has notes outside its chords: runs, steps and pedals."""
    return any(stroke.mark in NEIGHBOURS for stroke in strokes(name))


def begins_late(name: str) -> bool:
    """Say whether a figure rests at the beginning of its first bar."""
    return name in TABLE and any(cells[0].strokes[0].start > 0 for cells in TABLE[name].bars.values())


def test_presets_know_the_same_figures() -> None:
    assert set(musical.FIGURES) == set(FIGURES)
    assert set(musical.DRUM_FIGURES) == set(DRUM_FIGURES) == set(GROOVES)


@settings(max_examples=60, deadline=None)
@given(bare_phrases(), st.sampled_from(LOW_ROLES), st.integers(-2, 2))
def test_pitched_figures_are_sound(phrase: Phrase, role: Role, octave: int) -> None:
    low, high = (limit + 12 * octave for limit in RANGES[role])
    spans = find_spans(phrase)
    for name in PITCHED_FIGURES:
        notes = FIGURES[name](phrase, (low, high))
        check_notes(notes, phrase)
        assert all(low <= note.pitch <= high for note in notes), name
        if not begins_late(name):
            assert notes[0].start == 0
        if name != "drone" and not steps_out(name):
            for note in notes:
                for span in spans:
                    if note.start < span.end and span.start < note.end:
                        assert note.pitch % 12 in chord_pitch_classes(span.root, span.quality), name
        for note in notes:
            together = {other.pitch for other in notes if other.start <= note.start < other.end}
            assert is_clear(together), name


@settings(max_examples=60, deadline=None)
@given(bare_phrases())
def test_drum_figures_are_sound(phrase: Phrase) -> None:
    for name in DRUM_FIGURES:
        notes = FIGURES[name](phrase, (0, 127))
        check_notes(notes, phrase)
        assert {note.pitch for note in notes} <= set(DRUM_NAMES)
        assert notes[0].start == 0


@settings(max_examples=40, deadline=None)
@given(bare_phrases())
def test_a_cadence_stops_on_its_last_chord(phrase: Phrase) -> None:
    phrase = phrase.replace(ending="cadence")
    last_bar = phrase.ticks - phrase.meter.bar_ticks
    stop = max(last_bar, find_spans(phrase)[-1].start)
    for name in FIGURES:
        after = {note.start for note in FIGURES[name](phrase, (48, 72)) if note.start >= last_bar}
        assert all(start <= stop for start in after)


def test_grooves_are_well_formed() -> None:
    for name, meters in GROOVES.items():
        assert set(meters) == set(METERS), name
        for meter, groove in meters.items():
            assert len(groove.patterns) >= 6 and len(groove.fills) >= 3
            plain = [repr(bars) for bars in groove.patterns]
            assert len(set(plain)) >= 6, (name, meter)
            for grid in (*(grid for bars in groove.patterns for grid in bars), *groove.fills):
                for key, line in grid.items():
                    assert key in DRUM_NAMES or key in (TIMPANI_ROOT, TIMPANI_FIFTH)
                    assert len(line.replace("|", "")) * 3 == METERS[meter].bar_ticks, (name, meter, line)
                    assert line.count("|") + 1 == METERS[meter].bar_ticks // METERS[meter].pulse_ticks
                    assert set(line) <= set("|.123456789")


@pytest.mark.parametrize("meter", sorted(set(PLAYED_METERS) - set(METERS)))
@pytest.mark.parametrize("name", GROOVES)
def test_grooves_are_put_together_for_other_meters(name: str, meter: str) -> None:
    made = groove_in(GROOVES[name], PLAYED_METERS[meter])
    bars = [grid for pattern in made.patterns for grid in pattern]
    assert len(made.patterns) >= 6
    for grid in (*(grid for grid in bars if grid), *made.fills):
        assert grid and {len(line) * 3 for line in grid.values()} == {PLAYED_METERS[meter].bar_ticks}
    # something stands on the first of each group of beats, over the bars together
    begin = 0
    for group in PLAYED_METERS[meter].groups:
        assert any(line[begin // 3] != "." for grid in bars for line in grid.values()), (meter, begin)
        begin += group


def test_fills_come_in_every_eighth_bar_and_in_the_last_and_grow() -> None:
    notes = FIGURES["rock_beat"](progression("4/4", "C", "C", bars=12), (0, 127))
    bars = [{note.pitch for note in notes if note.start // 48 == bar} for bar in range(12)]
    assert [bar for bar in range(12) if {41, 43, 48} & bars[bar]] == [7, 11]
    assert [bar for bar in range(12) if 49 in bars[bar]] == [0, 8]
    toms = [note.velocity for note in notes if note.pitch in (41, 43, 48) and note.start // 48 == 11]
    assert len(toms) >= 2 and toms == sorted(toms)
    alone = FIGURES["rock_beat"](progression("4/4", "C", "C"), (0, 127))
    assert not {43, 49} & {note.pitch for note in alone}


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("name", DRUM_FIGURES)
def test_seed_and_section_choose_the_groove_and_a_theme_comes_back_with_its_own(name: str, meter: str) -> None:
    phrase = progression(meter, "C", " ".join(["C"] * 16)).replace(form=("A", "B", "A'", "A"))
    length, openings = phrase.meter.bar_ticks, set()
    for seed in range(40):
        notes = FIGURES[name](phrase.replace(seed=seed), (0, 127))
        cells = [
            frozenset((note.start % length, note.pitch) for note in notes if note.start // length == bar)
            for bar in range(16)
        ]
        crash = GROOVES[name][meter].crash
        a, b, again = ({hit for cell in cells[i : i + 2] for hit in cell if hit[1] != crash} for i in (0, 4, 12))
        assert a == again != b
        assert cells[1] == cells[13] and cells[2] - {(0, crash)} == cells[14] - {(0, crash)}
        assert cells[3] != cells[7]  # fills differ
        openings.add(frozenset(a))
    assert len(openings) >= 5


def test_timpani_are_tuned_to_the_harmony_where_the_kit_has_them() -> None:
    phrase = progression("4/4", "A minor", "Am Dm E7 Am")
    assert {note.pitch for note in FIGURES["timpani"](phrase, (0, 127)) if note.pitch < 50} <= {36, 41, 45}
    kit = Orchestration(instruments={Role.DRUMS: Instrument(program=48, figure="timpani")})
    for seed in range(20):
        for note in FIGURES["timpani"](phrase.replace(orchestration=kit, seed=seed), (0, 127)):
            span = find_spans(phrase)[span_index(find_spans(phrase), note.start)]
            assert note.pitch in (36, 57) or note.pitch % 12 in (span.root, span.fifth)
            assert note.pitch in (36, 57) or 41 <= note.pitch <= 53


@pytest.mark.parametrize("name", [name for name in PITCHED_FIGURES if name != "pad"])
def test_figures_repeat_so_that_they_hold(name: str) -> None:
    phrase = progression("4/4", "A minor", "Am F C G Am F C G")
    notes = FIGURES[name](phrase, (52, 74))
    half = phrase.ticks // 2
    # an ostinato turns in its eighth bar only
    end = half - 48 if name == "ostinato" else half
    first = {(note.start, note.pitch, note.duration) for note in notes if note.start < end}
    again = {(note.start - half, note.pitch, note.duration) for note in notes if half <= note.start < half + end}
    assert again == first


def bars_of(name: str, phrase: Phrase, role: Role) -> list[tuple[tuple[int, int, int], ...]]:
    """Return what a figure plays in each bar."""
    length = phrase.meter.bar_ticks
    notes = FIGURES[name](phrase, RANGES[role])
    return [
        tuple((note.start % length, note.pitch, note.duration) for note in notes if note.start // length == bar)
        for bar in range(phrase.bars)
    ]


@pytest.mark.parametrize("meter", PLAYED_METERS)
def test_figures_keep_their_rhythm_and_turn_in_the_fourth_and_eighth_bar(meter: str) -> None:
    phrase = progression(meter, "C", "C C C C C C C C", bars=16).replace(form=("A", "B"))
    for name in TABLE:
        bars = bars_of(name, phrase, (*TABLE[name].roles, Role.HARMONY)[0])
        rhythms = [tuple((start, length) for start, _, length in bar) for bar in bars]
        assert bars[:8] == bars[8:], name
        cycle = len(TABLE[name].bars_in(phrase.meter)) if not TABLE[name].choose else 2
        assert all(bars[bar] == bars[bar + cycle] for bar in range(7 - cycle) if 3 not in (bar, bar + cycle)), name
        assert len(set(rhythms[:8])) <= cycle + 2
        assert bars[7] not in bars[:2], name
        assert name == "ostinato" or bars[3] not in bars[:2], name


def test_turns_count_from_the_beginning_of_a_section() -> None:
    phrase = progression("4/4", "C", "C", bars=12).replace(form=("A", "B"))
    bars = bars_of("block", phrase, Role.HARMONY)
    assert [bar for bar in range(12) if bars[bar] != bars[0]] == [3, 9]


@pytest.mark.parametrize("name", [name for name in TABLE if Role.BASS in TABLE[name].roles and name != "ostinato"])
def test_basses_lie_where_they_are_clear_and_stand_on_the_root(name: str) -> None:
    for meter in PLAYED_METERS:
        phrase = progression(meter, "E minor", "Em C G D/B7 Em Am D G")
        for span in find_spans(phrase):
            notes = FIGURES[name](phrase, RANGES[Role.BASS])
            assert all(33 <= note.pitch <= 52 for note in notes)
            first = next(note for note in notes if note.start >= span.start)
            pedal = name.startswith("bass_pedal")
            if first.start == span.start and span.start % phrase.meter.bar_ticks == 0:
                assert first.pitch % 12 == (4 if pedal else span.root), (name, meter)


def test_figures_stay_near_the_bass() -> None:
    phrase = progression("4/4", "A minor", "Am F C G Dm E7 Am G")
    basses = FIGURES["bass_roots"](phrase, RANGES[Role.BASS])
    for name, figure in TABLE.items():
        if Role.HARMONY not in figure.roles or figure.roles[0] is not Role.HARMONY:
            continue
        low, high = (limit - figure.lower for limit in RANGES[Role.HARMONY])
        notes = FIGURES[name](phrase, (low, high))
        for bar in range(phrase.bars):
            here = [note.pitch for note in notes if note.start // 48 == bar]
            bass = next(note.pitch for note in basses if note.start // 48 == bar)
            assert bass < min(here) <= bass + 24, (name, bar)


def test_the_table_is_long_and_says_whom_each_figure_suits() -> None:
    assert len(TABLE) + len(HELD) >= 30 and not set(TABLE) & set(HELD)
    assert all(figure.roles and figure.about and figure.turns for figure in TABLE.values())
    for role in (Role.BASS, Role.HARMONY, Role.TEXTURE):
        assert sum(role in figure.roles for figure in TABLE.values()) >= 12
    steps = {stroke.start % 12 for name in TABLE for stroke in strokes(name)}
    assert {3, 4} <= steps  # sixteenths and triplets


def test_the_documentation_lists_every_figure() -> None:
    page = (Path(__file__).parents[2] / "docs/figures.md").read_text("utf-8")
    assert sorted(re.findall(r"^\| `(\w+)` \|", page, re.M)) == sorted(FIGURES)
    assert all(f"| {figure.about}" in page for figure in TABLE.values())


def test_contrasting_sections_change_every_figure_that_moves() -> None:
    lying = {"pad", "drone", "bass_whole", "bass_pedal_slow"} | set(DRUM_FIGURES)
    contrast = Section("B", 1, 8, 16, Kind.CONTRAST)
    for name in FIGURES:
        player = Instrument(figure=name)
        other = section_figure(contrast, Role.HARMONY, player, Orchestration(instruments={Role.HARMONY: player}))
        assert other in FIGURES and (other != name or name in lying), name
        if name in TABLE and other in TABLE:
            assert set(TABLE[name].roles) & set(TABLE[other].roles)


def test_before_the_first_chord_stands_the_tonic() -> None:
    phrase = progression("4/4", "D minor", "Gm").replace(chords=(Chord(24, 7, "min"),))
    assert [(span.start, span.end, span.root, span.quality) for span in find_spans(phrase)] == [
        (0, 24, 2, "min"),
        (24, 48, 7, "min"),
    ]
    assert {note.pitch % 12 for note in FIGURES["block"](phrase, (52, 74)) if note.start == 0} == {2, 5, 9}


def test_voices_move_as_little_as_they_can() -> None:
    spans = find_spans(progression("4/4", "C", "C F G C Am Dm G7 C"))
    voicings = lead_voices(spans, 52, 74, 3)
    steps = [movement(a, b) for a, b in itertools.pairwise(voicings)]
    assert voicings[0] == voicings[3] == voicings[7]
    assert max(steps) <= 10 and sum(steps) <= 50


def test_voicings_lie_open_low_down() -> None:
    spans = find_spans(progression("4/4", "C", "C F G7 Bdim7"))
    for low in range(0, 48, 6):
        for voicing in lead_voices(spans, low, low + 22, 3):
            assert is_clear(set(voicing))
            assert low <= voicing[0] and voicing[-1] <= low + 22


CASES = {
    "folk_strum": ("strum", "6/8", "D dorian", "Dm C Dm Am/Dm", "loop", Role.HARMONY),
    "harp_updown": ("arpeggio_updown", "3/4", "A minor", "Am F Dm E7", "loop", Role.TEXTURE),
    "walking_in": ("bass_eighths", "4/4", "E minor", "Em C G D/B7", "loop", Role.BASS),
    "held_chords": ("pad", "4/4", "C lydian", "C D Am G", "loop", Role.HARMONY),
    "last_waltz": ("waltz", "3/4", "G", "G G C D7 G", "cadence", Role.HARMONY),
    "rock": ("rock_beat", "4/4", "C", "C F C G", "loop", Role.DRUMS),
    "stride_left": ("stride", "4/4", "C", "C A7 D7 G7/C", "loop", Role.HARMONY),
    "nocturne_boat": ("nocturne", "6/8", "F# minor", "F#m D A E", "loop", Role.HARMONY),
    "stately": ("polonaise", "3/4", "A", "A E7 A D", "loop", Role.HARMONY),
    "gallop": ("riff_gallop", "4/4", "E minor", "Em C D Em", "loop", Role.HARMONY),
    "hits": ("brass_hits", "4/4", "C minor", "Cm Ab Bb Cm", "loop", Role.HARMONY),
    "bass_walks": ("bass_walking", "4/4", "C", "C Am Dm/G7 C", "loop", Role.BASS),
    "bass_runs": ("bass_fifths", "5/4", "A minor", "Am F G Em", "loop", Role.BASS),
    "bass_tango": ("bass_habanera", "4/4", "D minor", "Dm Gm A7 Dm", "loop", Role.BASS),
    "triplets": ("arpeggio_triplets", "12/8", "G", "G C D G", "loop", Role.TEXTURE),
    "seven": ("ostinato_rocking", "7/8", "D minor", "Dm Bb C Dm", "loop", Role.TEXTURE),
    "box": ("music_box", "3/4", "C", "C F G C", "cadence", Role.TEXTURE),
    "rock_five": ("rock_beat", "5/4", "C", "C C C C", "loop", Role.DRUMS),
    "march_home": ("march", "2/4", "C", "C F G C", "cadence", Role.DRUMS),
}


@pytest.mark.parametrize("case", CASES)
def test_figures_are_as_drawn(case: str) -> None:
    name, meter, key, chords, ending, role = CASES[case]
    phrase = progression(meter, key, chords, ending=ending)
    drawn = (ROLLS / f"{case}.txt").read_text(encoding="utf-8")
    assert roll(FIGURES[name](phrase, RANGES[role]), phrase, drums=role is Role.DRUMS) == drawn


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(24, 72), st.integers(1, 30)), max_size=20),
    st.lists(st.tuples(st.integers(0, 30), st.integers(24, 48), st.integers(1, 30)), max_size=8),
)
def test_composed_chords_are_opened_low_down(
    chords: list[tuple[int, int, int]], low: list[tuple[int, int, int]]
) -> None:
    notes, bass = (sorted({Note(*each) for each in group}) for group in (chords, low))
    opened = open_low(notes, bass)
    assert {(note.start, note.pitch % 12, note.duration) for note in opened} == {
        (note.start, note.pitch % 12, note.duration) for note in notes
    }
    for note in opened:
        for other in opened:
            if other.start <= note.start < other.end:
                assert is_clear({note.pitch, other.pitch})
        for other in bass:
            if other.start <= note.start < other.end and other.pitch < note.pitch:
                assert is_clear({note.pitch, other.pitch})
    high = [Note(note.start, note.pitch + 24, note.duration) for note in notes]
    assert open_low(high) == tuple(high)


@pytest.mark.parametrize("meter", METERS)
def test_ostinati_keep_their_rhythm_and_the_seed_chooses_among_several(meter: str) -> None:
    phrase = progression(meter, "C", "C Am F G C Am F G")
    unit = 2 * phrase.meter.bar_ticks
    rhythms = set()
    for seed in range(40):
        notes = FIGURES["ostinato"](phrase.replace(seed=seed), RANGES[Role.TEXTURE])
        cells = [
            tuple((note.start - head, note.duration) for note in notes if head <= note.start < head + unit)
            for head in range(0, phrase.ticks - unit, unit)  # the eighth bar turns
        ]
        assert len(set(cells)) == 1 and len(cells[0]) >= 4
        rhythms.add((cells[0], tuple(note.pitch for note in notes)))
    assert len(rhythms) >= 4


@settings(max_examples=60, deadline=None)
@given(bare_phrases(), st.sampled_from((Role.HARMONY, Role.TEXTURE)))
def test_chip_arpeggios_play_whole_chords_note_by_note(phrase: Phrase, role: Role) -> None:
    notes = FIGURES["chip_arpeggio"](phrase.replace(ending="loop"), RANGES[role])
    slow = FIGURES["chip_arpeggio_slow"](phrase.replace(ending="loop"), RANGES[role])
    assert [note.start for note in slow] == list(range(0, phrase.ticks, 3)) and {note.duration for note in slow} == {2}
    assert [note.start for note in notes] == list(range(0, phrase.ticks, 2))
    assert {note.duration for note in notes} == {1}
    for span, voicing in zip(find_spans(phrase), lead_voices(find_spans(phrase), *RANGES[role], 3), strict=True):
        played = [note.pitch for note in notes if span.start <= note.start < span.end]
        # every note of the voicing in each round, whatever the round begins with
        for first in range(len(played) - len(voicing) + 1):
            if span.start // phrase.meter.bar_ticks == (span.end - 1) // phrase.meter.bar_ticks:
                assert sorted(played[first : first + len(voicing)]) == list(voicing)


def test_chip_arpeggios_end_on_a_held_chord() -> None:
    notes = FIGURES["chip_arpeggio"](progression("4/4", "C", "C F G C", ending="cadence"), RANGES[Role.TEXTURE])
    assert {note.start for note in notes if note.start >= 144} == {144}
    assert {note.pitch % 12 for note in notes if note.start == 144} == {0, 4, 7}
    assert {note.end for note in notes if note.start == 144} == {192}
    accents = {note.start for note in notes if note.velocity > 80 and note.start < 144}
    assert accents == set(range(0, 144, 12))
