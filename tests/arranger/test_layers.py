"""Arrangement over time: contrast between sections, and what no plan may do."""

from __future__ import annotations

from dataclasses import replace

from arranger_cases import formed_phrases
from hypothesis import given, settings
from hypothesis import strategies as st

from gamemusic.arranger.arranger import arrange
from gamemusic.arranger.layers import Layers
from gamemusic.arranger.sections import fill_bars
from gamemusic.score.midi import read_midi, write_midi
from gamemusic.score.orchestration import Instrument, Orchestration, SectionPlan
from gamemusic.score.parts import Arrangement, PlayedNote
from gamemusic.score.phrase import DRUM_TICKS, Chord, Note, Phrase, Role, Track
from gamemusic.theory import Key
from gamemusic.units import METERS, SUBTICKS_PER_TICK

INTENSITIES = (0.0, 0.25, 0.3, 0.5, 0.6, 0.7, 0.8, 1.0)
SLACK = 20
"""Subticks: the hand may put a note a little before its beat (10 ms at 400 bpm are 32, halved by the room it has)."""


def band(bars: int = 16, form: str = "A A' B A", **plans: SectionPlan) -> Phrase:
    """Return a phrase in which six roles play all the time: written, but for the texture."""
    bar = 48
    lead = [Note(12 * beat, 72 + beat % 5, 12) for beat in range(4 * bars)]
    chords = [Note(bar * index, pitch, bar) for index in range(bars) for pitch in (60, 64, 67)]
    drums = []
    for beat in range(4 * bars):
        drums += [Note(12 * beat + 6 * half, 42, DRUM_TICKS, 94) for half in (0, 1)]
        drums.append(Note(12 * beat, 38 if beat % 2 else 36, DRUM_TICKS, 94))
    written = {
        Role.BASS: [Note(24 * half, 36, 24) for half in range(2 * bars)],
        Role.HARMONY: chords,
        Role.COUNTER: [Note(24 * half, 62, 24) for half in range(2 * bars)],
        Role.LEAD: lead,
        Role.DRUMS: drums,
    }
    return Phrase(
        bars=bars,
        meter=METERS["4/4"],
        tempo_bpm=120.0,
        key=Key(0, "major"),
        tracks=tuple(Track(role, tuple(sorted(notes))) for role, notes in written.items()),
        chords=(Chord(0, 0, "maj"),),
        form=tuple(form.split()),
        intensity=0.5,
        seed=5,
        orchestration=Orchestration(
            instruments={Role.TEXTURE: Instrument(figure="arpeggio_up", from_intensity=0.4)}, sections=plans
        ),
    )


def sounding(arrangement: Arrangement, begin: int, end: int) -> set[Role]:
    """Return who sounds between two ticks."""
    first, last = begin * SUBTICKS_PER_TICK + SLACK, end * SUBTICKS_PER_TICK - SLACK
    return {
        part.role
        for part in arrangement.parts
        if any(note.start < last and note.start + note.duration > first for note in part.notes)
    }


def layers(phrase: Phrase) -> list[set[Role]]:
    """Return who plays in each section."""
    size = phrase.ticks // len(phrase.form)
    music = arrange(phrase)
    return [sounding(music, index * size, (index + 1) * size) for index in range(len(phrase.form))]


def test_sections_differ_and_the_last_is_full() -> None:
    opening, varied, contrast, closing = layers(band())
    everyone = set(Role)
    assert opening == everyone - {Role.COUNTER, Role.TEXTURE}
    assert varied == everyone
    assert contrast == everyone - {Role.COUNTER}
    assert closing == everyone
    without = layers(band(form="").replace(form=("A",)))
    assert without == [everyone - {Role.COUNTER, Role.TEXTURE}]


def test_somebody_rests_in_every_section_at_every_intensity() -> None:
    phrase = band()
    for intensity in INTENSITIES:
        music = arrange(phrase.replace(intensity=intensity))
        for section in layers(phrase.replace(intensity=intensity)):
            assert len(section) > 1
        for index in range(4):
            halves = [sounding(music, 192 * index + 24 * half, 192 * index + 24 * half + 24) for half in range(8)]
            assert any(half != {part.role for part in music.parts} for half in halves)


def test_drums_calm_down_in_the_contrast_and_lead_back() -> None:
    def strokes(intensity: float, key: int, begin: int, end: int) -> int:
        music = arrange(band().replace(intensity=intensity))
        notes = next(part.notes for part in music.parts if part.role is Role.DRUMS)
        return sum(
            note.pitch == key and begin * 1920 - SLACK <= note.start < end * 1920 - SLACK and note.velocity > 45
            for note in notes
        )

    assert strokes(0.4, 42, 8, 10) == 0 and strokes(0.4, 42, 4, 6) > 10  # they rest
    assert strokes(0.5, 38, 8, 11) == 3 and strokes(0.5, 38, 4, 7) == 6  # half time
    assert strokes(0.9, 38, 8, 11) == 6  # full pace
    for intensity in (0.4, 0.5, 0.9):  # the fill: more snare and toms than any other half bar
        assert sum(strokes(intensity, key, 11, 12) for key in (38, 43, 48)) >= 6


def test_styles_may_plan_a_section() -> None:
    quiet = SectionPlan(rest=(Role.DRUMS, Role.BASS), figures={Role.TEXTURE: "drone"})
    full = SectionPlan()
    assert layers(band(B=quiet))[2] == set(Role) - {Role.BASS}  # drums only for their fill
    music = arrange(band(B=quiet))
    assert sounding(music, 8 * 48, 11 * 48) == set(Role) - {Role.BASS, Role.DRUMS}
    texture = next(part.notes for part in music.parts if part.role is Role.TEXTURE)
    inside = [note for note in texture if 8 * 1920 <= note.start < 12 * 1920]
    assert {note.pitch % 12 for note in inside} == {0, 7} and len(inside) == 2
    assert layers(band(A=full))[0] == set(Role)
    assert layers(band(A2=quiet))[0] == layers(band())[0]
    assert layers(band(A2=quiet))[3] == set(Role) - {Role.BASS}
    half = arrange(band(A2=SectionPlan(half_time=True)).replace(intensity=1.0))
    notes = next(part.notes for part in half.parts if part.role is Role.DRUMS)
    assert [n.start // 1920 for n in notes if n.pitch == 38 and 12 <= n.start / 1920 < 14.9] == [12, 13, 14]


def test_notes_that_ring_into_a_rest_are_cut_at_the_bar_line() -> None:
    held = Track(Role.HARMONY, (Note(0, 60, 16 * 48), Note(0, 64, 16 * 48)))
    phrase = band(A2=SectionPlan(rest=(Role.HARMONY,)), B=SectionPlan(rest=(Role.HARMONY,)))
    tracks = tuple(held if track.role is Role.HARMONY else track for track in phrase.tracks)
    part = next(part for part in arrange(phrase.replace(tracks=tracks)).parts if part.role is Role.HARMONY)
    assert {note.start + note.duration for note in part.notes} == {8 * 1920}
    late = band(A=SectionPlan(rest=(Role.HARMONY,)), A2=SectionPlan())
    part = next(part for part in arrange(late.replace(tracks=tracks)).parts if part.role is Role.HARMONY)
    # struck where it enters, and again after the pause at a section's end
    assert {round(note.start / 1920) for note in part.notes} == {4, 12}


def test_a_plan_that_would_silence_everybody_is_not_kept() -> None:
    silent = SectionPlan(rest=tuple(Role))
    for form in ("A", "A B", "B A B"):
        music = arrange(band(form=form, bars=4 * len(form.split()), A=silent, B=silent))
        for bar in range(music.bars):
            assert sounding(music, 48 * bar, 48 * bar + 48)


def test_held_sounds_grow_into_fuller_sections_and_fade_at_a_cadence() -> None:
    players = {Role.HARMONY: Instrument(program=48, figure="pad")}
    phrase = band().replace(orchestration=Orchestration(instruments=players))

    def bars(wanted: Phrase) -> list[float]:
        part = next(part for part in arrange(wanted).parts if part.role is Role.HARMONY)
        values = dict.fromkeys(range(16 * 1920), 0)
        for control in part.controls:
            values.update(dict.fromkeys(range(control.start, 16 * 1920), control.value))
        return [sum(values[1920 * bar + step] for step in range(0, 1920, 40)) / 48 for bar in range(16)]

    loop, ended, plain = bars(phrase), bars(phrase.replace(ending="cadence")), bars(phrase.replace(form=()))
    assert loop[0] == loop[2] < loop[3] and loop[8] == loop[10] < loop[11]  # into A', and into the last A
    assert loop[4] == loop[7] and loop[8] < loop[4] < loop[12]
    assert ended[:14] == loop[:14] and ended[13] > ended[14] > ended[15]
    assert len(set(plain)) == 1


def test_who_alone_sounds_at_the_seam_does_not_rest_there() -> None:
    # on the last beat of the first bar, and of the last one, nobody plays but the counter, whom the opening silences
    tracks = (
        Track(Role.COUNTER, tuple(Note(24 * half, 62, 24) for half in range(32))),
        Track(Role.LEAD, tuple(Note(48 * bar, 72, 36) for bar in range(16))),
    )
    phrase = band().replace(tracks=tracks, orchestration=None)
    music = arrange(phrase)
    assert sounding(music, 36, 48) == sounding(music, 768 - 12, 768) == {Role.COUNTER}
    assert sounding(music, 48 + 36, 96) == set()  # inside the opening it rests, the lead is enough


def played_straight(phrase: Phrase) -> Phrase:
    """Return the phrase with players who hold notes for their written length, so that what is silent was planned."""
    if phrase.orchestration is None:
        return phrase
    players = {role: replace(player, gate=1.0) for role, player in phrase.orchestration.instruments.items()}
    return phrase.replace(orchestration=replace(phrase.orchestration, instruments=players, swing=0))


def without_form(phrase: Phrase) -> Phrase:
    """Return the phrase as it is arranged when no section plans anything."""
    return phrase.replace(form=())


def test_rests_leave_no_hole_of_half_a_bar() -> None:
    lead = Track(Role.LEAD, tuple(Note(48 * bar, 72, 24) for bar in range(16)))
    drums = band().track(Role.DRUMS)
    music = arrange(band(B=SectionPlan(rest=(Role.DRUMS,))).replace(tracks=(lead, drums)).replace(intensity=0.3))
    assert all(sounding(music, 24 * half, 24 * half + 24) for half in range(32))


def bars_of(phrase: Phrase) -> list[bool]:
    """Return in which bars a role is written that plays at this intensity."""
    music = arrange(without_form(phrase))
    bar = phrase.meter.bar_ticks
    return [bool(sounding(music, index * bar, index * bar + bar)) for index in range(phrase.bars)]


@settings(max_examples=120, deadline=None)
@given(formed_phrases())
def test_no_plan_makes_a_bar_silent(phrase: Phrase) -> None:
    phrase = played_straight(phrase)
    music = arrange(phrase)
    bar = phrase.meter.bar_ticks
    for index, written in enumerate(bars_of(phrase)):
        # what only leans into the bar for less than a beat may go, and so may what only the formless phrase has: a
        # fill, and the kick where it arrives
        filled = {index, index - 1} & (fill_bars(without_form(phrase)) - fill_bars(phrase))
        if written and _starts(phrase, index) and not filled:
            assert sounding(music, index * bar, index * bar + bar), index


def _starts(phrase: Phrase, bar: int) -> bool:
    length = phrase.meter.bar_ticks * SUBTICKS_PER_TICK
    beat = phrase.meter.pulse_ticks * SUBTICKS_PER_TICK
    return any(
        bar * length - SLACK <= note.start < bar * length + length - beat and note.duration > 2 * SLACK
        for part in arrange(without_form(phrase)).parts
        for note in part.notes
    )


def test_a_held_note_comes_back_after_a_pause_at_every_intensity() -> None:
    """A note through two sections: where it is struck late at a low intensity, it is not lost at a higher one."""
    notes = [Note(0, 60, 60)]
    quiet, loud = [0.7, 0.7, 0.7, 0.7, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0, 0.0, 0.0]
    meter = METERS["2/4"]
    layers = Layers(meter, {Role.TEXTURE: tuple(quiet)}, (0.0,) * 3)
    assert layers.keep(notes, Role.TEXTURE, 0.5) == (Note(48, 60, 12),)
    assert layers.keep(notes, Role.TEXTURE, 0.7) == (Note(0, 60, 60),)
    paused = Layers(meter, {Role.TEXTURE: tuple(loud)}, (0.0,) * 3)
    assert paused.keep(notes, Role.TEXTURE, 0.5) == (Note(0, 60, 36), Note(48, 60, 12))
    drums = Layers(meter, {Role.DRUMS: tuple(loud)}, (0.0,) * 3)
    assert drums.keep(notes, Role.DRUMS, 0.5) == (Note(0, 60, 36),)  # a drum is not struck for what came before


@settings(max_examples=80, deadline=None)
@given(formed_phrases())
def test_more_intensity_never_has_fewer_layers(phrase: Phrase) -> None:
    phrase = played_straight(phrase)  # a long note that is played short ends before the same one struck twice
    before: list[set[Role]] = [set()] * len(phrase.form)
    counts: dict[Role, int] = {}
    for intensity in INTENSITIES:
        music = arrange(phrase.replace(intensity=intensity))
        for part in music.parts:  # a held note that a pause cuts in two may be one again where nobody pauses
            assert part.role is not Role.DRUMS or len(part.notes) >= counts.get(part.role, 0)
        counts = {part.role: len(part.notes) for part in music.parts}
        after = layers(phrase.replace(intensity=intensity))
        assert all(low <= high for low, high in zip(before, after, strict=True))
        before = after


@settings(max_examples=60, deadline=None)
@given(formed_phrases())
def test_arrangements_with_sections_are_sound_and_repeatable(phrase: Phrase) -> None:
    music = arrange(phrase)
    assert arrange(phrase) == music
    for part, track in zip(music.parts, read_midi(write_midi(music)).tracks[1:], strict=True):
        assert [PlayedNote(n.start, n.pitch, n.end - n.start, n.velocity) for n in track.notes] == list(part.notes)
        assert all(note.start >= 0 and note.start + note.duration <= music.subticks for note in part.notes)
        assert {each.controller for each in part.controls if each.start == 0} == {
            each.controller for each in part.controls
        }


@settings(max_examples=60, deadline=None)
@given(formed_phrases(), st.sampled_from(INTENSITIES))
def test_the_seam_has_no_hole(phrase: Phrase, intensity: float) -> None:
    """Where a beat of the first or last bar sounds without a plan, it sounds with it."""
    phrase = played_straight(phrase.replace(intensity=intensity, ending="loop", tempo_bpm=min(phrase.tempo_bpm, 200.0)))
    music, free = arrange(phrase), arrange(without_form(phrase))
    pulse, bar = phrase.meter.pulse_ticks, phrase.meter.bar_ticks
    heads = (*range(0, bar, pulse), *range(phrase.ticks - bar, phrase.ticks, pulse))
    for head in heads:
        struck = any(
            head * SUBTICKS_PER_TICK - SLACK <= note.start < (head + pulse) * SUBTICKS_PER_TICK - SLACK
            and note.duration > 2 * SLACK
            for part in free.parts
            for note in part.notes
        )
        if struck:
            assert sounding(music, head, head + pulse)
