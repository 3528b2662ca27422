"""A mood of one's own, taught with MIDI files: by the commands, on music that is really there."""

from __future__ import annotations

import json
import os
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from midifiles import midi_bytes

import gamemusic
from gamemusic.errors import FormatError, InputError
from gamemusic.packs.library import PATH_VARIABLE
from gamemusic.score.phrase import Note, Phrase, Role, Track
from gamemusic.theory import parse_key
from gamemusic.units import parse_meter

pytest.importorskip("torch")

from gamemusic.cli.main import main
from gamemusic.packs.pack import open_pack
from gamemusic_export.own_command import _tell_parents
from gamemusic_export.own_music import LEAST_NOTES, read_roles, study, write_roles
from gamemusic_export.own_start import Guess


def test_what_is_found_in_the_files(tunes: Path) -> None:
    music = study(tunes, "chamber")
    assert [one.path.name for one in music.files if one.skipped] == ["broken.mid"]
    assert music.meters == ["3/4"]
    assert "G major" in music.keys
    assert abs(music.tempo[0] - 150) <= 1
    assert not music.by_bars
    rows = music.dataset.pieces
    held = {split: {row.group for row in rows if row.split == split} for split in ("train", "validation", "test")}
    assert all(held.values())
    assert not held["train"] & held["test"]
    assert not held["validation"] & held["test"]
    assert sum(one.notes for one in music.files) > LEAST_NOTES


def test_few_pieces_hold_bars_out(tunes: Path, tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.mid").write_bytes((tunes / f"{number}.mid").read_bytes())
    music = study(tmp_path, "chamber")
    assert music.by_bars
    excerpts = [set(music.select(split).tolist()) for split in ("train", "validation", "test")]
    assert all(excerpts)
    assert sum(map(len, excerpts)) == len(set.union(*excerpts)) == len(music.dataset.piece_of)


def test_roles_can_be_corrected(tunes: Path, tmp_path: Path) -> None:
    music = study(tunes, "chamber")
    path = tmp_path / "roles.yaml"
    path.write_bytes(write_roles(music, tunes))
    roles = read_roles(path)
    label, role = next((label, role) for label, role in roles["0.mid"].items() if role is not None)
    assert role == music.files[0].roles[label]
    text = path.read_text(encoding="utf-8").replace(f"{label}: {role.value}", f"{label}: none", 1)
    path.write_text(text, encoding="utf-8")
    again = study(tunes, "chamber", read_roles(path))
    assert again.files[0].roles[label] is None
    assert again.files[0].notes < music.files[0].notes
    path.write_text(text.replace(": none", ": leed", 1), encoding="utf-8")
    with pytest.raises(FormatError, match=r"roles\.yaml:\d+:\d+: found no role for"):
        read_roles(path)


@pytest.mark.parametrize("count", [0, 1])
def test_too_little_music_is_said_plainly(tmp_path: Path, count: int) -> None:
    for number in range(count):
        gamemusic.compose("tavern", style="folk", bars=4, seed=number).save(tmp_path / f"{number}.mid")
    with pytest.raises(InputError, match="make a good start" if not count else "What helps: more pieces"):
        study(tmp_path, "chamber")


def test_show_roles_changes_nothing(mood: Path, tunes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path.name: path.read_bytes() for path in mood.iterdir()}
    assert main(["train", "haunted", "--midi", str(tunes), "--show-roles", "roles.yaml"]) == 0
    assert "broken.mid: left out:" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in mood.iterdir()} == before
    assert "0.mid" in read_roles(Path("roles.yaml"))


def test_a_new_style_learns(
    small: Path, tunes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gamemusic_export.own_command.guess_parents", lambda music: [Guess("town", "chamber", 1.0)])
    words = ["train", "small", "--midi", str(tunes), "--style", "waltz", "--licence", "CC0-1.0", "--author", "Ann"]
    assert main([*words, "--updates", "10", "--threads", "1"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"small has learned: \d+ % fewer bits a note", said)
    assert re.search(
        r"waltz learns from where small's own model is, as 'custom_1', which begins as '(rock|chamber)'", said
    )
    assert "of 40 composed phrases" in said
    pack = open_pack(small)
    preset = pack.preset
    assert preset.default_style == "waltz"
    assert preset.styles["waltz"].token == "custom_1"
    assert list(preset.styles) == ["waltz", "chamber", "rock"]
    waltz, chamber = preset.styles["waltz"], preset.styles["chamber"]
    assert preset.tempo_of(waltz) == (150.0, 150.0)
    assert preset.tempo_of(chamber) == (90.0, 130.0)
    assert [str(meter) for meter in preset.meters_of(waltz)] == ["3/4"]
    assert str(preset.meters_of(chamber)[0]) == "4/4"
    assert set(waltz.ranges) == set(waltz.learned) - {Role.DRUMS}
    assert set(waltz.density) == set(waltz.polyphony) == set(waltz.learned)
    assert (small / "preset.yaml").read_text(encoding="utf-8").startswith("# yaml-language-server")
    assert "CC0-1.0" in pack.card.licences.training_data
    assert pack.card.author == "Ann"
    assert pack.card.training.extra["token"] == "custom_1"
    phrase = gamemusic.compose("./small", bars=8, seed=1)
    assert (phrase.style, str(phrase.meter)) == ("waltz", "3/4")
    assert gamemusic.compose("./small", style="rock", bars=8, seed=1).style == "rock"
    assert main(["pack", "small"]) == 0


def test_a_nearer_parent_is_named(mood: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack, place = open_pack(mood), []
    for bits, named in ((7.0, True), (9.8, False)):
        _tell_parents(pack, [Guess("town", "chamber", bits), Guess("dungeon", "early", 10.0)])
        place.append(("begun with 'gamemusic new NAME --from town'" in capsys.readouterr().out) == named)
    assert all(place)
    _tell_parents(pack, [Guess("dungeon", "early", 5.0), Guess("town", "chamber", 7.0)])
    _tell_parents(pack, [])
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_music_of_nobody_knows_whom_is_personal(mood: Path, tunes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "haunted", "--midi", str(tunes), "--updates", "1", "--keep-preset"]) == 0
    assert "this mood is personal" in capsys.readouterr().out
    assert open_pack(mood).card.licences.training_data == "personal"
    assert main(["pack", "haunted"]) == 0
    assert "do not give it away" in capsys.readouterr().err


def wandering(seed: int) -> Phrase:
    """Return 64 bars that repeat nothing."""
    generator = np.random.default_rng(seed)
    pitches = generator.choice([60, 62, 64, 65, 67, 69, 71, 72, 74, 76], 256).tolist()
    lead = [Note(12 * place, pitch, 12) for place, pitch in enumerate(pitches)]
    bass = [Note(48 * bar, pitch, 48) for bar, pitch in enumerate(generator.choice([36, 41, 43], 64).tolist())]
    tracks = (Track(Role.BASS, tuple(bass)), Track(Role.LEAD, tuple(lead)))
    return Phrase(bars=64, meter=parse_meter("4/4"), tempo_bpm=100, key=parse_key("C"), tracks=tracks)


def test_verses_are_no_judge_of_themselves(tmp_path: Path) -> None:
    """Bars that come back elsewhere are not held out while there are others: who has learned them knows them."""
    song = gamemusic.compose("town", style="chamber", bars=32, seed=1)
    for name in ("verse", "verse_again", "verse_for_the_third_time"):
        song.save(tmp_path / f"{name}.mid")
    for seed in (2, 3):
        wandering(seed).save(tmp_path / f"{seed}.mid")
    music = study(tmp_path, "chamber")
    assert music.by_bars
    assert not music.repeated
    held = {music.dataset.pieces[music.dataset.piece_of[index]].name for index in music.select("test")}
    assert held
    assert not any("verse" in name for name in held)
    for path in tmp_path.glob("[23].mid"):
        path.unlink()
    assert study(tmp_path, "chamber").repeated


@pytest.mark.parametrize("with_music", [True, False])
def test_a_mood_is_judged_in_plain_words(
    with_music: bool,
    tunes: Path,
    tiny_pack: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    monkeypatch.setenv(PATH_VARIABLE, str(tiny_pack))
    monkeypatch.setattr("gamemusic.packs.library.user_dir", lambda: tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    assert main(["new", "haunted", "--from", "tiny"]) == 0
    capsys.readouterr()
    more = ["--midi", str(tunes)] if with_music else []
    assert main(["evaluate", "haunted/", "--phrases", "10", *more]) == 0
    said = capsys.readouterr().out
    verdict, _, *findings = said.splitlines()
    assert re.fullmatch(
        r"haunted (is good to go, as far as|works, with .* to look at in) 10 phrases.*tiny's model still\.", verdict
    )
    # random weights: whatever is measured against music has to say so
    assert ("LOOK  Its phrases have" in said) == with_music
    assert "look and listen: haunted-report/index.html" in findings[-1]
    figures = json.loads(Path("haunted-report/figures.json").read_text(encoding="utf-8"))
    assert figures["verdict"] == verdict
    assert ("alike" in figures["findings"]) == with_music
    assert ("copied" in figures["findings"]) == with_music
    page = Path("haunted-report/index.html").read_text(encoding="utf-8")
    shown = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(shown) == 2 * 3 + 2  # two styles, three phrases each, and a picture of them
    assert all((Path("haunted-report") / name).stat().st_size > 100 for name in shown)


def test_odd_moods_are_judged_by_what_there_is(
    tiny_pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A style that the model composes nothing in, one without a melody, and a parent that is not there."""
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    monkeypatch.setenv(PATH_VARIABLE, str(tiny_pack))
    monkeypatch.setattr("gamemusic.packs.library.user_dir", lambda: tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    assert main(["new", "odd", "--from", "tiny"]) == 0
    preset = Path("odd/preset.yaml")
    text = preset.read_text(encoding="utf-8")
    drums = "  rock:\n    learned: [drums]\n    instruments:\n      drums: {program: standard}\n"
    pads = "  still:\n    token: chamber\n    instruments:\n      harmony: {program: strings, figure: pad}\n"
    preset.write_text(text[: text.index("  chamber:")] + drums + pads, encoding="utf-8")
    card = Path("odd/card.json")
    content = json.loads(card.read_text(encoding="utf-8"))
    content["parent"]["name"] = "nobody"
    content["measures"] = {"bits_per_note_before": 0.0, "bits_per_note_exported": 0.0}
    card.write_text(json.dumps(content), encoding="utf-8")
    capsys.readouterr()
    assert main(["evaluate", "./odd", "--phrases", "10"]) == 0
    said = capsys.readouterr().out
    assert "the model composes nothing in still" in said
    assert "its parent nobody is not installed" in said
    assert "melody" not in said.partition("figure")[0].replace("such as a melody that stands still", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["evaluate", "dungeon", "--midi", "x"], "--midi is for a mood of your own"),
        (["evaluate", "haunted/", "explore"], "is measured by itself"),
        (["evaluate", "haunted/", "--write-cards"], "--write-cards is for shipped moods"),
        (["evaluate", "haunted/", "--phrases", "3"], "at least 10 phrases"),
        (["evaluate", "haunted/", "--midi", "none"], "there is no folder none"),
        (["evaluate", "none/"], "neither a folder nor a file none"),
    ],
)
def test_what_cannot_be_judged(mood: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    assert main(words) == 1
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_ten_files_beat_the_parent(mood: Path, tunes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "haunted", "--midi", str(tunes), "--licence", "mine"]) == 0
    said = capsys.readouterr().out
    found = re.search(r"has learned: (\d+) % fewer bits a note .* after (\d+) s", said)
    assert found is not None, said
    assert int(found[1]) >= 3
    measures = json.loads((mood / "card.json").read_text(encoding="utf-8"))["measures"]
    assert measures["bits_per_note_exported"] < measures["bits_per_note_before"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--midi", "nowhere"], "there is no folder nowhere"),
        (["--midi", ".", "--style", "waltz", "--token", "polka"], "--token: 'polka' is no kind of music"),
        (["--midi", ".", "--roles", "none.yaml"], "there is no file none.yaml"),
    ],
)
def test_what_does_not_work_is_said(
    mood: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "haunted", *words]) == 1
    assert re.search(message, capsys.readouterr().err)


def lines(seed: int) -> dict[str, tuple[int, list[tuple[float, float, int]]]]:
    """Return a tune over a bass, and a flute that doubles the tune an octave higher."""
    tune = [(beat / 2, 0.5, 72 + (beat * (seed + 2) + seed) % 9) for beat in range(128)]
    bass = [(beat * 1.0, 1.0, 36 + beat % 5) for beat in range(64)]
    return {
        "Tune": (73, tune),
        "Bass": (33, bass),
        "Flute": (73, [(at, length, pitch + 12) for at, length, pitch in tune]),
    }


def test_midi_files_are_known_by_how_they_begin(tmp_path: Path) -> None:
    riff = midi_bytes(lines(0))
    riff = b"RIFF" + struct.pack("<I", len(riff) + 12) + b"RMIDdata" + struct.pack("<I", len(riff)) + riff
    (tmp_path / "inside").mkdir()
    contents = {
        "a.mid": midi_bytes(lines(1)),
        "b.kar": midi_bytes(lines(2)),
        "c.rmi": riff,
        "d.SMF": midi_bytes(lines(3)),
        "inside/e": midi_bytes(lines(4)),
        "f.dat": midi_bytes(lines(5)),
        "damaged.kar": b"MThd",
        "notes.txt": b"MThd is how MIDI files begin"[1:],
        "loop.wav": b"RIFF\x00\x00\x00\x00WAVEfmt ",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    os.mkfifo(tmp_path / "pipe")
    music = study(tmp_path, "chamber")
    found = {one.path.relative_to(tmp_path).as_posix(): one for one in music.files}
    assert set(found) == set(contents) - {"notes.txt", "loop.wav"}
    assert [name for name, one in found.items() if one.skipped] == ["damaged.kar"]
    assert {one.notes for one in found.values() if not one.skipped} == {192}


def test_roles_tell_what_doubles_and_how_much_there_is(tmp_path: Path) -> None:
    folder = tmp_path / "tunes"
    folder.mkdir()
    for seed in range(8):
        (folder / f"{seed}.mid").write_bytes(midi_bytes(lines(seed)))
    music = study(folder, "chamber")
    path = tmp_path / "roles.yaml"
    path.write_bytes(write_roles(music, folder))
    text = path.read_text(encoding="utf-8")
    assert "3.mid:\n  1 Tune: lead  # 128 notes, C5 to Ab5\n  2 Bass: bass  # 64 notes, C2 to E2\n" in text
    assert "  3 Flute: none  # 128 notes, C6 to Ab6, doubles 1 Tune\n" in text
    roles = read_roles(path)
    assert roles == {one.path.name: one.roles for one in music.files}
    again = study(folder, "chamber", roles)
    assert [one.notes for one in again.files] == [one.notes for one in music.files]
    swapped = text.replace("1 Tune: lead", "1 Tune: none").replace("3 Flute: none", "3 Flute: counter")
    path.write_text(swapped, encoding="utf-8")
    other = study(folder, "chamber", read_roles(path))
    assert {other.files[3].roles[label] for label in ("1 Tune", "3 Flute")} == {None, Role.COUNTER}
    assert other.files[3].notes == music.files[3].notes


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"9.mid": {"1 Tune": "lead"}}, "the roles speak of 9.mid, which is no MIDI file of"),
        ({"3.mid": {"1 Oboe": "lead"}}, "the roles of 3.mid speak of the voice '1 Oboe'; it has '1 Tune', '2 Bass'"),
    ],
)
def test_roles_of_what_is_not_there_are_refused(tmp_path: Path, table: dict[str, dict[str, str]], said: str) -> None:
    folder = tmp_path / "tunes"
    folder.mkdir()
    for seed in range(8):
        (folder / f"{seed}.mid").write_bytes(midi_bytes(lines(seed)))
    (tmp_path / "roles.yaml").write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        study(folder, "chamber", read_roles(tmp_path / "roles.yaml"))


def test_names_of_voices_of_any_kind_come_back(tmp_path: Path) -> None:
    folder = tmp_path / "tunes"
    folder.mkdir()
    tune, bass, _ = lines(3).values()
    names = ["x" * 190, "a: b # c", "'", "yes", "- {", "\u00e9\u00df\u30c9", "null", "2"]
    for number, name in enumerate(names):
        (folder / f"{number}: {{.mid").write_bytes(midi_bytes({name: tune, f"{name}b": bass}, charset="utf-8"))
    music = study(folder, "chamber")
    path = tmp_path / "roles.yaml"
    path.write_bytes(write_roles(music, folder))
    assert read_roles(path) == {one.path.name: one.roles for one in music.files}
