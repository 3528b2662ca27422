"""All figures of one mood: its music against held-out real music, the 5-gram's and that of random weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gamemusic.arranger.arranger import arrange
from gamemusic.composer.composer import Composer
from gamemusic.composer.session import Session
from gamemusic.packs.fingerprint import Fingerprint
from gamemusic.packs.pack import Pack
from gamemusic.score.phrase import Phrase, Role
from gamemusic.units import ticks_to_seconds
from gamemusic_export.evaluation.asks import Ask, compose_asks
from gamemusic_export.evaluation.bands import measure_inside
from gamemusic_export.evaluation.features import FeatureSet, featurise
from gamemusic_export.evaluation.figures import Figure, hold_to_goal
from gamemusic_export.evaluation.harmony import HARMONY
from gamemusic_export.evaluation.labels import name_column
from gamemusic_export.evaluation.likeness import Likeness, measure_likeness
from gamemusic_export.evaluation.order import correlate_within, order_moods
from gamemusic_export.evaluation.originality import measure_variety, share_over
from gamemusic_export.evaluation.references import BARS, Reference, find_runs
from gamemusic_export.evaluation.seams import measure_seams
from gamemusic_export.evaluation.sets import PhraseSet
from gamemusic_export.evaluation.structure import STRUCTURE
from gamemusic_export.evaluation.tell import Clue, find_clues, find_void, tell_apart

__all__ = ["AROUSAL", "Composed", "compose_set", "measure_intensity", "measure_mood", "measure_order"]

_INTENSITIES = (0.05, 0.275, 0.5, 0.725, 0.95)
_SEEDS = 6
"""Seeds of each style for which intensity is measured."""

AROUSAL = (
    ("sorrow",),
    ("dungeon", "mystery"),
    ("explore",),
    ("town", "title", "tavern"),
    ("victory",),
    ("combat",),
    ("boss",),
)
"""The shipped moods from calm to excited, as players would expect them."""
_TAKES = 8
"""Phrases of each mood that the order is measured on."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Composed:
    """A set that the pipeline composed with some session."""

    phrases: tuple[Phrase, ...]
    features: FeatureSet


def compose_set(
    pack: Pack,
    session: Session,
    asks: Sequence[Ask],
    fingerprint: Fingerprint | None,
    *,
    label: str,
    progress: Progress,
) -> Composed:
    """Compose one phrase for each ask, from seed 0 on; without a fingerprint runs are not looked for."""
    phrases = []
    for phrase in compose_asks(Composer(pack, session), asks, bars=BARS, seed=0):
        phrases.append(phrase)
        progress(label, len(phrases), len(asks))
    features = featurise(PhraseSet.composed(phrases))
    if fingerprint is not None:
        features = features.with_extra("run", find_runs(phrases, fingerprint))
    return Composed(tuple(phrases), features)


def measure_mood(
    pack: Pack, model: Composed, random: Composed, reference: Reference, *, own: Session, judge: Session | None
) -> list[Figure]:
    """Return the figures that need no corpus, those of recognition left out.

    Args:
        pack: The mood.
        model: What its model composed.
        random: What random weights composed.
        reference: What both are held against.
        own: The mood's model.
        judge: A model that was trained apart; None where there is none.
    """
    real, ngram = reference.real, reference.ngram
    figures = [_likeness(model, random, reference), _tell(model, random, reference)]
    for name, columns in (("structure", STRUCTURE), ("harmony", HARMONY)):
        inside = measure_inside(model.features, real, columns)
        found = Figure(
            name=name,
            value=inside.share,
            baselines={
                "5-gram": measure_inside(ngram, real, columns).share,
                "random": measure_inside(random.features, real, columns).share,
                "real": inside.real,
            },
            note=f"{inside.pieces} real pieces",
            details={"figures": inside.figures, "real": inside.real_figures, "spread": inside.spread},
        )
        figures.append(hold_to_goal(found))
    figures += _seams(model, own, judge)
    originality = Figure(
        name="originality",
        value=share_over(_runs(model.features)),
        baselines={
            "5-gram": share_over(_runs(ngram)),
            "random": share_over(_runs(random.features)),
            "real": share_over(_runs(real)),
        },
        note=f"longest {int(_runs(model.features).max())} notes; by the pack's fingerprint",
    )
    alike = measure_variety(model.phrases)
    variety = Figure(
        name="variety",
        value=float(alike.identical),
        note=f"of {len(model.phrases)} phrases; at most {alike.largest:.2f} of a lead is in another one",
    )
    figures += [hold_to_goal(originality), hold_to_goal(variety)]
    figures += measure_intensity(pack, own)
    figures.append(_rejections(model))
    return figures


def _runs(features: FeatureSet) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return features.figure("run").astype(np.int64)


def _likeness(model: Composed, random: Composed, reference: Reference) -> Figure:
    def measure(features: FeatureSet) -> Likeness:
        return measure_likeness(features, reference.real)

    found = measure(model.features)
    figure = Figure(
        name="likeness",
        value=found.share,
        baselines={
            "5-gram": measure(reference.ngram).share,
            "random": measure(random.features).share,
            "real": 1.0,
        },
        note=f"{found.pieces} real pieces, {found.phrases} phrases on a side; 5 to 95 %: "
        f"{found.share_range[0]:.2f} to {found.share_range[1]:.2f}",
        details={name: {"model": one, "real": other} for name, (one, other) in found.categories.items()},
    )
    return hold_to_goal(figure)


def _tell(model: Composed, random: Composed, reference: Reference) -> Figure:
    found = tell_apart(model.features, reference.real)
    control = tell_apart(reference.ngram, reference.real)
    void = find_void(control)
    clues = find_clues(model.features, reference.real)
    figure = Figure(
        name="can a machine tell",
        value=found.area,
        baselines={
            "5-gram": control.area,
            "random": tell_apart(random.features, reference.real).area,
            "real": 0.5,
        },
        note=void or f"upper 95 % bound {found.upper:.3f}; {found.pieces} real pieces, {found.phrases} phrases of each",
        details={"upper": found.upper, "clues": [_clue_to_dict(clue) for clue in clues]},
    )
    return hold_to_goal(figure, value=found.upper, void=bool(void))


def _clue_to_dict(clue: Clue) -> dict[str, Any]:
    return {
        "feature": name_column(clue.column),
        "model has": "more" if clue.more else "less",
        "area": clue.area,
        "model": clue.composed,
        "real": clue.real,
    }


def _seams(model: Composed, own: Session, judge: Session | None) -> list[Figure]:
    figures = []
    for name, session in (("seam, by the model", own), ("seam, by the judge", judge)):
        if session is None:
            continue
        seams = measure_seams(session, model.phrases)
        over, inside = float(seams.over.mean()), float(seams.inside.mean())
        spread = 1.96 * float((seams.over - seams.inside).std()) / len(model.phrases) ** 0.5
        note = f"{over:.3f} against {inside:.3f}, 95 %: +-{spread:.3f}"
        figures.append(hold_to_goal(Figure(name=name, value=over - inside, note=note)))
    return figures


def measure_intensity(pack: Pack, own: Session, *, seeds: int = _SEEDS) -> list[Figure]:
    """Return how notes a beat and played velocity follow the intensity, within a seed, nobody silenced."""
    composer = Composer(_without_layers(pack), own)
    asked, rates, velocities, names = [], [], [], []
    for style in pack.preset.styles:
        for seed in range(seeds):
            for intensity in _INTENSITIES:
                phrase = composer.compose(style=style, bars=BARS, seed=seed, intensity=intensity, ending="loop")
                played = [note.velocity for part in arrange(phrase).parts for note in part.notes]
                asked.append(intensity)
                rates.append(float(sum(1 for _ in phrase.notes())))
                velocities.append(sum(played) / len(played))
                names.append((style, seed))
    figures = []
    for name, values in (("intensity, notes", rates), ("intensity, velocity", velocities)):
        found = correlate_within(asked, values, names)
        note = f"{found.seeds} seeds and styles, {len(_INTENSITIES)} intensities; lowest {found.least:.2f}"
        figures.append(hold_to_goal(Figure(name=name, value=found.mean, note=note)))
    return figures


def _without_layers(pack: Pack) -> Pack:
    styles = {
        name: dataclasses.replace(
            style,
            instruments={
                role: dataclasses.replace(player, from_intensity=0.0, double_from=None)
                for role, player in style.instruments.items()
                if role in style.learned
            },
            sections={},
        )
        for name, style in pack.preset.styles.items()
    }
    return dataclasses.replace(pack, preset=dataclasses.replace(pack.preset, form=(), theme="", styles=styles))


def _rejections(model: Composed) -> Figure:
    composed = sum(phrase.candidates for phrase in model.phrases)
    counts: dict[str, Any] = {}
    for phrase in model.phrases:
        for fault, count in phrase.rejected:
            counts[fault] = counts.get(fault, 0) + count
    faulty = sum(counts.values())
    words = ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"
    return Figure(
        name="candidates with a fault",
        value=faulty / max(1, composed),
        note=f"of {composed} candidates: {words}",
        details=counts,
    )


def measure_order(packs: Sequence[Pack]) -> list[Figure]:
    """Return how far moods, asked for by name alone, follow the order of arousal: as played, in the default style."""
    known = {mood for step in AROUSAL for mood in step}
    measured: dict[str, dict[str, list[float]]] = {
        name: {} for name in ("order, notes a second", "order, velocity", "order, lead's pitch")
    }
    for pack in packs:
        if pack.name not in known:
            continue
        composer = Composer(pack)
        for seed in range(_TAKES):
            arranged = arrange(composer.compose(seed=seed))
            seconds = ticks_to_seconds(arranged.ticks, arranged.tempo_bpm)
            notes = [note for part in arranged.parts for note in part.notes]
            lead = [note.pitch for part in arranged.parts if part.role is Role.LEAD for note in part.notes]
            played = (len(notes) / seconds, sum(n.velocity for n in notes) / len(notes), sum(lead) / max(1, len(lead)))
            for name, value in zip(measured, played, strict=True):
                measured[name].setdefault(pack.name, []).append(value)
    figures = []
    for name, values in measured.items():
        if len(values) < 2:
            continue
        found = order_moods(values, AROUSAL)
        wrong = ", ".join(f"{low} over {high}" for low, high in found.wrong) or "none"
        figures.append(
            Figure(
                name=name,
                value=found.correlation,
                goal="the order of arousal",
                reached=not found.wrong,
                note=f"rank correlation; pairs the other way round: {wrong}",
                details=found.means,
            )
        )
    return figures
