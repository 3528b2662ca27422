"""Baking: what is made, what is left alone, and what survives."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import badworkers
import numpy as np
import pytest

from gamemusic.audio.compressed import decode
from gamemusic.audio.loudness import loudness, true_peak
from gamemusic.audio.wavfile import decode_wav
from gamemusic.cli.main import main
from gamemusic.errors import FormatError, GameMusicError, InputError, OutputError
from gamemusic.packs.library import PATH_VARIABLE
from gamemusic.score.midi import read_midi
from gamemusic.soundtrack import maker, workers
from gamemusic.soundtrack.bake import Summary, bake
from gamemusic.soundtrack.folder import lock_folder
from gamemusic.soundtrack.manifest import SIDES, read_manifest
from gamemusic.soundtrack.order import Order
from gamemusic.soundtrack.verify import verify

YAML = """\
format: 1
title: Greywater
formats: [wav, midi]
sample_rate: 22050
soundfont: chip
groups:
  field: {loudness: -20, stems: true}
defaults: {bars: 4, intensity: 0.5}
cues:
  day: {mood: tiny, style: chamber, group: field, intensity: [0.3, 0.9]}
  night: {mood: tiny, harmony_from: day, loudness_offset: -6}
  fight: {mood: tiny, style: rock, variations: 2, ending: cadence}
transitions:
  dusk: {start: day, end: night}
stingers:
  chest: {cue: day, kind: found}
"""
PIECES = ["day", "night", "fight", "fight-v2", "dusk", "chest"]


@pytest.fixture
def track(tiny_pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(PATH_VARIABLE, str(tiny_pack))
    (tmp_path / "track.yaml").write_text(YAML, encoding="utf-8")
    return tmp_path / "track.yaml"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def edit(track: Path, before: str, after: str) -> None:
    text = track.read_text(encoding="utf-8")
    assert before in text
    track.write_text(text.replace(before, after), encoding="utf-8")


def test_everything_is_made_and_the_manifest_says_what(track: Path) -> None:
    out = track.parent / "out"
    told: list[tuple[str, int, int]] = []
    summary = bake(track, out, progress=lambda *facts: told.append(facts))
    assert summary == Summary(made=PIECES)
    assert told[-1][1:] == (6, 6)
    manifest = read_manifest(out)
    assert [piece["name"] for piece in manifest["pieces"]] == PIECES
    named = {file["file"] for piece in manifest["pieces"] for file in piece["files"]}
    assert named == set(contents(out)) - {"manifest.json", "index.html", *manifest[SIDES]}
    assert all((out / name).is_file() for name in manifest[SIDES])
    assert {"day-i30.wav", "day-i90.wav", "day-i90.lead.wav", "night.mid", "fight-v2.wav", "dusk.wav"} <= named
    assert verify(out) == (len(named) + len(manifest[SIDES]), [])
    by_name = {piece["name"]: piece for piece in manifest["pieces"]}
    day, night = by_name["day"], by_name["night"]
    for fact in ("tempo_bpm", "meter", "key", "chords"):
        assert day[fact] == night[fact]
    assert by_name["fight"]["seed"] != by_name["fight-v2"]["seed"]
    assert manifest["packs"]["tiny"] == day["pack"]["digest"]
    assert all(file["loop"] is None for file in by_name["fight"]["files"] if file["format"] == "wav")


def test_loudness_and_layers(track: Path) -> None:
    out = track.parent / "out"
    bake(track, out)
    by_name = {piece["name"]: piece for piece in read_manifest(out)["pieces"]}

    def read(name: str) -> np.ndarray:
        return decode_wav((out / name).read_bytes()).audio

    for name, target, files in (("day", -20, ["day-i30.wav", "day-i90.wav"]), ("night", -22, ["night.wav"])):
        loudest = max(loudness(read(file), 22050) for file in files)
        missed = by_name[name]["missed_by_lu"]
        assert abs(loudest + missed - target) < 0.05
        assert max(true_peak(read(file)) for file in files) <= 10 ** (-1 / 20) + 1e-3
        if missed:
            assert by_name[name]["true_peak_dbtp"] == -1.0
    assert len(read("day-i30.wav")) == len(read("day-i90.wav"))
    stems = [read(path.name) for path in out.glob("day-i90.*.wav")]
    assert len(stems) >= 2
    assert np.max(np.abs(sum(stems) - read("day-i90.wav"))) < (len(stems) + 1) / 32768


def test_what_did_not_change_is_left_alone(track: Path) -> None:
    out = track.parent / "out"
    bake(track, out)
    before = contents(out)
    times = {path.name: path.stat().st_mtime_ns for path in out.iterdir() if path.is_file()}
    assert bake(track, out) == Summary(current=PIECES)
    assert {path.name: path.stat().st_mtime_ns for path in out.iterdir() if path.is_file()} == times
    # another cue, and a change to one of the others
    edit(track, "transitions:", "  dawn: {mood: tiny, style: chamber}\ntransitions:")
    edit(track, "style: rock, variations: 2", "style: rock, variations: 2, tempo: 140")
    summary = bake(track, out)
    assert summary.made == ["fight", "fight-v2", "dawn"]
    after = contents(out)
    assert all(after[name] == before[name] for name in before if name.startswith(("day", "night", "dusk", "chest")))
    edit(track, "  dawn: {mood: tiny, style: chamber}\n", "")
    assert bake(track, out).removed == ["dawn.mid", "dawn.wav"]
    assert not (out / "dawn.wav").exists()
    # what the chords come from counts, too
    edit(track, "group: field,", "group: field, seed: 9,")
    assert bake(track, out).made == ["day", "night", "dusk", "chest"]


def test_files_that_were_edited_are_noticed_and_kept(track: Path) -> None:
    out = track.parent / "out"
    bake(track, out)
    before = contents(out)
    (out / "night.wav").write_bytes(before["night.wav"][:-2])
    changed = bytearray(before["dusk.mid"])
    changed[-30] ^= 1
    (out / "dusk.mid").write_bytes(changed)
    (out / "chest.wav").unlink()
    _, faults = verify(out)
    assert [
        fault.partition(":")[0] for fault in faults if "not what was baked" in fault or "cannot be read" in fault
    ] == [
        "night.wav",
        "dusk.mid",
        "chest.wav",
    ]
    assert bake(track, out, check=True).made == ["night", "dusk", "chest"]
    assert bake(track, out, dry_run=True).made == ["night", "dusk", "chest"]
    assert (out / "dusk.mid").read_bytes() == changed
    summary = bake(track, out)
    assert summary.made == ["night", "dusk", "chest"]
    assert sorted(summary.edited) == ["dusk.mid", "night.wav"]
    assert (out / ".dusk.mid.edited").read_bytes() == changed
    assert {name: data for name, data in contents(out).items() if not name.startswith(".")} == before
    assert bake(track, out, check=True).made == []


def test_any_number_of_processes_writes_the_same(track: Path) -> None:
    one, three = track.parent / "one", track.parent / "three"
    bake(track, one)
    assert sorted(bake(track, three, jobs=3).made) == sorted(PIECES)
    assert contents(one) == contents(three)


def test_compressed_formats(track: Path) -> None:
    edit(track, "[wav, midi]", "[ogg, flac]")
    out = track.parent / "out"
    bake(track, out, only="night")
    sounds = {
        path.suffix: decode(path.read_bytes(), path.suffix)
        for path in out.iterdir()
        if path.suffix in (".ogg", ".flac")
    }
    assert sounds[".ogg"].audio.shape == sounds[".flac"].audio.shape
    assert sounds[".ogg"].loop == sounds[".flac"].loop == (0, len(sounds[".ogg"].audio))
    assert verify(out)[1] == []
    assert read_manifest(out)["versions"]["libsndfile"]


def test_only_some(track: Path) -> None:
    out = track.parent / "out"
    assert bake(track, out, only="f*").made == ["fight", "fight-v2"]
    assert bake(track, out, only="day").made == ["day"]
    assert len(read_manifest(out)["pieces"]) == 3
    assert bake(track, out, only="day", force=True).made == ["day"]
    with pytest.raises(InputError, match="no piece is called like 'dya'"):
        bake(track, out, only="dya")


def test_the_lock_pins_packs_fonts_and_versions(track: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = track.parent / "out"
    bake(track, out, only="night")
    lock = track.with_suffix(".lock")
    pins = json.loads(lock.read_text(encoding="utf-8"))
    assert set(pins["versions"]) == {"gamemusic", "fluidsynth"}
    pins["versions"]["gamemusic"] = "0.0.9"
    pins["packs"]["tiny"] = "0" * 64
    lock.write_text(json.dumps(pins), encoding="utf-8")
    with pytest.raises(GameMusicError, match=r"pack tiny: 000000000000 is pinned, .*gamemusic: 0\.0\.9 is pinned"):
        bake(track, out)
    bake(track, out, only="night", update_lock=True)
    bake(track, out, only="night")
    lock.write_text("[]", encoding="utf-8")
    with pytest.raises(FormatError, match="no lock file"):
        bake(track, out)


def test_two_bakes_into_one_folder(track: Path) -> None:
    out = track.parent / "out"
    out.mkdir()
    with lock_folder(out), pytest.raises(OutputError, match="another bake"):
        bake(track, out)
    assert bake(track, out, only="night").made == ["night"]


def test_bad_requests(track: Path) -> None:
    with pytest.raises(InputError, match="jobs must be a whole number, 1 to 256"):
        bake(track, track.parent / "out", jobs=0)
    with pytest.raises(InputError, match="make it first"):
        bake(track, track.parent / "no" / "out")
    (track.parent / "file").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be made"):
        bake(track, track.parent / "file")
    (track.parent / "old").mkdir()
    (track.parent / "old" / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(FormatError, match=r"manifest\.json:1:2: this is not JSON"):
        bake(track, track.parent / "old")
    with pytest.raises(FormatError, match="bake first"):
        verify(track.parent)


def test_a_piece_that_fails_is_named_and_the_others_are_made(track: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = maker.make

    def wrong(order: Order) -> maker.Made:
        if order.name == "night":
            raise InputError("no")
        return right(order)

    monkeypatch.setattr(workers, "make", wrong)
    out = track.parent / "out"
    summary = bake(track, out)
    assert summary.failed == [workers.Failure("night", "no")]
    assert summary.made == [name for name in PIECES if name != "night"]
    monkeypatch.setattr(workers, "make", right)
    assert bake(track, out).made == ["night"]


def test_a_process_that_dies_takes_only_its_own_piece_along(track: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "attempt", badworkers.attempt_but_die_at_night)
    summary = bake(track, track.parent / "out", jobs=2)
    assert [one.name for one in summary.failed] == ["night"]
    assert "process died (exit code -9, SIGKILL)" in summary.failed[0].reason
    assert sorted(summary.made) == sorted(name for name in PIECES if name != "night")


def test_what_a_process_raises_is_told_with_its_piece(track: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for jobs in (1, 2):
        monkeypatch.setattr(workers, "attempt", badworkers.attempt_but_fail_at_night)
        summary = bake(track, track.parent / f"out{jobs}", jobs=jobs)
        reasons = [(one.name, one.reason.partition(" (badworkers.py:")[0]) for one in summary.failed]
        assert reasons == [("night", "ZeroDivisionError: what went wrong")]
        assert sorted(summary.made) == sorted(name for name in PIECES if name != "night")


@pytest.mark.parametrize("how", ["a file", "standard input", "-c"])
def test_a_script_without_a_guard_runs_once(track: Path, how: str) -> None:
    out = track.parent / "out"
    text = (
        "print('runs')\nfrom pathlib import Path\nfrom gamemusic.soundtrack.bake import bake\n"
        f"summary = bake(Path({str(track)!r}), Path({str(out)!r}), jobs=2, only='n*')\n"
        "print(sorted(summary.made), summary.failed)\n"
    )
    script = track.parent / "script.py"
    script.write_text(text, encoding="utf-8")
    words = {"a file": [str(script)], "standard input": ["-"], "-c": ["-c", text]}[how]
    done = subprocess.run(
        [sys.executable, *words], input=text, capture_output=True, text=True, check=False, timeout=200
    )
    assert done.stdout.splitlines() == ["runs", "['night'] []"], done.stdout + done.stderr
    assert not done.stderr


def _kill_bakes(track: Path, out: Path, times: int, delay: Callable[[int], float]) -> int:
    """Start a bake again and again and kill it; return how often it was killed before its end."""
    killed = 0
    for number in range(times):
        command = [sys.executable, "-m", "gamemusic", "bake", str(track), "-o", str(out), "--jobs", "2"]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(delay(number))
        finished = process.poll() is not None
        killed += not finished
        with contextlib.suppress(ProcessLookupError):  # it has finished, and its workers with it
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for path in out.glob("*.wav"):
            decode_wav(path.read_bytes())
        for path in out.glob("*.mid"):
            read_midi(path.read_bytes())
        if finished:  # begin again, so that every kill interrupts something
            shutil.rmtree(out)
    return killed


@pytest.mark.slow
def test_killed_at_any_moment(track: Path) -> None:
    whole, broken = track.parent / "whole", track.parent / "broken"
    bake(track, whole)
    random = np.random.default_rng(1)
    times = int(os.environ.get("GAMEMUSIC_KILLS", "20"))
    assert _kill_bakes(track, broken, times, lambda _: float(random.uniform(0.2, 3.0))) > times // 3
    summary = bake(track, broken)
    assert not summary.failed
    assert not summary.edited
    assert contents(broken) == contents(whole)
    assert bake(track, broken) == Summary(current=PIECES)


def test_the_table_has_the_seconds_of_midi_too(track: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They were 0.0 where nothing but MIDI was written."""
    cues = "{day: {mood: tiny, tempo: 120, meter: 3/4, bars: 4}, long: {mood: tiny, tempo: 60, meter: 4/4, bars: 2}}"
    track.write_text(f"format: 1\nformats: [midi]\ncues: {cues}\n", encoding="utf-8")
    assert main(["bake", str(track), "-o", str(tmp_path / "out"), "--jobs", "1"]) == 0
    lines = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines() if "tiny/" in line}
    assert lines["day"][3] == "6.0"
    assert lines["long"][3] == "8.0"
