"""A mood that brings its own soundfont: checked, kept, heard; and what is refused."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fontbytes import font, tables
from packfiles import pack_of, zip_of

import gamemusic
from gamemusic.audio import fontprobe
from gamemusic.audio.soundfont import find_soundfont
from gamemusic.audio.synth import fluidsynth_version
from gamemusic.cli.main import main
from gamemusic.errors import FormatError, MissingError, PackError
from gamemusic.packs import fontstore
from gamemusic.packs.library import find_pack
from gamemusic.packs.pack import open_pack
from gamemusic.soundtrack import cluster

PRESET = """\
name: tiny
tempo: [90, 90]
keys: [C major]
bars: 2
candidates: 1
styles:
  chamber:
    learned: [lead, bass]
    soundfont: tone.sf2
    instruments:
      lead: {program: piano}
      bass: {program: piano}
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that nobody else has."""
    monkeypatch.setattr(fontstore, "font_dir", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def mood(tiny_pack: Path, tmp_path: Path) -> Path:
    """A mood in a folder that somebody works on, with a soundfont of one tone beside the preset."""
    folder = shutil.copytree(tiny_pack, tmp_path / "tiny")
    (folder / "preset.yaml").write_text(PRESET)
    (folder / "tone.sf2").write_bytes(font())
    return folder


def needs_fluidsynth() -> None:
    try:
        fluidsynth_version()
    except MissingError as error:
        pytest.skip(str(error))


def test_it_is_heard(mood: Path, cache: Path) -> None:
    needs_fluidsynth()
    phrase = gamemusic.compose(mood, seed=1)
    assert phrase.orchestration is not None
    token = phrase.orchestration.soundfont
    assert fontstore.is_kept(token)
    heard = gamemusic.render(phrase)
    assert np.array_equal(heard, gamemusic.render(phrase, soundfont=mood / "tone.sf2"))
    assert not np.array_equal(heard, gamemusic.render(phrase, soundfont="chip"))  # a soundfont that is named goes first
    (kept,) = cache.glob("*.sf2")
    assert kept.read_bytes() == (mood / "tone.sf2").read_bytes()
    assert fontstore.was_tested(kept, fluidsynth_version()) == ""
    assert fontstore.was_tested(kept, "9.9.9") is None  # another library is another test


def test_it_travels_in_the_zip(mood: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pack", str(mood), "-o", str(tmp_path / "tiny.zip")]) == 0
    assert "brings the soundfont tone.sf2" in capsys.readouterr().err
    shutil.rmtree(mood)
    pack = open_pack(tmp_path / "tiny.zip")
    assert pack.read("tone.sf2") == font()
    assert fontstore.kept_font(pack.preset.styles["chamber"].soundfont).read_bytes() == font()


def test_tested_once(mood: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs_fluidsynth()
    token = find_pack(mood).preset.styles["chamber"].soundfont
    tests: list[Path] = []
    monkeypatch.setattr(fontprobe, "probe_font", tests.append)
    assert find_soundfont(style=token) == find_soundfont(style=token)
    assert len(tests) == 1


def test_what_failed_once_is_not_tried_again(mood: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs_fluidsynth()
    token = find_pack(mood).preset.styles["chamber"].soundfont
    monkeypatch.setattr(fontprobe, "_START", "raise SystemExit(3)")
    for _ in range(2):
        with pytest.raises(FormatError, match=r"failed its test .*status 3"):
            find_soundfont(style=token)
        monkeypatch.setattr(fontprobe, "probe_font", lambda path: pytest.fail("tried again"))
    # a worker of a cluster asks the same way
    monkeypatch.setattr(cluster, "font_dir", fontstore.font_dir)
    order = SimpleNamespace(soundfont="elsewhere.sf2", soundfont_digest=fontstore.kept_font(token).stem)
    with pytest.raises(FormatError, match="status 3"):
        cluster._find_soundfont(order)  # type: ignore[arg-type]


def test_a_damaged_cache_is_mended(mood: Path) -> None:
    token = find_pack(mood).preset.styles["chamber"].soundfont
    kept = fontstore.kept_font(token)
    kept.write_bytes(bytes(kept.stat().st_size))
    find_pack(mood)
    assert kept.read_bytes() == font()


def test_a_changed_cache_is_noticed(mood: Path) -> None:
    needs_fluidsynth()
    token = find_pack(mood).preset.styles["chamber"].soundfont
    fontstore.kept_font(token).write_bytes(font(pgen=tables()["pgen"]) + b"x")
    with pytest.raises(MissingError, match="is not what it was"):
        find_soundfont(style=token)
    fontstore.kept_font(token).unlink()
    with pytest.raises(MissingError, match="open the mood again"):
        find_soundfont(style=token)


def test_a_cache_that_cannot_be_written_to(mood: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr(fontstore, "font_dir", lambda: tmp_path / "file" / "soundfonts")
    phrase = gamemusic.compose(mood, seed=1)  # notes need no sound
    assert phrase.save(tmp_path / "loop.mid").exists()
    with pytest.raises(MissingError, match="can be written to"):
        gamemusic.render(phrase)


def test_old_ones_make_room(cache: Path) -> None:
    tokens = [fontstore.keep_font(bytes([number]) * 100, ".sf2") for number in range(20)]
    for number, token in enumerate(tokens[-16:]):
        os.utime(fontstore.kept_font(token), (number, number))
    newest = fontstore.keep_font(b"new", ".sf2")
    assert len(list(cache.glob("*.sf2"))) == 16
    assert fontstore.kept_font(newest).exists()
    with pytest.raises(MissingError):
        fontstore.kept_font(tokens[4])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("tone.sf2", "none.sf2", "names the soundfont none.sf2, which is not in the pack"),
        ("tone.sf2", "../tone.sf2", "without folders"),
        ("tone.sf2", "/etc/tone.sf2", "without folders"),
        ("tone.sf2", "C:\\tone.sf2", "without folders"),
        ("tone.sf2", "file:tone.sf2", "without folders"),
        ("tone.sf2", "tone.dls", "'chip', or a file of the pack"),
        ("tone.sf2", "pack:" + 64 * "0" + ".sf2", "without folders"),
        ("bass: {program: piano}", "bass: {program: cello}", "has no preset 0:42, which bass plays; it has 0:0"),
    ],
)
def test_what_the_preset_may_name(mood: Path, old: str, new: str, words: str) -> None:
    preset = mood / "preset.yaml"
    preset.write_text(PRESET.replace(old, new))
    if new == "none.sf2":
        (mood / "tone.sf2").unlink()
    with pytest.raises((FormatError, PackError), match=words):
        find_pack(mood)


@pytest.mark.parametrize("name", ["run.py", "run.PY", "a.dll", "a.so", "a.exe", "a.sh", "a.pkl", "a.npy", "page.html"])
def test_z23_files_that_a_system_would_run_are_refused(name: str, tmp_path: Path) -> None:
    """Not even a card that lists them makes them part of a mood."""
    (tmp_path / "calm.zip").write_bytes(zip_of(pack_of({name: b"x"})))
    with pytest.raises(PackError, match=f"{name} is no kind of file that a mood pack holds"):
        open_pack(tmp_path / "calm.zip")


def test_they_are_not_packed(mood: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (mood / "run.py").write_bytes(b"x")
    card = json.loads((mood / "card.json").read_text(encoding="utf-8"))
    card["files"]["run.py"] = {"size": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
    (mood / "card.json").write_text(json.dumps(card), encoding="utf-8")
    assert main(["pack", str(mood), "-o", str(tmp_path / "a.zip")]) == 0
    assert "left out, since neither preset nor card names them: run.py" in capsys.readouterr().out
    assert "run.py" not in open_pack(tmp_path / "a.zip").members


def test_a_damaged_font_is_refused_with_the_pack(mood: Path, cache: Path) -> None:
    (mood / "tone.sf2").write_bytes(font()[:-5])
    with pytest.raises(FormatError, match=r"tone\.sf2.*its header says"):
        find_pack(mood)
    assert not cache.exists()


class TestProbe:
    """The process of its own: what happens to it must not happen to the game."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        needs_fluidsynth()
        path = tmp_path / "tone.sf2"
        path.write_bytes(font())
        return path

    def test_passes(self, path: Path) -> None:
        fontprobe.probe_font(path)

    def test_the_whole_chip_font_passes(self) -> None:
        needs_fluidsynth()
        fontprobe.probe_font(find_soundfont("chip"))

    def test_what_is_no_font_fails(self, path: Path) -> None:
        path.write_bytes(b"RIFF\4\0\0\0sfbk")
        with pytest.raises(FormatError, match=r"failed its test in a process of its own \(status 1: .*byte 12"):
            fontprobe.probe_font(path)

    @pytest.mark.skipif(os.name != "posix", reason="signals")
    def test_a_crash_is_an_error(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fontprobe, "_START", "import os; os.kill(os.getpid(), 11)")
        with pytest.raises(FormatError, match="signal 11"):
            fontprobe.probe_font(path)

    def test_a_hang_is_an_error(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fontprobe, "_START", "import time; time.sleep(60)")
        with pytest.raises(FormatError, match=r"was not played within 0\.5 s"):
            fontprobe.probe_font(path, seconds=0.5)

    def test_silence_about_success_is_none(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fontprobe, "_START", "pass")
        with pytest.raises(FormatError, match="status 0"):
            fontprobe.probe_font(path)

    def test_a_frozen_game_cannot(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.frozen", True, raising=False)
        with pytest.raises(MissingError, match="cannot start one"):
            fontprobe.probe_font(path)

    def test_modules_of_the_current_folder_are_not_run(
        self, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A game may be started from a folder of downloads."""
        here = tmp_path / "downloads"
        here.mkdir()
        for name in ("json", "numpy", "ctypes", "resource", "fluidsynth"):
            (here / f"{name}.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w').close()\n")
        monkeypatch.chdir(here)
        monkeypatch.setattr("sys.path", ["", str(here), *sys.path])
        monkeypatch.setenv("PYTHONPATH", str(here))
        fontprobe.probe_font(path)
        assert not (tmp_path / "run").exists()
