"""Composing against the bare loop: what grammar, sampling, seam and notes add to the model's own time."""

from __future__ import annotations

from collections import Counter

from benchmarks.common import Row, interleave, report, seconds
from benchmarks.steps import BareLoop, open_composer, record_steps

__all__ = ["measure"]

GOALS = {8: "<= 1.25", 1: ""}
"""By batch, which is the number of candidates."""


def measure(quick: bool) -> list[Row]:
    """Return a row for each batch."""
    return [_measure_batch(batch, 1 if quick else 21, 2 if quick else None) for batch in GOALS]


def _measure_batch(batch: int, repetitions: int, bars: int | None) -> Row:
    """Return the row of one batch; every repetition composes from a seed of its own.

    Ours is all of `Composer.compose`: the grammar is set up, the candidates are composed and ranked, notes are made.
    The reference takes the very same steps, on the features that the composer showed to the model. Harmony is planned
    in a batch of its own, of at most four.
    """
    composer, note = open_composer(batch)
    bare = BareLoop(composer.pack.model)
    recorded = [record_steps(composer, seed, bars) for seed in range(repetitions)]
    pair = interleave(
        lambda number: seconds(lambda: composer.compose(seed=number, bars=bars)) / len(recorded[number]),
        lambda number: seconds(lambda: bare.run(recorded[number])) / len(recorded[number]),
        repetitions,
    )
    batches = Counter(len(features) for phrase in recorded for features in phrase)
    steps = " and ".join(f"{count / repetitions:.0f} at a batch of {size}" for size, count in batches.most_common())
    told = f"{bars or composer.pack.preset.bars} bars, steps a phrase: {steps}"
    return Row(
        benchmark="compose",
        what=f"composing, {batch} candidate{'s' if batch > 1 else ''} in a batch, a step",
        unit="µs",
        ours=pair.ours * 1e6,
        reference=pair.reference * 1e6,
        against="the same `session.run` calls in a bare loop",
        ratio=pair.ratio,
        goal=GOALS[batch],
        note="; ".join(filter(None, [told, note])),
    )


if __name__ == "__main__":
    report(measure)
