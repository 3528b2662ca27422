"""sounddevice: PortAudio's own stream, on an ALSA card that writes a file; and what happens where there is none."""

from __future__ import annotations

import ctypes.util
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from engines import ROOT, hear
from ramps import Ramp, check_heard, ramp

from gamemusic import adapters

if sys.platform == "linux" and not ctypes.util.find_library("portaudio"):
    pytest.skip("PortAudio is not installed: apt install libportaudio2", allow_module_level=True)
sounddevice: Any = pytest.importorskip(
    "sounddevice", reason="the library itself is tested: pip install 'gamemusic[sounddevice]'"
)


def test_samples_arrive_in_order(tmp_path: Path) -> None:
    check_heard(hear("sounddevice", tmp_path, seconds=2.0), least=90_000)


def test_callback_fills_portaudios_memory() -> None:
    # as PortAudio calls it: with memory of C, a struct of times, and flags
    memory = sounddevice._ffi.new("float[]", 2 * 512)
    block = np.frombuffer(sounddevice._ffi.buffer(memory), np.float32).reshape(-1, 2)
    fill = adapters.sounddevice.make_callback(Ramp())
    for start in (0, 512):
        fill(block, 512, None, sounddevice.CallbackFlags())
        assert np.array_equal(block * 32768, ramp(start, 512))


def test_underflows_are_counted() -> None:
    playback = adapters.sounddevice.Playback.__new__(adapters.sounddevice.Playback)
    playback.underflows = 0
    playback._fill = adapters.sounddevice.make_callback(Ramp())
    for flags in (0, 4, 4):  # paOutputUnderflow
        playback._call(np.zeros((64, 2), np.float32), 64, SimpleNamespace(), sounddevice.CallbackFlags(flags))
    assert playback.underflows == 2


@pytest.mark.parametrize("device", ["", ", device='no such card'"])
def test_without_a_card(tmp_path: Path, device: str) -> None:
    (tmp_path / "asound.conf").write_text("pcm.!default { type hw card 31 }\n", encoding="utf-8")
    code = f"""
import os, sys
os.environ["ALSA_CONFIG_PATH"] = {str(tmp_path / "asound.conf")!r}
sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]
from ramps import Ramp
import gamemusic
from gamemusic import adapters
try:
    adapters.sounddevice.play(Ramp(){device})
except gamemusic.MissingError as error:
    assert "no sound card plays 48000 hertz" in str(error), error
else:
    sys.exit("no error")
assert not adapters.sounddevice._playing
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
