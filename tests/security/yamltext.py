"""A good preset to be spoilt, and what stands for reading one and for refusing one."""

from __future__ import annotations

import time

import pytest

from gamemusic.errors import FormatError
from gamemusic.packs.schema import Preset, load_preset

FILE = "mine/preset.yaml"
MOST_SECONDS = 5.0
"""Of the processor; the slowest take half a second."""
LONG = "\n#" + 17_000 * "x"
"""With this behind it a file is read by libyaml, where it is there, and not by Python."""

GOOD = """\
format: 1
name: calm
title: Calm
tempo: [80, 100]
keys: [D minor, F]
meters: [4/4, 3/4]
bars: 16
temperature: 0.9
polyphony: {lead: 1}
ranges: {lead: [C4, C6]}
styles:
  piano:
    learned: [lead, bass]
    instruments:
      lead: {program: piano, level: 0}
      bass: {program: cello}
    room: {seconds: 1.2}
    swing: 0.1
"""
_LINES = GOOD.splitlines()


def spoilt(old: str, new: str) -> tuple[str, str]:
    """Return the preset with something replaced, and the place where that stood."""
    assert GOOD.count(old) == 1, old
    before = GOOD[: GOOD.index(old)]
    return GOOD.replace(old, new), f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def value_of(key: str, value: str) -> tuple[str, str]:
    """Return the preset with another value behind a key of one line, or with that key added, and the value's place."""
    for number, line in enumerate(_LINES):
        name, _, _ = line.lstrip().partition(":")
        if name == key:
            indent = len(line) - len(line.lstrip())
            lines = [*_LINES[:number], f"{' ' * indent}{key}: {value}", *_LINES[number + 1 :]]
            return "\n".join(lines) + "\n", f"{number + 1}:{indent + len(key) + 3}"
    return f"{key}: {value}\n{GOOD}", f"1:{len(key) + 3}"


def read(text: str | bytes) -> Preset:
    data = text.encode() if isinstance(text, str) else text
    return load_preset(data, file=FILE)


def refuse(text: str | bytes, place: str | None, *words: str, also_long: bool = True) -> None:
    """Say that a preset is refused soon, at this line and column (None: all of the file) and in these words.

    ``also_long``: by both readers, the one for short files and the one for long ones.
    """
    data = text.encode() if isinstance(text, str) else text
    tries = [data, data + LONG.encode()] if also_long and len(data) < 16_000 else [data]
    for each in tries:
        began = time.process_time()
        with pytest.raises(FormatError) as caught:
            load_preset(each, file=FILE)
        assert time.process_time() - began < MOST_SECONDS
        message = str(caught.value)
        assert message.startswith(f"{FILE}:{place}: " if place else f"{FILE}: "), message
        for word in words:
            assert word in message, message
        assert message.isprintable()
        assert len(message) < 1100


def refuse_value(key: str, value: str, *words: str) -> None:
    """Say that a value is refused where it stands."""
    text, place = value_of(key, value)
    refuse(text, place, *words)
