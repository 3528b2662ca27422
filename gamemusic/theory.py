"""Pitch classes, keys and chords: tables, and functions that read them.

Pitch classes count semitones from C, 0..11. A chord is a root pitch class and the name of a quality; its tones are
listed root first, in semitones above the root. Names of chords are read by `gamemusic.chordnames`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType

from gamemusic.errors import InputError, suggest
from gamemusic.scales import ALIASES, MODES, SCALES, Scale, find_scale, steps_name
from gamemusic.values import shown

__all__ = [
    "CHORD_QUALITIES",
    "KEY_PATTERN",
    "PITCH_NAMES",
    "Key",
    "chord_name",
    "chord_pitch_classes",
    "parse_key",
    "parse_pitch_class",
]

PITCH_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
"""How pitch classes 0..11 are written."""

CHORD_QUALITIES = MappingProxyType(
    {
        "maj": (0, 4, 7),
        "min": (0, 3, 7),
        "dim": (0, 3, 6),
        "aug": (0, 4, 8),
        "5": (0, 7),
        "sus4": (0, 5, 7),
        "sus2": (0, 2, 7),
        "7": (0, 4, 7, 10),
        "maj7": (0, 4, 7, 11),
        "min7": (0, 3, 7, 10),
        "m7b5": (0, 3, 6, 10),
        "dim7": (0, 3, 6, 9),
    }
)
"""Semitones of each chord quality above its root. Inversions are told by the bass role."""

_LONGEST_NAME = 200
"""Characters of a key's name, its steps included."""
_LETTERS = MappingProxyType({"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11})
_ACCIDENTALS = MappingProxyType({"#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1})
_DOMINANT = (7, "maj")
_LEADING = ((1, "maj"), _DOMINANT, (10, "maj"), (7, "min"), (11, "dim"), (6, "maj"), (10, "aug"))
"""Chords that lead to a tonic, the strongest first: the phrygian one, the dominant, and what stands for it."""


@dataclass(frozen=True, slots=True)
class Key:
    """A tonic and a scale."""

    tonic: int
    """Pitch class, 0..11."""
    mode: str
    """A name in `gamemusic.scales.SCALES`, or a scale's steps such as ``0-2-3-6-7-8-11``."""

    @property
    def scale(self) -> Scale:
        """The scale that `mode` names."""
        found = find_scale(self.mode)
        if found is None:
            raise InputError(f"there is no scale {self.mode!r}, only {_SCALES_IN_WORDS}{suggest(self.mode, SCALES)}")
        return found

    @property
    def steps(self) -> tuple[int, ...]:
        """Semitones of the scale above the tonic."""
        return self.scale.steps

    @property
    def parent(self) -> str:
        """The mode, a name in `gamemusic.scales.MODES`, that a network is told."""
        return self.scale.mode

    @property
    def degrees(self) -> tuple[int, ...]:
        """The seven degrees that roman numerals and steps count, in semitones: the scale's own, or its parent's."""
        scale = self.scale
        return scale.steps if len(scale.steps) == 7 else MODES[scale.mode]

    @property
    def melodic(self) -> frozenset[int]:
        """Semitones above the tonic that notes keep to; in minor the raised leading note is one of them."""
        return frozenset(self.steps) | (frozenset((11,)) if self.mode == "minor" else frozenset())

    @property
    def harmonic(self) -> frozenset[int]:
        """Semitones above the tonic that chords are made of: a scale too thin for chords borrows its parent's.

        One without a fifth, such as ``whole_tone``, does not: that fifth would be in all of them.
        """
        borrows = len(self.steps) < 7 and 7 in self.steps
        return self.melodic | frozenset(MODES[self.parent]) if borrows else self.melodic

    @property
    def own(self) -> frozenset[int]:
        """Semitones above the tonic that tell the scale from plain major or minor, such as lydian's raised fourth."""
        return frozenset(self.steps) - self._plain

    @property
    def rivals(self) -> frozenset[int]:
        """Semitones above the tonic that plain major or minor, or what a network is told, has in their place."""
        return (self._plain | frozenset(MODES[self.parent])) - self.melodic

    @property
    def _plain(self) -> frozenset[int]:
        return frozenset(MODES["minor" if self.minor else "major"])

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """Pitch classes in key; in minor the raised leading note is one of them."""
        scale = self.steps + ((11,) if self.mode == "minor" else ())
        return tuple((self.tonic + step) % 12 for step in scale)

    @property
    def minor(self) -> bool:
        """Whether the third is minor. A scale with both thirds, or none, has its parent's."""
        thirds = {3, 4} & set(self.steps)
        return 3 in (thirds if len(thirds) == 1 else MODES[self.parent])

    @property
    def tonic_quality(self) -> str:
        """The triad on the tonic: ``maj`` or ``min``, ``aug`` or ``dim`` where only those are in key."""
        usual, other = ("min", "dim") if self.minor else ("maj", "aug")
        fits = {quality: set(CHORD_QUALITIES[quality]) <= self.harmonic for quality in (usual, other)}
        return other if fits[other] and not fits[usual] else usual

    @property
    def leading(self) -> tuple[int, str]:
        """The chord that leads to the tonic, as (semitones above it, quality): the first of `_LEADING` in key."""
        return next((chord for chord in _LEADING if set(chord_pitch_classes(*chord)) <= self.harmonic), _DOMINANT)

    def __str__(self) -> str:
        return f"{PITCH_NAMES[self.tonic]} {self.mode}"


_SCALES_IN_WORDS = f"{', '.join(SCALES)}, or steps such as {steps_name((0, 2, 3, 6, 7, 8, 11))}"


def parse_pitch_class(letter: str, accidentals: str = "") -> int:
    """Return the pitch class of a letter and what follows it: ``#``, ``b``, doubled or not, or the signs for them."""
    found = _ACCIDENTALS.get(accidentals.lower())
    shift = found if found is not None else sum(_ACCIDENTALS[sign] for sign in accidentals)
    return (_LETTERS[letter.upper()] + shift) % 12


def parse_key(name: str) -> Key:
    """Return the key called ``name``: ``'D minor'``, ``'B♭'`` (major), ``'f#m'``, ``'E flat Phrygian dominant'``.

    The scale is a name in `gamemusic.scales.SCALES`, in small letters or capitals, with ``_``, ``-`` or spaces between
    its words, or a list of steps: ``'D 0-2-3-6-7-8-11'``.

    Raises:
        InputError: For anything else.
    """
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:  # longer ones would be tried in too many ways
        raise InputError(f"key must be a note name and a mode, such as 'D minor' (received {shown(name)})")
    match = re.fullmatch(
        r"\s*([A-Ga-g])(?:[ -]?(sharp|flat)|([#b♯♭]))?(?:(maj|min|m)|[\s_-]+([a-z0-9][a-z0-9_, -]*?)|)\s*",
        name,
        re.IGNORECASE | re.ASCII,
    )
    mode = "" if match is None else (match[4] or match[5] or "major").lower()
    if match is None or match[4] == "M":  # a chord may be called CM, and is major
        mode = ""
    elif mode[0].isdigit():
        mode = re.sub(r"[\s,_-]+", "-", mode)
    else:
        mode = re.sub(r"[\s,_-]+", "_", mode)
        mode = ALIASES.get(mode, mode)
    if match is None or find_scale(mode) is None:
        raise InputError(
            f"key {name!r} is not a note name and a scale, such as 'D minor'; scales: "
            f"{_SCALES_IN_WORDS}{suggest(mode, [*SCALES, *ALIASES])}"
        )
    return Key(parse_pitch_class(match[1], match[2] or match[3] or ""), mode)


def _in_any_case(name: str) -> str:
    letters = (f"[{letter}{letter.upper()}]" if letter.isalpha() else letter for letter in name)
    return "".join("[ _-]" if letter == "_" else letter for letter in letters)


KEY_PATTERN = (
    r"^\s*[A-Ga-g]([ -]?([Ss]harp|[Ff]lat)|[#b♯♭])?(m|maj|min|[\s_-]+("
    + "|".join(_in_any_case(name) for name in sorted((*SCALES, *ALIASES)))
    + r"|0([-, ]+[0-9]{1,2}){4,10}))?\s*$"
)
"""What `parse_key` reads, for editors."""


def chord_name(root: int, quality: str) -> str:
    """Return a chord's name, such as ``'F#min7'``; a major triad is its root alone."""
    return PITCH_NAMES[root % 12] + ("" if quality == "maj" else quality)


def chord_pitch_classes(root: int, quality: str) -> tuple[int, ...]:
    """Return the pitch classes of a chord, root first."""
    return tuple((root + step) % 12 for step in CHORD_QUALITIES[quality])
