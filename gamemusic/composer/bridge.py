"""Bridges: a bar or two that lead from one mood to another, composed by the model of the one that comes.

The model hears the last bars of the old music, written in the new key's terms, as a phrase before its own; then it
composes the bridge over chords that lead there, and of several the one is kept after which the new music's first bar,
and which itself after the old, surprises it least.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from gamemusic.composer.candidates import compose_candidates
from gamemusic.composer.composer import Composer
from gamemusic.composer.surprise import FRACTION
from gamemusic.score.phrase import BRIDGE_FORM, Chord, Note, Phrase, Role, Track
from gamemusic.theory import Key, chord_pitch_classes
from gamemusic.tokens.bars import Bar, cut_bars, join_bars, transposition
from gamemusic.tokens.grammar import Grammar, Rules, forced_chords
from gamemusic.tokens.vocabulary import DRUM_PITCHES, MAX_DURATION, PITCH_RANGES, QUALITY_NAMES, ROLES, STREAMS
from gamemusic.values import check_whole

__all__ = ["BRIDGE_BARS", "Seams", "compose_bridge", "measure_seams", "plan_bridge"]

BRIDGE_BARS = (1, 2)
"""Shortest and longest bridge, in bars."""
_HEARD_BARS = 4
"""Bars of the old music that the model hears, at most."""
_CANDIDATES = 8
_PREDOMINANTS = (5, 2, 9, 8, 0, 3, 4, 10)
"""Roots above the new tonic from which the dominant follows well, best first."""


@dataclass(frozen=True, slots=True)
class Seams:
    """Mean surprise, in bits a token, of a bar after what stands before it; lower is smoother."""

    cut: float
    """The new music's first bar straight after the old."""
    leaving: float
    """The bridge's first bar after the old music; as `cut` without a bridge."""
    arriving: float
    """The new music's first bar after the bridge; as `cut` without a bridge."""


def compose_bridge(
    composer: Composer, old: Phrase, new: Phrase, *, bars: int = 1, seed: int, at_bar: int | None = None
) -> Phrase:
    """Compose what leads from one phrase to another.

    Args:
        composer: Of the new phrase's mood.
        old: What sounds before; it loops.
        new: What comes after, from its first bar on.
        bars: 1 or 2.
        seed: Decides every draw; the same seed, phrases and pack give the same notes on every machine.
        at_bar: After how many of the old phrase's bars it is left; None: at its end.

    Returns:
        A phrase in the new one's meter, key, tempo and style, with an intensity between the two. The tempo is the new
        one's; whoever plays it may lead over to that. `Phrase.seam_bits` is the surprise of the new phrase's first bar
        after the bridge less that inside the bridge.

    Raises:
        InputError: For another number of bars, or a bar that the old phrase does not have.
    """
    bars = check_whole(bars, "bars of a bridge", *BRIDGE_BARS)
    heard = _hear(old, new, at_bar)
    frame = new.replace(
        bars=bars,
        tracks=(),
        chords=(),
        form=BRIDGE_FORM,
        ending="loop",
        seed=seed,
        intensity=(old.intensity + new.intensity) / 2,
        seam_bits=None,
        candidates=0,
        rejected=(),
        faults=(),
    )
    playing = composer.pack.preset.style(new.style)
    order = composer.order(frame, playing)
    chords = {len(heard) + bar: events for bar, events in plan_bridge(old, new, bars, at_bar).items()}
    rules = replace(order.rules, bars=len(heard) + bars, chords=chords, given={})
    found = compose_candidates(
        composer.session,
        Grammar(rules),
        order.conditions,
        sections=(len(heard), bars),
        count=_CANDIDATES,
        seed=seed,
        temperature=order.temperature,
        min_p=composer.pack.preset.min_p,
        repeats={},
        written=dict(enumerate(heard)),
        after=cut_bars(new)[0],
    )
    best = min(
        range(_CANDIDATES),
        key=lambda index: (
            # the seam is the surprise less that inside, so both together are the seam's and the bridge's own
            round(found.seam_bits[index] * FRACTION)
            + 2 * found.token_bits[index]
            + FRACTION * _count_missing(found.bars[index][len(heard) :], rules, chords),
            index,
        ),
    )
    bridge = join_bars(found.bars[best][len(heard) :], frame, rules.polyphony)
    return bridge.replace(
        # what is arranged was composed for the sake of the chords alone
        tracks=tuple(track for track in bridge.tracks if track.role in playing.learned),
        seam_bits=found.seam_bits[best],
        candidates=_CANDIDATES,
    )


def measure_seams(
    composer: Composer, old: Phrase, bridge: Phrase | None, new: Phrase, *, at_bar: int | None = None
) -> Seams:
    """Return how smoothly two phrases follow each other, with a bridge between them and without.

    Args:
        composer: Whose model judges.
        old: As in `compose_bridge`.
        bridge: What leads from one to the other; None: nothing.
        new: As in `compose_bridge`.
        at_bar: As in `compose_bridge`.
    """
    heard, first = _hear(old, new, at_bar), cut_bars(new)[0]
    cut = _surprise(composer, new, [heard], first)
    if bridge is None:
        return Seams(cut, cut, cut)
    between = cut_bars(bridge)
    return Seams(cut, _surprise(composer, new, [heard], between[0]), _surprise(composer, new, [heard, between], first))


def plan_bridge(
    old: Phrase, new: Phrase, bars: int, at_bar: int | None = None
) -> dict[int, tuple[tuple[int, int], ...]]:
    """Return the bridge's chords, as `Rules.chords` wants them: a chord of both keys, then the new key's dominant.

    The dominant is that of the new phrase's first chord. Keys without a common triad go by way of the new key's own
    predominant.
    """
    meter, goal = new.meter, new.chord_at(0)
    target = new.key.tonic if goal is None else goal.root
    turn = (old.bars if at_bar is None else at_bar) * old.meter.bar_ticks
    sounding = old.chord_at(turn - 1) if turn else old.chord_at(old.ticks - 1)
    half = meter.bar_ticks // meter.pulse_ticks // 2 * meter.pulse_ticks or meter.bar_ticks // 2
    arrival = (bars - 1) * meter.bar_ticks + half
    dominant = _number((target + 7) % 12, "7", new.key)
    plan = [(0, _find_pivot(old.key, new.key, sounding)), (arrival, dominant)]
    return forced_chords(plan, bars, meter.bar_ticks)


def _find_pivot(old: Key, new: Key, sounding: Chord | None) -> int:
    """Return a triad that both keys have, the best one to go to the new dominant from, and not the one that sounds."""
    common = {chord for chord in _triads(old) if chord in set(_triads(new))}
    if sounding is not None:
        common.discard((sounding.root, sounding.quality))
    for above in _PREDOMINANTS:
        for root, quality in sorted(common):
            if (root - new.tonic) % 12 == above:
                return _number(root, quality, new)
    own = {(root - new.tonic) % 12: (root, quality) for root, quality in _triads(new)}
    for above in _PREDOMINANTS:
        if above in own:
            return _number(*own[above], new)
    return _number(new.tonic, new.tonic_quality, new)  # a scale without triads


def _triads(key: Key) -> Iterator[tuple[int, str]]:
    """Yield the major and minor triads on the steps of a key: (root, quality)."""
    scale = {(key.tonic + step) % 12 for step in key.degrees}
    for step in key.degrees:
        root = (key.tonic + step) % 12
        for quality in ("maj", "min"):
            if set(chord_pitch_classes(root, quality)) <= scale:
                yield root, quality


def _number(root: int, quality: str, key: Key) -> int:
    return (root - key.tonic) % 12 * len(QUALITY_NAMES) + QUALITY_NAMES.index(quality)


def _hear(old: Phrase, new: Phrase, at_bar: int | None) -> list[Bar]:
    """Return the old music's last bars in the new one's key and meter: what has no token there is left out."""
    if at_bar is not None:
        at_bar = check_whole(at_bar, "at_bar", 0, old.bars)
    turn = (old.bars if at_bar is None else at_bar) * old.meter.bar_ticks or old.ticks
    length = new.meter.bar_ticks
    bars = max(1, min(_HEARD_BARS, old.ticks // length))
    begin = turn - bars * length
    shift = transposition(new.key.tonic)
    tracks = []
    for role in ROLES:
        low, high = PITCH_RANGES.get(role, (0, 127))
        notes = []
        for note in old.track(role).notes:
            for start in (note.start - begin, note.start - old.ticks - begin):  # it loops
                if not 0 <= start < bars * length:
                    continue
                fits = note.pitch in DRUM_PITCHES if role is Role.DRUMS else low <= note.pitch - shift <= high
                if fits:
                    ticks = min(note.duration, MAX_DURATION, bars * length - start)
                    notes.append(Note(start, note.pitch, ticks, note.velocity))
        tracks.append(Track(role, tuple(sorted(notes))))
    chords = {
        start: Chord(start, chord.root, chord.quality)
        for offset in (old.ticks, 0)
        for chord in old.chords
        if 0 <= (start := chord.start - offset - begin) < bars * length
    }
    written = new.replace(
        bars=bars, tracks=tuple(tracks), chords=tuple(chords[start] for start in sorted(chords)), form=()
    )
    return cut_bars(written)


def _count_missing(bars: list[Bar], rules: Rules, chords: Mapping[int, tuple[tuple[int, int], ...]]) -> int:
    """Return how much a bridge lacks: roles that should be heard, and the root in the bass under its last chord."""
    streams = [STREAMS.index(role.value) for role in rules.heard]
    missing = sum(not any(bar[stream] for bar in bars) for stream in streams)
    bass = STREAMS.index(Role.BASS.value)
    if bass in streams:
        position, chord = chords[max(chords)][-1]
        low = PITCH_RANGES[Role.BASS][0]
        roots = [event for event in bars[-1][bass] if event.position + event.duration > position]
        missing += all((low + event.number) % 12 != chord // len(QUALITY_NAMES) for event in roots)
    return missing


def _surprise(composer: Composer, new: Phrase, written: list[list[Bar]], after: Bar) -> float:
    """Return the mean surprise of a bar after bars that are all given, in bits a token."""
    frame = new.replace(bars=sum(map(len, written)), tracks=(), chords=(), form=())
    order = composer.order(frame, composer.pack.preset.style(new.style))
    found = compose_candidates(
        composer.session,
        Grammar(order.rules),
        order.conditions,
        sections=[len(bars) for bars in written],
        count=1,
        seed=0,
        temperature=1.0,
        min_p=0.0,
        repeats={},
        written=dict(enumerate(bar for bars in written for bar in bars)),
        after=after,
    )
    return found.seam_bits[0]
