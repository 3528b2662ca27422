"""Every mistake in a soundtrack file is named with file, line and column, what was found, and what was expected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sources import midi_of

from gamemusic.errors import FormatError, InputError
from gamemusic.packs.library import PATH_VARIABLE
from gamemusic.soundtrack.plan import read_plan

GOOD = """\
format: 1
title: Greywater
formats: [wav, midi]
bit_depth: "16"
loudness: -16
groups:
  field: {loudness: -18, stems: true}
defaults: {bars: 4, intensity: 0.5}
cues:
  day: {mood: tiny, style: chamber, group: field, intensity: [0.3, 0.6, 0.9]}
  night: {mood: tiny, harmony_from: day}
  grave:
    mood: tiny
    source: grave.mid
    variations: 1
transitions:
  dusk: {start: day, end: night}
stingers:
  chest: {cue: day, kind: found}
"""

# what is replaced, by what, where the error is, words of its message
TABLE: list[tuple[str, str, str, tuple[str, ...]]] = [
    ("format: 1", "format: 2", "1:9", ("found 2, expected 1", "update it")),
    ("title: ", "titel: ", "2:1", ("unknown key 'titel'", "did you mean 'title'?")),
    ("formats: [wav, midi]", "formats: [wav, mp3]", "3:16", ("formats, entry 2", "'mp3'", "midi, wav, ogg, flac")),
    ("formats: [wav, midi]", "formats: wav", "3:10", ("write [wav]",)),
    ("formats: [wav, midi]", "formats: []", "3:10", ("a list of 1 to 4",)),
    ("formats: [wav, midi]", "formats: [wav, wav]", "3:16", ("a second time",)),
    ('bit_depth: "16"', "bit_depth: 16", "4:12", ("found 16", "one of 16, 24, 32f")),
    ('bit_depth: "16"', 'bit_depth: "8"', "4:12", ("one of 16, 24, 32f",)),
    ("loudness: -16", "loudness: 3", "5:11", ("found 3", "-40 to -8")),
    ("loudness: -16", "sample_rate: 44.1", "5:14", ("found 44.1", "8000 to 96000")),
    ("loudness: -16", "quality: high", "5:10", ("found the text 'high'", "a number, 0 to 1")),
    ("{loudness: -18, stems: true}", "{loudnes: -18}", "7:11", ("groups.field", "did you mean 'loudness'?")),
    ("stems: true", "stems: yes", "7:33", ("groups.field.stems", "write true")),
    ("{bars: 4, intensity: 0.5}", "{bars: 0}", "8:18", ("defaults.bars", "found 0")),
    ("{bars: 4, intensity: 0.5}", "{seed: 5}", "8:18", ("found seed for all cues", "move it there")),
    ("{bars: 4, intensity: 0.5}", "{group: feld}", "8:19", ("found feld", "did you mean 'field'?")),
    ("group: field", "group: feld", "10:44", ("cues.day.group", "found feld", "did you mean 'field'?")),
    ("[0.3, 0.6, 0.9]", "[0.6, 0.3]", "10:62", ("cues.day.intensity", "sort them")),
    ("[0.3, 0.6, 0.9]", "[0.3, 0.301]", "10:62", ("differ by a hundredth",)),
    ("[0.3, 0.6, 0.9]", "1.5", "10:62", ("found 1.5", "0 to 1")),
    ("[0.3, 0.6, 0.9]", "[]", "10:62", ("a list of 1 to 8",)),
    ("  day: {mood", "  Day: {mood", "10:3", ("found the text 'Day'", "small letters")),
    ("mood: tiny, harmony_from", "mod: tiny, harmony_from", "11:11", ("unknown key 'mod'", "did you mean 'mood'?")),
    ("{mood: tiny, harmony_from: day}", "{harmony_from: day}", "11:10", ("found no mood", "`defaults`")),
    ("harmony_from: day", "harmony_from: dya", "11:37", ("found dya", "did you mean 'day'?")),
    ("harmony_from: day", "harmony_from: night", "11:37", ("circle", "night <- night")),
    ("harmony_from: day", "tempo: 900", "11:30", ("cues.night.tempo", "found 900")),
    ("harmony_from: day", "key: H minor", "11:28", ("cues.night.key", "H minor")),
    ("harmony_from: day", "meter: 5/4", "11:30", ("cues.night.meter", "4/4")),
    ("harmony_from: day", "loudness_offset: 3", "11:40", ("found 3", "-24 to 0")),
    ("harmony_from: day", "ending: fade", "11:31", ("loop, cadence",)),
    ("harmony_from: day", "theme: ../x\\\\y.mid", "11:30", ("a path with /",)),
    ("harmony_from: day", "theme: nothing.mid", "11:30", ("there is no file nothing.mid",)),
    ("harmony_from: day", "style: chmaber", "11:30", ("no style chmaber", "did you mean 'chamber'?")),
    ("mood: tiny, harmony_from: day", "mood: tinny", "11:17", ("'tinny' is not installed", "did you mean 'tiny'")),
    ("mood: tiny, harmony_from: day", "mood: ./tinny", "11:17", ("neither a folder nor a file",)),
    ("variations: 1", "variations: 2", "15:17", ("2 variations of a source",)),
    ("variations: 1", "bars: 8", "15:11", ("found bars beside source",)),
    ("dusk: {start: day", "day: {start: day", "17:8", ("found the name day beside day in cues",)),
    ("end: night", "end: nigth", "17:27", ("found nigth", "did you mean 'night'?")),
    ("end: night", "end: night, bars: 3", "17:40", ("found 3", "1 to 2")),
    ("cue: day, kind: found", "cue: dya, kind: found", "19:16", ("found dya",)),
    ("kind: found", "kind: fuond", "19:27", ("found fuond", "did you mean 'found'?")),
    ("cues:\n", "cues: {}\nnothing:\n", "9:7", ("cues",)),
]


@pytest.fixture
def folder(tiny_pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(PATH_VARIABLE, str(tiny_pack))
    (tmp_path / "grave.mid").write_bytes(midi_of({"lead": [(0, 60, 480)], "bass": [(0, 36, 1920)]}))
    return tmp_path


def test_the_file_without_mistakes(folder: Path) -> None:
    (folder / "good.yaml").write_text(GOOD, encoding="utf-8")
    plan = read_plan(folder / "good.yaml")
    assert [piece.name for piece in plan.pieces()] == ["day", "night", "grave", "dusk", "chest"]
    day = plan.soundtrack.cue("day")
    assert plan.levels(day) == (0.3, 0.6, 0.9)
    assert day.bars == 4
    assert plan.soundtrack.group(day).loudness == -18
    assert plan.soundtrack.group(day).stems
    assert not plan.soundtrack.group(plan.soundtrack.cue("night")).stems


@pytest.mark.parametrize(("before", "after", "place", "words"), TABLE, ids=lambda value: str(value)[:24])
def test_mistakes(folder: Path, before: str, after: str, place: str, words: tuple[str, ...]) -> None:
    assert GOOD.count(before) >= 1
    (folder / "bad.yaml").write_text(GOOD.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(FormatError) as caught:
        read_plan(folder / "bad.yaml")
    message = str(caught.value)
    assert f"bad.yaml:{place}: " in message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"tracks": {}}, "no notes"),
        ({"tracks": {"Piano": [(0, 60, 480)]}}, "track 2 is called 'Piano'"),
        ({"tempos": [(0, 120.0), (960, 90.0)]}, "tempo changes at beat 3"),
        ({"tempos": [(0, 500.0)]}, "tempo is 500"),
        ({"meters": [(0, 4, 4), (1920, 3, 4)]}, "several meters, 3/4, 4/4"),
        ({"meters": [(0, 7, 8)]}, "it is in 7/8"),
        ({"tracks": {"lead": [(0, 60, 65 * 1920)]}}, "65 bars, allowed are 64"),
    ],
)
def test_a_source_that_cannot_be_played(folder: Path, made: dict[str, Any], words: str) -> None:
    (folder / "grave.mid").write_bytes(midi_of(**{"tracks": {"lead": [(0, 60, 480)]}, **made}))
    (folder / "bad.yaml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(FormatError, match=r"bad\.yaml:14:13: source: grave\.mid: ") as caught:
        read_plan(folder / "bad.yaml")
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["day-v2", "day-t3", "Day-I30", "day-v12-i05"])
def test_names_that_files_of_other_cues_may_have(folder: Path, name: str) -> None:
    bad = GOOD.replace("  night:", f"  {name.lower()}:")
    (folder / "bad.yaml").write_text(bad.replace("end: night", f"end: {name.lower()}"), encoding="utf-8")
    with pytest.raises(FormatError, match=r"bad\.yaml:11:\d+: .*files of the cue day may be called"):
        read_plan(folder / "bad.yaml")


def test_a_seed_depends_on_the_name_alone(folder: Path) -> None:
    (folder / "good.yaml").write_text(GOOD, encoding="utf-8")
    before = {piece.name: piece.seed for piece in read_plan(folder / "good.yaml").pieces()}
    changed = GOOD.replace("cues:\n", "cues:\n  dawn: {mood: tiny, variations: 3}\n")
    (folder / "good.yaml").write_text(changed, encoding="utf-8")
    after = {piece.name: piece.seed for piece in read_plan(folder / "good.yaml").pieces()}
    assert before == {name: after[name] for name in before}
    assert {"dawn", "dawn-v2", "dawn-v3"} < set(after)
    assert len(set(after.values())) == len(after)


def test_no_such_file(folder: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml"):
        read_plan(folder / "none.yaml")
