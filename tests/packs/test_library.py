"""Where moods are found, and which of two with one name is used."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packfiles import PRESET, pack_of, zip_of
from platformdirs.macos import MacOS

from gamemusic.errors import FormatError, InputError, PackError
from gamemusic.packs import library
from gamemusic.packs.library import find_pack, find_packs, list_packs, list_shipped, search_path, shipped_dir, user_dir

Write = Callable[..., Path]


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Four empty folders that stand for the search path: first, second (GAMEMUSIC_PATH), user, shipped."""
    places = {name: tmp_path / name for name in ("first", "second", "user", "shipped")}
    for place in places.values():
        place.mkdir()
    monkeypatch.setenv("GAMEMUSIC_PATH", os.pathsep.join((str(places["first"]), "", str(places["second"]))))
    monkeypatch.setattr(library, "user_dir", lambda: places["user"])
    monkeypatch.setattr(library, "shipped_dir", lambda: places["shipped"])
    return places


def _mood(name: str, bars: int = 8) -> dict[str, bytes]:
    return pack_of(preset=PRESET.replace("name: calm", f"name: {name}\nbars: {bars}"), name=name)


def test_search_order(places: dict[str, Path], write_folder: Write) -> None:
    for bars, place in enumerate(reversed(places.values()), start=1):
        write_folder(_mood("calm", bars), "any-folder-name", place)
    order = (("first", "GAMEMUSIC_PATH"), ("second", "GAMEMUSIC_PATH"), ("user", "user"), ("shipped", "shipped"))
    for bars, (name, origin) in zip((4, 3, 2, 1), order, strict=True):
        pack = find_pack("calm")
        assert (pack.preset.bars, pack.origin, pack.path.parent) == (bars, origin, places[name])
        shutil.rmtree(pack.path)
    with pytest.raises(InputError, match="no mood is installed"):
        find_pack("calm")


def test_listing(places: dict[str, Path], write_folder: Write) -> None:
    mine = write_folder(_mood("storm", 3), "storm", places["user"])
    write_folder(_mood("storm", 1), "storm", places["shipped"])
    write_folder(_mood("calm"), "calm", places["shipped"])
    write_folder({"preset.yaml": PRESET.replace("calm", "draft").encode()}, "draft", places["user"])
    write_folder({"preset.yaml": b"name: [\n"}, "broken", places["user"])
    (places["user"] / "night.zip").write_bytes(zip_of(_mood("night")))
    (places["user"] / "junk.zip").write_bytes(b"junk")
    (places["user"] / "notes.txt").write_bytes(b"nothing")
    write_folder({"readme.md": b""}, "no-pack", places["user"])
    write_folder(_mood("hidden"), ".hidden", places["user"])

    found = {(one.name, one.origin): one for one in list_packs()}
    assert [name for name, _ in found] == ["broken", "draft", "junk", "night", "storm", "calm", "storm"]
    storm, shadowed = found["storm", "user"], found["storm", "shipped"]
    assert storm.shadowed_by is None and shadowed.shadowed_by == mine == storm.path
    assert storm.styles == ("piano",) and storm.error is None and storm.preset and storm.card
    assert storm.size == sum(len(data) for data in _mood("storm", 3).values())
    assert "model.onnx is missing" in str(found["draft", "user"].error)
    assert isinstance(found["broken", "user"].error, FormatError) and found["broken", "user"].preset is None
    assert "no zip file" in str(found["junk", "user"].error)
    assert found["night", "user"].styles == ("piano",)

    assert find_pack("storm").path == mine
    assert find_pack("night").origin == "user"
    with pytest.raises(PackError, match=r"model\.onnx is missing"):
        find_pack("draft")
    with pytest.raises(FormatError, match=r"preset\.yaml:2:1"):
        find_pack("broken")
    assert find_pack("calm").origin == "shipped"


def test_without_names_all_shipped_packs_are_meant(places: dict[str, Path], write_folder: Write) -> None:
    mine = write_folder(_mood("storm", 3), "storm", places["user"])
    shipped = [write_folder(_mood(name, 1), name, places["shipped"]) for name in ("calm", "storm")]
    assert [one.path for one in list_shipped()] == shipped
    assert [pack.path for pack in find_packs([])] == shipped  # the shipped storm, although another one is used
    assert [pack.path for pack in find_packs(["storm", str(shipped[0])])] == [mine, shipped[0]]


def test_listing_reads_no_model(places: dict[str, Path], write_folder: Write) -> None:
    folder = write_folder(_mood("calm"), "calm", places["user"])
    (folder / "model.onnx").write_bytes(b"changed")
    assert list_packs()[0].error is None
    with pytest.raises(PackError, match=r"model\.onnx is not the file"):
        find_pack("calm")


def test_unknown_mood(places: dict[str, Path], write_folder: Write) -> None:
    write_folder(_mood("calm"), "calm", places["user"])
    write_folder(_mood("storm"), "storm", places["shipped"])
    with pytest.raises(
        InputError, match=r"mood 'clam' is not installed; did you mean 'calm'\?; installed: calm, storm;"
    ):
        find_pack("clam")


def test_explicit_path(
    places: dict[str, Path], write_folder: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(_mood("calm", 1), "calm", places["first"])
    write_folder(_mood("calm", 2), "calm", tmp_path / "here")
    (tmp_path / "here" / "calm.zip").write_bytes(zip_of(_mood("calm", 3)))
    monkeypatch.chdir(tmp_path / "here")
    assert find_pack("calm").preset.bars == 1, "a bare word is a mood, whatever stands in the current folder"
    assert find_pack("./calm").preset.bars == find_pack(Path("calm")).preset.bars == 2
    assert find_pack("calm.zip").preset.bars == 3
    with pytest.raises(InputError, match="neither a folder nor a file"):
        find_pack("./none")


def test_a_folder_on_the_path_may_be_a_pack(places: dict[str, Path], write_folder: Write) -> None:
    write_folder(_mood("calm"), ".", places["first"])
    assert find_pack("calm").path == places["first"]


def test_a_place_that_is_missing_or_a_file(places: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    places["user"].rmdir()
    (places["first"] / "file").write_bytes(b"")
    monkeypatch.setenv("GAMEMUSIC_PATH", str(places["first"] / "file"))
    assert list_packs() == []


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")
def test_user_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert user_dir() == tmp_path / "gamemusic" / "moods"
    for relative in ("", "not/absolute"):
        monkeypatch.setenv("XDG_DATA_HOME", relative)
        assert user_dir() == Path.home() / ".local/share/gamemusic/moods"


def test_user_dirs_of_other_systems() -> None:
    """What platformdirs must go on giving, or installed moods would be lost with its next release."""
    words: dict[str, Any] = {"appauthor": False, "roaming": True}
    assert MacOS("gamemusic", **words).user_data_dir.endswith("Library/Application Support/gamemusic")


def test_shipped_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "gamemusic"
    (tmp_path / "presets").mkdir()
    package.mkdir()
    monkeypatch.setattr("gamemusic.place._PACKAGE", package)
    assert shipped_dir() is None, "somebody else's presets"
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "other"\n')
    assert shipped_dir() is None
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "gamemusic"\n')
    assert shipped_dir() == tmp_path / "presets"
    (package / "presets").mkdir()
    assert shipped_dir() == package / "presets"


def test_the_real_search_path_ends_with_the_shipped_moods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GAMEMUSIC_PATH", raising=False)
    path = search_path()
    assert [origin for _, origin in path] == ["user", "shipped"]
    assert (path[-1][0] / "explore" / "preset.yaml").is_file()
