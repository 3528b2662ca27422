"""Themes from MIDI files: which voice is taken, where its bars are, and what the command says of it."""

from __future__ import annotations

import json
import random
import re
from itertools import pairwise
from pathlib import Path

import mido
import pytest

from gamemusic.cli.main import main
from gamemusic.composer.themefile import read_theme
from gamemusic.errors import InputError

TUNE = (67, 71, 74, 79, 74, 71, 67, 66)
Events = list[tuple[int, int, int, int]]
"""(tick, channel, pitch, velocity); velocity 0 ends a note."""


def line(pitches: tuple[int, ...], *, start: int = 0, step: int = 480, channel: int = 0) -> Events:
    """Return notes one after another."""
    events = []
    for index, pitch in enumerate(pitches):
        tick = start + index * step
        events += [(tick, channel, pitch, 80), (tick + min(step, 480), channel, pitch, 0)]
    return events


def write(
    path: Path,
    tracks: dict[str, Events],
    *,
    meters: tuple[tuple[int, int, int], ...] = ((0, 4, 4),),
    key: str = "",
) -> Path:
    file = mido.MidiFile(ticks_per_beat=480)
    head = mido.MidiTrack([mido.MetaMessage("key_signature", key=key)] if key else [])
    now = 0
    for tick, numerator, denominator in meters:
        head.append(mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator, time=tick - now))
        now = tick
    file.tracks.append(head)
    for name, events in tracks.items():
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
        now = 0
        for tick, channel, pitch, velocity in sorted(events, key=lambda event: (event[0], event[3])):
            track.append(mido.Message("note_on", channel=channel, note=pitch, velocity=velocity, time=tick - now))
            now = tick
        file.tracks.append(track)
    file.save(path)
    return path


def test_a_few_high_notes_of_effects_are_not_the_theme(tmp_path: Path) -> None:
    effects = line((100, 101), step=3600, channel=1)
    theme = read_theme(write(tmp_path / "a.mid", {"Flute": line(TUNE), "FX": effects}))
    assert [note.pitch for note in theme.notes] == list(TUNE)
    assert (theme.voice, theme.voice_notes, theme.left_out) == ("'Flute'", 8, ("'FX' (2 notes)",))


def test_drums_on_any_channel_are_no_theme(tmp_path: Path) -> None:
    drums = line((36, 42, 38, 42) * 4, step=240, channel=10)
    theme = read_theme(write(tmp_path / "a.mid", {"Flute": line(TUNE), "Drums": drums}))
    assert [note.pitch for note in theme.notes] == list(TUNE)
    with pytest.raises(InputError, match="no notes but drums"):
        read_theme(write(tmp_path / "b.mid", {"Drums": drums}))


def test_voices_of_one_track_are_told_apart_by_their_channels(tmp_path: Path) -> None:
    both = line(TUNE) + line((84, 83), step=1920, channel=3)
    theme = read_theme(write(tmp_path / "a.mid", {"": both}))
    assert [note.pitch for note in theme.notes] == list(TUNE)
    assert (theme.voice, theme.left_out) == ("channel 1", ("channel 4 (2 notes)",))


@pytest.mark.parametrize(("numerator", "begin"), [(1, 480), (2, 960), (3, 1440)])
def test_a_pick_up_ends_the_bar_before_the_first(tmp_path: Path, numerator: int, begin: int) -> None:
    notes = line((62, *TUNE), start=begin - 480)
    theme = read_theme(write(tmp_path / "a.mid", {"": notes}, meters=((0, numerator, 4), (begin, 4, 4))))
    assert [note.start for note in theme.notes] == [36 + 12 * index for index in range(9)]
    assert (str(theme.meter), theme.bars, str(theme.key)) == ("4/4", 3, "G major")


def test_a_pick_up_of_rests_is_left_out(tmp_path: Path) -> None:
    theme = read_theme(write(tmp_path / "a.mid", {"": line(TUNE, start=480)}, meters=((0, 1, 4), (480, 4, 4))))
    assert (theme.notes[0].start, theme.bars) == (0, 2)


def test_the_last_bar_may_be_short_as_it_is_behind_a_pick_up(tmp_path: Path) -> None:
    notes = line((62, *TUNE[:7]), start=0)
    meters = ((0, 1, 4), (480, 4, 4), (480 + 1920, 3, 4))
    theme = read_theme(write(tmp_path / "a.mid", {"": notes}, meters=meters))
    assert (str(theme.meter), theme.bars, len(theme.notes)) == ("4/4", 3, 8)


@pytest.mark.parametrize(("meter", "name"), [((3, 8), "6/8"), ((2, 2), "4/4"), ((12, 8), "6/8"), ((6, 4), "3/4")])
def test_meters_that_are_written_as_others(tmp_path: Path, meter: tuple[int, int], name: str) -> None:
    theme = read_theme(write(tmp_path / "a.mid", {"": line(TUNE)}, meters=((0, *meter),)))
    assert str(theme.meter) == name


def test_a_signature_on_every_beat_is_none(tmp_path: Path) -> None:
    meters = tuple((tick, 4, 4) for tick in range(0, 3840, 480))
    theme = read_theme(write(tmp_path / "a.mid", {"": line(TUNE)}, meters=meters))
    assert [note.start for note in theme.notes] == list(range(0, 96, 12))


def test_several_meters_are_refused_with_the_bar(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mid", {"": line(TUNE * 2)}, meters=((0, 4, 4), (1920, 3, 4)))
    with pytest.raises(InputError, match=r"a\.mid is in 4/4, but its bar 2 is in 3/4; write all of it in one meter"):
        read_theme(path)
    path = write(tmp_path / "b.mid", {"": line(TUNE * 2)}, meters=((0, 4, 4), (960, 3, 4), (2400, 4, 4)))
    with pytest.raises(InputError, match=r"b\.mid is in 3/4, but its bar 3 is in 4/4"):
        read_theme(path)


@pytest.mark.parametrize("offset", [20, 60])
def test_a_constant_offset_is_taken_out(tmp_path: Path, offset: int) -> None:
    theme = read_theme(write(tmp_path / "a.mid", {"": line(TUNE * 2, start=offset, step=120)}))
    assert [note.start for note in theme.notes] == [3 * index for index in range(16)]


def test_thirty_seconds_are_spaced_evenly(tmp_path: Path) -> None:
    theme = read_theme(write(tmp_path / "a.mid", {"": line(TUNE * 2, step=60)}))
    assert [note.start for note in theme.notes] == [(3 * index + 1) // 2 for index in range(16)]


def test_the_default_signature_loses(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mid", {"": line((73, 77, 80, 85, 80, 77, 73, 72))}, key="C")
    assert str(read_theme(path).key) == "C# major"


def test_what_was_played_freely_is_refused(tmp_path: Path) -> None:
    events = []
    for index in range(64):
        tick = index * 480 + (index * 37 % 64) * 7
        events += [(tick, 0, 60 + index % 7, 80), (tick + 30, 0, 60 + index % 7, 0)]
    with pytest.raises(InputError, match=r"the theme .*a\.mid: \d+ of 64 notes lie far off any grid"):
        read_theme(write(tmp_path / "a.mid", {"": events}))


def play(path: Path) -> Path:
    """Write a tune in fours as somebody plays it, at 92 a minute by a machine that counts 120."""
    rng, events = random.Random(4), []
    for index in range(64):
        start = round(1000 + index * 60_000 / 92 * 0.96 + rng.gauss(0, 14))
        pitch = 67 + (0, 4, 7, 5, 2, 9)[(index // 4 + index) % 6] - 24 * (index % 4 == 0)
        events += [(start, 0, pitch, 80), (start + 300, 0, pitch, 0)]
        if index % 2:
            half = start + round(30_000 / 92 * 0.96 + rng.gauss(0, 14))
            events += [(half, 0, pitch + 2, 80), (half + 200, 0, pitch + 2, 0)]
    return write(path, {"Melody": events})


def test_what_was_played_freely_is_put_on_beats_when_asked_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = play(tmp_path / "played.mid")
    with pytest.raises(InputError, match="--quantise puts it on beats that are found"):
        read_theme(path)
    theme = read_theme(path, quantise=True)
    assert len(theme.notes) == 96
    steps = [after.start - before.start for before, after in pairwise(theme.notes)]
    assert sum(step in (6, 12) for step in steps) > 0.95 * len(steps)
    assert theme.moved.startswith("played freely: ")
    words = ["compose", "town", "--bars", "64", "--seed", "1", "--theme", str(path), "-o", str(tmp_path / "out.mid")]
    assert main(words) == 1
    assert "--quantise puts it on beats that are found" in capsys.readouterr().err
    assert main([*words, "--quantise"]) == 0
    said = r"theme: played freely: \d+ of 96 notes were moved to the beats of 4/4 at 9\d bpm, by \d+ ms on average"
    assert re.search(said, capsys.readouterr().out)


def test_what_lies_on_the_grid_is_left_there_when_asked_to_quantise(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mid", {"": line(TUNE * 4)})
    assert read_theme(path, quantise=True) == read_theme(path)
    assert not read_theme(path, quantise=True).moved


def test_the_command_says_which_voice_it_took(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "hero.mid", {"Flute": line(TUNE), "FX": line((100, 101), step=3600, channel=1)})
    words = ["compose", "town", "--bars", "8", "--seed", "1", "--theme", str(path), "-o", str(tmp_path / "out.mid")]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "theme: 'Flute', 8 of its 8 notes, in 2 bars of 4/4, read as G major; left out: 'FX' (2 notes)" in said
    assert main([*words, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["theme"] == {
        "voice": "'Flute'", "notes": 8, "voice_notes": 8, "bars": 2, "meter": "4/4", "key": "G major",
        "left_out": ["'FX' (2 notes)"], "moved": "",
    }  # fmt: skip
    assert main(["compose", "town", "--bars", "4", "--seed", "1", "-o", str(tmp_path / "out.mid"), "--json"]) == 0
    assert "theme" not in json.loads(capsys.readouterr().out)
