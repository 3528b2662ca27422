"""The catalogue of bad names, rows V1 and V2: devices of Windows and digits that only look like some."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from zipbytes import pack_of, read, refuse

from gamemusic.errors import FormatError, InputError, OutputError
from gamemusic.files import check_writable, is_device, write_files
from gamemusic.packs.card import load_card
from gamemusic.packs.install import install_pack, seal_folder
from gamemusic.packs.new import new_mood
from gamemusic.packs.pack import open_pack
from gamemusic.packs.schema import load_preset
from gamemusic.soundtrack.schema import load_soundtrack

DEVICES = ["con", "nul", "aux", "prn", "com0", "com1", "com9", "lpt1"]
OTHER_DIGITS = ["١.٠.٠", "1.²", "１.0.0", "1.0.٣"]
CALM = pack_of()["preset.yaml"].decode()


@pytest.mark.parametrize(
    "name",
    [*DEVICES, "CON", "Aux", "nul.txt", "COM1.tar.gz", "con .mid", "com¹", "LPT³.wav", "CONIN$", "conout$.wav", " aux"],
)
def test_v01_a_device_is_known_by_its_name(name: str) -> None:
    assert is_device(name)


@pytest.mark.parametrize("name", ["", ".con", "console", "com", "com10", "comet.mid", "auxiliary", "null", "a.con"])
def test_v01_what_only_sounds_like_a_device(name: str) -> None:
    assert not is_device(name)


@pytest.mark.parametrize("name", DEVICES)
class TestV01ADeviceIsNoName:
    def test_of_a_mood(self, tmp_path: Path, name: str) -> None:
        preset = CALM.replace("name: calm", f"name: {name}")
        with pytest.raises(FormatError, match=rf"preset\.yaml:1:7: name: found the text '{name}', .* device on Win"):
            load_preset(preset.encode())
        with pytest.raises(FormatError, match="device on Windows"):
            load_card(pack_of(name=name)["card.json"])
        path = tmp_path / "mood.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file, data in pack_of(preset=preset, name=name).items():
                archive.writestr(file, data)
        with pytest.raises(FormatError, match="device on Windows"):
            install_pack(path, folder=tmp_path / "moods")
        assert not (tmp_path / "moods").exists()

    def test_of_a_new_mood(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / "calm.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file, data in pack_of().items():
                archive.writestr(file, data)
        parent = open_pack(path)
        with pytest.raises(InputError, match="device on Windows"):
            new_mood(name, parent, tmp_path / name)
        with pytest.raises(InputError, match="device on Windows"):
            new_mood("haunted", parent, tmp_path / name)
        assert not (tmp_path / name).exists()

    def test_of_a_style_or_stinger(self, name: str) -> None:
        with pytest.raises(FormatError, match="device on Windows"):
            load_preset(CALM.replace("piano:\n", f"{name}:\n    token: chamber\n", 1).encode())
        with pytest.raises(FormatError, match="device on Windows"):
            load_preset(f"{CALM}stingers:\n  {name}: {{bars: 1}}\n".encode())

    @pytest.mark.parametrize(
        "soundtrack",
        [
            "cues:\n  {name}: {{mood: calm}}\n",
            "cues:\n  a: {{mood: calm}}\ntransitions:\n  {name}: {{start: a, end: a}}\n",
            "cues:\n  a: {{mood: calm}}\nstingers:\n  {name}: {{cue: a, kind: win}}\n",
        ],
    )
    def test_of_what_a_soundtrack_holds(self, name: str, soundtrack: str) -> None:
        with pytest.raises(FormatError, match=rf"found the text '{name}', .* device on Windows"):
            load_soundtrack(soundtrack.format(name=name).encode())

    @pytest.mark.parametrize("suffix", [".mid", ".wav", ".ogg", ".zip", ".tar.gz", ""])
    def test_of_a_file_that_is_written(self, tmp_path: Path, name: str, suffix: str) -> None:
        path = tmp_path / (name + suffix)
        with pytest.raises(OutputError, match="is the name of a device on Windows; choose another file name"):
            check_writable(path)
        with pytest.raises(OutputError, match="is the name of a device on Windows; choose another file name"):
            write_files({path: b"x"})
        assert list(tmp_path.iterdir()) == []

    def test_of_a_file_of_a_pack(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "in").mkdir()
        path = tmp_path / "in" / "pack.zip"
        for file in (f"{name}.mid", f"sub/{name}.txt", f"{name}/a.txt"):
            with zipfile.ZipFile(path, "w") as archive:
                for member, data in pack_of({file: b"x"}).items():
                    archive.writestr(member, data)
            refuse(path, "is the name of a device on Windows")


@pytest.mark.parametrize("version", OTHER_DIGITS)
def test_v02_versions_in_other_digits(tmp_path: Path, version: str) -> None:
    for key, card in (("version", pack_of(version=version)), ("min_sdk", pack_of(min_sdk=version))):
        with pytest.raises(FormatError, match=rf"{key}: found .*, expected a version such as 1\.0\.0"):
            load_card(card["card.json"])
    folder = tmp_path / "calm"
    folder.mkdir()
    for name, data in pack_of().items():
        (folder / name).write_bytes(data)
    before = (folder / "card.json").read_bytes()
    with pytest.raises(FormatError, match="expected a version such as"):
        seal_folder(folder, version=version)
    assert (folder / "card.json").read_bytes() == before


def test_v02_versions_in_usual_digits(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for version in ("1", "1.2", "10.20.30", "1.0.0rc1", "1.0-beta.2"):
        assert load_card(pack_of(version=version)["card.json"]).version == version
    with zipfile.ZipFile(tmp_path / "in" / "pack.zip", "w") as archive:
        for name, data in pack_of(version="1.2").items():
            archive.writestr(name, data)
    assert read(tmp_path / "in" / "pack.zip", (tmp_path / "in" / "pack.zip").read_bytes()).card.version == "1.2"
