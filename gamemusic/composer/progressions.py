"""Progressions: a library of chords for four bars, by mode, by what they do, and by mood.

One line is one progression. ``|`` parts bars, a space two chords of one bar. Chords are roman numerals that go along
the mode's own scale (``VII`` in minor is the flat seventh), an accidental from the major scale; ``V`` in minor is
major. What they do:

======= ===============================================================
open    begins a section on the tonic and goes somewhere
turn    ends a section on a chord that leads back to where it began
close   ends a section and comes to rest
away    begins a contrasting section elsewhere than on the tonic
still   stays: for drones and riffs, with one neighbour
======= ===============================================================

The last column says where it comes from: ``corpus N`` was found at such places of N different pieces of the training
music (`export/README.md`), the others are named idioms. To add one, add a line; a preset may also name its own
(`progressions`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from gamemusic.composer.choices import Draw
from gamemusic.composer.form import letters_of
from gamemusic.score.phrase import Phrase

__all__ = ["Progression", "load_progressions", "write_progressions"]

_TABLE = """
# mode        does   moods                              chords                      where from
# ------------------------------------------------------------------------------------------------------------------
major         open   any                                I | I | V | I               corpus 75
major         open   any                                I | V | I | I               corpus 62
major         open   any                                I | I | IV | I              corpus 58
major         open   any                                I | I | V | V               corpus 88
major         open   any                                I | IV | I | V              hymn and dance tunes
major         open   town tavern explore title          I | vi | IV | V             doo-wop
major         open   explore title victory              I | V | vi | IV             the axis progression
major         open   explore title                      I | iii | IV | V            rising thirds, ballads
major         open   title explore                      I | V | vi | iii            Pachelbel's canon
major         open   town tavern                        I | ii | V | I              corpus 35, cadences
major         open   explore town                       I | IV | vi | V             pop and anime openings
major         open   victory title                      I | I | IV | V              fanfares
major         open   victory title                      I | bVII | IV | I           mixolydian fanfare
major         open   mystery dungeon sorrow             I | iv | I | iv             borrowed minor subdominant
major         open   boss combat                        I | bII | I | bVII          Neapolitan neighbour
major         away   any                                IV | I | V | I              corpus 40
major         away   any                                vi | IV | I | V             the axis from its third chord
major         away   any                                IV | V | iii | vi           the royal road (J-pop, game ballads)
major         away   town tavern folk                   IV | IV | I | I             corpus 17, second strains
major         away   explore title                      vi | iii | IV | I           Pachelbel's second half
major         away   town explore                       ii | V | I | vi             circle of fifths
major         away   victory title                      IV | V | vi | vi            deceptive rise
major         away   sorrow mystery                     vi | iv | I | V             borrowed minor subdominant
major         turn   any                                IV | I | ii | V             common close on the dominant
major         turn   any                                I | IV | ii | V             common close on the dominant
major         turn   any                                vi | ii | IV | V            circle of fifths
major         turn   any                                I | I | V | V               corpus 43
major         turn   explore title victory              IV | V | IV | V             pedal rise
major         turn   town tavern                        I | IV | I V | V            dances
major         turn   victory title boss                 bVI | bVII | bVI | V        Aeolian rise (film, games)
major         close  any                                IV | I | V | I              corpus 34
major         close  any                                I | IV | V | I              corpus, hymns
major         close  any                                ii | V | I | I              corpus 35
major         close  town tavern                        I | IV | I V | I            dances
major         close  victory title                      bVI | bVII | I | I          the games' fanfare
minor         open   any                                i | i | V | i               corpus 15
minor         open   any                                i | iv | i | i              corpus 13
minor         open   any                                i | VI | III | VII          epic minor (film, games)
minor         open   any                                i | VII | VI | VII          Aeolian turn
minor         open   any                                i | i | iv | V              common practice
minor         open   sorrow mystery title               i | v | VI | III            Pachelbel's bass in minor
minor         open   sorrow dungeon mystery             i | VII | VI | V            lament bass (passus)
minor         open   sorrow explore                     i | iv | VII | III          circle of fifths in minor
minor         open   sorrow                             i | VI | iv | V             ballad minor
minor         open   combat boss                        i | VI | VII | i            rock and metal Aeolian
minor         open   combat boss                        i | i | VI | VII            battle themes
minor         open   combat boss                        i | III | VII | VI          driving Aeolian
minor         open   boss dungeon mystery               i | bII | i | V             Neapolitan
minor         open   dungeon mystery                    i | i | iv | i              corpus 26, dark ambient
minor         open   dungeon mystery                    i | VI | i | VI             two chords a third apart
minor         open   mystery                            i | IV | i | VI             Dorian colour
minor         open   tavern                             i | VII | i | VII           reels in minor, corpus 18
minor         away   any                                VI | VII | i | i            Aeolian rise
minor         away   any                                III | VII | i | VI          relative major
minor         away   any                                iv | i | V | i              corpus 15
minor         away   sorrow explore title mystery       VI | III | iv | V           relative major and back
minor         away   combat boss                        iv | VI | i | VII           battle themes
minor         away   combat boss                        VI | VI | VII | VII         rising block
minor         away   dungeon mystery boss               VI | bII | V | i            Neapolitan
minor         away   dungeon mystery                    iv | i | bII | i            Neapolitan neighbour
minor         away   tavern                             III | VII | III | VII       relative major, dances
minor         turn   any                                iv | i | iv | V             half close
minor         turn   any                                VI | iv | i | V             half close
minor         turn   any                                i | VI | VII | V            rise to the dominant
minor         turn   any                                i | i | V | V               corpus 16
minor         turn   sorrow mystery dungeon             i VII | VI | iv | V         lament with a Phrygian half close
minor         turn   combat boss                        VI | VII | VI | V           battle turnaround
minor         turn   combat boss                        i | III | iv | V            rising to the dominant
minor         turn   dungeon mystery boss               i | bII | i | V             Neapolitan
minor         close  any                                iv | i | V | i              corpus 15
minor         close  any                                i | iv | V | i              corpus 14
minor         close  any                                VI | VII | i | i            Aeolian close
minor         close  dungeon mystery boss               i | bII | V | i             Neapolitan close
dorian        open   any                                i | IV | i | IV             Dorian vamp
dorian        open   any                                i | VII | IV | i            Dorian, folk song
dorian        open   any                                i | i | IV | IV             corpus 3
dorian        open   any                                i | III | IV | i            Dorian rise
dorian        open   tavern                             i | VII | i | VII           Dorian reels
dorian        away   any                                IV | i | VII | IV           Dorian
dorian        away   any                                III | VII | IV | i          Dorian
dorian        away   any                                VII | VII | i | IV          Dorian
dorian        turn   any                                i | IV | VII | VII          Dorian half close
dorian        turn   any                                III | IV | i | VII          Dorian half close
dorian        close  any                                IV | VII | i | i            Dorian close
dorian        close  any                                i | IV | VII | i            Dorian close
phrygian      open   any                                i | II | i | II             Phrygian vamp
phrygian      open   any                                i | II | III | II           Andalusian, upwards
phrygian      open   any                                i | i | II | i              corpus 4
phrygian      open   any                                i | vii | II | i            Phrygian turn
phrygian      open   boss combat                        i | II | vii | II           metal Phrygian
phrygian      away   any                                II | III | II | i           Phrygian
phrygian      away   any                                VI | II | vii | i           Phrygian
phrygian      away   any                                iv | III | II | i           the Andalusian cadence
phrygian      turn   any                                iv | III | II | II          half close above the tonic
phrygian      turn   any                                i | III | vii | II          Phrygian
phrygian      close  any                                iv | III | II | i           the Andalusian cadence
phrygian      close  any                                VI | vii | II | i           Phrygian close
mixolydian    open   any                                I | VII | IV | I            Mixolydian, rock and folk
mixolydian    open   any                                I | VII | I | VII           corpus, double tonic tunes
mixolydian    open   any                                I | I | VII | VII           double tonic
mixolydian    open   any                                I | v | IV | I              Mixolydian ballad
mixolydian    open   any                                I | IV | VII | I            Mixolydian
mixolydian    away   any                                IV | I | VII | I            Mixolydian
mixolydian    away   any                                VII | IV | I | I            Mixolydian
mixolydian    away   any                                vi | VII | IV | I           Mixolydian
mixolydian    turn   any                                I | IV | VII | VII          Mixolydian half close
mixolydian    turn   any                                IV | I | v | VII            Mixolydian half close
mixolydian    close  any                                I | VII | IV | I            Mixolydian close
mixolydian    close  any                                IV | VII | I | I            Mixolydian close
lydian        open   any                                I | II | I | II             Lydian vamp (film, games)
lydian        open   any                                I | I | II | II             Lydian
lydian        open   any                                I | II | vi | II            Lydian
lydian        open   any                                I | vii | II | I            Lydian
lydian        away   any                                vi | II | I | II            Lydian
lydian        away   any                                iii | vi | II | I           Lydian
lydian        away   any                                II | II | vi | I            Lydian
lydian        turn   any                                I | II | vi | V             Lydian half close
lydian        turn   any                                vi | II | I | II            Lydian half close
lydian        close  any                                II | V | I | I              corpus 7
lydian        close  any                                vi | II | I | I             Lydian close
"""


_STEPS = MappingProxyType(dict(zip(("I", "II", "III", "IV", "V", "VI", "VII"), "1234567", strict=True)))
"""A scale that is no mode has the triads of its own steps."""
_UNIT = 4
"""Bars of a progression."""


@dataclass(frozen=True, slots=True)
class Progression:
    """Chords of four bars."""

    mode: str
    does: str
    """``open``, ``away``, ``turn`` or ``close``."""
    moods: frozenset[str]
    """Moods that it suits; ``any`` suits every mood."""
    bars: tuple[str, ...]
    """Roman numerals, one word or more a bar."""
    origin: str
    """Where it comes from."""


@cache
def load_progressions() -> tuple[Progression, ...]:
    """Return the library."""
    found = []
    for line in _TABLE.splitlines():
        if not line or line.startswith("#"):
            continue
        mode, does, moods, chords, origin = (
            line[a:b].strip() for a, b in ((0, 14), (14, 21), (21, 56), (56, 84), (84, None))
        )
        bars = tuple(" ".join(bar.split()) for bar in chords.split("|"))
        found.append(Progression(mode, does, frozenset(moods.split()), bars, origin))
    return tuple(found)


def write_progressions(frame: Phrase, draw: Draw, periods: Collection[str] = ()) -> dict[str, tuple[str, ...]]:
    """Return chords for each letter of the form, as `gamemusic.composer.harmony.plan_of_sections` wants them.

    The first letter begins on the tonic, the others do not; each ends on what leads on.

    Args:
        frame: The phrase to be.
        draw: (purpose, count) to a number below count.
        periods: Letters whose second half begins with the chords of the first.
    """
    written: dict[str, tuple[str, ...]] = {}
    for number, (letter, (_, size)) in enumerate(letters_of(frame.form, frame.bars).items()):
        units = max(1, -(-size // _UNIT))
        does = ["away" if number else "open", *["open"] * (units - 2), "turn"][:units]
        draws = [draw(60 + 8 * number + index, 1 << 16) for index in range(units)]
        chosen = _choose(frame.key.parent, frame.mood, does, draws)
        bars = [bar for one in chosen for bar in one.bars]
        if frame.key.mode != frame.key.parent:
            bars = [" ".join(_STEPS[word.strip("b#").upper()] for word in bar.split()) for bar in bars]
        if size >= 2 * _UNIT and letter in periods:
            half = size // 2 // _UNIT * _UNIT
            bars[half : half + 2] = bars[:2]
        written[letter] = tuple([*bars[: size - 1], bars[-1]] if size % _UNIT else bars)
    return written


def _choose(mode: str, mood: str, does: Sequence[str], draws: Sequence[int]) -> list[Progression]:
    """Return a progression for each of ``does``; what suits the mood by name is drawn three times as often.

    Args:
        mode: A mode of `gamemusic.theory.MODES`.
        mood: Name of the mood.
        does: What each has to do.
        draws: A number for each, from the seed.
    """
    chosen: list[Progression] = []
    for what, draw in zip(does, draws, strict=True):
        fitting = [one for one in load_progressions() if one.mode == mode and one.does == what]
        suited = [one for one in fitting if mood in one.moods]
        usual = [one for one in fitting if "any" in one.moods]
        pool = suited * 3 + usual or fitting
        fresh = [one for one in pool if all(one.bars != other.bars for other in chosen)] or pool
        chosen.append(fresh[draw % len(fresh)])
    return chosen
