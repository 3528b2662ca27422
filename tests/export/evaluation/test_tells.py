"""What gives composed music away: each figure on made phrases, and on ones in which it has to differ."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from madephrases import BAR, make_phrase, tune

from gamemusic.cli.main import main
from gamemusic.composer.composer import Composer
from gamemusic.errors import FormatError, InputError
from gamemusic.packs.library import find_pack
from gamemusic.score.phrase import Chord, Note, Phrase, Role
from gamemusic.theory import Key
from gamemusic_export.evaluation.heard import HEARD, cut_passages, measure_heard
from gamemusic_export.evaluation.takes import Take, compose_takes, play, read_takes, write_takes
from gamemusic_export.evaluation.tells import CONTROLS, TOKENS, hear_takes, load_controls, load_tells, scope_of
from gamemusic_export.evaluation.telltale import TELLS, measure_tells

MOTIF = (0, 12, 24, 36)


def hear_one(phrase: Phrase, played: Phrase | None = None, *, loops: bool = True) -> dict[str, float]:
    (passage,) = cut_passages(phrase, phrase if played is None else played)
    return measure_heard(passage, loops=loops)


def song(bars: Sequence[tuple[int, ...]], *, chords: tuple[Chord, ...] = (), bass: list[Note] | None = None) -> Phrase:
    """A lead of the pitches of each bar in quarter notes, over bars of eight."""
    lead = [
        Note(bar * BAR + tick, pitch, 12)
        for bar, pitches in enumerate(bars)
        for tick, pitch in zip(MOTIF, pitches, strict=False)
    ]
    return make_phrase({Role.LEAD: lead, Role.BASS: bass or []}, chords, bars=len(bars))


SAME = [(60, 64, 62, 67)] * 8
MOVED = [tuple(pitch + 2 * bar for pitch in (60, 64, 62, 67)) for bar in range(8)]
STRETCHED = [(60, 62 + bar, 61, 68 + bar) for bar in range(8)]
TAILS = [(60, 64, 62, 67 + bar) for bar in range(4)] + [(60, 64, 62, 71 + bar) for bar in range(4)]
NEW = [(60, 62, 64, 65)[: 1 + bar % 4] if bar % 2 else (72, 71, 69, 67)[: 1 + bar % 4] for bar in range(8)]


@pytest.mark.parametrize(
    ("name", "more", "less"),
    [
        ("exact", SAME, MOVED),
        ("developed", STRETCHED, SAME),
        ("transposed", MOVED, STRETCHED),
        ("varied", TAILS, MOVED),
        ("repeated", [(60, 60, 60, 62)] * 8, SAME),
        ("run", [(60, 60, 60, 62)] * 8, SAME),
        ("turns", [(60, 64, 60, 64)] * 8, [(60, 62, 64, 66), (67, 69, 71, 73)] * 4),
        ("steps", [(60, 62, 64, 62)] * 8, SAME),
        ("range", [(48, 60, 72, 84)] * 8, [(60, 62, 64, 62)] * 8),
        ("lead_rate", SAME, [(60, 62)] * 8),
        ("lead_present", SAME, [(60, 62, 64, 65), ()] * 4),
        ("a_without_lead", [(60, 62, 64, 65), ()] * 4, SAME),
    ],
)
def test_a_melody_is_told_from_one_that_lacks_it(
    name: str, more: Sequence[tuple[int, ...]], less: Sequence[tuple[int, ...]]
) -> None:
    assert hear_one(song(more))[name] > hear_one(song(less))[name]


def test_shares_of_a_melody_are_right() -> None:
    assert hear_one(song(SAME))["exact"] == pytest.approx(7 / 8)
    assert hear_one(song(MOVED))["transposed"] == pytest.approx(7 / 8)
    assert hear_one(song([(60, 62, 64, 65), ()] * 4))["a_without_lead"] == pytest.approx(0.5)
    assert hear_one(song(SAME))["lead_rate"] == 1.0
    even, dotted = (
        make_phrase({Role.LEAD: [Note(BAR * bar + tick, 60 + tick, 3) for bar in range(8) for tick in ticks]})
        for ticks in (MOTIF, (0, 18, 24, 42))
    )
    assert hear_one(even)["npvi"] == hear_one(even)["entropy"] == 0
    assert hear_one(dotted)["npvi"] > 50 and hear_one(dotted)["entropy"] == pytest.approx(1, abs=0.01)


def marks(*chords: tuple[int, int, str]) -> tuple[Chord, ...]:
    return tuple(Chord(*chord) for chord in chords)


def test_chords_are_told_by_when_they_change_and_what_they_hold() -> None:
    plain = hear_one(song(SAME, chords=marks((0, 0, "maj"), (BAR, 7, "maj"), (BAR + 24, 5, "maj"))))
    odd = hear_one(song(SAME, chords=marks((0, 11, "dim7"), (BAR + 6, 7, "maj"), (BAR + 18, 6, "maj"))))
    for name in ("chord_off", "chord_short", "chord_outside", "first_tense"):
        assert plain[name] == 0 < odd[name], name
    assert odd["chord_off"] == 1 and odd["chord_short"] == pytest.approx(1 / 3)
    assert plain["first_tonic"] == 1 and odd["first_tonic"] == 0
    assert plain["last_tonic"] == 0 and hear_one(song(SAME, chords=marks((0, 7, "7"), (BAR, 0, "maj"))))["last_tonic"]
    # written twice in a row, it is one chord
    twice = hear_one(song(SAME, chords=marks((0, 0, "maj"), (6, 0, "maj"), (BAR, 7, "maj"))))
    assert twice["chord_off"] == twice["chord_short"] == 0


@pytest.mark.parametrize(
    ("mode", "own", "rival"), [("lydian", 66, 65), ("dorian", 69, 68), ("phrygian", 61, 62), ("mixolydian", 70, 71)]
)
def test_a_mode_is_heard_by_its_own_tone(mode: str, own: int, rival: int) -> None:
    def share(*pitches: int) -> float:
        phrase = song([pitches] * 8)
        return hear_one(phrase.replace(key=Key(0, mode)))["own_tone"]

    assert share(60, own, own, rival) == pytest.approx(2 / 3) and share(60, rival, rival, rival) == 0
    assert math.isnan(share(60, 60, 60, 60))
    assert math.isnan(hear_one(song([(60, own, rival, 60)] * 8))["own_tone"])  # plain major has none


def test_a_bass_is_told_by_its_figure_and_by_its_roots() -> None:
    chords = tuple(Chord(bar * BAR, (0, 5, 7, 9)[bar % 4], "maj") for bar in range(8))

    def line(steps: tuple[int, ...], ticks: tuple[int, ...] = (0, 24)) -> list[Note]:
        return [
            Note(chord.start + tick, 36 + chord.root + step, 12)
            for chord in chords
            for tick, step in zip(ticks, steps, strict=True)
        ]

    steady = hear_one(song(SAME, chords=chords, bass=line((0, 7))))
    assert steady["bass_figure"] == steady["bass_rhythm"] == steady["bass_root"] == 1
    assert hear_one(song(SAME, chords=chords, bass=line((7, 0))))["bass_root"] == 0
    wild = [Note(chord.start, 40 + number, 6 + number) for number, chord in enumerate(chords)]
    wild += [Note(chord.start + 6 + 3 * number, 36, 3) for number, chord in enumerate(chords)]
    assert hear_one(song(SAME, chords=chords, bass=wild))["bass_rhythm"] == 0
    # the same as played: what an arranger makes of it is measured apart
    found = hear_one(song(SAME, chords=chords, bass=wild), song(SAME, chords=chords, bass=line((0, 7))))
    assert (found["bass_rhythm"], found["played_bass_rhythm"], found["played_bass_figure"]) == (0, 1, 1)


def test_accompaniment_and_drums_are_told_by_what_comes_back() -> None:
    def play_role(role: Role, key: int, ticks: Sequence[tuple[int, ...]]) -> dict[str, float]:
        notes = [Note(bar * BAR + tick, key, 3) for bar, places in enumerate(ticks) for tick in places]
        return hear_one(make_phrase({Role.LEAD: [Note(0, 72, 12)], role: notes}))

    steady, wild = [(0, 24)] * 8, [(0, 3 * bar + 3) for bar in range(8)]
    for role, key, name in ((Role.HARMONY, 55, "accompaniment"), (Role.DRUMS, 36, "drums")):
        assert play_role(role, key, steady)[name] == play_role(role, key, steady)[f"played_{name}"] == 1
        assert play_role(role, key, wild)[name] == 0


def test_the_loop_is_held_against_the_inside() -> None:
    smooth, jump = hear_one(song([(60, 62, 64, 62)] * 8)), hear_one(song([(60, 62, 64, 62)] * 7 + [(84, 86, 84, 86)]))
    assert (smooth["loop_lead"], smooth["loop_register"]) == (2, 0)
    assert jump["loop_lead"] == 26 and jump["loop_register"] == pytest.approx(23)
    assert jump["inside_lead"] < 5 and jump["inside_register"] == pytest.approx(23 / 7)
    assert math.isnan(hear_one(song(SAME), loops=False)["loop_lead"])
    low = [Note(bar * BAR, 36 + bar, 12) for bar in range(8)]
    bass = hear_one(song(SAME, bass=low))
    assert (bass["loop_bass"], bass["inside_bass"]) == (7, 1)


def test_sections_that_are_copies_are_left_out() -> None:
    parts = [tune(seed) for seed in range(4)]
    notes = [
        Note(note.start + index * 8 * BAR, note.pitch, note.duration)
        for index, part in enumerate(parts)
        for note in part.track(Role.LEAD).notes
    ]
    phrase = make_phrase({Role.LEAD: notes}, bars=32, form=("A", "A'", "B", "A"))
    passages = cut_passages(phrase, phrase)
    assert [passage.opening for passage in passages] == [True, False]
    assert [passage.whole for passage in passages] == [True, False]
    assert passages[1].composed.track(Role.LEAD) == parts[2].track(Role.LEAD)
    assert len(cut_passages(phrase.replace(form=()), phrase)) == 4


def take_of(phrase: Phrase, mood: str = "town", style: str = "folk") -> Take:
    return Take(mood, style, style, phrase, phrase, {Role.LEAD: "flute"})


def test_takes_come_back_from_their_file(tmp_path: Path, tiny_pack: Path) -> None:
    takes = list(compose_takes(Composer(find_pack(tiny_pack)), phrases=1, seed=3))
    again = read_takes(write_takes(tmp_path / "takes.json", takes))
    assert [take.phrase.tracks for take in again] == [take.phrase.tracks for take in takes]
    assert [take.played.tracks for take in again] == [take.played.tracks for take in takes]
    before, after = hear_takes(takes), hear_takes(again)
    assert before.groups == after.groups
    assert all(np.array_equal(before.figure(name), after.figure(name), equal_nan=True) for name in HEARD)
    (tmp_path / "other.json").write_text('{"format": 1, "takes": [{}]}')
    with pytest.raises(FormatError, match="not a file of takes"):
        read_takes(tmp_path / "other.json")


def test_played_notes_stand_on_the_grid_again() -> None:
    phrase = tune(1)
    played, programs = play(phrase)
    assert [(n.start, n.pitch) for n in played.track(Role.LEAD).notes] == [
        (n.start, n.pitch) for n in phrase.track(Role.LEAD).notes
    ]
    assert set(programs) == set(played.roles)


@pytest.mark.parametrize("name", [*TOKENS, *load_controls()])
def test_committed_rows_load_and_hold_every_figure(name: str) -> None:
    rows = load_tells(name)
    assert len(rows) >= 9 and set(rows.extra) == set(HEARD)
    assert np.nanmin(rows.figure("lead_present")) >= (0.5 if name in TOKENS else 0)
    if name in CONTROLS:
        named = {scope_of(group) for group in rows.groups}
        moods = {mood for mood, _ in named}
        assert len(moods) == 10
        assert named == {(mood, style) for mood in moods for style in find_pack(mood).preset.styles}
    else:
        assert set(rows.styles) == {name}


def test_random_weights_are_kept_and_what_is_not_kept_is_left_out(tmp_path: Path) -> None:
    assert "random" in load_controls()
    assert load_controls(tmp_path) == {}


def test_what_is_not_kept_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="evaluate --tells --corpus"):
        load_tells("folk", tmp_path)


def test_trees_tell_tunes_of_one_note_from_folk_music_and_neighbours_are_near() -> None:
    pytest.importorskip("sklearn")
    real = load_tells("folk")
    dead = hear_takes(take_of(song([(60, 60, 62, 60)] * 8).replace(seed=seed)) for seed in range(12))
    found = measure_tells(dead)["town"]
    assert tuple(found) == TELLS
    assert found["told_by_melody"].value > 0.95 > 0.7 > found["told_by_melody"].real
    assert found["nearest"].value < 0.1
    assert found["repeated"].value > found["repeated"].high > found["repeated"].real > found["repeated"].low
    # real music in the place of composed is taken for what it is
    groups = tuple(f"town/folk {group}" for group in real.groups)
    same = measure_tells(dataclasses.replace(real, groups=groups))["town"]
    assert same["nearest"].value == pytest.approx(1, abs=0.15)
    assert same["exact"].value == pytest.approx(same["exact"].real)


def test_the_table_is_printed_and_written(tiny_pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for library in ("torch", "sklearn", "matplotlib"):
        pytest.importorskip(library)
    kept, page = tmp_path / "takes.json", tmp_path / "page"
    asked = ["evaluate", "--tells", str(tiny_pack), "--phrases", "1", "--seed", "7"]
    assert main([*asked, "--save", str(kept), "-o", str(page)]) == 0
    table = capsys.readouterr().out
    assert table.splitlines()[0].split()[:2] == ["figure", "real"]
    assert [line.split()[0] for line in table.splitlines()[1:]] == list(TELLS)
    assert main(["evaluate", "--tells", "--takes", str(kept), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads((page / "tells.json").read_text(encoding="utf-8"))
    assert set(told["all"]) == set(TELLS) and told["all"]["lead_rate"]["value"] > 0
    assert {"value", "real", "real, other", "real, 10 %", "real, 90 %", *load_controls()} == set(told["all"]["steps"])
    text = (page / "index.html").read_text(encoding="utf-8")
    HTMLParser().feed(text)
    assert all(f"<td>{name}</td>" in text for name in TELLS)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--tells", "--phrases", "0"], "at least 1 phrase"),
        (["--tells", "--midi", "x"], "--midi does not go with --tells"),
        (["--takes", "x"], "go with --tells"),
        (["--tells", "--takes", "x", "--write-cards"], "leave out --takes"),
    ],
)
def test_requests_that_make_no_sense_are_refused(
    more: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for library in ("torch", "sklearn", "matplotlib"):
        pytest.importorskip(library)
    assert main(["evaluate", "town", *more]) == 1
    assert words in capsys.readouterr().err
