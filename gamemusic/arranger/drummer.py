"""The drummer: what a player adds to written drums. Fills, crashes, ghost notes, half time."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from types import MappingProxyType

from gamemusic.arranger.chance import mix
from gamemusic.arranger.reach import thin
from gamemusic.arranger.sections import fill_bars, fill_start, find_sections
from gamemusic.score.phrase import BRIDGE_FORM, DRUM_TICKS, Note, Phrase
from gamemusic.units import TICKS_PER_BEAT, Meter

__all__ = [
    "CRASHES",
    "GHOSTS_FROM",
    "GHOST_VELOCITY",
    "HATS",
    "KICKS",
    "SNARES",
    "add_fills",
    "add_ghosts",
    "ease_kicks",
    "halve",
]

KICKS = frozenset({35, 36})
SNARES = frozenset({38, 40})
_USUAL_SNARE = 38
HATS = frozenset({42, 44, 46, 51, 53, 54, 59, 62, 69, 70, 82})
"""Keys that keep time: hats, rides, shakers, the light hand of a drum."""
CRASHES = frozenset({49, 52, 55, 57})
_TOMS = frozenset({41, 43, 45, 47, 48, 50})
_BACKBEATS = frozenset({37, 38, 39, 40})
_PEDAL_HAT = 44
_EIGHTH = TICKS_PER_BEAT // 2
_KICK, _CRASH, _TOM_LOW, _TOM_HIGH = 36, 49, 43, 48
_SNARE = 0
"""In fills: whichever snare the drummer uses elsewhere."""
_ORCHESTRA_KIT = 48
"""Its tom keys are timpani, and its crash is 57."""
_ORCHESTRA_CRASH = 57
_CRASH_VELOCITY, _KICK_VELOCITY = 104, 100
_MOST_KICKS = 5
"""Strokes of the kick in a bar of 4/4: records have 3 to 4.6 on average, and with more the bass is not heard."""

GHOSTS_FROM = 0.4
"""Intensity from which ghost notes and added crashes are played."""
GHOST_VELOCITY = 30
"""About how loud a ghost note is at any intensity."""

# One line a key, one character a sixteenth: 7 is as loud as the snare usually is, 8 and 9 are louder. Each lasts from
# `fill_start` to the bar line; the first of each length needs no toms.
_FILLS = MappingProxyType(
    {
        24: (
            {_SNARE: "..6.|6789", _KICK: "8...|8..."},
            {_SNARE: "6.67|8.89", _KICK: "8...|8..."},
            {_SNARE: "5678|....", _TOM_HIGH: "....|78..", _TOM_LOW: "....|..89", _KICK: "8...|8..."},
            {_SNARE: "7..6|....", _TOM_HIGH: "....|7.7.", _TOM_LOW: "....|..88", _KICK: "8...|8..."},
            {_SNARE: "7.7.|7...", _TOM_HIGH: "....|.78.", _TOM_LOW: "....|...9", _KICK: "8...|8..."},
        ),
        18: (
            {_SNARE: "6.5678", _KICK: "8....."},
            {_SNARE: "567...", _TOM_HIGH: "...78.", _TOM_LOW: ".....9", _KICK: "8....."},
            {_SNARE: "7.....", _TOM_HIGH: "..7.8.", _TOM_LOW: "...7.9", _KICK: "8....."},
        ),
        12: (
            {_SNARE: "6789", _KICK: "8..."},
            {_SNARE: "67..", _TOM_HIGH: "..8.", _TOM_LOW: "...9", _KICK: "8..."},
            {_SNARE: "7...", _TOM_HIGH: ".7..", _TOM_LOW: "..89", _KICK: "8..."},
            {_SNARE: "7.89", _KICK: "8..."},
        ),
    }
)
"""By length in ticks."""


def add_fills(notes: Sequence[Note], phrase: Phrase, kit: int) -> tuple[Note, ...]:
    """Return drums with fills where the phrase leads somewhere, and kick and crash where a fill arrives.

    A bar whose end the model has filled stays as it is. Fills are alike at every intensity, so that more intensity
    never takes notes away; crashes come from `GHOSTS_FROM` on. Drums without a snare, such as a shaker, fill
    nothing, but for those of a bridge.

    Args:
        notes: Sorted notes of the phrase's drums, as composed.
        phrase: Whose they are.
        kit: Number of the drum kit.
    """
    snares = Counter(note.pitch for note in notes if note.pitch in SNARES)
    if not snares and not (notes and phrase.form == BRIDGE_FORM):
        return tuple(notes)
    snare = min(snares, key=lambda key: (-snares[key], key), default=_USUAL_SNARE)
    struck = sorted(note.velocity for note in notes if note.pitch == snare or not snares)
    usual = struck[len(struck) // 2]
    length, begin = phrase.meter.bar_ticks, fill_start(phrase.meter)
    known = {(note.start, note.pitch): note for note in notes}
    for bar in sorted(fill_bars(phrase)):
        head = bar * length
        last = bar == phrase.bars - 1
        if last and phrase.ending == "cadence":
            continue
        arrival = 0 if last else head + length
        if not any(note.start // length in (bar, arrival // length) for note in notes):
            continue
        inside = [note for note in notes if head + begin <= note.start < head + length]
        if not _is_fill(inside):
            for note in inside:
                if note.pitch not in KICKS and note.pitch != _PEDAL_HAT:
                    known.pop((note.start, note.pitch), None)
            for note in _fill(phrase, bar, snare, usual, kit):
                known[note.start, note.pitch] = note
        if phrase.intensity >= GHOSTS_FROM and not any((arrival, key) in known for key in CRASHES):
            crash = _ORCHESTRA_CRASH if kit == _ORCHESTRA_KIT else _CRASH
            known[arrival, crash] = Note(arrival, crash, DRUM_TICKS, _CRASH_VELOCITY)
        if not any((arrival, key) in known for key in KICKS):
            known[arrival, _KICK] = Note(arrival, _KICK, DRUM_TICKS, _KICK_VELOCITY)
    return tuple(sorted(known.values()))


def ease_kicks(notes: Sequence[Note], meter: Meter) -> tuple[Note, ...]:
    """Return drums with at most `_MOST_KICKS` strokes of the kick in a bar of 4/4, fewer in shorter ones.

    What stands on stronger beats stays, so equal bars stay equal.
    """
    most = max(2, _MOST_KICKS * meter.bar_ticks // (4 * TICKS_PER_BEAT))
    kicks = thin((note for note in notes if note.pitch in KICKS), most, meter)
    return tuple(sorted((*kicks, *(note for note in notes if note.pitch not in KICKS))))


def _is_fill(notes: Collection[Note]) -> bool:
    """Say whether the end of a bar is a fill already: toms, or more snare than a groove has."""
    toms = sum(note.pitch in _TOMS for note in notes)
    return toms >= 2 or sum(note.pitch in SNARES for note in notes) >= 4


def _fill(phrase: Phrase, bar: int, snare: int, level: int, kit: int) -> Iterable[Note]:
    """Yield a fill's notes: the seed chooses the first one, and each section has another than the one before.

    Args:
        phrase: Where it stands.
        bar: The bar whose end it takes.
        snare: Key of the drummer's snare.
        level: Velocity at which that is usually struck.
        kit: Number of the drum kit.
    """
    begin, length = fill_start(phrase.meter), phrase.meter.bar_ticks
    fills = _FILLS[length - begin]
    plain = [grid for grid in fills if not _TOMS & set(grid)]
    allowed = plain if kit == _ORCHESTRA_KIT else [grid for grid in fills if _TOMS & set(grid)] + plain[:1]
    number = mix(phrase.seed, _TOM_LOW) + sum(other < bar for other in fill_bars(phrase))
    chosen = allowed[number % len(allowed)]
    for key, line in chosen.items():
        for index, mark in enumerate(line.replace("|", "")):
            if mark != ".":
                start = bar * length + begin + index * DRUM_TICKS
                velocity = min(122, max(50, level + 8 * (int(mark) - 7)))
                yield Note(start, key or snare, DRUM_TICKS, velocity)


def halve(notes: Iterable[Note], meter: Meter, *, bars: Collection[int]) -> tuple[Note, ...]:
    """Return drums that play at half their pace in ``bars``: the snare falls on every third of four beats.

    Kicks of the second half go but for an upbeat, what keeps time does so on the beat. In 3/4 the snare rests in every
    second bar.
    """
    pulse, length = meter.pulse_ticks, meter.bar_ticks
    unit = length if length % (2 * pulse) else 4 * pulse
    kept: dict[tuple[int, int], Note] = {}
    for note in notes:
        place, start = note.start % unit, note.start
        if note.start // length in bars:
            if note.pitch in _BACKBEATS:
                if unit % (4 * pulse) == 0:
                    if place != pulse and place != 2 * pulse:
                        continue
                    start += 2 * pulse - place
                elif note.start // length % 2 or place % pulse:
                    continue
            elif note.pitch in HATS:
                if place % pulse:
                    continue
            elif note.pitch in KICKS:
                late = unit % (4 * pulse) == 0 and 2 * pulse <= place < 4 * pulse - _EIGHTH
                if late or place % _EIGHTH:
                    continue
        if start // length not in bars and start != note.start:
            continue  # the beat it would move to is another section's
        kept.setdefault((start, note.pitch), Note(start, note.pitch, note.duration, note.velocity))
    return tuple(sorted(kept.values()))


def add_ghosts(notes: Sequence[Note], phrase: Phrase, *, bars: Collection[int]) -> tuple[Note, ...]:
    """Return the ghost notes that a drummer adds around the backbeat in ``bars``.

    They stand on sixteenths between the eighths, on one side of a stroke but never between two, and grow in number with
    the intensity; below `GHOSTS_FROM` there are none. Their places are chosen once a section, and a bar leaves out
    those that its own strokes take: bars that are written alike are played alike, since a groove is a habit.
    """
    if phrase.intensity < GHOSTS_FROM:
        return ()
    length, meter = phrase.meter.bar_ticks, phrase.meter
    share = 120 + round(400 * (phrase.intensity - GHOSTS_FROM))  # of a thousand places
    struck: dict[int, list[Note]] = {}
    toms: dict[int, set[int]] = {}
    for note in notes:
        bar, place = divmod(note.start, length)
        if note.pitch in SNARES:
            struck.setdefault(bar, []).append(note)
        elif note.pitch in _TOMS:
            toms.setdefault(bar, set()).add(place // DRUM_TICKS)
    starts = sorted({0, *(section.first for section in find_sections(phrase) or ())})
    found = []
    for bar in sorted(set(bars) & set(struck)):
        snares = struck[bar]
        if len(snares) > 4 or not any(n.velocity >= 70 and n.start % meter.pulse_ticks == 0 for n in snares):
            continue
        busy = {note.start % length // DRUM_TICKS for note in snares} | toms.get(bar, set())
        head = starts[bisect_right(starts, bar) - 1]
        stop = fill_start(meter) if bar in fill_bars(phrase) else length
        for tick in range(DRUM_TICKS, stop, 2 * DRUM_TICKS):
            cell = tick // DRUM_TICKS
            drawn = mix(phrase.seed, 38, head, tick) % 1000
            if drawn < share and cell not in busy and not {cell - 1, cell + 1} <= busy:
                velocity = GHOST_VELOCITY - 4 + mix(phrase.seed, 39, bar * length + tick) % 9
                start = bar * length + tick
                found.append(Note(start, snares[0].pitch, min(DRUM_TICKS, phrase.ticks - start), velocity))
    return tuple(found)
