"""FluidSynth: what it refuses, what it replaces, and life without it."""

from __future__ import annotations

import logging
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gamemusic.audio.soundfont import CHIP_SOUNDFONT
from gamemusic.audio.synth import DRUM_BANK, Synth, fluidsynth_version
from gamemusic.errors import FormatError


def test_version(mono_font: Path) -> None:
    assert int(fluidsynth_version().split(".")[0]) >= 2


def test_each_channel_has_its_own_row(stereo_font: Path) -> None:
    rows = np.ones((3, 12800), np.float32)
    with Synth(stereo_font, sample_rate=48000, channels=3) as synth:
        for channel in range(3):
            synth.select(channel, 0, 0)
        synth.note_on(1, 60, 100)
        assert len(synth.sounding()) == 1
        synth.render(rows, 6400, 6400)
    assert (rows[:, :6400] == 1.0).all()
    assert not rows[[0, 2], 6400:].any()
    assert rows[1, 6400:].any()


def test_missing_presets_are_replaced(stereo_font: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Synth(stereo_font, sample_rate=48000, channels=1) as synth, caplog.at_level(logging.WARNING):
        assert synth.select(0, 0, 73) == (0, 73)
        assert not caplog.records
        assert synth.select(0, 99, 73) == (0, 73)
        assert synth.select(0, DRUM_BANK, 77) == (DRUM_BANK, 0)
    assert "no preset 99:73" in caplog.text


def test_a_header_is_not_a_soundfont(tmp_path: Path, stereo_font: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "fake.sf2"
    path.write_bytes(b"RIFF" + struct.pack("<I", 92) + b"sfbk" + bytes(88))
    with pytest.raises(FormatError, match=r"fake\.sf2: FluidSynth cannot read"):
        Synth(path, sample_rate=48000, channels=1)
    out, err = capfd.readouterr()
    assert not out
    assert "fluidsynth:" not in err  # how its own messages begin; libinstpatch, which it asks too, may still grumble


def test_closing_twice_is_harmless(stereo_font: Path) -> None:
    synth = Synth(stereo_font, sample_rate=48000, channels=1)
    synth.close()
    synth.close()


def test_rows_must_fit(stereo_font: Path) -> None:
    with Synth(stereo_font, sample_rate=48000, channels=1) as synth, pytest.raises(ValueError, match="cannot render"):
        synth.render(np.zeros((1, 64), np.float32), 0, 128)


@pytest.mark.parametrize(
    "absence",
    [
        "sys.modules['fluidsynth'] = None",
        "import ctypes.util; ctypes.util.find_library = lambda name: None; os.environ.pop('HOMEBREW_PREFIX', None)",
        "import types; sys.modules['fluidsynth'] = types.ModuleType('fluidsynth')",
    ],
    ids=["pyfluidsynth", "library", "namesake"],
)
def test_without_fluidsynth(absence: str) -> None:
    program = f"""
import os, sys
{absence}
import gamemusic.output, gamemusic.audio.loops, gamemusic.audio.synth
from gamemusic.errors import MissingError
try:
    gamemusic.audio.synth.fluidsynth_version()
except MissingError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    for words in ("apt install libfluidsynth3", "dnf install", "brew install", "Windows"):
        assert words in done.stdout
    assert not done.stderr


def test_importing_says_nothing_even_where_ci_is_set(mono_font: Path) -> None:
    program = "import gamemusic.audio.synth as synth; synth.fluidsynth_version()"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"CI": "1", "PATH": "/usr/bin"}
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_loading_again_and_again_leaves_nothing_behind(mono_font: Path) -> None:
    """Opened and closed while notes sound; FluidSynth 2.0.5 lost a compressed soundfont's samples each time."""
    resource = pytest.importorskip("resource")
    rows = np.zeros((1, 512), np.float32)

    def play() -> None:
        with Synth(mono_font, sample_rate=22_050, channels=1) as synth:
            synth.select(0, 0, 73)
            synth.note_on(0, 60, 100)
            synth.render(rows, 0, 512)
            assert rows.any()

    for _ in range(5):
        play()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(30):
        play()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024  # kilobytes; one flute has 1 MB


@pytest.mark.parametrize("name", ["with space.sf2", "Zaubärflöte ♪ 音.sf2", f"{'long' * 50}.sf2"])
def test_any_path_may_be_played(mono_font: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(CHIP_SOUNDFONT.read_bytes())
    with Synth(path, sample_rate=22_050, channels=1) as synth:
        assert synth.select(0, 0, 73) == (0, 73)
