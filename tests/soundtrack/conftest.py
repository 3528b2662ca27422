"""What several tests of soundtracks start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from gamemusic.packs.library import PATH_VARIABLE


@pytest.fixture
def game(tiny_pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in which the mood ``tiny`` is found."""
    monkeypatch.setenv(PATH_VARIABLE, str(tiny_pack))
    return tmp_path
