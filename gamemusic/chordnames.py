"""Names of chords as musicians write them: ``Am``, ``F#m7b5``, ``C/E``, ``bVI``, ``V7/ii``, or a step of the key.

The music is composed over the qualities in `gamemusic.theory.CHORD_QUALITIES`. A name that asks for more means the
nearest of them, see `_NAMES`: what is added to a triad or stacked on a seventh is left to the notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from types import MappingProxyType

from gamemusic.errors import InputError, suggest
from gamemusic.theory import CHORD_QUALITIES, Key, chord_pitch_classes, parse_pitch_class
from gamemusic.units import MAX_BARS
from gamemusic.values import shown

__all__ = [
    "BAR_PATTERN",
    "CHORD_PATTERN",
    "MOST_CHORDS",
    "choose_key",
    "find_outside",
    "is_named",
    "parse_bar",
    "parse_chord",
    "read_chart",
]

MOST_CHORDS = 4
"""Chords that may share a bar."""

_NAMES = MappingProxyType(
    {
        "maj": " maj M major 6 M6 maj6 69 add9 add2 add4 add11",
        "min": " m min mi - minor m6 min6 -6 m69 madd9 madd2 madd4 madd11 mmaj7 mM7 minmaj7 -maj7 mmaj9",
        "dim": " dim ° o",
        "aug": " aug + #5 7#5 aug7 +7 maj7#5",
        "5": " 5",
        "sus4": " sus4 sus 7sus4 7sus 9sus4 9sus 13sus4",
        "sus2": " sus2 7sus2",
        "7": " 7 9 11 13 dom7 7b9 7#9 7b5 7#11 7b13 9#11 13b9",
        "maj7": " maj7 M7 ma7 j7 Δ Δ7 maj9 M9 maj11 maj13 maj7#11",
        "min7": " m7 min7 mi7 -7 m9 min9 -9 m11 min11 m13",
        "m7b5": " m7b5 min7b5 -7b5 ø ø7",
        "dim7": " dim7 °7 o7",
    }
)
"""What each quality is called after its root; the first name of ``maj`` is none at all."""
_QUALITY_OF = MappingProxyType({name: quality for quality, names in _NAMES.items() for name in names.split(" ")})
_QUALITY_OF = MappingProxyType({**_QUALITY_OF, "": "maj"})
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii")
_MAJOR = Key(0, "major")
_DIMINISHED = ("dim", "dim7", "m7b5")
_NUMERAL = r"([#b]{0,2})(VII|VI|V|IV|III|II|I|vii|vi|v|iv|iii|ii|i)([^ivIV].*)?"
_WORD = r"([A-G][^\s]{0,20}|[#b♯♭]{0,2}(VI{0,2}|I{1,3}|IV|vi{0,2}|i{1,3}|iv)([^\sivIV][^\s]{0,20})?|[1-7])"
CHORD_PATTERN = rf"^\s*{_WORD}\s*$"
"""What `parse_chord` reads, roughly, for editors."""
BAR_PATTERN = rf"^\s*{_WORD}(\s+{_WORD}){{0,3}}\s*$"
"""What `parse_bar` reads, roughly, for editors."""

_LONGEST_BAR = 200
"""Characters of a bar of a chart."""


def parse_chord(name: str, key: Key) -> tuple[int, str]:
    """Return (root pitch class, quality) of a chord's name, a roman numeral or a step of ``key``.

    * Names: a root, ``A`` to ``G`` with ``#`` or ``b``, and a quality: ``Am``, ``F#min7``, ``Csus4``. ``Cadd9`` and
      ``C6`` are ``C``, ``C9`` is ``C7``: the nearest that can be composed over. ``C/E`` is ``C``, whose bass is
      composed; ``Am/G`` is ``Am7``, since with its bass note it is that chord.
    * Numerals: upper case is a major triad, lower case a minor one, ``°`` diminished. A plain one counts along the
      key's own scale, so that ``i VI VII`` is Am F G in A minor; one with ``b`` or ``#`` counts from the major scale
      of the tonic in every mode, so that ``bVI`` in C minor is Ab, and ``bII`` in E phrygian F. ``vii°`` stands on the
      leading note, a semitone under the tonic. ``V7/ii`` is the dominant seventh of the chord ``ii``.
    * Steps: ``1`` to ``7`` is the triad that the key itself has there; ``5`` is the chord that leads back in it.

    Raises:
        InputError: For a name that is none of these.
    """
    text = name.strip().replace("♯", "#").replace("♭", "b")
    if re.fullmatch("[1-7]", text):
        return _find_step(int(text), key)
    if text.upper().rstrip(".") in ("N.C", "NC"):
        raise InputError(
            f"chord {name!r} (no chord) cannot be composed over: every bar needs one; repeat the chord before it, "
            "or let roles rest under 'sections'"
        )
    text, _, under = text.replace("6/9", "69").partition("/")
    numeral = re.fullmatch(_NUMERAL, text)
    if numeral is not None:
        return _read_numeral(name, numeral, under, key)
    named = re.fullmatch(r"([A-G])(##?|bb?)?(.*)", text)
    if named is None:
        raise InputError(
            f"chord {name!r} is neither a name such as 'Am' nor a roman numeral such as 'VI' nor a step, 1 to 7"
        )
    root = parse_pitch_class(named[1], named[2] or "")
    return root, _add_bass(name, root, _find_quality(name, named[3]), under)


def _find_step(step: int, key: Key) -> tuple[int, str]:
    """Return the triad on a step of the key; what the scale has there may be no chord with a name."""
    if step == 5:
        above, quality = key.leading
        return (key.tonic + above) % 12, quality
    for degrees in (key.degrees, Key(key.tonic, key.parent).degrees):
        root = degrees[step - 1]
        tones = tuple((degrees[(step - 1 + third) % 7] - root) % 12 for third in (0, 2, 4))
        for quality, steps in CHORD_QUALITIES.items():
            if steps == tones:
                return (key.tonic + root) % 12, quality
    raise AssertionError("every mode has a triad on each of its steps")


def _read_numeral(name: str, numeral: re.Match[str], under: str, key: Key) -> tuple[int, str]:
    accidentals, figure, suffix = numeral[1], numeral[2].lower(), numeral[3] or ""
    if under and re.fullmatch(_NUMERAL, under):  # V/ii: in the major key of that chord
        root, _ = parse_chord(under, key)
        return _read_numeral(name, numeral, "", Key(root, "major"))
    minor = numeral[2].islower() and "m" + suffix in _QUALITY_OF
    quality = _find_quality(name, "m" + suffix if minor else suffix)
    degree = _ROMAN.index(figure)
    if accidentals:
        above = _MAJOR.steps[degree] + accidentals.count("#") - accidentals.count("b")
    elif degree == 6 and quality in _DIMINISHED:
        above = 11
    else:
        above = key.degrees[degree]
    root = (key.tonic + above) % 12
    return root, _add_bass(name, root, quality, under)


def _find_quality(name: str, suffix: str) -> str:
    plain = re.sub(r"[(),]", "", suffix)
    if plain not in _QUALITY_OF:
        raise InputError(
            f"chord {name!r} has no known quality {suffix!r}; allowed: {', '.join(CHORD_QUALITIES)}, or what musicians "
            f"write for them, such as m, °, add9{suggest(plain, filter(None, _QUALITY_OF))}"
        )
    return _QUALITY_OF[plain]


def _add_bass(name: str, root: int, quality: str, under: str) -> str:
    """Return the quality with the note under it, where both make a chord that has a name; else as it is."""
    if not under:
        return quality
    bass = re.fullmatch(r"([A-G])([#b]?)", under)
    if bass is None:
        raise InputError(f"chord {name!r} has {under!r} under it; expected a note such as the E in C/E")
    tones = {*CHORD_QUALITIES[quality], (parse_pitch_class(bass[1], bass[2]) - root) % 12}
    same = (other for other, steps in CHORD_QUALITIES.items() if set(steps) == tones)
    return next(same, quality)


def parse_bar(text: str, key: Key, home: Key | None = None) -> tuple[tuple[int, str], ...]:
    """Return the chords of one bar, one to four with spaces between them, each as `parse_chord` does.

    Args:
        text: Such as ``'Dm Gm'``.
        key: That numerals and steps count in.
        home: Key that names belong to: they move with it to ``key``. None: they stay as they are.

    Raises:
        InputError: For no chord, too many, or one that cannot be read.
    """
    names = text.split()
    if not 1 <= len(names) <= MOST_CHORDS:
        raise InputError(f"found {len(names)} chords for one bar, expected 1 to {MOST_CHORDS} with spaces between them")
    chords = []
    for name in names:
        root, quality = parse_chord(name, key)
        moved = key.tonic - home.tonic if home is not None and is_named(name) else 0
        chords.append(((root + moved) % 12, quality))
    return tuple(chords)


def read_chart(chords: str | Sequence[str]) -> tuple[str, ...]:
    """Return the bars of a chart, each as `parse_bar` reads it.

    Args:
        chords: A bar an entry, such as ``['Am', 'F G', 'C']``; or a text with bars between ``|`` or commas, such as
            ``'Am | F G | C'``, or without either a chord a bar: ``'Am F C'``.

    Raises:
        InputError: When there is no bar or more than 64, or one cannot be read.
    """
    if isinstance(chords, str) and len(chords) > MAX_BARS * _LONGEST_BAR:
        raise InputError(f"found {len(chords)} characters of chords, expected at most {MAX_BARS * _LONGEST_BAR}")
    if isinstance(chords, str):
        bars = re.split(r"[|,]", chords) if re.search(r"[|,]", chords) else chords.split()
        bars = [bar.strip() for bar in bars if bar.strip()]
    elif isinstance(chords, list | tuple):
        bars = [bar if isinstance(bar, str) and len(bar) <= _LONGEST_BAR else shown(bar) for bar in chords]
    else:
        raise InputError(f"chords must be a text or a list of texts, such as 'Am F C G' (received {shown(chords)})")
    if not 1 <= len(bars) <= MAX_BARS:
        raise InputError(f"found {len(bars)} bars of chords, expected 1 to {MAX_BARS}, such as 'Am F C G'")
    for number, bar in enumerate(bars, start=1):
        try:
            parse_bar(bar, _MAJOR)
        except InputError as error:
            raise InputError(f"chords, bar {number}: {error}") from None
    return tuple(bars)


def choose_key(chart: Sequence[str], keys: Sequence[Key]) -> Key | None:
    """Return the key in which fewest of the chart's chords by name are foreign; None where it has none by name.

    Of equals, one of ``keys`` goes first, then one whose tonic chord begins the chart, then the earliest in
    ``keys``; others are major and minor.
    """
    named = [name for bar in chart for name in bar.split() if is_named(name)]
    if not named:
        return None
    first = parse_chord(named[0], _MAJOR)
    every = dict.fromkeys((*keys, *(Key(tonic, mode) for tonic in range(12) for mode in ("major", "minor"))))

    def misfit(key: Key) -> tuple[int, bool, bool]:
        foreign = sum(find_outside((name,), key) is not None for name in named)
        return foreign, key not in keys, (key.tonic, key.minor) != (first[0], CHORD_QUALITIES[first[1]][1] == 3)

    return min(every, key=misfit)


def find_outside(progression: Iterable[str], key: Key) -> tuple[int, str] | None:
    """Return the first chord written by name that has tones outside a key, as (index of its bar, name), or None.

    In minor the raised leading note is inside.
    """
    for index, bar in enumerate(progression):
        for name in filter(is_named, bar.split()):
            root, quality = parse_chord(name, key)
            if not {(tone - key.tonic) % 12 for tone in chord_pitch_classes(root, quality)} <= key.harmonic:
                return index, name
    return None


def is_named(chord: str) -> bool:
    """Say whether a chord is written by name, so that it is the same in every key."""
    return chord.strip()[:1] in set("ABCDEFG")
