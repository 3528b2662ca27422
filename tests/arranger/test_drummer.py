"""The drummer: fills, crashes, ghost notes, half time."""

from __future__ import annotations

import pytest
from arranger_cases import formed_phrases
from hypothesis import given, settings

from gamemusic.arranger.drummer import GHOSTS_FROM, add_fills, add_ghosts, ease_kicks, halve
from gamemusic.programs import DRUM_NAMES
from gamemusic.score.phrase import DRUM_TICKS, Note, Phrase, Role, Track
from gamemusic.theory import Key
from gamemusic.units import METERS

TOMS = {41, 43, 45, 47, 48, 50}


def groove(bars: int = 8, *, meter: str = "4/4", form: str = "", ending: str = "loop", seed: int = 3) -> Phrase:
    """Return a plain beat: hats in eighths, kick and snare in turn, all alike."""
    found = METERS[meter]
    ticks, pulse = bars * found.bar_ticks, found.pulse_ticks
    notes = [Note(tick, 42, DRUM_TICKS, 94) for tick in range(0, ticks, 6)]
    notes += [Note(beat * pulse, 38 if beat % 2 else 36, DRUM_TICKS, 94) for beat in range(ticks // pulse)]
    return Phrase(
        bars=bars,
        meter=found,
        tempo_bpm=120.0,
        key=Key(0, "major"),
        tracks=(Track(Role.DRUMS, tuple(sorted(notes))),),
        form=tuple(form.split()),
        ending=ending,
        intensity=0.7,
        seed=seed,
    )


def played(phrase: Phrase) -> tuple[Note, ...]:
    return phrase.track(Role.DRUMS).notes


@pytest.mark.parametrize("meter", METERS)
def test_fills_end_sections_and_arrive_on_a_crash(meter: str) -> None:
    for seed in range(12):
        phrase = groove(8, meter=meter, form="A B", seed=seed)
        filled = add_fills(played(phrase), phrase, 0)
        length = phrase.meter.bar_ticks
        changed = {note.start // length for note in set(filled) ^ set(played(phrase)) if note.pitch != 49}
        assert changed == {3, 7}
        assert [note.start // length for note in filled if note.pitch == 49] == [0, 4]
        for bar in (3, 7):
            strokes = [note for note in filled if note.start // length == bar and note.pitch in {38} | TOMS]
            last = [note for note in strokes if note.start >= bar * length + length // 2]
            assert len(last) >= 3 and last[-1].velocity > last[0].velocity - 1
            assert all(note.end <= phrase.ticks and note.pitch in DRUM_NAMES for note in filled)


def test_fills_without_a_form_come_every_eighth_bar_and_none_at_a_cadence() -> None:
    phrase = groove(12, ending="cadence")
    filled = add_fills(played(phrase), phrase, 0)
    assert {note.start // 48 for note in set(filled) - set(played(phrase))} == {7, 8}
    assert [note.start for note in filled if note.pitch == 49] == [8 * 48]


def test_what_the_model_filled_stays_and_shakers_fill_nothing() -> None:
    phrase = groove(4)
    own = tuple(sorted((*played(phrase), Note(168, 45, 3, 100), Note(174, 43, 3, 110), Note(186, 41, 3, 110))))
    kept = add_fills(own, phrase, 0)
    assert set(kept) - set(own) == {Note(0, 49, 3, 104)} and set(own) <= set(kept)
    shaker = tuple(Note(6 * index, 70, 3) for index in range(32))
    assert add_fills(shaker, phrase, 0) == shaker
    quiet = phrase.replace(intensity=GHOSTS_FROM - 0.01)
    assert not {49, 57} & {note.pitch for note in add_fills(played(quiet), quiet, 0)}


def test_orchestras_have_no_toms_in_their_fills() -> None:
    for seed in range(20):
        phrase = groove(4, seed=seed)
        assert {note.pitch for note in add_fills(played(phrase), phrase, 48)} == {36, 38, 42, 57}
    others = [groove(4, seed=seed) for seed in range(20)]
    assert any(TOMS & {note.pitch for note in add_fills(played(phrase), phrase, 0)} for phrase in others)


def test_ghosts_are_soft_few_and_grow_with_the_intensity() -> None:
    counts = []
    before: set[Note] = set()
    for intensity in (0.0, 0.39, 0.4, 0.6, 0.8, 1.0):
        phrase = groove(16, form="A A' B A").replace(intensity=intensity)
        ghosts = add_ghosts(played(phrase), phrase, bars=frozenset(range(16)))
        assert before <= set(ghosts)
        before = set(ghosts)
        counts.append(len(ghosts))
        assert all(note.velocity <= 36 and note.pitch == 38 and note.start % 6 == 3 for note in ghosts)
    assert counts[:2] == [0, 0] and counts[2] < counts[-1] and 16 <= counts[-1] <= 4 * 16
    # a groove is a habit: all bars of a section alike, but for its fill
    places = {note.start for note in before}
    for head in range(0, 16, 4):
        bars = [{start % 48 for start in places if start // 48 == bar} for bar in range(head, head + 4)]
        assert bars[0] == bars[1] == bars[2] >= bars[3]
    assert all(note.start // 48 < 8 for note in add_ghosts(played(phrase), phrase, bars=frozenset(range(8))))


def test_other_bars_do_not_change_a_bars_ghosts() -> None:
    phrase = groove(8, seed=3).replace(intensity=1.0)
    busier = tuple(sorted({*played(phrase), Note(2 * 48 + 45, 38, 3, 94), Note(2 * 48 + 9, 38, 3, 94)}))
    usual, changed = (
        [
            {note.start % 48 for note in add_ghosts(notes, phrase, bars=range(8)) if note.start // 48 == bar}
            for bar in (1, 3)
        ]
        for notes in (played(phrase), busier)
    )
    assert usual == changed and usual[0] == usual[1] and usual[0]


def test_ghosts_stay_away_from_rolls_and_fills() -> None:
    phrase = groove(4).replace(intensity=1.0)
    roll = tuple(sorted({*played(phrase), *(Note(3 * index, 38, 3, 94) for index in range(64))}))
    assert add_ghosts(roll, phrase, bars=frozenset(range(4))) == ()
    last = [note.start for note in add_ghosts(played(phrase), phrase, bars=frozenset(range(4))) if note.start >= 144]
    assert all(start < 144 + 24 for start in last)


@pytest.mark.parametrize("meter", METERS)
def test_kicks_leave_room_and_equal_bars_stay_equal(meter: str) -> None:
    phrase = groove(4, meter=meter)
    length = phrase.meter.bar_ticks
    rolling = tuple(sorted({*played(phrase), *(Note(3 * index, 36, 3, 94) for index in range(phrase.ticks // 3))}))
    eased = ease_kicks(rolling, phrase.meter)
    bars = [
        [note.start % length for note in eased if note.pitch == 36 and note.start // length == bar] for bar in range(4)
    ]
    assert bars[0] == bars[1] == bars[2] == bars[3] and 0 in bars[0]
    assert 2 <= len(bars[0]) <= 5 * length // 48 or len(bars[0]) == 2
    assert [note for note in eased if note.pitch != 36] == [note for note in rolling if note.pitch != 36]
    assert ease_kicks(played(phrase), phrase.meter) == played(phrase)


def test_each_section_has_a_fill_of_its_own() -> None:
    phrase = groove(16, form="A B C A")
    filled = add_fills(played(phrase), phrase, 0)
    fills = [
        tuple((n.start % 48, n.pitch) for n in filled if n.start // 48 == bar and n.start % 48 >= 24)
        for bar in (3, 7, 11)
    ]
    assert len(set(fills)) == 3
    toms = sum(note.pitch in TOMS for note in filled)
    assert 0.3 <= toms / 16 <= 1.2


@pytest.mark.parametrize(("meter", "snares"), [("4/4", [24, 72]), ("2/4", [24, 72]), ("6/8", [36]), ("3/4", [12])])
def test_half_time_has_half_the_backbeats(meter: str, snares: list[int]) -> None:
    phrase = groove(96 // METERS[meter].bar_ticks, meter=meter)
    slow = halve(played(phrase), phrase.meter, bars=range(phrase.bars))
    assert [note.start for note in slow if note.pitch == 38] == snares
    pulse = phrase.meter.pulse_ticks
    assert all(note.start % pulse == 0 for note in slow if note.pitch == 42)
    assert halve(played(phrase), phrase.meter, bars=()) == played(phrase)


@settings(max_examples=80, deadline=None)
@given(formed_phrases())
def test_the_drummer_never_breaks_a_phrase(phrase: Phrase) -> None:
    notes = played(phrase)
    for result in (
        add_fills(notes, phrase, 0),
        halve(notes, phrase.meter, bars=range(0, phrase.bars, 2)),
        add_ghosts(notes, phrase, bars=range(phrase.bars)),
    ):
        assert list(result) == sorted(result)
        assert all(0 <= note.start < note.end <= phrase.ticks and 1 <= note.velocity <= 127 for note in result)
    assert len(halve(notes, phrase.meter, bars=range(phrase.bars))) <= len(notes)
