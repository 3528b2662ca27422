"""What tests of every folder may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# some tests import ONNX Runtime themselves; the package needs none of this (security/test_network.py)
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


@pytest.fixture(scope="session", autouse=True)
def _only_shipped_moods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hide the moods that whoever runs the tests has installed; their own may have the shipped ones' names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GAMEMUSIC_PATH", raising=False)
        patch.setattr("gamemusic.packs.library.user_dir", lambda: tmp_path_factory.getbasetemp() / "no-moods")
        yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def tiny_pack() -> Path:
    """A mood pack of random weights: valid music, no sense, ready in milliseconds."""
    return ROOT / "tests" / "data" / "tiny_pack"
