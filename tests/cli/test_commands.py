"""Every command: what it prints, what it writes, how it ends."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import mido
import pytest

from gamemusic.cli import doctor, releases, train
from gamemusic.cli.main import main
from gamemusic.errors import MissingError
from gamemusic.packs.library import PATH_VARIABLE

COMMAND = [sys.executable, "-m", "gamemusic"]


@pytest.fixture
def installed(tiny_pack: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an installed mood that composes at once."""
    monkeypatch.setenv(PATH_VARIABLE, str(tiny_pack))
    return "tiny"


@pytest.fixture
def here(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let subprocesses find this package, installed or not."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(root), str(root / "export"))))


def test_compose(installed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.mid"
    words = ["--bars", "2", "--seed", "7", "--key", "D minor", "--tempo", "97", "--meter", "3/4", "--style", "rock"]
    assert main(["compose", installed, *words, "-o", str(path)]) == 0
    line = capsys.readouterr().out
    assert line.startswith(f"{path}: tiny (rock), seed 7, D minor, 97 bpm, 2 bars of 3/4, 3.7 s, seam ")
    assert line.count("\n") == 1
    midi = mido.MidiFile(path)
    assert midi.length == pytest.approx(6 * 60 / 97, abs=0.01)
    assert [file.name for file in tmp_path.iterdir()] == ["a.mid"]


def test_compose_over_chords(installed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.mid"
    assert main(["compose", installed, "--chords", "Am F C G", "--seed", "7", "-o", str(path)]) == 0
    assert ", A minor, " in capsys.readouterr().out
    assert main(["compose", installed, "--chords", "Am H", "-o", str(path)]) == 1
    assert "chords, bar 2: chord 'H' is neither a name" in capsys.readouterr().err


def test_compose_says_when_all_were_turned_away(
    installed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gamemusic.composer.judge.find_faults", lambda *_, **__: ("crowded",))
    assert main(["compose", installed, "--seed", "7", "--json", "-o", str(tmp_path / "a.mid")]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["faults"] == ["crowded"]
    assert said.err.startswith("gamemusic: warning: all ") and "(crowded " in said.err
    assert said.err.count("\n") == 1


def test_compose_twice_gives_the_same_file(installed: str, tmp_path: Path) -> None:
    for name in ("a.mid", "b.mid"):
        assert main(["compose", installed, "--seed", "3", "-o", str(tmp_path / name)]) == 0
    assert main(["compose", installed, "--seed", "4", "-o", str(tmp_path / "c.mid")]) == 0
    first, again, other = (path.read_bytes() for path in sorted(tmp_path.iterdir()))
    assert first == again != other


def test_a_drawn_seed_is_printed_and_stored(installed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seeds = []
    for name in ("a.mid", "b.mid"):
        assert main(["compose", installed, "--json", "-o", str(tmp_path / name)]) == 0
        seeds.append(json.loads(capsys.readouterr().out)["seed"])
    assert seeds[0] != seeds[1]
    texts = [str(message) for track in mido.MidiFile(tmp_path / "a.mid").tracks for message in track]
    assert any(str(seeds[0]) in text for text in texts)
    assert main(["compose", installed, "--seed", str(seeds[0]), "-o", str(tmp_path / "c.mid")]) == 0
    assert (tmp_path / "c.mid").read_bytes() == (tmp_path / "a.mid").read_bytes()


def test_compose_json(installed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--seed", "7", "--ending", "cadence", "--intensity", "0.9", "--stems", "--json"]
    assert main(["compose", installed, *words, "-o", str(tmp_path / "a.mid")]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["mood"], facts["style"], facts["seed"]) == ("tiny", "chamber", 7)
    assert (facts["bars"], facts["ending"], facts["intensity"]) == (4, "cadence", 0.9)
    stems = {f"a.{role}.mid" for role, notes in facts["notes"].items() if notes}
    assert stems
    assert {path.name for path in tmp_path.iterdir()} == {"a.mid", *stems}


def test_compose_by_path(tiny_pack: Path, tmp_path: Path) -> None:
    assert main(["compose", str(tiny_pack), "--bars", "1", "-o", str(tmp_path / "a.mid")]) == 0


def test_moods(installed: str, tiny_pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["moods"]) == 0
    assert capsys.readouterr().out.startswith("tiny         chamber, rock ")
    assert main(["moods", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["moods"][0]
    assert (first["name"], first["styles"], first["licence"]) == ("tiny", ["chamber", "rock"], "CC0-1.0")
    assert first["size"] == sum(path.stat().st_size for path in tiny_pack.iterdir())
    assert first["error"] is None


def test_moods_shows_what_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "calm").mkdir()
    (tmp_path / "calm" / "preset.yaml").write_text("name: 7\n", encoding="utf-8")
    monkeypatch.setenv(PATH_VARIABLE, str(tmp_path))
    assert main(["moods"]) == 0
    assert capsys.readouterr().out.startswith("calm         broken: ")


@pytest.mark.parametrize("member", ["", "preset.yaml"])
def test_check(tiny_pack: Path, member: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tiny_pack / member
    kind = "preset" if member else "mood pack"
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: {kind} 'tiny' is valid (styles: chamber, rock)\n"
    assert main(["check", str(path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["kind"], facts["name"], facts["styles"]) == (kind, "tiny", ["chamber", "rock"])


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert "styles" in json.loads(capsys.readouterr().out)["properties"]


def test_doctor(installed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines if not line.startswith(" ")} <= {"ok", "careful", "missing"}
    names = ["Python", "numpy", "onnxruntime", "mido", "PyYAML", "platformdirs", "FluidSynth", "soundfont", "moods"]
    said = [line[9:].split(":")[0] for line in lines if not line.startswith(" ")]
    assert said[: len(names)] == names
    assert main(["doctor", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [finding["name"] for finding in findings if finding["needed"] and not finding["works"]] == []


def test_doctor_knows_the_faults_of_old_releases(
    installed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for version, words in (("2.1.7", "CVE-2021-21417"), ("2.5.5", "GHSA-rmc4-c8hw-455w"), ("2.5.6", ""), ("?", "CVE")):
        monkeypatch.setattr("gamemusic.audio.synth.fluidsynth_version", lambda version=version: version)
        assert main(["doctor"]) == 0
        said = capsys.readouterr().out
        assert f"version {version}" in said
        assert ("careful  FluidSynth" in said) == bool(words)
        assert words in said


@pytest.mark.parametrize(
    ("package", "version", "words"),
    [
        ("onnxruntime", "1.18.1", "beside NumPy 2; pip install -U onnxruntime"),
        ("onnxruntime", "1.19.0", ""),
        ("pyfluidsynth", "1.3.4", "lacks functions"),
        ("pyfluidsynth", "1.3.6", "without PyAudio"),
        ("pyfluidsynth", "1.4.0", ""),
        ("numpy", "99.1.2rc1+local", "no longer has what is called"),
    ],
)
def test_doctor_knows_what_a_release_breaks(
    installed: str,
    package: str,
    version: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    usual = importlib.metadata.version
    monkeypatch.setattr("importlib.metadata.version", lambda name: version if name == package else usual(name))
    newest = releases.Fault("numpy", (99,), None, "no longer has what is called", "pip install 'numpy<99'")
    monkeypatch.setattr(releases, "KNOWN", (*releases.KNOWN, newest))
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert ("known to break with this version" in said) == bool(words)
    assert words in said


def test_doctor_without_sound_says_what_to_install(
    installed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from gamemusic.audio import soundfont, synth

    def missing() -> str:
        raise MissingError(f"FluidSynth is missing. {synth.FLUIDSYNTH_HINT}")

    monkeypatch.setattr(synth, "fluidsynth_version", missing)
    monkeypatch.setattr(soundfont, "installed_soundfonts", lambda **_: [])
    monkeypatch.delenv(soundfont.SOUNDFONT_VARIABLE, raising=False)
    assert main(["doctor"]) == 0  # MIDI still works
    lines = {line[9:].split(":")[0]: line for line in capsys.readouterr().out.splitlines()}
    for name in ("FluidSynth", "soundfont"):
        assert lines[name].startswith("missing")
        for system in ("Debian", "Fedora", "macOS", "Windows"):
            assert system in lines[name]


def test_doctor_fails_when_midi_cannot_be_composed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(doctor._NEEDED, "mido", "no_such_module")
    assert main(["doctor"]) == 1
    assert "MISSING  mido: No module named 'no_such_module'; pip install mido\n" in capsys.readouterr().out


def test_train_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(train, "_EXTRA", ("sys", "no_such_module"))
    assert main(["train", "haunted", "--midi", "my_midis"]) == 1
    message = "gamemusic: error: training needs no_such_module; run: pip install 'gamemusic[train]'\n"
    assert capsys.readouterr().err == message


def test_train_hands_its_options_over(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    command = pytest.importorskip("gamemusic_export.own_command")
    seen: list[argparse.Namespace] = []
    monkeypatch.setattr(train, "_EXTRA", ())

    def record(options: argparse.Namespace) -> int:
        seen.append(options)
        return 3

    monkeypatch.setattr(command, "run_own", record)
    assert main(["train", "haunted", "--midi", "my_midis", "--style", "gothic", "--seed", "7"]) == 3
    assert (seen[0].folder, seen[0].midi) == (Path("haunted"), Path("my_midis"))
    assert (seen[0].style, seen[0].seed, seen[0].updates, seen[0].threads) == ("gothic", 7, 240, 0)


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--version"], ["--help"], ["compose", "--help"]):
        with pytest.raises(SystemExit, match="0"):
            main(words)
    assert capsys.readouterr().out.startswith("gamemusic 0")


def test_stopped_by_the_user(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gamemusic.packs.library.list_packs", interrupt)
    assert main(["moods"]) == 130
    assert capsys.readouterr().err == "gamemusic: stopped\n"


@pytest.mark.usefixtures("here")
def test_a_reader_that_leaves_early_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run([*COMMAND, "schema"], stdout=writing, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writing)
    assert done.stderr == b""


@pytest.mark.usefixtures("here")
def test_statuses_of_the_process(tmp_path: Path, tiny_pack: Path) -> None:
    for status, words in ((0, ["check", str(tiny_pack)]), (1, ["check", "nothing"]), (2, ["nothing"])):
        done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == status
        assert "Traceback" not in done.stderr
        assert bool(done.stdout) == (status == 0)
