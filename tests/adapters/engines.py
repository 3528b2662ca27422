"""Plays the ramp through a real engine into a file: `python engines.py ENGINE SECONDS FOLDER`, a process of its own.

The drivers that write files are chosen by environment variables, which each library reads once.
"""

from __future__ import annotations

import faulthandler
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import pytest
from ramps import Ramp

from gamemusic import adapters

ROOT = Path(__file__).parents[2]
UNFIT = 77
"""Exit status of a process that says why this machine cannot run it."""

LIMIT = 60
"""Seconds after which a process that hangs says where and ends."""


def openal(folder: Path) -> dict[str, str]:
    """Return the variables that let OpenAL write floats to ``out.wav``, without effects."""
    lines = ("[general]", "drivers=wave", "frequency=48000", "sample-type=float32", "hrtf=false", "[wave]")
    (folder / "alsoft.conf").write_text("\n".join([*lines, f"file={folder / 'out.wav'}", ""]), encoding="utf-8")
    return {"ALSOFT_CONF": str(folder / "alsoft.conf")}


def alsa(folder: Path) -> dict[str, str]:
    """Return the variables that give ALSA one card, which writes to ``out.raw`` as fast as it gets sound."""
    card = f'pcm.!default {{ type file slave.pcm "nowhere" file "{folder / "out.raw"}" format "raw" }}'
    (folder / "asound.conf").write_text(f"{card}\npcm.nowhere {{ type null }}\n", encoding="utf-8")
    return {"ALSA_CONFIG_PATH": str(folder / "asound.conf")}


def sdl(folder: Path) -> dict[str, str]:
    """Return the variables that let SDL write what it plays to ``out.raw``."""
    return {"SDL_AUDIODRIVER": "disk", "SDL_DISKAUDIOFILE": str(folder / "out.raw"), "SDL_VIDEODRIVER": "dummy"}


DRIVERS: dict[str, Callable[[Path], dict[str, str]]] = {
    "pygame": sdl,
    "panda3d": openal,
    "pyglet": openal,
    "sounddevice": alsa,
    "miniaudio": alsa,
}


def hear(
    engine: str, folder: Path, *, seconds: float = 1.0, words: tuple[str, ...] = (), **more: str
) -> npt.NDArray[Any]:
    """Return what came out of an engine, shape (frames, 2).

    Args:
        engine: One of `DRIVERS`.
        folder: For the driver's files.
        seconds: How long to play.
        words: More arguments of the process.
        more: Environment variables.
    """
    if os.name == "nt" or sys.platform == "darwin":
        pytest.skip("the drivers that write files are set up for Linux")
    environment = {**os.environ, **DRIVERS[engine](folder), **more, "PYTHONPATH": str(ROOT)}
    environment |= {"PYGAME_HIDE_SUPPORT_PROMPT": "1"}
    done = subprocess.run(
        [sys.executable, __file__, engine, str(seconds), *words],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=2 * LIMIT,
        cwd=folder,
    )
    if done.returncode == UNFIT:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    if (folder / "out.wav").exists():
        content = (folder / "out.wav").read_bytes()
        data = content.index(b"data") + 8
        return np.frombuffer(content[data : data + (len(content) - data) // 8 * 8], "<f4").reshape(-1, 2)
    kind = "<f4" if engine in ("sounddevice", "miniaudio") or "float" in words else "<i2"
    content = (folder / "out.raw").read_bytes()
    frame = 2 * np.dtype(kind).itemsize
    return np.frombuffer(content[: len(content) // frame * frame], kind).reshape(-1, 2)


def give_up(reason: str) -> NoReturn:
    """End the process so that `hear` skips its test."""
    sys.stdout.write(reason)
    sys.exit(UNFIT)


def play_pygame(seconds: float, words: list[str]) -> None:
    import pygame

    source = Ramp(44100 if "44100" in words else 48000)
    pygame.mixer.init(source.sample_rate, 32 if "float" in words else -16, 2, 512)
    if "stress" in words:
        adapters.pygame.play(source)
        strain_pygame(seconds)
        return
    if "short" in words:  # a file that SDL has to begin anew every tenth of a second
        stream = adapters.pygame.Stream(source, data_bytes=19200)
        pygame.mixer.music.load(stream, "wav")
        pygame.mixer.music.set_volume(1.0)
        pygame.mixer.music.play(loops=-1)
    else:
        adapters.pygame.play(source)
    sound = pygame.mixer.Sound(buffer=bytes(4000))
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if "game" in words:  # what a game does meanwhile
            sound.play()
            pygame.mixer.music.get_busy()
            pygame.mixer.music.get_pos()
            pygame.mixer.find_channel(force=True).queue(sound)
        time.sleep(0.25 if "hitch" in words else 0.005)
    pygame.mixer.music.unload()
    pygame.quit()


def strain_pygame(seconds: float) -> None:
    """Call the mixer's functions at random, from one thread, as games do."""
    import pygame

    sound, channel, music = pygame.mixer.Sound(buffer=bytes(4000)), pygame.mixer.Channel(3), pygame.mixer.music
    calls: list[Callable[[], object]] = [
        *(music.get_busy, music.get_pos, music.get_volume, lambda: music.set_volume(1.0)),
        *(sound.play, sound.stop, sound.get_num_channels, lambda: sound.set_volume(0.5), lambda: sound.fadeout(3)),
        *(channel.get_busy, channel.get_queue, channel.pause, channel.unpause, channel.stop),
        *(lambda: channel.play(sound), lambda: channel.queue(sound), lambda: channel.set_volume(0.5, 0.2)),
        *(pygame.mixer.get_busy, pygame.mixer.find_channel, pygame.mixer.pause, pygame.mixer.unpause),
        *(pygame.mixer.stop, lambda: pygame.mixer.Sound(buffer=bytes(100))),
    ]
    until = time.monotonic() + seconds

    dice = random.Random(1)
    while time.monotonic() < until:
        dice.choice(calls)()
    pygame.mixer.quit()


def play_panda3d(seconds: float, words: list[str]) -> None:
    from direct.showbase.ShowBase import ShowBase
    from panda3d.core import loadPrcFileData

    loadPrcFileData("", "window-type none\naudio-library-name p3openal_audio\nnotify-level-audio error\n")
    base = ShowBase(windowType="none")
    if not base.musicManager.isValid():
        give_up("Panda3D's OpenAL did not open its device")
    source = Ramp()
    feed = adapters.panda3d.play(source, base, ahead=0.2)
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        base.taskMgr.step()
        time.sleep(1 / 60)
    behind = feed.fed / source.sample_rate - (time.monotonic() - began)
    assert 0.0 < behind < 0.4, behind
    feed.stop()
    feed.stop()
    base.destroy()


def play_pyglet(seconds: float, words: list[str]) -> None:
    import pyglet

    pyglet.options["audio"] = ("openal",)
    pyglet.options["headless"] = True
    pyglet.options["shadow_window"] = False
    try:
        from pyglet.media import Player, get_audio_driver

        driver = type(get_audio_driver()).__name__
    except ImportError as error:
        driver = str(error)
    if driver != "OpenALDriver":
        give_up(f"pyglet plays through {driver}; OpenAL is needed: apt install libopenal1")
    if "drift" in words:  # a computer's clock that is a quarter faster than the sound card's
        from pyglet.media.player import PlaybackTimer

        true_time = PlaybackTimer.get_time
        PlaybackTimer.get_time = lambda timer: 1.25 * true_time(timer)
    source = Ramp()
    if "plain" in words:
        player = Player()
        player.queue(adapters.pyglet.make_source(source))
        player.play()
    else:
        player = adapters.pyglet.play(source)
    time.sleep(seconds)
    player.delete()


def play_sounddevice(seconds: float, words: list[str]) -> None:
    source = Ramp(pace=20)  # this card has no clock of its own
    with adapters.sounddevice.play(source) as playback:
        while source.seconds < seconds:
            time.sleep(0.01)
        assert playback.stream.active
        assert playback.stream.latency < 0.2
        assert not playback.underflows
    assert not playback.stream.active


def play_miniaudio(seconds: float, words: list[str]) -> None:
    import miniaudio

    source = Ramp(pace=20)
    device = adapters.miniaudio.play(source, backends=[miniaudio.Backend.ALSA])
    while source.seconds < seconds:
        time.sleep(0.01)
    device.close()


if __name__ == "__main__":
    faulthandler.dump_traceback_later(LIMIT, exit=True)
    play: dict[str, Callable[[float, list[str]], None]] = {
        "pygame": play_pygame,
        "panda3d": play_panda3d,
        "pyglet": play_pyglet,
        "sounddevice": play_sounddevice,
        "miniaudio": play_miniaudio,
    }
    play[sys.argv[1]](float(sys.argv[2]), sys.argv[3:])
