"""What tests of sound need: FluidSynth and two soundfonts, or a clear reason to skip."""

from __future__ import annotations

from pathlib import Path

import pytest

from gamemusic.audio.soundfont import installed_soundfonts
from gamemusic.audio.synth import fluidsynth_version
from gamemusic.errors import MissingError


def _font(name: str) -> Path:
    try:
        fluidsynth_version()
    except MissingError as error:
        pytest.skip(str(error))
    for font in installed_soundfonts():
        if font.name == name:
            return font
    pytest.skip(f"{name} is not installed (apt install fluidr3mono-gm-soundfont timgm6mb-soundfont)")


@pytest.fixture(scope="session")
def mono_font() -> Path:
    """The default soundfont; all its samples are mono, so passes repeat to the bit."""
    return _font("FluidR3Mono_GM.sf3")


@pytest.fixture(scope="session")
def stereo_font() -> Path:
    """A soundfont that pans its samples; small and quick to load."""
    return _font("TimGM6mb.sf2")
