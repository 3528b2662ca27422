"""miniaudio: a real device of its ALSA backend, on a card that writes a file, and of its null backend."""

from __future__ import annotations

import ctypes.util
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from engines import hear
from ramps import Ramp, check_heard

from gamemusic import InputError, adapters

miniaudio: Any = pytest.importorskip(
    "miniaudio", reason="the library itself is tested: pip install 'gamemusic[miniaudio]'"
)


@pytest.mark.skipif(
    sys.platform != "linux" or not ctypes.util.find_library("asound"), reason="needs ALSA: apt install libasound2"
)
def test_samples_arrive_in_order(tmp_path: Path) -> None:
    check_heard(hear("miniaudio", tmp_path, seconds=2.0), least=90_000)


def test_null_device_reads_in_real_time() -> None:
    source = Ramp()
    device = adapters.miniaudio.play(source, buffer_seconds=0.02, backends=[miniaudio.Backend.NULL])
    began = time.monotonic()
    time.sleep(0.5)
    device.stop()
    took = time.monotonic() - began
    device.close()
    assert device.backend == "Null"
    assert 0.3 < source.seconds < took + 0.3


def test_generator_gives_what_is_asked_for() -> None:
    source = Ramp()
    blocks = adapters.miniaudio.stream(source)
    assert [blocks.send(frames).shape for frames in (1, 4096, 17)] == [(1, 2), (4096, 2), (17, 2)]
    assert source.sizes == [1, 4096, 17]


def test_buffer_out_of_range() -> None:
    with pytest.raises(InputError, match=r"buffer_seconds must be 0\.005 to 1 seconds"):
        adapters.miniaudio.play(Ramp(), buffer_seconds=2)
