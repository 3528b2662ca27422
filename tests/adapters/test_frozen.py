"""The scene as players get it: a folder that PyInstaller makes from the wheel, with moods, soundfont and synth."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gamemusic
from gamemusic import processes
from gamemusic.audio.soundfont import find_soundfont
from gamemusic.audio.synth import fluidsynth_version
from gamemusic.audio.wavfile import read_wav
from gamemusic.theory import parse_key

ROOT = Path(__file__).parents[2]


def run(*words: object, cwd: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, cwd=cwd, env=environment
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that is given to players."""
    pytest.importorskip("PyInstaller", reason="it freezes the scene: pip install pyinstaller")
    pytest.importorskip("pygame", reason="the scene needs it: pip install 'gamemusic[pygame]'")
    try:
        fluidsynth_version()
        find_soundfont()
    except gamemusic.MissingError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("frozen")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GAMEMUSIC"))}
    run(
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        folder,
        ROOT,
        cwd=folder,
        environment=plain,
    )
    wheel = next(folder.glob("*.whl"))
    site = folder / "site"
    pip = (sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index")
    run(*pip, "--target", site, wheel, cwd=folder, environment=plain)
    # before whatever else is installed, such as this checkout; PyInstaller finds the hook by the wheel's entry point
    paths = {**plain, "PYTHONPATH": str(site)}
    spec = ROOT / "examples" / "03_pygame_scene.spec"
    places = ("--distpath", folder / "dist", "--workpath", folder / "build")
    said = run(sys.executable, "-m", "PyInstaller", "--noconfirm", *places, spec, cwd=folder, environment=paths)
    assert "hook-gamemusic.py" in said
    return folder / "dist" / "scene"


@pytest.mark.slow
def test_everything_is_inside(frozen: Path) -> None:
    inside = frozen / "_internal" / "gamemusic"
    moods = {path.parent.name for path in inside.glob("presets/*/model.onnx")}
    assert moods == {path.name for path in (ROOT / "presets").iterdir() if (path / "model.onnx").is_file()}
    for name in ("audio/chip.sf2", "composer/noise.npy", "composer/exponentials.npy"):
        assert (inside / name).read_bytes() == (ROOT / "gamemusic" / name).read_bytes()
    assert len(list((inside / "soundfonts").iterdir())) == 1
    names = {path.name for path in (frozen / "_internal").rglob("*")}
    assert not {"torch", "onnx", "gamemusic_export"} & names
    size = sum(path.stat().st_size for path in frozen.rglob("*") if path.is_file() and not path.is_symlink())
    assert size < 400e6  # 210 MB


@pytest.mark.slow
def test_it_plays_where_nothing_is_installed(frozen: Path, tmp_path: Path) -> None:
    # no variable leads to this machine's Python, moods or soundfonts; the linker writes down which libraries it loads
    environment = {"HOME": str(tmp_path), "LD_DEBUG": "files", "LD_DEBUG_OUTPUT": str(tmp_path / "loaded")}
    program = frozen / ("scene.exe" if os.name == "nt" else "scene")
    run(program, "--seconds", 3, "--wav", "heard.wav", cwd=tmp_path, environment=environment)
    wav = read_wav(tmp_path / "heard.wav")
    assert len(wav.audio) == 3 * wav.sample_rate
    assert np.sqrt(np.mean(wav.audio[-wav.sample_rate :] ** 2)) > 0.003
    if sys.platform == "linux":
        loaded = "".join(path.read_text(errors="replace") for path in tmp_path.glob("loaded*"))
        assert f"calling init: {frozen / '_internal' / 'libfluidsynth.so'}" in loaded
        assert "calling init: /usr/lib/x86_64-linux-gnu/libfluidsynth" not in loaded


@pytest.mark.slow
def test_its_processes_work_and_do_not_begin_the_game_again(frozen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = frozen / ("scene.exe" if os.name == "nt" else "scene")
    monkeypatch.setattr(processes, "child_command", lambda: [str(program), "--gamemusic-child"])
    found = {one.item: one for one in processes.share(parse_key, ["C major", "D minor", "x"], 2)}
    assert found["D minor"].result == parse_key("D minor")
    assert "'x'" in found["x"].error
