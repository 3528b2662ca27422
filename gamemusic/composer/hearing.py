"""What can be heard in some bars: figures that a listener would go by, counted in whole numbers.

The judge ranks candidates by them, and `gamemusic evaluate` holds composed music against real music by the same ones.
Every figure is in thousandths unless it says otherwise; `NOTHING` where there is nothing to measure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

from gamemusic.composer.surprise import FRACTION, log2
from gamemusic.score.phrase import Role
from gamemusic.theory import CHORD_QUALITIES
from gamemusic.tokens.bars import Bar
from gamemusic.tokens.vocabulary import DRUM_PITCHES, PITCH_RANGES, QUALITY_NAMES, ROLES
from gamemusic.units import TICKS_PER_BEAT, Meter

__all__ = ["FIGURES", "NOTHING", "hear", "hear_rhythm", "is_developed", "lead_bars"]

NOTHING = -1
"""Value of a figure for which the bars hold nothing."""

FIGURES = (
    "lead_present", "lead_gap", "lead_rate",
    "developed", "transposed", "varied", "exact",
    "repeated", "run", "turns", "steps", "leaps", "range", "npvi", "entropy",
    "on_chord", "covered", "cadence",
    "accompaniment", "bass_rhythm", "bass_figure", "bass_root", "drums",
    "loop_lead", "loop_bass",
)  # fmt: skip
"""All figures of `hear`, in their order.

``lead_present``: bars in which the lead sounds; ``lead_gap``: bars of its longest silence (a count); ``lead_rate``:
notes a quarter note.

Of the lead's own bars with notes: ``developed`` those with an earlier bar's rhythm and contour at new pitches,
``transposed`` those among them with all its intervals, ``varied`` those that share half of an earlier bar's notes or
more, ``exact`` those that equal one.

Of its notes in a row: ``repeated`` of one pitch, ``run`` the longest of one pitch (a count), ``turns`` changes of
direction, ``steps`` of one or two semitones, ``leaps`` of more than a fifth; ``range`` from the tenth of its notes to
nine tenths, in semitones; ``npvi`` how unlike neighbouring notes' lengths are (E. Grabe and E. L. Low, 2002);
``entropy`` of their lengths, in bits / 1000.

``on_chord``: notes on main beats that belong to the chord; ``covered``: onsets with an accompanying note above them;
``cadence``: fourth bars in which the lead comes to rest.

``accompaniment`` and ``bass_rhythm``: bars whose onsets equal those one or two bars before; ``bass_figure``: where the
steps from the chord's root do, too; ``bass_root``: bar lines where the bass has the chord's root or third; ``drums``:
bars whose kick and snare equal those one or two before. ``loop_lead``, ``loop_bass``: leap from the last note to the
first, in semitones."""

_LEAD, _BASS, _DRUMS = (1 + ROLES.index(role) for role in (Role.LEAD, Role.BASS, Role.DRUMS))
_ACCOMPANYING = tuple(1 + ROLES.index(role) for role in (Role.HARMONY, Role.TEXTURE))
_LOWEST = {1 + ROLES.index(role): low for role, (low, _) in PITCH_RANGES.items()}
_TONES = tuple(
    frozenset((root + step) % 12 for step in CHORD_QUALITIES[quality])
    for root in range(12)
    for quality in QUALITY_NAMES
)
"""Pitch classes of each chord number."""
_THIRDS = tuple(
    frozenset((root + step) % 12 for step in (0, *(s for s in CHORD_QUALITIES[quality] if s in (3, 4))))
    for root in range(12)
    for quality in QUALITY_NAMES
)
_BEATEN = frozenset(DRUM_PITCHES.index(key) for key in (35, 36, 37, 38, 39, 40) if key in DRUM_PITCHES)
"""Kick and snare."""
_CALM = TICKS_PER_BEAT
"""A cadence's last note, or the silence after it, lasts a quarter note or more."""

Line = list[tuple[int, int, int]]
"""(tick, pitch, duration), one note at a time."""


def lead_bars(bars: Sequence[Bar]) -> list[tuple[tuple[int, int, int], ...]]:
    """Return the lead of each bar as (position, pitch, duration), of notes struck together the highest."""
    found = []
    for bar in bars:
        highest = {event.position: event for event in bar[_LEAD]}  # sorted by pitch, so the highest is last
        found.append(
            tuple((position, _LOWEST[_LEAD] + event.number, event.duration) for position, event in highest.items())
        )
    return found


def is_developed(before: Sequence[tuple[int, int, int]], after: Sequence[tuple[int, int, int]]) -> bool:
    """Say whether a bar has another one's rhythm and contour at new pitches; three notes or more."""
    return (
        len(before) == len(after) >= 3
        and all(a[0] == b[0] for a, b in zip(before, after, strict=True))
        and any(a[1] != b[1] for a, b in zip(before, after, strict=True))
        and _contour(before) == _contour(after)
    )


def _contour(bar: Sequence[tuple[int, int, int]]) -> tuple[int, ...]:
    return tuple((b[1] > a[1]) - (b[1] < a[1]) for a, b in pairwise(bar))


def hear(bars: Sequence[Bar], meter: Meter, *, copies: Collection[int] = ()) -> Mapping[str, int]:
    """Return the figures of `FIGURES`.

    Args:
        bars: What is heard.
        meter: Its meter.
        copies: Bars that are copies by plan of form: they say nothing about how ideas and figures go on, but for what
            they are compared with.
    """
    length = meter.bar_ticks
    leads = lead_bars(bars)
    line: Line = [(index * length + p, pitch, d) for index, bar in enumerate(leads) for p, pitch, d in bar]
    chords = _chords(bars)
    figures = dict.fromkeys(FIGURES, NOTHING)
    _hear_presence(figures, leads, line, length, len(bars))
    _hear_ideas(figures, leads, copies)
    _hear_line(figures, line)
    _hear_harmony(figures, bars, leads, chords, meter)
    _hear_grooves(figures, bars, chords, copies)
    return MappingProxyType(figures)


def hear_rhythm(bars: Sequence[Bar], roles: Sequence[Role], *, copies: Collection[int] = ()) -> int:
    """Return how many bars in a thousand have the onsets of the one or two before them, of all ``roles`` together."""
    streams = [1 + ROLES.index(role) for role in roles]
    onsets = [frozenset(event.position for stream in streams for event in bar[stream]) for bar in bars]
    return _persistence(onsets, copies)


def _share(part: int, whole: int) -> int:
    return 1000 * part // whole if whole else NOTHING


def _chords(bars: Sequence[Bar]) -> list[list[tuple[int, int]]]:
    """Return for each bar the chords in force, as (position, number); NOTHING before the first."""
    found, last = [], NOTHING
    for bar in bars:
        here = [(event.position, event.number) for event in bar[0]]
        if not here or here[0][0] > 0:
            here.insert(0, (0, last))
        last = here[-1][1]
        found.append(here)
    return found


def _chord_at(chords: Sequence[tuple[int, int]], position: int) -> int:
    found = NOTHING
    for start, number in chords:
        if start > position:
            break
        found = number
    return found


def _hear_presence(
    figures: dict[str, int], leads: Sequence[Sequence[object]], line: Line, length: int, bars: int
) -> None:
    sounding = {bar for tick, _, duration in line for bar in range(tick // length, (tick + duration - 1) // length + 1)}
    figures["lead_present"] = _share(len([bar for bar in sounding if bar < bars]), bars)
    gap = longest = 0
    for bar in range(bars):
        gap = 0 if bar in sounding else gap + 1
        longest = max(longest, gap)
    figures["lead_gap"] = longest
    figures["lead_rate"] = _share(len(line) * TICKS_PER_BEAT, bars * length)


def _hear_ideas(
    figures: dict[str, int], leads: Sequence[tuple[tuple[int, int, int], ...]], copies: Collection[int]
) -> None:
    own = developed = transposed = varied = exact = 0
    sets = [frozenset((p, pitch) for p, pitch, _ in bar) for bar in leads]
    rhythms: dict[tuple[int, ...], list[int]] = {}
    for index, bar in enumerate(leads):
        if not bar:
            continue
        rhythm = tuple(note[0] for note in bar)
        earlier = rhythms.setdefault(rhythm, [])
        if index not in copies:
            own += 1
            if any(sets[other] == sets[index] for other in earlier):
                exact += 1
            else:
                pairs = [leads[other] for other in earlier if is_developed(leads[other], bar)]
                developed += bool(pairs)
                transposed += any(len({b[1] - a[1] for a, b in zip(pair, bar, strict=True)}) == 1 for pair in pairs)
                varied += any(
                    leads[other] and 2 * len(sets[other] & sets[index]) >= len(sets[other] | sets[index])
                    for other in range(index)
                )
        earlier.append(index)
    for name, count in (("developed", developed), ("transposed", transposed), ("varied", varied), ("exact", exact)):
        figures[name] = _share(count, own)


def _hear_line(figures: dict[str, int], line: Line) -> None:
    if len(line) < 4:
        return
    moves = [b[1] - a[1] for a, b in pairwise(line)]
    longest = run = 1
    for move in moves:
        run = run + 1 if move == 0 else 1
        longest = max(longest, run)
    figures["repeated"] = _share(moves.count(0), len(moves))
    figures["run"] = longest
    going = [move for move in moves if move]
    figures["turns"] = (
        _share(sum((a > 0) != (b > 0) for a, b in pairwise(going)), len(going) - 1) if len(going) > 1 else NOTHING
    )
    figures["steps"] = _share(sum(1 <= abs(move) <= 2 for move in moves), len(moves))
    figures["leaps"] = _share(sum(abs(move) > 7 for move in moves), len(moves))
    pitches = sorted(pitch for _, pitch, _ in line)
    figures["range"] = pitches[9 * (len(pitches) - 1) // 10] - pitches[(len(pitches) - 1) // 10]
    gaps = [min(b[0] - a[0], 2 * TICKS_PER_BEAT * 2) for a, b in pairwise(line)]
    unlike = [2000 * abs(before - after) // (before + after) for before, after in pairwise(gaps)]
    figures["npvi"] = sum(unlike) // (10 * max(1, len(unlike)))
    counts = Counter(gaps)
    total = len(gaps)
    # sum of -p log2 p, from p = count / total
    bits = sum(count * (log2(total) - log2(count)) for count in counts.values()) // total
    figures["entropy"] = bits * 1000 // FRACTION


def _hear_harmony(
    figures: dict[str, int],
    bars: Sequence[Bar],
    leads: Sequence[tuple[tuple[int, int, int], ...]],
    chords: Sequence[Sequence[tuple[int, int]]],
    meter: Meter,
) -> None:
    strong = meter.main_beats
    main = fits = rests = closes = onsets = covered = lines = roots = 0
    for index, (bar, lead) in enumerate(zip(bars, leads, strict=True)):
        for position, pitch, _ in lead:
            number = _chord_at(chords[index], position)
            if position in strong and number >= 0:
                main += 1
                fits += pitch % 12 in _TONES[number]
        if lead:
            over = [
                (event.position, event.position + event.duration, _LOWEST[stream] + event.number)
                for stream in _ACCOMPANYING
                for event in bar[stream]
            ]
            for position, pitch, _ in lead:
                onsets += 1
                covered += any(start <= position < end and height > pitch for start, end, height in over)
        if index % 4 == 3 and lead:
            closes += 1
            position, _, duration = lead[-1]
            rests += duration >= _CALM or meter.bar_ticks - position - duration >= _CALM
        low = _lowest_at_bar_line(bar)
        number = chords[index][0][1]
        if low is not None and number >= 0:
            lines += 1
            roots += low % 12 in _THIRDS[number]
    figures["on_chord"] = _share(fits, main)
    figures["covered"] = _share(covered, onsets)
    figures["cadence"] = _share(rests, closes)
    figures["bass_root"] = _share(roots, lines)
    first, last = (
        next((lead[0] for lead in leads if lead), None),
        next((lead[-1] for lead in leads[::-1] if lead), None),
    )
    if first and last:
        figures["loop_lead"] = abs(first[1] - last[1])
    basses = [bar[_BASS] for bar in bars]
    filled = [bass for bass in basses if bass]
    if filled:
        figures["loop_bass"] = abs(filled[0][0].number - filled[-1][-1].number)


def _lowest_at_bar_line(bar: Bar) -> int | None:
    """Return the bass's pitch at the bar line, or that of its first note within the first beat."""
    for event in bar[_BASS]:
        if event.position < TICKS_PER_BEAT:
            return _LOWEST[_BASS] + event.number
    return None


def _hear_grooves(
    figures: dict[str, int],
    bars: Sequence[Bar],
    chords: Sequence[Sequence[tuple[int, int]]],
    copies: Collection[int],
) -> None:
    def steps(index: int) -> tuple[tuple[int, int], ...]:
        found = []
        for event in bars[index][_BASS]:
            number = _chord_at(chords[index], event.position)
            root = number // len(QUALITY_NAMES) if number >= 0 else 0
            found.append((event.position, (_LOWEST[_BASS] + event.number - root) % 12))
        return tuple(found)

    def beaten(index: int) -> tuple[tuple[int, int], ...]:
        return tuple((event.position, event.number) for event in bars[index][_DRUMS] if event.number in _BEATEN)

    figures["accompaniment"] = hear_rhythm(bars, (Role.HARMONY, Role.TEXTURE), copies=copies)
    figures["bass_rhythm"] = hear_rhythm(bars, (Role.BASS,), copies=copies)
    figures["bass_figure"] = _persistence([steps(index) for index in range(len(bars))], copies)
    figures["drums"] = _persistence([beaten(index) for index in range(len(bars))], copies)


def _persistence(views: Sequence[Collection[object]], copies: Collection[int]) -> int:
    """Return how many bars with something in them equal the one or the second one before."""
    filled = same = 0
    for index in range(1, len(views)):
        if views[index] and index not in copies:
            filled += 1
            same += views[index] == views[index - 1] or (index > 1 and views[index] == views[index - 2])
    return _share(same, filled)
