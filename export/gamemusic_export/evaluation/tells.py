"""Rows of what gives music away: of composed takes, of held-out real music, and of the controls.

Real rows and those of the controls are committed, so that the figures can be reproduced without the corpus.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from gamemusic.errors import InputError
from gamemusic.score.phrase import Phrase, Role
from gamemusic.tokens.vocabulary import STYLE_NAMES
from gamemusic_export.dataset import Dataset
from gamemusic_export.evaluation.features import FeatureSet, featurise, load_features
from gamemusic_export.evaluation.heard import HEARD, PASSAGE_BARS, Passage, cut_passages, measure_heard
from gamemusic_export.evaluation.real import real_phrases
from gamemusic_export.evaluation.references import REFERENCES
from gamemusic_export.evaluation.sets import PhraseSet
from gamemusic_export.evaluation.takes import Take

__all__ = ["CONTROLS", "TOKENS", "hear_real", "hear_takes", "load_controls", "load_tells", "save_tells", "scope_of"]

CONTROLS = ("random", "5-gram")
"""Sets that the same pipeline composed with something else in the network's place."""
TOKENS = tuple(name for name in STYLE_NAMES if not name.startswith("custom"))
"""Style tokens that real music is kept of."""
_PER_PIECE = 8
"""Passages of one real piece at most."""
_MOST = 160
"""Real passages of a style token at most."""
_LEAST_LEAD = 0.5
"""Share of its bars in which a real passage has to have a lead."""


def hear_takes(takes: Iterable[Take]) -> FeatureSet:
    """Return a row for each passage of some takes, with the figures of `HEARD`; its group is ``mood/style seed``.

    Raises:
        InputError: When there is none.
    """
    phrases: list[Phrase] = []
    groups: list[str] = []
    rows: list[Mapping[str, float]] = []
    for take in takes:
        for passage in cut_passages(take.phrase, take.played):
            phrases.append(_heard_phrase(passage).replace(style=take.token, mood=take.mood))
            groups.append(f"{take.mood}/{take.style} {take.phrase.seed}")
            rows.append(measure_heard(passage, loops=take.phrase.ending == "loop"))
    return _to_features(phrases, groups, rows)


def _heard_phrase(passage: Passage) -> Phrase:
    """Return the lead as composed over what the others play: players may double a lead in octaves."""
    tracks = {track.role: track for track in passage.played.tracks}
    tracks[Role.LEAD] = passage.composed.track(Role.LEAD)
    return passage.composed.replace(tracks=tuple(tracks[role] for role in Role if role in tracks))


def scope_of(group: str) -> tuple[str, str]:
    """Return mood and style of a composed row's group."""
    mood, _, style = group.rpartition(" ")[0].rpartition("/")
    return mood, style


def hear_real(dataset: Dataset, token: str) -> FeatureSet:
    """Return a row for each held-out passage of a style that has a lead; its ``moods`` tell the collection it is from.

    Raises:
        InputError: When there is none.
    """
    rows_of = dataset.pieces
    excerpts = [
        int(index)
        for split in ("validation", "test")
        for index in dataset.select(split, lambda index: rows_of[dataset.piece_of[index]].style == token)
    ]
    sources = {rows_of[dataset.piece_of[index]].group: rows_of[dataset.piece_of[index]].source for index in excerpts}
    per_piece = min(_PER_PIECE, -(-_MOST // max(1, len(sources))))
    found = real_phrases(dataset, excerpts, bars=PASSAGE_BARS, per_piece=per_piece, limit=2 * _MOST)
    phrases: list[Phrase] = []
    groups: list[str] = []
    rows: list[Mapping[str, float]] = []
    for phrase, group in zip(found.phrases, found.groups, strict=True):
        row = measure_heard(Passage(phrase, phrase, frozenset(), opening=True, whole=True, around=phrase), loops=False)
        if row["lead_present"] >= _LEAST_LEAD:
            phrases.append(phrase.replace(mood=sources[group]))
            groups.append(group)
            rows.append(row)
    return _to_features(phrases[:_MOST], groups[:_MOST], rows[:_MOST])


def _to_features(phrases: Sequence[Phrase], groups: Sequence[str], rows: Sequence[Mapping[str, float]]) -> FeatureSet:
    found = featurise(PhraseSet(tuple(phrases), tuple(groups)))
    for name in HEARD:
        found = found.with_extra(name, np.array([row[name] for row in rows]))
    return found


def save_tells(rows: FeatureSet, name: str, folder: Path = REFERENCES) -> Path:
    """Write the rows of a style token or of a control, and return the file."""
    return rows.save(folder / f"heard-{name}.npz")


def load_controls(folder: Path = REFERENCES) -> dict[str, FeatureSet]:
    """Return the rows of those of `CONTROLS` that are kept: a 5-gram cannot be had without the corpus."""
    return {name: load_tells(name, folder) for name in CONTROLS if (folder / f"heard-{name}.npz").exists()}


def load_tells(name: str, folder: Path = REFERENCES) -> FeatureSet:
    """Return the rows of a style token or of one of `CONTROLS`.

    Raises:
        InputError: When there are none.
        FormatError: When the file is damaged or was measured by another version.
    """
    path = folder / f"heard-{name}.npz"
    if not path.exists():
        raise InputError(f"nothing is kept of {name!r}; make it with: gamemusic evaluate --tells --corpus FOLDER")
    return load_features(path)
