"""A mood of one's own: begun, edited, packed, installed elsewhere, pinned, removed, by the commands alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import gamemusic
from gamemusic.cli.main import main
from gamemusic.errors import InputError, PackError
from gamemusic.packs.library import PATH_VARIABLE, find_pack
from gamemusic.packs.new import SCHEMA_FILE
from gamemusic.packs.pack import open_pack


@pytest.fixture(autouse=True)
def place(tiny_pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with the mood ``tiny`` and a user's folder that nobody else has."""
    monkeypatch.setenv(PATH_VARIABLE, str(tiny_pack))
    monkeypatch.setattr("gamemusic.packs.library.user_dir", lambda: tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def begin(name: str = "haunted") -> Path:
    assert main(["new", name, "--from", "tiny"]) == 0
    return Path(name)


def test_a_new_mood_can_be_composed_with_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    folder = begin()
    assert "gamemusic compose ./haunted" in capsys.readouterr().out
    assert main(["compose", "./haunted", "--bars", "2", "-o", "loop.mid"]) == 0
    assert main(["check", "./haunted"]) == 0
    text = (folder / "preset.yaml").read_text(encoding="utf-8")
    assert text.startswith(f"# yaml-language-server: $schema=./{SCHEMA_FILE}\n")
    assert "name: haunted\n" in text
    assert "title: Haunted\n" in text
    schema = json.loads((folder / SCHEMA_FILE).read_text(encoding="utf-8"))
    assert schema["$schema"].endswith("2020-12/schema")


def test_an_edit_is_heard_and_a_mistake_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    preset = begin() / "preset.yaml"
    text = preset.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("tempo:"))
    preset.write_text(text.replace(line, "tempo: [61, 61]"), encoding="utf-8")
    assert gamemusic.compose("./haunted", bars=2, seed=1).tempo_bpm == 61
    preset.write_text(text.replace(line, "tempo: [61, fast]"), encoding="utf-8")
    assert main(["compose", "./haunted", "--bars", "2", "-o", "loop.mid"]) == 1
    number = text.splitlines().index(line) + 1
    assert f"preset.yaml:{number}:" in capsys.readouterr().err


def test_packed_installed_elsewhere_and_removed(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = begin()
    preset = folder / "preset.yaml"
    preset.write_text(preset.read_text(encoding="utf-8") + "\n# mine\n", encoding="utf-8")
    assert main(["pack", "haunted", "--version", "1.2.0"]) == 0
    zipped = place / "haunted-1.2.0.zip"
    assert zipped.exists()
    monkeypatch.setattr("gamemusic.packs.library.user_dir", lambda: place / "elsewhere")
    assert main(["install", str(zipped)]) == 0
    pack = find_pack("haunted")
    assert (pack.origin, pack.card.version) == ("user", "1.2.0")
    assert pack.digest == open_pack("haunted").digest
    assert gamemusic.compose("haunted", bars=2, seed=3) == gamemusic.compose("./haunted", bars=2, seed=3)
    assert main(["install", str(zipped)]) == 1
    assert "installed already" in capsys.readouterr().err
    assert main(["install", str(zipped), "--replace"]) == 0
    assert main(["list"]) == 0
    assert f" {pack.pin} " in capsys.readouterr().out
    assert main(["remove", "haunted"]) == 0
    with pytest.raises(InputError, match="haunted"):
        find_pack("haunted")


def test_every_command_takes_an_edited_folder_with_strays_in_it(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = begin()
    preset = folder / "preset.yaml"
    text = preset.read_text(encoding="utf-8").replace("name: haunted\n", "name: eerie\n")
    preset.write_text(text + "\n# mine\n", encoding="utf-8")
    for name in (".preset.yaml.swp", "preset.yaml~", "preset.yaml.bak", "loop.wav", "notes.txt", "tool.exe"):
        (folder / name).write_bytes(b"x")
    (folder / "my_midis").mkdir()
    (folder / "my_midis" / "a.mid").write_bytes(b"MThd")
    (place / "music.yaml").write_text("format: 1\nformats: [midi]\ncues:\n  a: {mood: ./haunted, bars: 1}\n")
    for words in (
        ["check", "haunted"],
        ["compose", "./haunted", "--bars", "1", "-o", "loop.mid"],
        ["play", "./haunted", "--soundfont", "chip", "--seconds", "0.1", "--wav", "heard.wav"],
        ["check", "music.yaml"],
        ["bake", "music.yaml", "-o", "music"],
        ["check", "music"],
        ["pack", "haunted"],
    ):
        assert main(words) == 0, (words, capsys.readouterr())
    out = capsys.readouterr().out
    pack = open_pack("eerie-0.1.0.zip")
    assert f"pin it as {pack.pin}\n" in out
    assert "left out, since neither preset nor card names them: .preset.yaml.swp, loop.wav, my_midis/, notes.txt" in out
    assert set(pack.members) == {"preset.yaml", "model.onnx", SCHEMA_FILE}
    assert main(["install", "eerie-0.1.0.zip"]) == 0
    assert find_pack(pack.pin).digest == pack.digest
    assert find_pack(pack.pin[: len("eerie@") + 12]).digest == pack.digest


def test_playing_a_broken_folder_shows_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    folder = begin()
    preset = folder / "preset.yaml"
    preset.write_text(preset.read_text(encoding="utf-8").replace("tempo:", "tepmo:"), encoding="utf-8")
    capfd.readouterr()
    words = ["play", "./haunted", "--soundfont", "chip", "--seconds", "0.1"]
    for more in ([], ["--wav", "heard.wav"]):
        assert main([*words, *more]) == 1
        shown = capfd.readouterr().err
        assert "preset.yaml:" in shown
        assert len(shown.splitlines()) == 1


def test_a_games_own_folder(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin()
    assert main(["install", "./haunted", "--to", "game/moods"]) == 0
    assert (place / "game" / "moods" / "haunted.zip").exists()
    monkeypatch.setenv(PATH_VARIABLE, str(place / "game" / "moods"))
    assert find_pack("haunted").origin == PATH_VARIABLE


def test_a_game_can_pin_a_pack() -> None:
    begin()
    assert main(["install", "./haunted"]) == 0
    digest = find_pack("haunted").digest
    assert find_pack(f"haunted@{digest[:12]}").digest == digest
    assert gamemusic.compose(f"haunted@{digest}", bars=2, seed=1).mood == "haunted"
    with pytest.raises(PackError, match=r"pinned to 000000000000, and this one is haunted@[0-9a-f]{32};"):
        find_pack("haunted@000000000000")
    with pytest.raises(InputError, match="not installed"):
        find_pack("haunted@12")


def test_packing_warns_of_what_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    folder = begin()
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    card["licences"]["training_data"] = "personal"
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    assert main(["pack", "haunted"]) == 0
    warnings = capsys.readouterr().err
    assert "do not give it away" in warnings
    assert "names no author" in warnings


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["new", "Haunted", "--from", "tiny"], "is no name for a mood"),
        (
            ["new", "Haunted House", "--from", "tiny"],
            "; call it haunted_house, and write the words as they are as 'title'",
        ),
        (["new", "tiny", "--from", "tiny"], "its parent's name"),
        (["new", "haunted", "--from", "tinny"], "did you mean 'tiny'"),
        (["new", "nowhere/haunted", "--from", "tiny"], "folder nowhere does not exist"),
        (["pack", "nothing"], "there is no folder nothing"),
        (["install", "nothing.zip"], "neither a folder nor a file"),
        (["remove", "tiny"], "not among the packs that you installed"),
    ],
)
def test_what_does_not_work_is_said(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 1
    assert message in capsys.readouterr().err


def test_nothing_is_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    folder = begin()
    before = (folder / "preset.yaml").read_bytes()
    assert main(["new", "haunted", "--from", "tiny"]) == 1
    assert "exists already" in capsys.readouterr().err
    assert (folder / "preset.yaml").read_bytes() == before


def test_a_version_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    folder = begin()
    before = (folder / "card.json").read_bytes()
    assert main(["pack", "haunted", "--version", "newest"]) == 1
    assert "a version such as 1.0.0" in capsys.readouterr().err
    assert (folder / "card.json").read_bytes() == before


def test_a_name_that_is_taken(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = begin()
    for version in ("1.2.0", "1.1.0"):
        assert main(["pack", "haunted", "--version", version]) == 0
    assert main(["install", "haunted-1.2.0.zip"]) == 0
    assert "warning" not in capsys.readouterr().err.replace("gamemusic: warning: the card", "")
    assert main(["install", "haunted-1.1.0.zip", "--replace"]) == 0
    assert "version 1.2.0 was there before; this one is older" in capsys.readouterr().err
    preset = folder / "preset.yaml"
    preset.write_text(
        preset.read_text(encoding="utf-8").replace("name: haunted\n", "name: explore\n"), encoding="utf-8"
    )
    assert main(["pack", "haunted", "-o", "explore.zip"]) == 0
    assert main(["install", "explore.zip"]) == 0
    assert "explore is a shipped mood, too, and is hidden by this one" in capsys.readouterr().err
    assert main(["remove", "explore"]) == 0


def test_a_mood_knows_its_parent(capsys: pytest.CaptureFixture[str]) -> None:
    begin()
    assert main(["install", "./haunted"]) == 0
    parent = find_pack("haunted").card.parent
    assert parent is not None
    assert (parent.name, parent.digest) == ("tiny", find_pack("tiny").digest)
    capsys.readouterr()
    assert main(["list"]) == 0
    assert "made from tiny" in capsys.readouterr().out
