"""What a lock file pins, and what counts as a difference."""

from __future__ import annotations

import json
import os
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from gamemusic.errors import FormatError
from gamemusic.soundtrack.lockfile import differences, parse_lock, pins_of, read_lock, write_lock
from gamemusic.soundtrack.order import Order, Origin

EMPTY: dict[str, dict[str, str]] = {"packs": {}, "soundfonts": {}, "versions": {}}


def origin(mood: str, harmony: Origin | None = None) -> Origin:
    given: dict[str, Any] = {field.name: None for field in fields(Origin)}
    return Origin(**{**given, "mood": mood, "digest": f"digest of {mood}", "harmony": harmony})


def order(**changes: Any) -> Order:
    given: dict[str, Any] = {field.name: None for field in fields(Order)}
    return Order(**{**given, "origin": origin("calm"), "soundfont": "", "versions": {}, **changes})


def test_all_that_a_piece_is_made_of_is_pinned() -> None:
    chords = origin("chords", origin("their chords"))
    pins = pins_of(
        [
            order(origin=origin("tune", chords), left=origin("before", origin("its chords"))),
            order(soundfont="/fonts/a.sf2", soundfont_digest="b" * 64, versions={"gamemusic": "1"}),
        ]
    )
    moods = ("before", "calm", "chords", "its chords", "their chords", "tune")
    assert pins == {
        "packs": {mood: f"digest of {mood}" for mood in moods},
        "soundfonts": {"a.sf2": "b" * 64},
        "versions": {"gamemusic": "1"},
    }
    assert [*pins["packs"]] == sorted(moods)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("packs", "pack x: 111111111111 is pinned, 222222222222 is here"),
        ("soundfonts", "soundfont x: 111111111111 is pinned, 222222222222 is here"),
        ("versions", f"x: {'1' * 64} is pinned, {'2' * 64} is here"),
    ],
)
def test_what_was_pinned_as_something_else_is_a_difference(kind: str, words: str) -> None:
    one, other = ({**EMPTY, kind: {"x": digit * 64}} for digit in "12")
    assert differences(one, other) == [words]
    assert differences(one, one) == []


@pytest.mark.parametrize("kind", EMPTY)
def test_what_is_new_or_gone_is_no_difference(kind: str) -> None:
    pinned = {**EMPTY, kind: {"x": "1" * 64}}
    assert differences(EMPTY, pinned) == differences(pinned, EMPTY) == []


@pytest.mark.parametrize("digest", ["", "1" * 63, "1" * 65, "G" * 64, "A" * 64, "1" * 64 + "\n"])
@pytest.mark.parametrize("kind", ["packs", "soundfonts"])
def test_only_a_sha_256_pins(kind: str, digest: str) -> None:
    assert parse_lock(write_lock({**EMPTY, kind: {"x": "1" * 64}}))[kind] == {"x": "1" * 64}
    with pytest.raises(FormatError, match=r"^game\.lock(:\d+)?: .*(SHA-256|characters|digits).*no lock file"):
        parse_lock(json.dumps({**EMPTY, kind: {"x": digest}}).encode(), file="game.lock")


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_a_lock_file_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(write_lock(EMPTY))
    assert read_lock(tmp_path / "elsewhere") == EMPTY
    (tmp_path / "game.lock").symlink_to("elsewhere")
    with pytest.raises(FormatError, match="no lock file"):
        read_lock(tmp_path / "game.lock")
