"""Which of several candidates is kept: outliers are turned away, the others ranked. Whole numbers only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate

from gamemusic.composer.candidates import Candidates
from gamemusic.composer.ear import listen, load_ear
from gamemusic.composer.form import letters_of
from gamemusic.composer.hearing import hear
from gamemusic.composer.order import Order
from gamemusic.packs.fingerprint import Fingerprint, describe_bars, pace_at
from gamemusic.score.judgement import Judgement
from gamemusic.score.phrase import DRUM_TICKS, Phrase
from gamemusic.tokens.bars import Bar
from gamemusic.tokens.vocabulary import ROLES

__all__ = [
    "LONGEST_COPY",
    "count_faults",
    "describe_faults",
    "describe_own",
    "find_faults",
    "judge",
    "measure_pace",
    "rank",
]

LONGEST_COPY = 12
"""Notes in a row, with their rhythm, that a phrase may share with its training music."""


def judge(order: Order, candidates: Candidates, fingerprint: Fingerprint | None) -> list[Judgement]:
    """Return what is found of every candidate.

    Args:
        order: What was asked for.
        candidates: What was composed.
        fingerprint: Of the training music; None where the pack has none.
    """
    token, bar_ticks = order.token, order.frame.meter.bar_ticks
    usual = {} if fingerprint is None else fingerprint.usual.get(token, {})
    pace = None if fingerprint is None else fingerprint.pace.get(token)
    figures = [describe_own(bars, order.repeats, bar_ticks) for bars in candidates.bars]
    faults = [
        find_faults(
            bars,
            own,
            heard=[1 + ROLES.index(role) for role in order.rules.heard],
            repeats=order.repeats,
            given=order.rules.given,
            planned=order.tune,
            usual=usual,
            fingerprint=fingerprint,
            bar_ticks=bar_ticks,
        )
        for bars, own in zip(candidates.bars, figures, strict=True)
    ]
    paces = [measure_pace(own) for own in figures]
    wanted = pace_at(pace, order.rules.roles, order.intensity) if pace else None
    heard = [_hear(order, bars) for bars in candidates.bars]
    likeness = [listen(load_ear(), token, passages) for passages in heard]
    best = rank(candidates, faults, paces, wanted, likeness)
    return [
        Judgement(
            place=best.index(index),
            faults=faults[index],
            seam_bits=candidates.seam_bits[index],
            likeness=likeness[index],
            pace=paces[index],
            heard=tuple(heard[index]),
        )
        for index in range(len(best))
    ]


def _hear(order: Order, bars: Sequence[Bar]) -> list[Mapping[str, int]]:
    """Return the figures of a candidate's sections: one of each letter, or each of a phrase without a form."""
    form, meter = order.frame.form, order.frame.meter
    if form:
        places = list(letters_of(form, len(bars)).values())
    else:
        places = list(zip(accumulate(order.sections, initial=0), order.sections, strict=False))
    return [hear(bars[first : first + size], meter) for first, size in places]


def describe_own(bars: Sequence[Bar], repeats: Mapping[int, int], bar_ticks: int) -> dict[str, int]:
    """Return the figures of a candidate's own bars, see `gamemusic.packs.fingerprint.describe_bars`.

    Args:
        bars: The candidate.
        repeats: Bars that copy others by plan, and so say nothing of the candidate.
        bar_ticks: Length of a bar.
    """
    return describe_bars(_own_bars(bars, repeats), bar_ticks)


def _own_bars(bars: Sequence[Bar], repeats: Mapping[int, int]) -> list[Bar]:
    return [bar for index, bar in enumerate(bars) if index not in repeats]


def find_faults(
    bars: Sequence[Bar],
    figures: Mapping[str, int],
    *,
    heard: Sequence[int],
    repeats: Mapping[int, int],
    given: Mapping[int, object],
    usual: Mapping[str, tuple[int, int]],
    fingerprint: Fingerprint | None,
    bar_ticks: int,
    planned: bool = False,
) -> tuple[str, ...]:
    """Return what speaks against a candidate: ``absent``, ``empty``, ``crowded``, ``repetitive``, ``static``,
    ``erratic`` or ``copied``.

    Args:
        bars: The candidate.
        figures: Its `describe_own`.
        heard: Streams that should be heard; each is absent when three quarters of the bars lack it. A bar's
            length of silence is empty, whoever plays.
        repeats: Bars that copy others by plan: their notes are no copy of the training music.
        given: Bars whose lead was fixed beforehand.
        usual: Lowest and highest usual value of the figures in music of this style.
        fingerprint: Of the training music; None where the pack has none.
        bar_ticks: Length of a bar.
        planned: Whether what was fixed was planned from what the network composed: it may be a copy, too.
    """
    faults = set()
    if any(4 * sum(bool(bar[stream]) for bar in bars) < len(bars) for stream in heard):
        faults.add("absent")
    if _longest_silence(bars, bar_ticks) >= bar_ticks:
        faults.add("empty")
    for name, value in figures.items():
        if name not in usual or (given and name.startswith("lead")):
            continue
        low, high = usual[name]
        if value < low:
            faults.add({"chords": "static", "lead_rests": "", "repeats": "", "lead_rhythms": ""}.get(name, "empty"))
        elif value > high:
            faults.add({"repeats": "repetitive", "lead_rests": "empty"}.get(name, _too_much(name)))
    own = _own_bars(bars, repeats)
    if fingerprint is not None and (planned or not given) and fingerprint.longest_run(own, bar_ticks) > LONGEST_COPY:
        faults.add("copied")
    return tuple(sorted(faults - {""}))


def _longest_silence(bars: Sequence[Bar], bar_ticks: int) -> int:
    """Return the longest time in which nothing sounds, in ticks; drums sound for a sixteenth."""
    notes = sorted(
        (index * bar_ticks + event.position, event.duration or DRUM_TICKS)
        for index, bar in enumerate(bars)
        for stream in bar[1:]
        for event in stream
    )
    longest = sounded = 0
    for start, duration in notes:
        longest = max(longest, start - sounded)
        sounded = max(sounded, start + duration)
    return max(longest, len(bars) * bar_ticks - sounded)


def _too_much(name: str) -> str:
    return "crowded" if name.endswith("_notes") else "erratic"


def measure_pace(figures: Mapping[str, int]) -> int:
    """Return a candidate's notes a quarter note, of all roles, in thousandths, from its `describe_own`."""
    return sum(value for name, value in figures.items() if name.endswith("_notes"))


def rank(
    candidates: Candidates,
    faults: Sequence[Sequence[str]],
    paces: Sequence[int],
    pace: int | None,
    likeness: Sequence[int] = (),
) -> list[int]:
    """Return the candidates' indices, best first.

    Those with fewer faults come first. Among equals, places are added: four times the one by seam, smoothest first;
    once the one by the model's own likelihood, most usual first; five times the one by how near the notes' rate comes
    to the asked one; and six times the one by how like real music it sounds. Usual is the middle of the batch, since
    what a model finds likeliest of all is dull and what it finds unlikely is wrong (A. Holtzman et al., "The Curious
    Case of Neural Text Degeneration", ICLR 2020).

    Args:
        candidates: What was composed.
        faults: `find_faults` of each.
        paces: `measure_pace` of each.
        pace: The rate that the intensity asks for; None where nothing is known of it.
        likeness: What `gamemusic.composer.ear` says of each; empty where nobody listens.
    """
    every = range(len(candidates.bars))
    middle = sorted(candidates.token_bits)[len(candidates.token_bits) // 2]
    places = dict.fromkeys(every, 0)

    def add(weight: int, values: Sequence[float]) -> None:
        for index in every:  # equal values share a place
            places[index] += weight * sum(value < values[index] for value in values)

    add(4, candidates.seam_bits)
    add(1, [abs(bits - middle) for bits in candidates.token_bits])
    if pace is not None:
        add(5, [abs(one - pace) for one in paces])
    if likeness:
        add(6, [-one for one in likeness])
    return sorted(every, key=lambda index: (len(faults[index]), places[index], index))


def describe_faults(phrase: Phrase) -> str:
    """Return in one line that every candidate of a phrase had faults, which ones, and what may help."""
    counts = ", ".join(f"{fault} {count}" for fault, count in phrase.rejected)
    return (
        f"all {phrase.candidates} phrases composed for {phrase.mood} ({phrase.style}, seed {phrase.seed}) were turned "
        f"away ({counts}); the one with the fewest faults was kept ({', '.join(phrase.faults)}). Try another seed or "
        "intensity, or looser ranges, density and temperature in the preset"
    )


def count_faults(faults: Sequence[Sequence[str]]) -> tuple[tuple[str, int], ...]:
    """Return how many candidates each fault was found in."""
    return tuple(sorted(Counter(fault for one in faults for fault in one).items()))
