"""Pitch classes, keys, scales and chords: tables, and functions that read them.

Pitch classes count semitones from C, 0..11. A chord is a root pitch class and the name of a quality; its tones are
listed root first, in semitones above the root.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType

from gamemusic.errors import InputError, suggest

__all__ = [
    "CHORD_QUALITIES",
    "MODES",
    "PITCH_NAMES",
    "Key",
    "chord_name",
    "chord_pitch_classes",
    "parse_chord",
    "parse_key",
]

PITCH_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
"""How pitch classes 0..11 are written."""

MODES = MappingProxyType(
    {
        "major": (0, 2, 4, 5, 7, 9, 11),
        "minor": (0, 2, 3, 5, 7, 8, 10),
        "dorian": (0, 2, 3, 5, 7, 9, 10),
        "phrygian": (0, 1, 3, 5, 7, 8, 10),
        "lydian": (0, 2, 4, 6, 7, 9, 11),
        "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    }
)
"""Semitones of each mode's scale above its tonic. The raised leading note of minor counts as in key elsewhere."""

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

_LETTERS = MappingProxyType({"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11})
_ACCIDENTALS = MappingProxyType({"": 0, "#": 1, "b": -1})
_SUFFIXES = MappingProxyType({"": "maj", "m": "min", "-": "min", "maj": "maj", "min": "min", "m7": "min7", "°": "dim"})
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii")


@dataclass(frozen=True, slots=True)
class Key:
    """A tonic and a mode."""

    tonic: int
    """Pitch class, 0..11."""
    mode: str
    """A name in `MODES`."""

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """Pitch classes in key; in minor the raised leading note is one of them."""
        scale = MODES[self.mode] + ((11,) if self.mode == "minor" else ())
        return tuple((self.tonic + step) % 12 for step in scale)

    def __str__(self) -> str:
        return f"{PITCH_NAMES[self.tonic]} {self.mode}"


def _pitch_class(text: str) -> int:
    return (_LETTERS[text[0].upper()] + _ACCIDENTALS[text[1:]]) % 12


def parse_key(name: str) -> Key:
    """Return the key called ``name``: ``'D minor'``, ``'Bb'`` (major), ``'f#m'``, ``'A dorian'``.

    Raises:
        InputError: For anything else.
    """
    match = re.fullmatch(r"\s*([A-Ga-g])([#b]?)(?:(m)|\s+([A-Za-z]+)|)\s*", name)
    mode = "major" if match is None else (match[4] or ("minor" if match[3] else "major")).lower()
    if match is None or mode not in MODES:
        hint = suggest(mode, MODES)
        raise InputError(f"key {name!r} is not a note name and a mode ({', '.join(MODES)}), such as 'D minor'{hint}")
    return Key(_pitch_class(match[1] + match[2]), mode)


def chord_name(root: int, quality: str) -> str:
    """Return a chord's name, such as ``'F#min7'``; a major triad is its root alone."""
    return PITCH_NAMES[root % 12] + ("" if quality == "maj" else quality)


def chord_pitch_classes(root: int, quality: str) -> tuple[int, ...]:
    """Return the pitch classes of a chord, root first."""
    return tuple((root + step) % 12 for step in CHORD_QUALITIES[quality])


def parse_chord(name: str, key: Key) -> tuple[int, str]:
    """Return (root pitch class, quality) of a chord name (``'Am'``, ``'F#min7'``) or roman numeral in ``key``.

    Roman numerals count along the key's own scale: ``VI`` is A flat major in C minor and A major in C major. Upper case
    is a major triad, lower case a minor one, ``°`` or ``dim`` diminished; a ``b`` or ``#`` before it shifts the root.
    A figure, ``1`` to ``7``, is the triad that the key itself has there, so that it fits every mode.

    Raises:
        InputError: For a name that is neither.
    """
    text = name.strip()
    if re.fullmatch("[1-7]", text):
        scale, step = MODES[key.mode], int(text) - 1
        tones = tuple((scale[(step + third) % 7] - scale[step]) % 12 for third in (0, 2, 4))
        quality = next(quality for quality, steps in CHORD_QUALITIES.items() if steps == tones)
        return (key.tonic + scale[step]) % 12, quality
    match = re.fullmatch(r"([#b]?)([ivIV]+)(.*)", text)
    if match is not None and match[2].lower() in _ROMAN and match[2] in (match[2].lower(), match[2].upper()):
        root = key.tonic + MODES[key.mode][_ROMAN.index(match[2].lower())] + _ACCIDENTALS[match[1]]
        lower = match[2].islower()
        suffix = {"": "min" if lower else "maj", "7": "min7" if lower else "7"}.get(match[3], match[3])
    else:
        match = re.fullmatch(r"([A-G])([#b]?)(.*)", text)
        if match is None:
            raise InputError(
                f"chord {name!r} is neither a name such as 'Am' nor a roman numeral such as 'VI' nor a step, 1 to 7"
            )
        root, suffix = _pitch_class(match[1] + match[2]), match[3]
    quality = _SUFFIXES.get(suffix, suffix)
    if quality not in CHORD_QUALITIES:
        allowed = ", ".join(CHORD_QUALITIES)
        raise InputError(
            f"chord {name!r} has no known quality {suffix!r}; allowed: {allowed}{suggest(suffix, CHORD_QUALITIES)}"
        )
    return root % 12, quality
