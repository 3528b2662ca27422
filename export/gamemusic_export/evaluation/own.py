"""How good somebody's own mood is, in plain words: a verdict, the figures under it, and phrases to hear and see.

A shipped mood is measured against a corpus; somebody's own one against the few files it was taught with, its parent and
random weights. What so few files cannot tell is not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gamemusic.composer.composer import Composer
from gamemusic.composer.session import Session
from gamemusic.errors import GameMusicError, InputError
from gamemusic.packs.fingerprint import Fingerprint, load_fingerprint
from gamemusic.packs.library import find_pack
from gamemusic.packs.pack import Pack
from gamemusic.score.phrase import Phrase, Role
from gamemusic_export.baselines import random_session
from gamemusic_export.evaluate import score_session
from gamemusic_export.evaluation.asks import Ask, asks_of
from gamemusic_export.evaluation.features import FeatureSet, featurise
from gamemusic_export.evaluation.likeness import measure_likeness
from gamemusic_export.evaluation.measurement import Composed, compose_set, measure_intensity
from gamemusic_export.evaluation.originality import LONG_RUN, measure_variety, share_over
from gamemusic_export.evaluation.references import load_reference, read_real
from gamemusic_export.evaluation.seams import measure_seams
from gamemusic_export.fingerprint import make_fingerprint
from gamemusic_export.own import count_real
from gamemusic_export.own_music import OwnMusic, study

__all__ = ["Finding", "OwnEvaluation", "evaluate_own"]

_SEAM_SLACK = 0.05
"""Bits a token by which the first bar may surprise more after the last than bars inside do."""
_COPY_SLACK = 0.1
"""Share of phrases by which composed ones may share long runs with the files more often than real pieces do."""
_ALIKE, _FOLLOWS, _FAULTY = 0.7, 0.8, 0.1
_LEAST_PIECES = 2
_BINS = (1, 3, 6)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One figure of the mood beside that of others, and what it means."""

    name: str
    own: float
    others: Mapping[str, float]
    """By ``parent``, ``random`` and ``real music``, where it could be measured."""
    good: bool
    means: str
    """A sentence for people who know no machine learning."""
    helps: str = ""
    """What to do when it is not good."""


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


@dataclass(frozen=True, slots=True)
class _Bench:
    """What all measurements need."""

    pack: Pack
    parent: Pack | None
    """None when it is not installed, or when the mood still has its parent's model."""
    same_model: bool
    music: OwnMusic | None
    real: FeatureSet | None
    asks: Sequence[Ask]
    fingerprint: Fingerprint | None
    """Of the music it learned from; None: not known."""


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
    bench, notes = _prepare(folder, midi)
    own = Session(bench.pack.model, file=f"{bench.pack.name}/{bench.pack.preset.model}")
    asks = [bench.asks[index % len(bench.asks)] for index in range(phrases)]
    sets = {"own": _compose(bench, own, asks, bench.pack.name, progress)}
    if bench.parent is not None:
        sets["parent"] = _compose(bench, Session(bench.parent.model), asks, bench.parent.name, progress)
    sets["random"] = _compose(bench, random_session(), asks[: max(10, phrases // 2)], "random notes", progress)
    findings = [
        *_learned(bench, own),
        *_alike(bench, sets),
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


def _prepare(folder: str | Path, midi: Path | None) -> tuple[_Bench, list[str]]:
    notes: list[str] = []
    pack = _with_learned_styles(find_pack(folder), notes)
    parent = _find_parent(pack, notes)
    same = parent is not None and parent.model == pack.model
    music = real = None
    asks: list[Ask] = []
    if midi is not None:
        music = study(midi, _token(pack))
        if pack.card.training.data_hash != music.dataset.hash:
            notes.append(
                "these are not the files, or not the roles, that it was taught with last, so it may know some of what "
                "it is judged by"
            )
        found = read_real(music.dataset, range(len(music.dataset.piece_of)), pack)
        asks = asks_of(found.phrases)
        real = featurise(found)
        if real.pieces < _LEAST_PIECES:
            notes.append("one piece alone cannot tell how alike pieces are: likeness was not measured")
            real = None
    elif parent is not None:
        asks, real = _parents_music(pack, parent, notes)
    if midi is None:
        notes.append("it was not held against your music; add --midi and the folder of your files")
    fingerprint = _find_fingerprint(pack, music, notes)
    return _Bench(pack, None if same else parent, same, music, real, asks or _usual_asks(pack), fingerprint), notes


def _with_learned_styles(pack: Pack, notes: list[str]) -> Pack:
    """Return the mood without styles in which the model composes nothing.

    Raises:
        InputError: It has no others.
    """
    styles = {name: style for name, style in pack.preset.styles.items() if style.learned}
    left = [name for name in pack.preset.styles if name not in styles]
    if not styles:
        raise InputError(f"{pack.name}: no style has a role in 'learned', so there is nothing that a model composed")
    if not left:
        return pack
    notes.append(f"the model composes nothing in {', '.join(left)}, so that was not measured")
    return replace(pack, preset=replace(pack.preset, styles=styles))


def _token(pack: Pack) -> str:
    """Return the style token that learned last, or the default style's."""
    tokens = {style.token for style in pack.preset.styles.values()}
    learned = pack.card.training.extra.get("token")
    return learned if learned in tokens else pack.preset.styles[pack.preset.default_style].token


def _find_parent(pack: Pack, notes: list[str]) -> Pack | None:
    known = pack.card.parent
    if known is None:
        notes.append("its card names no parent, so there is none to compare it with")
        return None
    try:
        return find_pack(known.name)
    except GameMusicError:
        notes.append(f"its parent {known.name} is not installed, so it was not compared with it")
        return None


def _parents_music(pack: Pack, parent: Pack, notes: list[str]) -> tuple[list[Ask], FeatureSet | None]:
    """Return what the parent's reference asks for and holds, as far as the mood has styles for it."""
    try:
        reference = load_reference(parent.name)
    except InputError:
        return [], None
    tokens = {style.token for style in pack.preset.styles.values()}
    real = reference.real.select([style in tokens for style in reference.real.styles])
    if real.pieces < _LEAST_PIECES:
        return [], None
    notes.append(f"it was held against held-out pieces of {parent.name}'s music")
    return [ask for ask in reference.asks if ask.style in tokens], real


def _find_fingerprint(pack: Pack, music: OwnMusic | None, notes: list[str]) -> Fingerprint | None:
    if not pack.preset.fingerprint:
        if music is not None:
            return make_fingerprint(music.dataset, music.select("train").tolist())
        notes.append("it has no fingerprint of the music it learned from, so copies were not looked for")
        return None
    return load_fingerprint(pack.read(pack.preset.fingerprint), file=f"{pack.name}/{pack.preset.fingerprint}")


def _usual_asks(pack: Pack) -> list[Ask]:
    """Return an ask for each style, meter, mode and some intensities, where there is no music to take them from."""
    preset = pack.preset
    return [
        Ask(style.token, tuple(role.value for role in style.learned), str(meter), key.mode, intensity)
        for intensity in _BINS
        for style in preset.styles.values()
        for meter in preset.meters
        for key in preset.keys
    ]


def _compose(bench: _Bench, session: Session, asks: Sequence[Ask], label: str, progress: Progress) -> Composed:
    return compose_set(bench.pack, session, asks, bench.fingerprint, label=label, progress=progress)


def _learned(bench: _Bench, own: Session) -> list[Finding]:
    """Return how much better than its parent it predicts music of yours that it never saw."""
    if bench.same_model:
        return []
    what = "On music of yours that was held out it needs"
    if bench.music is not None and bench.parent is not None:
        if bench.music.repeated:
            what = "On bars of yours that come back elsewhere, so that this says too much, it needs"
        test = bench.music.select("test")
        before = score_session(Session(bench.parent.model), bench.music.dataset, test).bits_per_note
        after = score_session(own, bench.music.dataset, test).bits_per_note
    else:
        measures = bench.pack.card.measures
        known = [measures.get(name) for name in ("bits_per_note_before", "bits_per_note_exported")]
        if not all(isinstance(value, float) for value in known):
            return []
        before, after = (float(value) for value in known if value is not None)
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


def _alike(bench: _Bench, sets: Mapping[str, Composed]) -> list[Finding]:
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


def _copies(bench: _Bench, fingerprint: Fingerprint | None, sets: Mapping[str, Composed]) -> list[Finding]:
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


def _follows(bench: _Bench, own: Session) -> Finding:
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


def _judge(bench: _Bench, findings: Sequence[Finding], phrases: int) -> str:
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
