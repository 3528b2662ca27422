"""What was baked, read by programs that nobody here wrote; each check also sees what it has to notice."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import mido
import numpy as np
import numpy.typing as npt
import pytest

from gamemusic.audio.compressed import decode, encode
from gamemusic.audio.soundfont import CHIP_SOUNDFONT
from gamemusic.audio.wavfile import decode_wav, encode_wav
from gamemusic.score.midi import read_midi
from gamemusic.soundtrack.bake import bake
from gamemusic.soundtrack.dialects import side_faults
from gamemusic.soundtrack.manifest import read_manifest

RATE = 22050
YAML = """\
formats: [FORMATS]
sample_rate: 22050
bit_depth: "DEPTH"
soundfont: chip
defaults: {mood: MOOD, bars: 2}
cues:
  march: {style: rock, intro: 1, intro_inside: true}
  end: {style: chamber, ending: cadence}
"""


def need(program: str, package: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed (Debian: {package})")
    return found


@pytest.fixture(scope="module", params=["16", "24"])
def baked(request: pytest.FixtureRequest, tiny_pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bake_at(request.param, "flac, ogg, wav, midi", tiny_pack, tmp_path_factory.mktemp("readers"))


once = pytest.mark.parametrize("baked", ["16"], indirect=True)
"""For what is the same at every bit depth."""


@pytest.fixture(scope="module")
def baked_floats(tiny_pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bake_at("32f", "wav", tiny_pack, tmp_path_factory.mktemp("floats"))


def bake_at(depth: str, formats: str, pack: Path, folder: Path) -> Path:
    text = YAML.replace("MOOD", str(pack)).replace("DEPTH", depth).replace("FORMATS", formats)
    (folder / "track.yaml").write_text(text, encoding="utf-8")
    assert bake(folder / "track.yaml", folder / "out").failed == []
    return folder / "out"


def facts(baked: Path, name: str) -> dict[str, Any]:
    files = (file for piece in read_manifest(baked)["pieces"] for file in piece["files"])
    found: dict[str, Any] = next(file for file in files if file["file"] == name)
    return found


def ours(path: Path) -> npt.NDArray[np.float32]:
    if path.suffix == ".wav":
        return decode_wav(path.read_bytes()).audio
    return decode(path.read_bytes(), path.suffix).audio


def run(*command: object) -> bytes:
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, timeout=60).stdout


def floats(raw: bytes) -> npt.NDArray[np.float32]:
    return np.frombuffer(raw, "<f4").reshape(-1, 2).astype(np.float32)


# sound ----------------------------------------------------------------------------------------------------------------


def by_sox(path: Path) -> npt.NDArray[np.float32]:
    return floats(run(need("sox", "sox"), path, "-t", "f32", "-"))


def by_ffmpeg(path: Path) -> npt.NDArray[np.float32]:
    return floats(run(need("ffmpeg", "ffmpeg"), "-v", "error", "-i", path, "-f", "f32le", "-"))


def by_libsndfile(path: Path) -> npt.NDArray[np.float32]:
    samples, rate = pytest.importorskip("soundfile").read(path, dtype="float32")
    assert rate == RATE
    return np.asarray(samples, np.float32)


readers = pytest.mark.parametrize("reader", [by_sox, by_ffmpeg, by_libsndfile])


@readers
@pytest.mark.parametrize("name", ["march.wav", "march.flac", "march.ogg", "end.wav", "end.flac", "end.ogg"])
def test_others_hear_the_same_samples(baked: Path, name: str, reader: Any) -> None:
    wanted = ours(baked / name)
    found = reader(baked / name)
    assert found.shape == wanted.shape == (facts(baked, name)["frames"], 2)
    # lossy decoders differ in their last bits
    assert np.max(np.abs(found - wanted)) <= (2e-4 if name.endswith("ogg") else 1e-6)
    if name.endswith("flac"):  # ours is libsndfile's, so the WAV file tells more
        assert np.max(np.abs(found - ours(baked / name.replace("flac", "wav")))) <= 1e-6


@readers
@pytest.mark.parametrize("name", ["march.wav", "end.wav"])
def test_others_hear_the_same_floats(baked_floats: Path, name: str, reader: Any) -> None:
    path = baked_floats / name
    assert decode_wav(path.read_bytes()).bit_depth == "32f"
    found = reader(path)
    assert found.shape == (facts(baked_floats, name)["frames"], 2)
    assert np.max(np.abs(found - ours(path))) <= 1e-6


@once
@readers
def test_others_hear_a_sample_that_differs(baked: Path, tmp_path: Path, reader: Any) -> None:
    wanted, path = ours(baked / "march.wav"), tmp_path / "march.wav"
    changed = wanted.copy()
    changed[1000, 1] += 2 / 32768
    path.write_bytes(encode_wav(changed, RATE, loop=(7, 900)))
    assert [tuple(place) for place in np.argwhere(np.abs(reader(path) - wanted) > 1e-5)] == [(1000, 1)]


@pytest.mark.parametrize("name", ["march.wav", "march.flac", "march.ogg"])
def test_sox_says_the_same_length(baked: Path, name: str) -> None:
    said = [int(run(need("sox", "sox"), "--i", option, baked / name)) for option in ("-s", "-r", "-c")]
    assert said == [facts(baked, name)["frames"], RATE, 2]


def tags(path: Path) -> dict[str, int]:
    """Return the tags that say where a file loops, as ffprobe reads them."""
    options = ("-v", "error", "-show_entries", "format_tags:stream_tags", "-of", "json")
    found = json.loads(run(need("ffprobe", "ffmpeg"), *options, path))
    every = {**found.get("format", {}).get("tags", {}), **(found.get("streams") or [{}])[0].get("tags", {})}
    return {name: int(value) for name, value in every.items() if name.startswith("LOOP")}


@pytest.mark.parametrize("suffix", [".flac", ".ogg"])
def test_ffprobe_reads_the_tags(baked: Path, tmp_path: Path, suffix: str) -> None:
    loop = facts(baked, f"march{suffix}")["loop"]
    start, end = loop["start"], loop["end"]
    assert start > 0
    wanted = {"LOOPSTART": start, "LOOPLENGTH": end - start, "LOOPEND": end, "LOOP_START": start, "LOOP_END": end}
    assert tags(baked / f"march{suffix}") == wanted
    assert tags(baked / f"end{suffix}") == {}
    other = tmp_path / f"other{suffix}"
    other.write_bytes(encode(np.zeros((end, 2), np.float32), RATE, suffix, loop=(start, end - 1)))
    assert tags(other) == wanted | {"LOOPLENGTH": end - start - 1, "LOOPEND": end - 1, "LOOP_END": end - 1}


# MIDI -----------------------------------------------------------------------------------------------------------------

Notes = list[tuple[int, int, int, int, bool]]
"""Start, end, pitch, velocity, and whether they are drums."""


def by_pretty_midi(path: Path) -> Notes:
    song = pytest.importorskip("pretty_midi").PrettyMIDI(str(path))
    tick = song.time_to_tick
    return sorted(
        (tick(note.start), tick(note.end), note.pitch, note.velocity, one.is_drum)
        for one in song.instruments
        for note in one.notes
    )


def by_symusic(path: Path) -> Notes:
    score = pytest.importorskip("symusic").Score(str(path))
    return sorted((n.start, n.end, n.pitch, n.velocity, track.is_drum) for track in score.tracks for n in track.notes)


def by_mido(path: Path) -> Notes:
    return sorted((*note[:4], note[4] == 9) for note in mido_notes(path))


def mido_notes(path: Path) -> list[tuple[int, int, int, int, int]]:
    """Return start, end, pitch, velocity and channel."""
    found = []
    for track in mido.MidiFile(path).tracks:
        now, open_notes = 0, dict[tuple[int, int], tuple[int, int]]()
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                open_notes[message.channel, message.note] = now, message.velocity
            elif message.type in ("note_on", "note_off"):
                start, velocity = open_notes.pop((message.channel, message.note))
                found.append((start, now, message.note, velocity, message.channel))
    return found


@once
@pytest.mark.parametrize("reader", [by_mido, by_pretty_midi, by_symusic])
def test_midi_is_read_to_the_same_notes(baked: Path, tmp_path: Path, reader: Any) -> None:
    """What we read is what was arranged: see the tests of writing MIDI."""
    path = baked / "march.mid"
    notes = [note for track in read_midi(path.read_bytes()).tracks for note in track.notes]
    wanted = sorted((note.start, note.end, note.pitch, note.velocity, note.channel == 9) for note in notes)
    assert len(wanted) > 20
    assert {drum for *_, drum in wanted} == {True, False}
    assert reader(path) == wanted
    assert sorted(mido_notes(path)) == sorted((n.start, n.end, n.pitch, n.velocity, n.channel) for n in notes)
    song = mido.MidiFile(path)
    first = next(message for track in song.tracks for message in track if message.type == "note_on")
    first.velocity -= 1
    song.save(tmp_path / "other.mid")
    assert len(set(reader(tmp_path / "other.mid")) - set(wanted)) == 1


@once
def test_symusic_reads_the_markers(baked: Path) -> None:
    symusic = pytest.importorskip("symusic")
    said = {marker.text: marker.time for marker in symusic.Score(str(baked / "march.mid")).markers}
    file = facts(baked, "march.mid")
    assert file["loop_start_ticks"] > 0
    assert said == {"loopStart": file["loop_start_ticks"] * 40, "loopEnd": file["ticks"] * 40}
    assert not symusic.Score(str(baked / "end.mid")).markers


def by_fluidsynth(midi: Path, wav: Path) -> tuple[float, float]:
    """Return when the last sound ends and how much was written, in seconds."""
    dry = ("-R", 0, "-C", 0)
    run(need("fluidsynth", "fluidsynth"), "-ni", "-F", wav, "-r", RATE, *dry, CHIP_SOUNDFONT, midi)
    heard = by_sox(wav)
    sounding = np.flatnonzero(np.abs(heard).max(axis=1) > 3e-3)
    return sounding[-1] / RATE, len(heard) / RATE


@once
def test_fluidsynth_plays_the_midi_to_the_same_length(baked: Path, tmp_path: Path) -> None:
    piece = read_manifest(baked)["pieces"][0]
    written = facts(baked, "march.mid")["ticks"] / 12 * 60 / piece["tempo_bpm"]
    last, every = by_fluidsynth(baked / "march.mid", tmp_path / "out.wav")
    # the command goes on for a while in silence; what rings on is short with these sounds
    assert written - 1.0 <= last <= written + 1.0
    assert every >= written
    song = mido.MidiFile(baked / "march.mid")
    for message in song.tracks[0]:
        if message.type == "set_tempo":
            message.tempo //= 2
    song.save(tmp_path / "fast.mid")
    assert by_fluidsynth(tmp_path / "fast.mid", tmp_path / "fast.wav")[0] < written - 1.0


# Godot ----------------------------------------------------------------------------------------------------------------

PROJECT = 'config_version=4\n[application]\nconfig/name="x"\n'

IMPORTED = """\
extends SceneTree
func show(name):
    var directory = Directory.new()
    if directory.file_exists("res://music/" + name + ".wav"):
        var wav = load("res://music/" + name + ".wav")
        print("WAV ", name, " ", wav.loop_mode, " ", wav.loop_begin, " ", wav.loop_end)
    if directory.file_exists("res://music/" + name + ".ogg"):
        var ogg = load("res://music/" + name + ".ogg")
        print("OGG ", name, " ", ogg.loop, " ", ogg.loop_offset)
func _init():
    for name in ["march", "end", "short"]:
        show(name)
    quit()
"""

RECORDED = """\
extends SceneTree
var recorder
var started
func _init():
    var wav = load("res://music/march.wav")
    if OS.get_environment("LOOP_END"):
        wav.loop_end = int(OS.get_environment("LOOP_END"))
    AudioServer.add_bus_effect(0, AudioEffectRecord.new())
    recorder = AudioServer.get_bus_effect(0, 0)
    recorder.format = 1
    recorder.set_recording_active(true)
    var player = AudioStreamPlayer.new()
    player.stream = wav
    get_root().add_child(player)
    player.play()
    started = OS.get_ticks_msec()
func _idle(delta):
    if OS.get_ticks_msec() - started < 1500:
        return
    recorder.set_recording_active(false)
    var file = File.new()
    file.open("res://heard.raw", File.WRITE)
    file.store_buffer(recorder.get_recording().data)
    file.close()
    quit()
"""


def in_godot_3(project: Path, script: str, **environment: str) -> str:
    """Import what lies in a project as the editor does, run a script, and return what it printed."""
    program = need("godot3-server", "godot3-server")
    (project / "project.godot").write_text(PROJECT, encoding="utf-8")
    (project / "probe.gd").write_text(script, encoding="utf-8")
    run(program, "--path", project, "--editor", "--quit")
    return subprocess.run(
        [program, "--path", str(project), "-s", "probe.gd"],
        check=True,
        capture_output=True,
        timeout=60,
        env={**os.environ, **environment},
    ).stdout.decode()


@once
def test_godot_3_imports_the_loop_points(baked: Path, tmp_path: Path) -> None:
    """Godot 3 takes them as the smpl chunk says, which names the last frame that is played."""
    folder = tmp_path / "music"
    folder.mkdir()
    for name in ("march.wav", "end.wav"):
        shutil.copy(baked / name, folder / name)
    loop = facts(baked, "march.wav")["loop"]
    start, end = loop["start"], loop["end"]
    (folder / "short.wav").write_bytes(encode_wav(ours(baked / "march.wav"), RATE, loop=(start + 3, end - 100)))
    said = in_godot_3(tmp_path, IMPORTED)
    assert f"WAV march 1 {start} {end - 1}\n" in said
    assert f"WAV short 1 {start + 3} {end - 101}\n" in said
    assert "WAV end 0 " in said


@pytest.mark.parametrize("further", [0, 1])
def test_godot_3_plays_the_loop_without_a_gap(tmp_path: Path, further: int) -> None:
    """Godot has to be told the last frame that is played, which the .import file for Godot 4 does, too: with the one
    after it, a frame of silence is heard at every pass. Godot leaves out the loop's first frame (its issue 119778)."""
    frames, start = 4000, 1000
    ramp = np.linspace(0.2, 0.6, frames, dtype=np.float32)
    (tmp_path / "music").mkdir()
    # at the rate at which it mixes, so that nothing is resampled
    wav = encode_wav(np.stack([ramp, ramp], axis=1), 44100, loop=(start, frames))
    (tmp_path / "music" / "march.wav").write_bytes(wav)
    in_godot_3(tmp_path, RECORDED, LOOP_END=str(frames) if further else "")
    heard = np.fromfile(tmp_path / "heard.raw", "<i2").reshape(-1, 2)[:, 0] / 32768
    heard = heard[int(np.argmax(heard > 0.1)) :][: 3 * frames]
    assert len(heard) == 3 * frames
    assert np.max(np.abs(heard[:frames] - ramp)) < 1e-4
    silent = np.flatnonzero(heard == 0.0)
    again = frames + further
    assert silent.tolist() == ([frames, frames + 3000, frames + 6000] if further else [])
    assert np.max(np.abs(heard[again : again + 2999] - ramp[start + 1 :])) < 1e-4


@once
def test_godot_3_bears_the_settings_for_godot_4(baked: Path, tmp_path: Path) -> None:
    """They are for another importer's version; it must still import the files, and what it leaves there must agree."""
    shutil.copytree(baked, tmp_path / "music")
    said = in_godot_3(tmp_path, IMPORTED)
    loop = facts(baked, "march.wav")["loop"]
    assert f"WAV march 1 {loop['start']} {loop['end'] - 1}\n" in said
    assert "WAV end 0 " in said
    assert "OGG end False 0\n" in said
    offset = re.search(r"OGG march True ([\d.]+)\n", said)
    assert offset
    assert abs(float(offset[1]) - loop["start_seconds"]) < 1e-5
    completed = (tmp_path / "music" / "march.ogg.import").read_text(encoding="utf-8")
    assert 'path="res://.import/' in completed
    assert list(side_faults(tmp_path / "music", read_manifest(baked))) == []


GODOT_4 = """\
extends SceneTree
func _init():
    var wav = load("res://music/march.wav")
    print("WAV march ", wav.loop_mode, " ", wav.loop_begin, " ", wav.loop_end)
    print("OGG march ", load("res://music/march.ogg").loop)
    var music = load("res://music/godot/music.tres")
    print("CLIPS ", music.clip_count, " ", music.get_clip_name(0), " ", music.get_clip_name(1))
    quit()
"""


@once
def test_godot_4_reads_it_all(baked: Path, tmp_path: Path) -> None:
    program = shutil.which("godot4") or shutil.which("godot")
    if program is None or not run(program, "--version").startswith(b"4."):
        pytest.skip("not run: Godot 4 could not be had")
    shutil.copytree(baked, tmp_path / "music")
    (tmp_path / "project.godot").write_text(PROJECT.replace("=4", "=5"), encoding="utf-8")
    (tmp_path / "probe.gd").write_text(GODOT_4, encoding="utf-8")
    run(program, "--headless", "--path", tmp_path, "--import")
    said = run(program, "--headless", "--path", tmp_path, "-s", "probe.gd").decode()
    loop = facts(baked, "march.wav")["loop"]
    assert f"WAV march 1 {loop['start']} {loop['end'] - 1}\n" in said
    assert "OGG march true\n" in said
    assert "CLIPS 2 march end\n" in said
    assert list(side_faults(tmp_path / "music", read_manifest(baked))) == []


# SDL ------------------------------------------------------------------------------------------------------------------

SDL = """\
import sys, time
import pygame
pygame.mixer.init({rate}, -16, 2, 512, allowedchanges=0)
pygame.mixer.music.load(sys.argv[1])
pygame.mixer.music.play(-1)
time.sleep({seconds})
pygame.mixer.quit()
"""


@once
@pytest.mark.parametrize("early", [0, 7001, None])
def test_sdl_mixer_loops_the_ogg_at_its_tags(baked: Path, tmp_path: Path, early: int | None) -> None:
    """What pygame-ce plays, SDL writes to a file, faster than it would sound. The loop begins inside the file, and ends
    with it, or before; without the tags it loops elsewhere."""
    pytest.importorskip("pygame")
    path, raw = baked / "march.ogg", tmp_path / "heard.raw"
    loop = facts(baked, "march.ogg")["loop"]
    start, end = loop["start"], loop["end"] - (early or 0)
    if early != 0:
        path = tmp_path / "march.ogg"
        audio = np.clip(ours(baked / "march.ogg"), -1, 1)
        path.write_bytes(encode(audio, RATE, ".ogg", loop=None if early is None else (start, end)))
    wanted = ours(path)
    # the disk driver keeps time unless it is told not to
    environment = {**os.environ, "SDL_AUDIODRIVER": "disk", "SDL_DISKAUDIOFILE": str(raw), "SDL_DISKAUDIODELAY": "0"}
    script = SDL.format(rate=RATE, seconds=3.0)
    subprocess.run(
        [sys.executable, "-c", script, str(path)], check=True, env=environment, capture_output=True, timeout=60
    )
    heard = (np.fromfile(raw, "<i2") / 32768).astype(np.float32).reshape(-1, 2)
    begin = int(np.flatnonzero(np.abs(heard).max(axis=1) > 1e-3)[0]) - int(
        np.flatnonzero(np.abs(np.round(wanted * 32768)).max(axis=1) > 33)[0]
    )
    heard = heard[max(0, begin) :]
    half = (end - start) // 2
    assert len(heard) > end + half, "SDL wrote too little"
    heard /= np.float32(np.sum(heard[:end] * wanted[:end]) / np.sum(wanted[:end] ** 2))  # its full volume is 127 of 128
    assert np.max(np.abs(heard[:end] - wanted[:end])) < 1e-3
    for other in (0, 1):  # a frame off is noticed
        differs = np.max(np.abs(heard[end + other : end + half] - wanted[start : start + half - other])) > 1e-3
        assert differs == (other == 1 or early is None)
