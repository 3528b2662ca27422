"""A piece as arrays: tokens, the features beside them and figures of its phrases. One file a piece, in the cache."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gamemusic.errors import InputError
from gamemusic.files import open_ordinary, read_file, shown_name
from gamemusic.limits import LIMITS
from gamemusic.score.measures import measure
from gamemusic.score.phrase import Phrase, Role
from gamemusic.tokens.bars import Bar, cut_bars
from gamemusic.tokens.codec import decode, encode, encode_bars
from gamemusic.tokens.state import DEFAULT_VELOCITY, State
from gamemusic.tokens.vocabulary import (
    END,
    FEATURES,
    METER_NAMES,
    MODE_NAMES,
    ROLES,
    START,
    STREAMS,
    VOCABULARY_HASH,
)
from gamemusic_export.corpus import read_piece
from gamemusic_export.duplicates import shingles

__all__ = ["COLUMNS", "PREPARE_VERSION", "PreparedPiece", "encode_excerpt", "prepare_piece", "role_bits"]

PREPARE_VERSION = 6
"""Raise when corpus reading changes, so that cached pieces are read again."""
COLUMNS = tuple(FEATURES)
"""Columns of `PreparedPiece.steps`: the token and what the model is told beside it."""
_EXCERPT_BARS = 32
"""Phrases are joined to excerpts of about this length; a model's memory starts empty at each."""

Steps = npt.NDArray[np.uint16]


@dataclass(slots=True)
class PreparedPiece:
    """A piece, ready to be trained on. Style and intensity columns are filled when datasets are put together."""

    steps: Steps
    """(steps, len(COLUMNS))."""
    excerpts: npt.NDArray[np.int64]
    """First step of each excerpt, and the end: (excerpts + 1,)."""
    phrase_of_step: npt.NDArray[np.int32]
    """(steps,) index of the phrase that a step belongs to."""
    shingles: npt.NDArray[np.uint32]
    meta: dict[str, Any]
    """name, skipped, counts, programs, and `Measures` of each phrase as a list."""


def role_bits(roles: Sequence[Role]) -> int:
    """Return the feature value of a set of roles."""
    return sum(1 << ROLES.index(role) for role in roles)


def encode_excerpt(phrases: Sequence[Phrase], *, last: bool) -> tuple[Steps, npt.NDArray[np.int32]]:
    """Return the steps of consecutive phrases and the phrase of each step.

    Args:
        phrases: Consecutive phrases of one meter.
        last: Whether the last one ends its piece, and so is a cadence.
    """
    history: list[Bar] = []
    velocities = [DEFAULT_VELOCITY] * len(STREAMS)
    rows: list[tuple[int, ...]] = []
    owner: list[int] = []
    state: State | None = None
    for index, phrase in enumerate(phrases):
        known = (
            METER_NAMES.index(str(phrase.meter)),
            MODE_NAMES.index(phrase.key.parent),
            role_bits(phrase.roles),
            int(last and index == len(phrases) - 1),
        )
        state = State(phrase.bars, state)
        for token in (START if index == 0 else END, *encode_bars(cut_bars(phrase), history, velocities)):
            if token not in (START, END):
                state.advance(token)
            rows.append((token, 0, 0, *known, state.bars_left, state.position, state.chord))
            owner.append(index)
        state.advance(END)
    rows.append((END, 0, 0, *rows[-1][3:]))
    owner.append(len(phrases) - 1)
    return np.array(rows, dtype=np.uint16), np.array(owner, dtype=np.int32)


def prepare_piece(
    path: Path,
    cache: Path | None = None,
    given: Mapping[str, Role | None] | None = None,
    *,
    loose: bool = False,
    quantise: bool = False,
) -> PreparedPiece:
    """Return a MIDI file's arrays, from the cache when the file and the code that reads it are unchanged.

    Args:
        path: The file.
        cache: Folder of what was read before; None: there is none.
        given, loose, quantise: See `read_piece`; such pieces are not kept.
    """
    if given or loose or quantise:
        return _prepare(path, given, loose=loose, quantise=quantise)
    try:
        content = read_file(path, most=LIMITS.midi_bytes)
    except InputError:  # which `read_piece` says
        return _prepare(path)
    digest = hashlib.sha256(content + f"{PREPARE_VERSION} {VOCABULARY_HASH}".encode()).hexdigest()
    kept = None if cache is None else cache / f"{digest}.npz"
    if kept is not None and kept.exists():
        with open_ordinary(kept) as file, np.load(file, allow_pickle=False) as arrays:
            meta = json.loads(bytes(arrays["meta"]).decode())
            meta["name"] = shown_name(path.stem)  # a copy's content is kept under the first one's name
            return PreparedPiece(
                arrays["steps"], arrays["excerpts"], arrays["phrase_of_step"], arrays["shingles"], meta
            )
    piece = _prepare(path)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        packed = np.frombuffer(json.dumps(piece.meta).encode(), dtype=np.uint8)
        partial = kept.with_suffix(".partial.npz")
        np.savez_compressed(
            partial,
            steps=piece.steps,
            excerpts=piece.excerpts,
            phrase_of_step=piece.phrase_of_step,
            shingles=piece.shingles,
            meta=packed,
        )
        partial.replace(kept)
    return piece


def _prepare(
    path: Path, given: Mapping[str, Role | None] | None = None, *, loose: bool = False, quantise: bool = False
) -> PreparedPiece:
    piece = read_piece(path, given, loose=loose, quantise=quantise)
    parts, owners, edges, total = [], [], [0], 0
    groups: list[list[int]] = []
    for index, phrase in enumerate(piece.phrases):
        joined = sum(piece.phrases[other].bars for other in groups[-1]) + phrase.bars if groups else 0
        same = bool(groups) and piece.phrases[groups[-1][-1]].meter == phrase.meter
        if groups and same and index not in piece.breaks and joined <= _EXCERPT_BARS:
            groups[-1].append(index)
        else:
            groups.append([index])
    for group in groups:
        last = group[-1] == len(piece.phrases) - 1
        steps, owner = encode_excerpt([piece.phrases[index] for index in group], last=last)
        parts.append(steps)
        owners.append(owner + group[0])
        total += len(steps)
        edges.append(total)
    lossless = sum(decode(encode(phrase), phrase.replace(tracks=(), chords=())) == phrase for phrase in piece.phrases)
    meta = {
        "name": piece.name,
        "skipped": piece.skipped,
        "moved": piece.moved,
        "counts": dict(piece.counts),
        "programs": {str(program): count for program, count in piece.programs.items()},
        "phrases": len(piece.phrases),
        "lossless": lossless,
        "bars": sum(phrase.bars for phrase in piece.phrases),
        "notes": {role.value: sum(len(phrase.track(role).notes) for phrase in piece.phrases) for role in ROLES},
        "measures": [list(dataclasses.astuple(measure(phrase))) for phrase in piece.phrases],
    }
    empty = np.zeros((0, len(COLUMNS)), dtype=np.uint16)
    return PreparedPiece(
        steps=np.concatenate(parts) if parts else empty,
        excerpts=np.array(edges, dtype=np.int64),
        phrase_of_step=np.concatenate(owners) if owners else np.zeros(0, dtype=np.int32),
        shingles=shingles(piece.phrases),
        meta=meta,
    )
