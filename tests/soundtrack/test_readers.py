"""What was baked, read by programs that nobody here wrote."""

from __future__ import annotations

import io
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
from gamemusic.soundtrack.folder import read_manifest

RATE = 22050
YAML = """\
formats: [flac, ogg, wav, midi]
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
    folder = tmp_path_factory.mktemp("readers")
    text = YAML.replace("MOOD", str(tiny_pack)).replace("DEPTH", request.param)
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


@pytest.mark.parametrize("name", ["march.wav", "march.flac", "march.ogg", "end.wav", "end.flac", "end.ogg"])
def test_sox_and_ffmpeg_hear_the_same_samples(baked: Path, name: str) -> None:
    path = baked / name
    wanted = ours(path)
    heard = [
        floats(run(need("sox", "sox"), path, "-t", "f32", "-")),
        floats(run(need("ffmpeg", "ffmpeg"), "-v", "error", "-i", path, "-f", "f32le", "-")),
    ]
    for found in heard:
        assert found.shape == wanted.shape == (facts(baked, name)["frames"], 2)
        # lossy decoders differ in their last bits
        assert np.max(np.abs(found - wanted)) <= (2e-4 if name.endswith("ogg") else 1e-6)


@pytest.mark.parametrize("suffix", [".flac", ".ogg"])
def test_ffprobe_reads_the_tags(baked: Path, suffix: str) -> None:
    shown = run(
        need("ffprobe", "ffmpeg"),
        "-v",
        "error",
        "-show_entries",
        "format_tags:stream_tags",
        "-of",
        "json",
        baked / f"march{suffix}",
    )
    found = json.loads(shown)
    tags = {**found.get("format", {}).get("tags", {}), **(found.get("streams") or [{}])[0].get("tags", {})}
    loop = facts(baked, f"march{suffix}")["loop"]
    assert loop["start"] > 0
    assert (int(tags["LOOPSTART"]), int(tags["LOOPLENGTH"])) == (loop["start"], loop["end"] - loop["start"])
    assert (int(tags["LOOP_START"]), int(tags["LOOP_END"]), int(tags["LOOPEND"])) == (
        loop["start"],
        loop["end"],
        loop["end"],
    )


def test_libsndfile_reads_floats(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    audio = np.random.default_rng(1).uniform(-1, 1, (999, 2)).astype(np.float32)
    found, rate = soundfile.read(io.BytesIO(encode_wav(audio, 48000, bit_depth="32f", loop=(7, 900))), dtype="float32")
    assert rate == 48000
    assert np.array_equal(found, audio)


def test_midi_is_read_to_the_same_notes(baked: Path) -> None:
    path = baked / "march.mid"
    song = read_midi(path.read_bytes())
    wanted = sorted((note.start, note.end, note.pitch, note.velocity) for track in song.tracks for note in track.notes)
    assert len(wanted) > 20
    assert sorted(_by_mido(path)) == wanted
    pretty = pytest.importorskip("pretty_midi").PrettyMIDI(str(path))
    notes = [note for instrument in pretty.instruments for note in instrument.notes]
    tick = pretty.time_to_tick
    assert sorted((tick(n.start), tick(n.end), n.pitch, n.velocity) for n in notes) == wanted
    score = pytest.importorskip("symusic").Score(str(path))
    assert sorted((n.start, n.end, n.pitch, n.velocity) for track in score.tracks for n in track.notes) == wanted
    assert {marker.text: marker.time for marker in score.markers} == {text: at for at, text in song.markers}


def _by_mido(path: Path) -> list[tuple[int, int, int, int]]:
    found = []
    for track in mido.MidiFile(path).tracks:
        now, open_notes = 0, dict[tuple[int, int], tuple[int, int]]()
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                open_notes[message.channel, message.note] = now, message.velocity
            elif message.type in ("note_on", "note_off"):
                start, velocity = open_notes.pop((message.channel, message.note))
                found.append((start, now, message.note, velocity))
    return found


def test_fluidsynth_plays_the_midi_to_the_same_length(baked: Path, tmp_path: Path) -> None:
    wav = tmp_path / "out.wav"
    run(
        need("fluidsynth", "fluidsynth"),
        "-ni",
        "-F",
        wav,
        "-r",
        RATE,
        "-R",
        0,
        "-C",
        0,
        CHIP_SOUNDFONT,
        baked / "march.mid",
    )
    piece = read_manifest(baked)["pieces"][0]
    written = facts(baked, "march.mid")["ticks"] / 12 * 60 / piece["tempo_bpm"]
    heard = floats(run(need("sox", "sox"), wav, "-t", "f32", "-"))
    sounding = np.flatnonzero(np.abs(heard).max(axis=1) > 3e-3)
    # the command goes on for a while in silence; what rings on is short with these sounds
    assert written - 1.0 <= sounding[-1] / RATE <= written + 1.0
    assert len(heard) / RATE >= written


GODOT = """\
extends SceneTree
func _init():
    var loop = load("res://march.wav")
    var once = load("res://end.wav")
    print("LOOP ", loop.loop_mode, " ", loop.loop_begin, " ", loop.loop_end, " ONCE ", once.loop_mode)
    quit()
"""


def test_godot_3_imports_the_loop_points(baked: Path, tmp_path: Path) -> None:
    """Godot 3 takes them as the smpl chunk says, which names the last frame that is played."""
    program = need("godot3-server", "godot3-server")
    (tmp_path / "project.godot").write_text('config_version=4\n[application]\nconfig/name="x"\n', encoding="utf-8")
    (tmp_path / "probe.gd").write_text(GODOT, encoding="utf-8")
    for name in ("march.wav", "end.wav"):
        shutil.copy(baked / name, tmp_path / name)
    run(program, "--path", tmp_path, "--editor", "--quit")
    said = run(program, "--path", tmp_path, "-s", "probe.gd").decode()
    loop = facts(baked, "march.wav")["loop"]
    assert f"LOOP 1 {loop['start']} {loop['end'] - 1} ONCE 0" in said


def test_godot_3_bears_the_settings_for_godot_4(baked: Path, tmp_path: Path) -> None:
    """They are for another importer's version; it must still import the file, and complete them."""
    program = need("godot3-server", "godot3-server")
    (tmp_path / "project.godot").write_text('config_version=4\n[application]\nconfig/name="x"\n', encoding="utf-8")
    (tmp_path / "probe.gd").write_text(GODOT.replace("march.wav", "end.wav"), encoding="utf-8")
    for name in ("end.wav", "end.wav.import"):
        shutil.copy(baked / name, tmp_path / name)
    run(program, "--path", tmp_path, "--editor", "--quit")
    assert re.search(r"LOOP \d", run(program, "--path", tmp_path, "-s", "probe.gd").decode())


SDL = """\
import sys, time
import pygame
pygame.mixer.init({rate}, -16, 2, 512, allowedchanges=0)
pygame.mixer.music.load(sys.argv[1])
pygame.mixer.music.play(-1)
time.sleep({seconds})
pygame.mixer.quit()
"""


@pytest.mark.parametrize("tagged", [True, False])
def test_sdl_mixer_loops_the_ogg_at_its_tags(baked: Path, tmp_path: Path, tagged: bool) -> None:
    """What pygame-ce plays, SDL writes to a file, faster than it would sound; without the tags it loops elsewhere."""
    pytest.importorskip("pygame")
    path, raw = baked / "march.ogg", tmp_path / "heard.raw"
    loop = facts(baked, "march.ogg")["loop"]
    length = loop["end"] - loop["start"]
    wanted = ours(baked / "march.ogg")
    if not tagged:
        path = tmp_path / "march.ogg"
        path.write_bytes(encode(np.clip(wanted, -1, 1), RATE, ".ogg"))
    # the disk driver keeps time unless it is told not to
    environment = {**os.environ, "SDL_AUDIODRIVER": "disk", "SDL_DISKAUDIOFILE": str(raw), "SDL_DISKAUDIODELAY": "0"}
    seconds = 3.0
    script = SDL.format(rate=RATE, seconds=seconds)
    subprocess.run(
        [sys.executable, "-c", script, str(path)], check=True, env=environment, capture_output=True, timeout=60
    )
    heard = (np.fromfile(raw, "<i2") / 32768).astype(np.float32).reshape(-1, 2)
    begin = int(np.flatnonzero(np.abs(heard).max(axis=1) > 1e-3)[0]) - int(
        np.flatnonzero(np.abs(np.round(wanted * 32768)).max(axis=1) > 33)[0]
    )
    heard = heard[max(0, begin) :]
    assert len(heard) > loop["end"] + length // 2, "SDL wrote too little"
    after = heard[loop["end"] : loop["end"] + length // 2]
    again = wanted[loop["start"] : loop["start"] + length // 2]
    assert (np.max(np.abs(after - again)) < 5e-3) == tagged
