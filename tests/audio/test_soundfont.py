"""Finding soundfonts, and saying what is wrong with them."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import pytest

import gamemusic.audio.soundfont
from gamemusic.audio.soundfont import (
    SOUNDFONT_VARIABLE,
    check_soundfont,
    find_soundfont,
    installed_soundfonts,
    soundfont_info,
    soundfont_sha256,
)
from gamemusic.errors import FormatError, InputError, MissingError


def font(path: Path, *, size: int = 100) -> Path:
    """Write a file with a soundfont's header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"RIFF" + struct.pack("<I", size - 8) + b"sfbk" + bytes(size - 12))
    return path


def only(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    monkeypatch.setattr(gamemusic.audio.soundfont, "_folders", lambda _: list(folders))


def test_order_is_argument_variable_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, named, installed = (font(tmp_path / name / "a.sf2") for name in ("given", "named", "installed"))
    only(monkeypatch, installed.parent)
    environment = {SOUNDFONT_VARIABLE: str(named)}
    assert find_soundfont(given, environment=environment) == given
    assert find_soundfont(str(given), environment=environment) == given
    assert find_soundfont(environment=environment) == named
    assert find_soundfont(environment={}) == installed


def test_best_installed_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["FluidR3Mono_GM.sf3", "FluidR3_GM.sf2", "default-GM.sf2", "Arachno_GM.sf2", "TimGM6mb.sf2", "Piano.sf2"]
    for name in names:
        font(tmp_path / name)
    (tmp_path / "readme.txt").write_text("no")
    only(monkeypatch, tmp_path / "none", tmp_path)
    assert [path.name for path in installed_soundfonts()] == names


def test_damaged_fonts_nobody_asked_for_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "FluidR3Mono_GM.sf3").write_bytes(b"")
    good = font(tmp_path / "TimGM6mb.sf2")
    only(monkeypatch, tmp_path)
    assert find_soundfont(environment={}) == good


def test_none_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch)
    with pytest.raises(MissingError, match="apt install fluidr3mono-gm-soundfont"):
        find_soundfont(environment={})


def test_named_by_variable_and_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{SOUNDFONT_VARIABLE}.*does not exist"):
        find_soundfont(environment={SOUNDFONT_VARIABLE: str(tmp_path / "none.sf2")})


def test_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    empty, short, other = tmp_path / "e.sf2", tmp_path / "s.sf2", tmp_path / "o.sf2"
    empty.write_bytes(b"")
    short.write_bytes(font(tmp_path / "whole.sf2").read_bytes()[:60])
    other.write_bytes(b"RIFF" + bytes(4) + b"WAVE" + bytes(50))
    for path, words in ((empty, "is empty"), (short, "should have 100 bytes and has 60"), (other, "not a soundfont")):
        with pytest.raises(FormatError, match=words) as caught:
            find_soundfont(path)
        assert caught.value.file == str(path)
    with pytest.raises(InputError, match="is a folder"):
        find_soundfont(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        find_soundfont(tmp_path / "none.sf2")


def test_sha256_follows_the_file(tmp_path: Path) -> None:
    path = font(tmp_path / "a.sf2")
    assert soundfont_sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    font(path, size=200)
    assert soundfont_sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_real_one(mono_font: Path) -> None:
    assert find_soundfont(mono_font) == mono_font


def test_a_description_of_no_length_is_none(tmp_path: Path) -> None:
    """Found by mutated files: its list said that it ends before it begins."""
    path = tmp_path / "a.sf2"
    path.write_bytes(b"RIFF" + struct.pack("<I", 92) + b"sfbkLIST" + bytes(4) + b"INFO" + bytes(76))
    assert soundfont_info(check_soundfont(path)) == {}


def test_dls_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.dls"
    path.write_bytes(b"RIFF" + struct.pack("<I", 92) + b"DLS " + bytes(88))
    with pytest.raises(FormatError, match="this is a DLS file, which is not read; convert it"):
        find_soundfont(path)
