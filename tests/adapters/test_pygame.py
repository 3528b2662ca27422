"""pygame-ce's mixer hears every sample once, with SDL's driver that writes what would go to the card."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from engines import ROOT, hear
from ramps import Ramp, check_heard, heard_part, ramp

from gamemusic import InputError, adapters
from gamemusic.audio.wavfile import decode_wav

pytest.importorskip("pygame", reason="the engine itself is tested: pip install 'gamemusic[pygame]'")


@pytest.mark.parametrize("words", [(), ("float",), ("44100",), ("game",)], ids=lambda words: "".join(words) or "plain")
def test_samples_arrive_in_order(tmp_path: Path, words: tuple[str, ...]) -> None:
    check_heard(hear("pygame", tmp_path, seconds=1.0, words=words), least=30000)


def test_the_games_loop_need_not_turn(tmp_path: Path) -> None:
    check_heard(hear("pygame", tmp_path, seconds=1.0, words=("hitch",)), least=30000)


def test_the_files_end_is_not_heard(tmp_path: Path) -> None:
    # begun anew after every 4,800 frames, as the real one is after three hours
    check_heard(hear("pygame", tmp_path, seconds=1.0, words=("short",)), least=30000)


def test_the_mixer_can_be_called_while_it_plays(tmp_path: Path) -> None:
    # SDL's lock and Python's are held by turns; the driver asks for sound as fast as it can
    hear("pygame", tmp_path, seconds=3.0, words=("stress",), SDL_DISKAUDIODELAY="0")


def test_a_lost_sample_would_be_noticed() -> None:
    block = np.concatenate([ramp(0, 500), ramp(501, 500)])
    with pytest.raises(AssertionError):
        check_heard(block, least=1)
    with pytest.raises(AssertionError):
        check_heard(np.concatenate([ramp(0, 500), np.zeros((64, 2), np.int16), ramp(500, 500)]), least=1)
    with pytest.raises(AssertionError):
        heard_part(ramp(0, 500) / np.float32(32767))


def run(code: str) -> None:
    """Run lines in a process of their own, with SDL's silent driver."""
    head = "import os; os.environ.update(SDL_AUDIODRIVER='dummy', SDL_VIDEODRIVER='dummy')\n"
    head += f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]\n"
    head += "import pygame, gamemusic\nfrom gamemusic import adapters\nfrom ramps import Ramp\n"
    done = subprocess.run([sys.executable, "-c", head + code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_a_caller_can_do_wrong() -> None:
    run(
        """
def refused(play, words):
    try:
        play()
    except gamemusic.InputError as error:
        assert words in str(error), error
    else:
        raise AssertionError(words)

refused(lambda: adapters.pygame.play(Ramp(48000)), "pygame.mixer.init(48000) first")
pygame.init()
refused(lambda: adapters.pygame.play(Ramp(48000)), "Director(sample_rate=44100)")
refused(lambda: adapters.pygame.play(Ramp(48000)), "pygame.mixer.pre_init(48000) before pygame.init()")
refused(lambda: adapters.pygame.play(None), "sample_rate, channels and read")
refused(lambda: adapters.pygame.play(Ramp(44100), frames=1), "64 to 8192")
adapters.pygame.play(Ramp(44100))
"""
    )


@pytest.mark.parametrize("end", ["", "pygame.quit()", "pygame.mixer.quit()", "pygame.mixer.music.fadeout(100)"])
def test_programs_end(end: str) -> None:
    run(f"import time\npygame.mixer.init(48000)\nadapters.pygame.play(Ramp())\ntime.sleep(0.2)\n{end}")


def test_stream_is_a_wav_file() -> None:
    stream = adapters.pygame.Stream(Ramp(), data_bytes=40_000, frames=8192)
    content = stream.read(10_000) + b"".join(iter(lambda: stream.read(4096), b""))
    wav = decode_wav(content)
    assert wav.sample_rate == 48000
    assert np.array_equal(np.rint(wav.audio * 32768).astype(np.int16), ramp(0, 10_000))
    assert stream.tell() == len(content)
    assert stream.seek(-4, io.SEEK_END) == len(content) - 4
    assert len(stream.read()) == 4
    assert stream.read() == b""


def test_stream_of_floats_is_a_wav_file() -> None:
    stream = adapters.pygame.Stream(Ramp(), data_bytes=8000, dtype="float32")
    wav = decode_wav(stream.read() + stream.read())
    assert wav.bit_depth == "32f"
    assert np.array_equal(wav.audio * 32768, ramp(0, 1000))


def test_frames_out_of_range() -> None:
    for frames in (0, 63, 8193, 1.5, True):
        with pytest.raises(InputError, match="64 to 8192"):
            adapters.pygame.Stream(Ramp(), frames=frames)  # type: ignore[arg-type]
