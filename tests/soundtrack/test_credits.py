"""What a soundtrack is owed to is in its manifest and in a text for people."""

from __future__ import annotations

from pathlib import Path

import pytest

from gamemusic.audio.soundfont import CHIP_SOUNDFONT, soundfont_info
from gamemusic.soundtrack.bake import bake
from gamemusic.soundtrack.credits import disclose
from gamemusic.soundtrack.manifest import read_manifest
from gamemusic.soundtrack.schema import load_soundtrack

YAML = """\
title: Greywater
author: Ann Other
licence: CC-BY-4.0
formats: [wav]
sample_rate: 8000
soundfont: chip
cues:
  day: {mood: MOOD, bars: 2}
"""


def test_a_shipped_mood(tmp_path: Path) -> None:
    (tmp_path / "track.yaml").write_text(YAML.replace("MOOD", "dungeon"), encoding="utf-8")
    bake(tmp_path / "track.yaml", tmp_path / "out")
    licences = read_manifest(tmp_path / "out")["licences"]
    assert licences["output"] == "CC-BY-4.0"
    assert licences["packs"]["dungeon"]["model"] == "MIT"
    assert licences["soundfonts"]["chip.sf2"]["title"] == "gamemusic chip"
    text = (tmp_path / "out" / "CREDITS.txt").read_text(encoding="utf-8")
    for words in ("Greywater", "Ann Other", "CC-BY-4.0", "Mutopia Project", "gamemusic chip", licences["disclosure"]):
        assert words in text
    assert "BSD-3-Clause" in licences["disclosure"]


def test_terms_that_nobody_stated_are_not_made_up() -> None:
    soundtrack = load_soundtrack(YAML.encode())
    assert "music whose terms are not stated" in disclose(soundtrack, ["", "MIT AND CC0-1.0"])
    assert "music under CC0-1.0, MIT," in disclose(soundtrack, ["MIT AND CC0-1.0", "MIT"])
    assert "except grave.mid, which people wrote" in disclose(soundtrack, ["MIT"], ["grave.mid"])


def test_what_a_soundfont_says_of_itself() -> None:
    assert soundfont_info(CHIP_SOUNDFONT)["ICOP"] == "MIT License"


@pytest.mark.parametrize("cut", [12, 20, 24, 40])
def test_a_soundfont_that_says_nothing(tmp_path: Path, cut: int) -> None:
    (tmp_path / "font.sf2").write_bytes(CHIP_SOUNDFONT.read_bytes()[:cut])
    assert "ICOP" not in soundfont_info(tmp_path / "font.sf2")
