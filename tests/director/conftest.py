"""What tests of live music need: quick sounds, and directors that are closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gamemusic.audio.synth import fluidsynth_version
from gamemusic.director.director import Director
from gamemusic.director.settings import Settings
from gamemusic.errors import MissingError

Make = Callable[..., Director]


@pytest.fixture(scope="session", autouse=True)
def _fluidsynth() -> None:
    try:
        fluidsynth_version()
    except MissingError as error:
        pytest.skip(str(error))


@pytest.fixture
def make_director() -> Iterator[Make]:
    """Return a maker of directors with chip sounds, patient unless said otherwise: they always play the same."""
    made: list[Director] = []

    def make(**options: Any) -> Director:
        settings = {"patient": True, **options.pop("settings", {})}
        usual = {"seed": 1, "sample_rate": 32000, "soundfont": "chip", "settings": Settings(**settings)}
        made.append(Director(**{**usual, **options}))
        return made[-1]

    yield make
    for director in made:
        director.close()


@pytest.fixture
def tiny(tiny_pack: Path) -> str:
    """A mood of random weights, as a path."""
    return str(tiny_pack)
