"""Kinds of values that only music has: pitches, keys, chords, instruments, roles and figures."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from gamemusic.chordnames import BAR_PATTERN, CHORD_PATTERN, parse_bar, parse_chord
from gamemusic.errors import FormatError, InputError
from gamemusic.files import is_device
from gamemusic.packs.fields import Choice, Number, Parsed, Schema, Text
from gamemusic.packs.nodes import Node, ScalarNode
from gamemusic.packs.records import Pair
from gamemusic.programs import DRUM_KITS, PROGRAM_NAMES, parse_drum_kit, parse_program
from gamemusic.score.figuretable import HELD, TABLE
from gamemusic.score.phrase import Role
from gamemusic.theory import KEY_PATTERN, PITCH_NAMES, Key, parse_key
from gamemusic.units import TEMPO_RANGE

__all__ = [
    "BAR",
    "CHORD",
    "DRUM_FIGURES",
    "FIGURE",
    "FIGURES",
    "KEY",
    "KIT",
    "MIN_P",
    "NAME",
    "PITCH",
    "PITCHED",
    "PROGRAM",
    "ROLES",
    "TEMPERATURE",
    "TEMPO",
    "parse_pitch",
    "pitch_name",
    "plain_name",
]

DRUM_FIGURES = ("bodhran", "march", "rock_beat", "shaker", "timpani", "taiko", "electro", "brushes")
"""Figures for drums; all others are for roles with pitches."""
FIGURES = (*TABLE, *HELD, *DRUM_FIGURES)
"""Ways in which the arranger makes a role's notes from the chords."""


def parse_pitch(value: str | int) -> int:
    """Return the MIDI note number, 0..127, of a number or of a name such as ``'F#3'``; middle C is C4 = 60.

    Raises:
        InputError: For anything else.
    """
    number = value if isinstance(value, int) else -1
    match = re.fullmatch(r"([A-G])([#b]?)(-1|\d)", value.strip(), re.ASCII) if isinstance(value, str) else None
    if match is not None:
        number = PITCH_NAMES.index(match[1]) + {"#": 1, "b": -1, "": 0}[match[2]] + 12 * (int(match[3]) + 1)
    if not 0 <= number <= 127:
        raise InputError(f"pitch {value!r} is neither a MIDI note number 0 to 127 nor a name from C-1 to G9")
    return number


def pitch_name(pitch: int) -> str:
    """Return the name of a MIDI note number, such as ``'Eb4'``."""
    return f"{PITCH_NAMES[pitch % 12]}{pitch // 12 - 1}"


def _check_chord(name: str | int) -> str:
    parse_chord(str(name), Key(0, "major"))
    return str(name).strip()


def _check_bar(names: str | int) -> str:
    parse_bar(str(names), Key(0, "major"))
    return " ".join(str(names).split())


def _program(names: Iterable[str]) -> Schema:
    return {"anyOf": [{"enum": list(names)}, {"type": "integer", "minimum": 0, "maximum": 127}]}


@dataclass(frozen=True, eq=False)
class _FigureName(Text):
    """A figure's name. The preset looks whether there is such a one, since it may bring figures of its own."""

    def schema(self, shared: dict[str, Schema]) -> Schema:
        return {"anyOf": [{"enum": list(FIGURES)}, super().schema(shared)]}


_KIT_NAMES = MappingProxyType({number: name for name, number in DRUM_KITS.items()})
FIGURE = _FigureName(
    32,
    r"[a-z][a-z0-9_-]{0,31}",
    "a figure such as block, pad, bass_roots or march ('gamemusic schema' and docs/figures.md list all)",
)
ROLES = Choice({str(role): role for role in reversed(Role)})
PITCHED = Choice({str(role): role for role in reversed(Role) if role is not Role.DRUMS})


def plain_name(words: str) -> str:
    """Return the nearest name that a mood may have, such as ``'haunted_house'`` of ``'Haunted House!'``, or ``''``."""
    letters = unicodedata.normalize("NFKD", words[:200]).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9-]+", "_", letters).lstrip("_-0123456789")[:32].rstrip("_-")
    return "" if is_device(name) else name


@dataclass(frozen=True, eq=False)
class _Name(Text):
    """What files are called after: a text that is no device on Windows either."""

    def read(self, node: Node, where: str) -> str:
        value = super().read(node, where)
        if is_device(value):
            raise self.refuse(node, where, "; this one is the name of a device on Windows, choose another")
        return value

    def refuse(self, node: Node, where: str, hint: str = "") -> FormatError:
        value = node.value if isinstance(node, ScalarNode) else None
        name = plain_name(value) if isinstance(value, str) else ""
        if name and name != value and not hint:
            hint = f"; write {name}" + (", and the words as they are into 'title'" if where == "name" else "")
        return super().refuse(node, where, hint)


NAME = _Name(32, r"[a-z][a-z0-9_-]{0,31}", "a name of small letters, digits, - and _, a letter first, at most 32")
PITCH = Parsed(
    parse_pitch,
    "a note name such as C3 (middle C is C4) or a MIDI note number",
    {
        "anyOf": [
            {"type": "string", "pattern": r"^[A-G][#b]?(-1|[0-9])$"},
            {"type": "integer", "minimum": 0, "maximum": 127},
        ]
    },
    render=pitch_name,
    numbers=True,
)
KEY = Parsed(
    parse_key,
    "a key such as D minor",
    {"type": "string", "pattern": KEY_PATTERN},
)
CHORD = Parsed(
    _check_chord,
    "a chord such as Am, a roman numeral such as VI or a step of the key, 1 to 7",
    {"anyOf": [{"type": "string", "pattern": CHORD_PATTERN}, {"type": "integer", "minimum": 1, "maximum": 7}]},
    numbers=True,
)
BAR = Parsed(
    _check_bar,
    "the chords of a bar, one to four such as Am, F/A or bVI with spaces between them, or a step of the key, 1 to 7",
    {"anyOf": [{"type": "string", "pattern": BAR_PATTERN}, {"type": "integer", "minimum": 1, "maximum": 7}]},
    numbers=True,
)
PROGRAM = Parsed(
    parse_program,
    "a General MIDI name such as violin, or its number 0 to 127",
    _program(PROGRAM_NAMES),
    render=lambda number: PROGRAM_NAMES[number],
    numbers=True,
)
KIT = Parsed(
    parse_drum_kit,
    f"a drum kit ({', '.join(DRUM_KITS)}) or its number 0 to 127",
    _program(DRUM_KITS),
    render=lambda number: _KIT_NAMES.get(number, number),
    numbers=True,
)
TEMPO = Pair(Number(*TEMPO_RANGE))
TEMPERATURE = Number(0.7, 2.0)
MIN_P = Number(0, 0.15)
"""Below or above these the likeliest note comes again and again: at a temperature of 0.5 or a min_p of 0.3 seven lead
notes of ten repeat the one before, at 1 and 0.005 two."""
