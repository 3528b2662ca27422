"""Is a composed phrase recognised as what it was asked to be, from its notes alone?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gamemusic.errors import InputError
from gamemusic_export.evaluation.features import NOTE_FIGURES, FeatureSet
from gamemusic_export.evaluation.figures import Figure, hold_to_goal
from gamemusic_export.evaluation.learners import balanced_weights, fold_groups, score_by_regression
from gamemusic_export.evaluation.references import Reference
from gamemusic_export.evaluation.sets import make_generator

__all__ = ["Recognition", "measure_recognition", "recognise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """What a classifier that learned from real pieces says of composed phrases."""

    share: float
    """Mean over labels of the share recognised, 0 to 1."""
    labels: tuple[str, ...]
    by_label: tuple[float, ...]
    """Share recognised of each label's phrases; NaN of a label that nothing was composed for."""
    confusion: tuple[tuple[int, ...], ...]
    """Phrases asked for a row's label and taken for a column's."""
    real: float
    """The same of real phrases, over the labels asked for, by a classifier that knows nothing of their piece."""
    real_by_label: tuple[float, ...]
    real_confusion: tuple[tuple[int, ...], ...]
    pieces: tuple[int, ...]
    """Real pieces of each label."""


def recognise(
    composed: FeatureSet,
    asked: Sequence[str],
    real: FeatureSet,
    labels: Sequence[str],
    *,
    figures: Sequence[str] = NOTE_FIGURES,
    folds: int = 5,
    seed: int = 0,
) -> Recognition:
    """Train a multinomial logistic regression on real pieces and ask it about composed phrases.

    Tempo, velocity and instruments are hidden. Every label weighs the same, and within a label every piece.

    Args:
        composed: What is judged.
        asked: The label of each composed phrase, such as its style or mood.
        real: What is learned from; a piece that stands for two labels gives a row for each.
        labels: The label of each real phrase.
        figures: Seen beside all distributions.
        folds: In which real pieces are judged.
        seed: Decides them.

    Raises:
        InputError: When nothing was composed, lengths differ, there are fewer than two labels, or one of ``asked`` is
            not among ``labels``.
        MissingError: When scikit-learn is not installed.
    """
    if len(asked) != len(composed) or len(labels) != len(real):
        raise InputError(
            f"{len(composed)} composed and {len(real)} real phrases need a label each "
            f"(received {len(asked)} and {len(labels)})"
        )
    if not len(asked):
        raise InputError("there is no composed phrase to be recognised")
    names = tuple(sorted(set(labels)))
    unknown = sorted(set(asked) - set(names))
    if len(names) < 2 or unknown:
        raise InputError(
            f"labels of real phrases are {', '.join(names)}; at least two are needed, and those asked for among them "
            f"(received {', '.join(unknown) or 'none other'})"
        )
    table = real.matrix(figures)
    weights = balanced_weights(labels, real.groups)
    found = _name(*score_by_regression(table, labels, weights, composed.matrix(figures)))
    fold = fold_groups(real.groups, folds, make_generator(seed))
    guessed = [""] * len(real)
    for number in range(folds):
        train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        known = [labels[int(row)] for row in train]
        if len(set(known)) < 2:
            raise InputError(f"too few pieces for {folds} folds; use fewer folds or more pieces")
        part = balanced_weights(known, [real.groups[int(row)] for row in train])
        for row, name in zip(test, _name(*score_by_regression(table[train], known, part, table[test])), strict=True):
            guessed[int(row)] = name
    confusion, shares = _confuse(names, asked, found)
    real_confusion, real_shares = _confuse(names, labels, guessed)
    return Recognition(
        share=float(np.nanmean(shares)),
        labels=names,
        by_label=shares,
        confusion=confusion,
        real=float(np.nanmean([real_shares[names.index(name)] for name in sorted(set(asked))])),
        real_by_label=real_shares,
        real_confusion=real_confusion,
        pieces=tuple(
            len({group for group, label in zip(real.groups, labels, strict=True) if label == name}) for name in names
        ),
    )


def _name(names: Sequence[str], chances: npt.NDArray[np.float64]) -> list[str]:
    return [names[int(place)] for place in chances.argmax(axis=1)]


def _confuse(
    names: Sequence[str], asked: Sequence[str], found: Sequence[str]
) -> tuple[tuple[tuple[int, ...], ...], tuple[float, ...]]:
    table = np.zeros((len(names), len(names)), dtype=np.int64)
    for one, other in zip(asked, found, strict=True):
        table[names.index(one), names.index(other)] += 1
    totals = table.sum(axis=1)
    shares = [table[row, row] / totals[row] if totals[row] else float("nan") for row in range(len(names))]
    return tuple(tuple(row) for row in table.tolist()), tuple(float(share) for share in shares)


def measure_recognition(
    models: Mapping[str, FeatureSet], references: Mapping[str, Reference], randoms: Mapping[str, FeatureSet]
) -> dict[str, list[Figure]]:
    """Return the figures of recognition by mood, asked of classifiers that learned from all moods' real pieces.

    Args:
        models: What the moods' models composed, by mood.
        references: Of all moods that there are.
        randoms: What random weights composed, by mood.
    """
    if len(references) < 2:
        return {
            mood: [Figure(name="mood recognised", value=None, note="needs another mood's reference")] for mood in models
        }
    real = _join([reference.real for reference in references.values()])
    moods = [mood for mood, reference in references.items() for _ in range(len(reference.real))]
    found: dict[str, list[Figure]] = {}
    for mood, features in models.items():
        found[mood] = []
        for name, which in (("mood recognised", mood), ("style recognised", None)):
            mine = _ask(features, which, real, moods)
            figure = Figure(
                name=name,
                value=mine.share,
                baselines={
                    "5-gram": _ask(references[mood].ngram, which, real, moods).share,
                    "random": _ask(randoms[mood], which, real, moods).share,
                    "real": mine.real,
                },
                note=_describe(mine),
                details=_confusion_to_dict(mine),
            )
            found[mood].append(hold_to_goal(figure))
    return found


def _ask(features: FeatureSet, mood: str | None, real: FeatureSet, moods: Sequence[str]) -> Recognition:
    """Return how well a mood is recognised; without one, how well the styles are."""
    asked = [mood] * len(features) if mood else list(features.styles)
    return recognise(features, asked, real, list(moods) if mood else list(real.styles))


def _describe(found: Recognition) -> str:
    """Return what the phrases were mostly taken for."""
    taken = np.sum(found.confusion, axis=0)
    most = sorted(zip(found.labels, taken.tolist(), strict=True), key=lambda item: -item[1])[:3]
    words = ", ".join(f"{name} {count / taken.sum():.0%}" for name, count in most if count)
    return f"among {len(found.labels)}; taken for {words}"


def _confusion_to_dict(found: Recognition) -> dict[str, Any]:
    """Return the labels, and what each one that was asked for was taken for: counts of phrases, those of 0 left out."""
    asked = [row for row, counts in enumerate(found.confusion) if any(counts)]

    def name_counts(confusion: Sequence[Sequence[int]]) -> dict[str, dict[str, int]]:
        return {
            found.labels[row]: {name: n for name, n in zip(found.labels, confusion[row], strict=True) if n}
            for row in asked
        }

    return {
        "labels": list(found.labels),
        "taken for": name_counts(found.confusion),
        "real taken for": name_counts(found.real_confusion),
    }


def _join(sets: Sequence[FeatureSet]) -> FeatureSet:
    return FeatureSet(
        np.concatenate([one.counts for one in sets]),
        np.concatenate([one.figures for one in sets]),
        groups=tuple(group for one in sets for group in one.groups),
        styles=tuple(style for one in sets for style in one.styles),
        moods=tuple(mood for one in sets for mood in one.moods),
        extra={"run": np.concatenate([one.figure("run") for one in sets])},
    )
