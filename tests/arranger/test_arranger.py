"""arrange(): what every arrangement keeps to, whatever the phrase and its players."""

from __future__ import annotations

from dataclasses import replace

import pytest
from arranger_cases import phrases
from hypothesis import given, settings

from gamemusic.arranger.arranger import arrange
from gamemusic.errors import InputError
from gamemusic.score.midi import read_midi, write_midi
from gamemusic.score.orchestration import DEFAULT_ORCHESTRATION, Instrument, Orchestration
from gamemusic.score.parts import Arrangement, PlayedNote
from gamemusic.score.phrase import Chord, Note, Phrase, Role, Track
from gamemusic.theory import Key
from gamemusic.units import METERS

TUNE = Phrase(
    bars=4,
    meter=METERS["4/4"],
    tempo_bpm=120.0,
    key=Key(0, "major"),
    tracks=(
        Track(Role.BASS, tuple(Note(48 * bar, 36, 48) for bar in range(4))),
        Track(Role.LEAD, tuple(Note(12 * beat, 60 + beat % 5, 12) for beat in range(16))),
        Track(Role.DRUMS, tuple(Note(12 * beat, 38, 3) for beat in range(16))),
    ),
    chords=(Chord(0, 0, "maj"), Chord(96, 7, "maj")),
    mood="explore",
    style="chamber",
    seed=7,
)


def with_players(phrase: Phrase, swing: float = 0.0, **players: Instrument) -> Phrase:
    instruments = {Role(role): player for role, player in players.items()}
    return phrase.replace(orchestration=Orchestration(instruments=instruments, swing=swing))


def part_notes(phrase: Phrase, role: Role) -> tuple[PlayedNote, ...]:
    return next(part.notes for part in arrange(phrase).parts if part.role is role)


def check(arrangement: Arrangement) -> None:
    order = [list(Role).index(part.role) for part in arrangement.parts]
    assert order == sorted(set(order))
    assert len({part.channel for part in arrangement.parts}) == len(order)
    for part in arrangement.parts:
        assert (part.channel == 9) == (part.role is Role.DRUMS)
        assert part.notes and list(part.notes) == sorted(part.notes)
        free: dict[int, int] = {}
        for note in part.notes:
            assert 0 <= note.start < note.start + note.duration <= arrangement.subticks
            assert 0 <= note.pitch <= 127 and 1 <= note.velocity <= 127
            assert note.start >= free.get(note.pitch, 0)
            free[note.pitch] = note.start + note.duration
        assert list(part.controls) == sorted(part.controls)
        assert all(0 <= each.start < arrangement.subticks and 0 <= each.value <= 127 for each in part.controls)
        at_zero = {each.controller for each in part.controls if each.start == 0}
        assert at_zero == {each.controller for each in part.controls}
        assert at_zero == (set() if part.role is Role.DRUMS else {11})
        assert len({(each.start, each.controller) for each in part.controls}) == len(part.controls)


@settings(max_examples=200, deadline=None)
@given(phrases())
def test_every_arrangement_is_sound(phrase: Phrase) -> None:
    arrangement = arrange(phrase)
    check(arrangement)
    assert arrange(phrase) == arrangement
    players = (phrase.orchestration or DEFAULT_ORCHESTRATION).instruments
    for role in Role:
        player = players.get(role, DEFAULT_ORCHESTRATION.instruments[role])
        heard = any(part.role is role for part in arrangement.parts)
        has_notes = bool(player.figure or phrase.track(role).notes)
        assert heard == (has_notes and player.from_intensity <= phrase.intensity)


@settings(max_examples=60, deadline=None)
@given(phrases())
def test_every_arrangement_survives_its_midi_file(phrase: Phrase) -> None:
    arrangement = arrange(phrase)
    for part, track in zip(arrangement.parts, read_midi(write_midi(arrangement)).tracks[1:], strict=True):
        assert [PlayedNote(n.start, n.pitch, n.end - n.start, n.velocity) for n in track.notes] == list(part.notes)


@settings(max_examples=60, deadline=None)
@given(phrases())
def test_more_intensity_is_never_softer(phrase: Phrase) -> None:
    orchestration = phrase.orchestration or DEFAULT_ORCHESTRATION
    players = {
        # a strum takes longer over more strings, and so its notes could not be found again
        role: replace(player, from_intensity=0.0, double_from=None if "strum" in player.figure else player.double_from)
        for role, player in orchestration.instruments.items()
    }
    phrase = phrase.replace(orchestration=replace(orchestration, instruments=players))
    before: dict[Role, dict[tuple[int, int], int]] = {}
    for intensity in (0.0, 0.2, 0.39, 0.5, 0.8, 1.0):
        after = {
            part.role: {(note.start, note.pitch): note.velocity for note in part.notes}
            for part in arrange(phrase.replace(intensity=intensity)).parts
        }
        for role, notes in before.items():
            if role is Role.DRUMS:  # ghost notes push others about within the hand's few milliseconds
                assert len(notes) <= len(after[role]) and max(notes.values()) <= max(after[role].values())
            else:
                assert all(velocity <= after[role][place] for place, velocity in notes.items())
        before = after


@settings(max_examples=40, deadline=None)
@given(phrases())
def test_another_seed_changes_the_hand_but_not_the_notes(phrase: Phrase) -> None:
    # an ostinato is chosen by the seed; so are fills, and ghost notes
    players = (phrase.orchestration or DEFAULT_ORCHESTRATION).instruments
    chosen = {role for role, player in players.items() if player.figure == "ostinato"} | {Role.DRUMS}
    for part, other in zip(arrange(phrase).parts, arrange(phrase.replace(seed=phrase.seed + 1)).parts, strict=True):
        if part.role not in chosen:
            assert sorted(note.pitch for note in part.notes) == sorted(note.pitch for note in other.notes)


def test_says_what_it_is() -> None:
    arrangement = arrange(TUNE)
    assert arrangement.title == "explore (chamber)"
    assert arrangement.comment == "gamemusic mood=explore style=chamber seed=7 bars=4"
    assert arrange(TUNE.replace(mood="", style="")).title == "gamemusic"
    assert (arrangement.bars, arrangement.meter, arrangement.tempo_bpm) == (4, TUNE.meter, 120.0)
    assert (arrangement.key, arrangement.chords, arrangement.ending) == (TUNE.key, TUNE.chords, "loop")
    assert [(part.role, part.channel) for part in arrangement.parts] == [
        (Role.BASS, 0),
        (Role.LEAD, 4),
        (Role.DRUMS, 9),
    ]


def test_every_part_begins_on_the_first_downbeat() -> None:
    for seed in range(20):
        assert all(part.notes[0].start == 0 for part in arrange(TUNE.replace(seed=seed)).parts)


def test_figures_play_for_roles_without_a_track() -> None:
    phrase = with_players(TUNE, harmony=Instrument(figure="block"), drums=Instrument(figure="rock_beat"))
    assert [part.role for part in arrange(phrase).parts] == [Role.BASS, Role.HARMONY, Role.LEAD, Role.DRUMS]
    assert {note.pitch for note in part_notes(phrase, Role.DRUMS)} > {36, 38, 42}


def test_octaves_move_notes_and_keep_them_playable() -> None:
    high = Track(Role.LEAD, (Note(0, 110, 12), Note(12, 5, 12)))
    moved = [
        part_notes(with_players(TUNE.replace(tracks=(high,)), lead=Instrument(octave=n)), Role.LEAD) for n in (2, -2)
    ]
    assert [[note.pitch for note in notes] for notes in moved] == [[122, 29], [86, 5]]


def test_downbeats_are_louder_than_beats_and_beats_than_what_lies_between() -> None:
    notes = tuple(Note(6 * eighth, 60, 6) for eighth in range(64))
    sums = {"downbeat": 0, "beat": 0, "between": 0}
    counts = dict.fromkeys(sums, 0)
    for seed in range(10):
        phrase = TUNE.replace(bars=8, tracks=(Track(Role.TEXTURE, notes),), seed=seed)
        for eighth, note in enumerate(part_notes(phrase, Role.TEXTURE)):
            name = "downbeat" if eighth % 8 == 0 else "beat" if eighth % 2 == 0 else "between"
            sums[name] += note.velocity
            counts[name] += 1
    means = {name: sums[name] / counts[name] for name in sums}
    assert means["downbeat"] > means["beat"] + 3 > means["between"] + 6


def test_even_drums_get_accents_and_others_keep_theirs() -> None:
    hats = tuple(Note(3 * index, 42, 3, 94) for index in range(64))
    sums = {"beat": 0, "eighth": 0, "between": 0}
    for seed in range(10):
        even = part_notes(TUNE.replace(tracks=(Track(Role.DRUMS, hats),), seed=seed), Role.DRUMS)
        assert len({note.velocity for note in even}) > 8
        for index, note in enumerate(even):
            sums["between" if index % 2 else "eighth" if index % 4 else "beat"] += note.velocity
    assert sums["beat"] / 160 > sums["eighth"] / 160 + 4 > sums["between"] / 320 + 8
    played = tuple(Note(12 * beat, 42, 3, 100 if beat % 4 == 1 else 50) for beat in range(16))
    own = part_notes(TUNE.replace(tracks=(Track(Role.DRUMS, played),)), Role.DRUMS)
    assert all(abs(note.velocity - (99 if beat % 4 == 1 else 76)) <= 7 for beat, note in enumerate(own))


def test_drums_are_as_loud_as_others_however_they_were_written() -> None:
    def heard(level: int) -> dict[int, list[int]]:
        beats = [Note(12 * beat, 38 if beat % 2 else 36, 3, level) for beat in range(16)]
        ghosts = [Note(12 * beat + 9, 38, 3, 30) for beat in range(16)]
        drums = Track(Role.DRUMS, tuple(sorted((*beats, *ghosts))))
        notes = part_notes(TUNE.replace(tracks=(drums,), intensity=0.3), Role.DRUMS)
        return {key: [n.velocity for n in notes if (n.velocity < 50) == (key == 0)] for key in (0, 1)}

    soft, loud = heard(70), heard(118)
    assert abs(sorted(soft[1])[8] - sorted(loud[1])[8]) <= 6 and len(soft[1]) >= 16
    for found in (soft[0], loud[0]):
        assert 15 <= sorted(found)[len(found) // 2] <= 40  # what is meant to be soft stays so


def test_doubled_notes_sound_an_octave_higher_and_softer() -> None:
    plain = part_notes(with_players(TUNE.replace(intensity=0.9), lead=Instrument()), Role.LEAD)
    doubled = part_notes(with_players(TUNE.replace(intensity=0.9), lead=Instrument(double_from=0.8)), Role.LEAD)
    added = sorted(set(doubled) - set(plain))
    assert [(note.start, note.pitch) for note in added] == [(note.start, note.pitch + 12) for note in plain]
    assert all(high.velocity == low.velocity - 14 for low, high in zip(plain, added, strict=True))
    below = TUNE.replace(intensity=0.79)
    assert part_notes(with_players(below, lead=Instrument(double_from=0.8)), Role.LEAD) == part_notes(
        with_players(below, lead=Instrument()), Role.LEAD
    )


def test_composed_chords_lie_open_low_down() -> None:
    close = tuple(Note(48 * bar, pitch, 48) for bar in range(4) for pitch in (40, 43, 47))
    tracks = (TUNE.track(Role.BASS), Track(Role.HARMONY, close))
    assert {note.pitch for note in part_notes(TUNE.replace(tracks=tracks), Role.HARMONY)} == {43, 52, 59}
    figured = part_notes(with_players(TUNE, harmony=Instrument(figure="block", octave=-2)), Role.HARMONY)
    assert min(note.pitch for note in figured) < 48  # what figures write is theirs


def test_held_instruments_swell_and_struck_ones_do_not() -> None:
    chords = with_players(TUNE, harmony=Instrument(program=48, figure="pad"), lead=Instrument(program=0))
    controls = {part.role: part.controls for part in arrange(chords).parts}
    assert [(each.start, each.value) for each in controls[Role.LEAD]] == [(0, 110)]
    values = [each.value for each in controls[Role.HARMONY]]
    assert min(values) >= 95 and max(values) <= 115 and len(set(values)) > 5
    assert max(abs(a - b) for a, b in zip(values, [*values[1:], values[0]], strict=True)) <= 6


def test_refuses_figures_that_do_not_exist_or_do_not_fit() -> None:
    with pytest.raises(InputError, match=r"figure 'waltzz' for harmony is not one of .* did you mean 'waltz'"):
        arrange(with_players(TUNE, harmony=Instrument(figure="waltzz")))
    with pytest.raises(InputError, match=r"figure 'waltz' for drums is not one of rock_beat, march, bodhran, shaker"):
        arrange(with_players(TUNE, drums=Instrument(figure="waltz")))


@pytest.mark.parametrize(("role", "program"), [(Role.HARMONY, 48), (Role.TEXTURE, 46), (Role.COUNTER, 49)])
def test_figures_stay_under_the_tune_and_a_glockenspiel_stays_apart(role: Role, program: int) -> None:
    low_tune = Track(Role.LEAD, tuple(Note(12 * beat, 65 + beat % 4, 12) for beat in range(16)))
    phrase = TUNE.replace(tracks=(low_tune,))
    figure = "pad" if role is Role.COUNTER else "arpeggio_up"
    players = {role.value: Instrument(program=program, figure=figure)}
    notes = part_notes(with_players(phrase, 0.0, **players), role)
    assert notes and max(note.pitch for note in notes) < 65
    if role is Role.TEXTURE:
        bells = Instrument(program=9, figure=figure, octave=1)
        assert min(note.pitch for note in part_notes(with_players(phrase, texture=bells), role)) > 68
