"""How good somebody's own mood is, in plain words: a verdict, the figures under it, and phrases to hear and see.

A shipped mood is measured against a corpus; somebody's own one against the few files it was taught with, its parent and
random weights. What so few files cannot tell is not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gamemusic.composer.composer import Composer
from gamemusic.composer.session import Session
from gamemusic.errors import InputError
from gamemusic.packs.fingerprint import Fingerprint
from gamemusic.score.phrase import Phrase, Role
from gamemusic.tokens.vocabulary import STYLE_NAMES
from gamemusic_export.baselines import random_session
from gamemusic_export.evaluate import score_session
from gamemusic_export.evaluation.features import FeatureSet
from gamemusic_export.evaluation.likeness import measure_likeness
from gamemusic_export.evaluation.measurement import Composed, measure_intensity
from gamemusic_export.evaluation.originality import LONG_RUN, measure_variety, share_over
from gamemusic_export.evaluation.own_bench import Bench, compose_on, parents_token, prepare_bench
from gamemusic_export.evaluation.own_feel import find_groove, find_register
from gamemusic_export.evaluation.own_finding import Finding
from gamemusic_export.evaluation.seams import measure_seams
from gamemusic_export.own import count_real

__all__ = ["OwnEvaluation", "evaluate_own"]

_SEAM_SLACK = 0.05
"""Bits a token by which the first bar may surprise more after the last than bars inside do."""
_COPY_SLACK = 0.1
"""Share of phrases by which composed ones may share long runs with the files more often than real pieces do."""
_ALIKE, _FOLLOWS, _FAULTY = 0.7, 0.8, 0.1

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEvaluation:
    """What was found out about a mood."""

    mood: str
    headline: str
    """The verdict in one sentence."""
    findings: Sequence[Finding]
    notes: Sequence[str]
    """What could not be measured, and how it could."""
    phrases: Mapping[str, Sequence[Phrase]]
    """Some phrases by style, composed as a game would, to hear and see."""


def evaluate_own(
    folder: str | Path, *, midi: Path | None, phrases: int, examples: int = 3, progress: Progress
) -> OwnEvaluation:
    """Measure a mood.

    Args:
        folder: The mood's folder or zip, or the name of an installed one.
        midi: The files it was taught with; None: it is held against its parent's music.
        phrases: How many it composes.
        examples: Phrases of each style to hear and see.
        progress: Called with what is done, how much, and of how much.

    Raises:
        InputError: No such mood or folder, or fewer than 10 phrases.
        PackError, FormatError: The mood is broken.
    """
    if phrases < 10:
        raise InputError(f"at least 10 phrases are needed to measure anything (received {phrases})")
    bench, notes = prepare_bench(folder, midi)
    own = Session(bench.pack.model, file=f"{bench.pack.name}/{bench.pack.preset.model}")
    asks = [bench.asks[index % len(bench.asks)] for index in range(phrases)]
    sets = {"own": compose_on(bench, own, asks, bench.pack.name, progress)}
    if bench.parent is not None:
        theirs = Session(bench.parent.model)
        sets["parent"] = compose_on(bench, theirs, asks, bench.parent.name, progress, as_parent=True)
    sets["random"] = compose_on(bench, random_session(), asks[: max(10, phrases // 2)], "random notes", progress)
    findings = [
        *_learned(bench, own),
        *_alike(bench, sets),
        *find_groove(bench, sets),
        *find_register(bench, sets),
        *_copies(bench, bench.fingerprint, sets),
        _loops(own, sets["own"]),
        _varied(sets["own"]),
        _follows(bench, own),
        _faults(sets["own"]),
    ]
    composer = Composer(bench.pack, own)
    shown = {
        style: [composer.compose(style=style, seed=seed) for seed in range(1, examples + 1)]
        for style in bench.pack.preset.styles
    }
    return OwnEvaluation(
        mood=bench.pack.name,
        headline=_judge(bench, findings, phrases),
        findings=findings,
        notes=notes,
        phrases=shown,
    )


def _learned(bench: Bench, own: Session) -> list[Finding]:
    """Return how much better than its parent it predicts music of yours that it never saw."""
    if bench.same_model:
        return []
    what = "On music of yours that was held out it needs"
    if bench.music is not None and bench.parent is not None:
        if bench.music.repeated:
            what = "On bars of yours that come back elsewhere, so that this says too much, it needs"
        test = bench.music.select("test")
        known = STYLE_NAMES.index(parents_token(bench.pack, bench.music.dataset.pieces[0].style))
        before = score_session(Session(bench.parent.model), bench.music.dataset, test, style=known).bits_per_note
        after = score_session(own, bench.music.dataset, test).bits_per_note
    else:
        measures = bench.pack.card.measures
        said = [measures.get(name) for name in ("bits_per_note_before", "bits_per_note_exported")]
        if not all(isinstance(value, float) for value in said):
            return []
        before, after = (float(value) for value in said if value is not None)
        if not before > 0 or not after > 0:
            return []
        what = "Its card says that on music that was held out it needs"
    gain = 100 * (1 - after / before)
    better = f"{gain:.0f} % fewer" if gain > 0 else f"{-gain:.0f} % more"
    return [
        Finding(
            name="learned (bits a note)",
            own=after,
            others={"parent": before},
            good=gain > 0,
            means=f"{what} {better} bits a note than its parent.",
            helps="More pieces of the same kind help most; check who plays what with --show-roles.",
        )
    ]


def _alike(bench: Bench, sets: Mapping[str, Composed]) -> list[Finding]:
    if bench.real is None:
        return []
    shares = {name: measure_likeness(one.features, bench.real).share for name, one in sets.items()}
    whose = "your pieces" if bench.music is not None else "the pieces its parent learned from"
    return [
        Finding(
            name="alike",
            own=shares["own"],
            others={**{name: share for name, share in shares.items() if name != "own"}, "real music": 1.0},
            # with its parent's music it need not have much in common
            good=shares["own"] > shares["random"] and (bench.music is None or shares["own"] >= _ALIKE),
            means=f"Its phrases have {100 * shares['own']:.0f} % of what {whose} have in common with each other "
            f"(random notes: {100 * shares['random']:.0f} %).",
            helps="Take pieces that resemble each other, and compare tempo, keys and ranges in the preset with them.",
        )
    ]


def _copies(bench: Bench, fingerprint: Fingerprint | None, sets: Mapping[str, Composed]) -> list[Finding]:
    if fingerprint is None or not _sings(sets["own"]):
        return []
    shares = {name: share_over(_runs(one.features)) for name, one in sets.items()}
    others = {name: share for name, share in shares.items() if name != "own"}
    if bench.music is not None:
        others["real music"] = count_real(bench.music, fingerprint)  # what was held out
    longest = int(_runs(sets["own"].features).max())
    usual = others.get("parent", others["random"])
    return [
        Finding(
            name="copied",
            own=shares["own"],
            others=others,
            good=shares["own"] <= usual + _COPY_SLACK,
            means=f"{100 * shares['own']:.0f} % of its phrases share a run of more than {LONG_RUN} melody notes with "
            f"the music it learned from; the longest run has {longest}.",
            helps="It learned your files by heart: train again with --updates 100 or fewer, or with more pieces.",
        )
    ]


def _sings(composed: Composed) -> bool:
    return any(phrase.track(Role.LEAD).notes for phrase in composed.phrases)


def _runs(features: FeatureSet) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return features.figure("run").astype(np.int64)


def _loops(own: Session, composed: Composed) -> Finding:
    seams = measure_seams(own, composed.phrases)
    over = float((seams.over - seams.inside).mean())
    more = "no more" if over <= 0 else f"{over:.2f} bits more"
    return Finding(
        name="seam (bits a token)",
        own=over,
        others={},
        good=over <= _SEAM_SLACK,
        means=f"By its own measure, the first bar after the last one surprises {more} than bars inside do.",
        helps="Ask for more candidates in the preset (candidates: 16).",
    )


def _varied(own: Composed) -> Finding:
    found = measure_variety(own.phrases)
    return Finding(
        name="alike phrases",
        own=float(found.identical),
        others={},
        good=found.identical == 0,
        means=f"Of {len(own.phrases)} phrases {_pairs(found.identical)} the same"
        + (f"; at most {100 * found.largest:.0f} % of a melody is in another one." if _sings(own) else "."),
        helps="Raise the temperature in the preset a little.",
    )


def _pairs(count: int) -> str:
    if count == 0:
        return "no two are"
    return "two are" if count == 1 else f"{count} pairs are"


def _follows(bench: Bench, own: Session) -> Finding:
    found = {figure.name: figure.value or 0.0 for figure in measure_intensity(bench.pack, own, seeds=4)}
    rates = found["intensity, notes"]
    return Finding(
        name="intensity",
        own=rates,
        others={},
        good=rates >= _FOLLOWS,
        means=f"Notes follow the intensity that a game asks for with a rank correlation of {rates:.2f} (1: always).",
        helps="Layers do it, too: give roles a from_intensity in the preset.",
    )


def _faults(own: Composed) -> Finding:
    turned_away = [(sum(count for _, count in phrase.rejected), phrase.candidates) for phrase in own.phrases]
    faulty = sum(bad >= every > 0 for bad, every in turned_away)
    share = faulty / len(own.phrases)
    return Finding(
        name="with a fault",
        own=share,
        others={},
        good=share <= _FAULTY,
        means=f"{faulty or 'None'} of {len(own.phrases)} phrases had to be taken with a fault, such as a melody that "
        "stands still.",
        helps="Ask for more candidates, or for a lower temperature.",
    )


def _judge(bench: Bench, findings: Sequence[Finding], phrases: int) -> str:
    name = bench.pack.name
    bad = [finding for finding in findings if not finding.good]
    model = (
        f" It has {bench.pack.card.parent.name}'s model still." if bench.same_model and bench.pack.card.parent else ""
    )
    if not bad:
        return f"{name} is good to go, as far as {phrases} phrases can tell.{model}"
    names = ", ".join(finding.name.partition(" (")[0] for finding in bad)
    things = "one thing" if len(bad) == 1 else f"{len(bad)} things"
    return f"{name} works, with {things} to look at in {phrases} phrases: {names}.{model}"
