"""pyglet hears every sample once, with OpenAL's driver that writes a file, also when the clocks disagree."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from engines import hear
from ramps import Ramp, check_heard, heard_part, ramp

from gamemusic import adapters

pyglet: Any = pytest.importorskip("pyglet", reason="the engine itself is tested: pip install 'gamemusic[pyglet]'")
pyglet.options["headless"] = True
pyglet.options["shadow_window"] = False


def test_samples_arrive_in_order(tmp_path: Path) -> None:
    check_heard(hear("pyglet", tmp_path, seconds=1.5), least=48000)


def test_clocks_that_disagree_cost_nothing(tmp_path: Path) -> None:
    check_heard(hear("pyglet", tmp_path, seconds=3.0, words=("drift",)), least=120_000)


def test_a_plain_player_skips_when_clocks_disagree(tmp_path: Path) -> None:
    heard = heard_part(hear("pyglet", tmp_path, seconds=3.0, words=("drift", "plain")))
    assert (heard[:1000] == ramp(0, 1000)).all()
    assert (heard != ramp(0, len(heard))).any()


def test_source() -> None:
    source = adapters.pyglet.make_source(Ramp(44100))
    assert (source.audio_format.sample_rate, source.audio_format.channels) == (44100, 2)
    assert source.is_precise()
    assert source.duration is None
    data = source.get_audio_data(4096)
    assert data.length == 4096
    assert bytes(data.data) == ramp(0, 1024).tobytes()
    source.seek(10.0)
    assert bytes(source.get_audio_data(4096).data) == ramp(1024, 1024).tobytes()


def test_music_goes_on_without_a_card() -> None:
    pyglet.options["audio"] = ("silent",)
    source = Ramp()
    player = adapters.pyglet.play(source)
    time.sleep(1.0)
    player.delete()
    assert 1.2 < source.seconds < 2.5  # a second, and what is kept ahead
