"""Prepared pieces put together: styles, intensities, splits by piece, and the report of what was left out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gamemusic.errors import InputError
from gamemusic.files import open_ordinary, read_file
from gamemusic.processes import share_in_order
from gamemusic.tokens.state import STREAM_OF_NOTE
from gamemusic.tokens.vocabulary import INTENSITY_BINS, NOTE, ROLES, STYLE_NAMES, VOCABULARY_HASH
from gamemusic_export.duplicates import group_duplicates
from gamemusic_export.prepared import COLUMNS, PreparedPiece, prepare_piece

__all__ = ["SPLITS", "Dataset", "PieceRow", "build_dataset", "load_dataset", "prepare_all"]

SPLITS = ("train", "validation", "test")
_SHARES = (0.88, 0.06, 0.06)

_STYLE, _INTENSITY = COLUMNS.index("style"), COLUMNS.index("intensity")
_FIRST_NOTE = NOTE[ROLES[0]]
_ROLE_OF_TOKEN = np.array(STREAM_OF_NOTE) - 1
"""Index in `ROLES` of each note token, counted from the first one."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class PieceRow:
    """What a dataset knows of one piece."""

    name: str
    """File name without its suffix, below its source's folder."""
    source: str
    style: str
    split: str
    group: str
    """First piece of the group of near-duplicates it belongs to."""
    notes: int
    credit: str
    """Who has to be named."""
    licence: str


@dataclass(slots=True)
class Dataset:
    """All excerpts of a corpus."""

    steps: npt.NDArray[np.uint16]
    """(steps, features): see `gamemusic.tokens.vocabulary.FEATURES`."""
    edges: npt.NDArray[np.int64]
    """First step of each excerpt, and the end."""
    piece_of: npt.NDArray[np.int64]
    """Piece of each excerpt."""
    figures: npt.NDArray[np.float64]
    """(excerpts, figures): mean `Measures` of each excerpt's phrases."""
    pieces: list[PieceRow]
    hash: str
    """SHA-256 of all steps: changes with any note of the corpus."""

    def excerpt(self, index: int) -> npt.NDArray[np.uint16]:
        """Return an excerpt's steps, (T, F)."""
        return self.steps[self.edges[index] : self.edges[index + 1]]

    def select(self, split: str, keep: Callable[[int], bool] = lambda _: True) -> npt.NDArray[np.int64]:
        """Return the excerpts of a split for which ``keep`` says so."""
        chosen = [
            index for index, piece in enumerate(self.piece_of) if self.pieces[piece].split == split and keep(index)
        ]
        return np.array(chosen, dtype=np.int64)

    def notes(self, excerpts: Iterable[int]) -> int:
        """Return how many notes the excerpts hold, copied ones not counted."""
        return sum(int((self.excerpt(index)[:, 0] >= _FIRST_NOTE).sum()) for index in excerpts)

    def retell(self, style: str) -> None:
        """Have all of it learned by another style token, as if it had been built with that."""
        self.steps[:, _STYLE] = STYLE_NAMES.index(style)
        self.pieces[:] = [dataclasses.replace(row, style=style) for row in self.pieces]
        self.hash = _digest_of(self.steps)

    def notes_by_cell(self, excerpts: Iterable[int]) -> dict[str, dict[str, int]]:
        """Return how many written notes the excerpts hold, by style and role."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for index in excerpts:
            tokens = self.excerpt(index)[:, 0].astype(np.int64)
            streams = _ROLE_OF_TOKEN[tokens[tokens >= _FIRST_NOTE] - _FIRST_NOTE]
            found = np.bincount(streams, minlength=len(ROLES)).tolist()
            style = self.pieces[self.piece_of[index]].style
            counts[style].update({role.value: count for role, count in zip(ROLES, found, strict=True) if count})
        return {style: dict(roles) for style, roles in sorted(counts.items())}


def _digest_of(steps: npt.NDArray[np.uint16]) -> str:
    return hashlib.sha256(VOCABULARY_HASH.encode() + steps.tobytes()).hexdigest()


def prepare_all(paths: Sequence[Path], cache: Path, *, jobs: int, progress: Progress) -> list[PreparedPiece]:
    """Return the prepared pieces of ``paths`` in order, read in parallel, cached."""
    found: list[PreparedPiece] = []
    if jobs <= 1:
        for index, path in enumerate(paths):
            found.append(prepare_piece(path, cache))
            progress(index + 1, len(paths), path.name)
        return found
    for index, piece in enumerate(share_in_order(partial(prepare_piece, cache=cache), paths, jobs)):
        found.append(piece)
        progress(index + 1, len(paths), paths[index].name)
    return found


def build_dataset(pieces: Sequence[PreparedPiece], rows: Sequence[tuple[str, str, str, str]], folder: Path) -> Dataset:
    """Put pieces together, write the dataset and its report to ``folder``, and return it.

    Args:
        pieces: Prepared pieces.
        rows: For each, (source, style, licence, credit).
        folder: Made when missing; gets ``steps.npy``, ``dataset.json`` and ``report.json``.

    Raises:
        InputError: Nothing of the pieces can be used.
    """
    if all(piece.meta["skipped"] for piece in pieces):
        reasons = "; ".join(str(piece.meta["skipped"]) for piece in pieces[:3])
        raise InputError(f"none of {len(pieces)} files can be learned from: {reasons or 'there is none'}")
    groups = group_duplicates({f"{row[0]}/{p.meta['name']}": p.shingles for p, row in zip(pieces, rows, strict=True)})
    kept, piece_of, figures = [], [], []
    table: list[PieceRow] = []
    edges = [0]
    intensities = _rank_intensities(pieces, [row[1] for row in rows])
    for piece, row, intensity in zip(pieces, rows, intensities, strict=True):
        if piece.meta["skipped"]:
            continue
        name = f"{row[0]}/{piece.meta['name']}"
        steps = piece.steps.copy()
        steps[:, _STYLE] = STYLE_NAMES.index(row[1])
        steps[:, _INTENSITY] = intensity[piece.phrase_of_step]
        measures = np.array(piece.meta["measures"], dtype=np.float64)
        for first, end in zip(piece.excerpts, piece.excerpts[1:], strict=False):
            edges.append(edges[-1] + int(end - first))
            piece_of.append(len(table))
            figures.append(measures[np.unique(piece.phrase_of_step[first:end])].mean(axis=0))
        notes = sum(piece.meta["notes"].values())
        table.append(PieceRow(name, row[0], row[1], _split_of(groups[name]), groups[name], notes, row[3], row[2]))
        kept.append(steps)
    steps = np.concatenate(kept)
    digest = _digest_of(steps)
    dataset = Dataset(steps, np.array(edges), np.array(piece_of), np.array(figures), table, digest)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "steps.npy", steps)
    np.savez(folder / "index.npz", edges=dataset.edges, piece_of=dataset.piece_of, figures=dataset.figures)
    meta = {"hash": digest, "vocabulary": VOCABULARY_HASH, "pieces": [_row_dict(row) for row in table]}
    (folder / "dataset.json").write_text(json.dumps(meta, indent=1), encoding="utf-8")
    (folder / "report.json").write_text(json.dumps(_report(pieces, rows, table), indent=1), encoding="utf-8")
    return dataset


def load_dataset(folder: Path) -> Dataset:
    """Return the dataset that `build_dataset` wrote to ``folder``."""
    meta = json.loads(read_file(folder / "dataset.json"))
    with open_ordinary(folder / "index.npz") as file, np.load(file, allow_pickle=False) as index:
        edges, piece_of, figures = index["edges"], index["piece_of"], index["figures"]
    with open_ordinary(folder / "steps.npy") as file:
        steps = np.load(file, allow_pickle=False)
    return Dataset(steps, edges, piece_of, figures, [PieceRow(**row) for row in meta["pieces"]], meta["hash"])


def _row_dict(row: PieceRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in PieceRow.__slots__}


def _split_of(group: str) -> str:
    """Return the split of a group of near-duplicates: by its name's hash, so adding pieces moves no other piece."""
    share = int.from_bytes(hashlib.sha256(group.encode()).digest()[:8], "big") / 2**64
    return SPLITS[0] if share < _SHARES[0] else SPLITS[1] if share < _SHARES[0] + _SHARES[1] else SPLITS[2]


def _rank_intensities(pieces: Sequence[PreparedPiece], styles: Sequence[str]) -> list[npt.NDArray[np.int64]]:
    """Return the intensity bin of every phrase: its rank within its style, half by density, the rest by loudness and
    roles.
    """
    places: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for index, (piece, style) in enumerate(zip(pieces, styles, strict=True)):
        places[style] += [(index, phrase) for phrase in range(piece.meta["phrases"])]
    bins = [np.zeros(piece.meta["phrases"], dtype=np.int64) for piece in pieces]
    for where in places.values():
        values = np.array([pieces[piece].meta["measures"][phrase] for piece, phrase in where], dtype=np.float64)
        score = 0.5 * _ranks(values[:, 0]) + 0.25 * _ranks(values[:, 2]) + 0.25 * _ranks(values[:, 3])
        for (index, phrase), rank in zip(where, _ranks(score), strict=True):
            bins[index][phrase] = min(INTENSITY_BINS - 1, int(rank * INTENSITY_BINS))
    return bins


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return each value's rank as a share of 0 to 1; equal values share the middle of their ranks."""
    ordered = np.sort(values)
    low, high = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    return np.asarray((low + high) / (2 * len(values)))


def _report(
    pieces: Sequence[PreparedPiece], rows: Sequence[tuple[str, str, str, str]], table: Sequence[PieceRow]
) -> dict[str, Any]:
    """Return what was read, kept, moved, lost and skipped, by source and together."""
    sources: dict[str, Counter[str]] = defaultdict(Counter)
    skipped = {}
    notes: dict[str, Counter[str]] = defaultdict(Counter)
    for piece, row in zip(pieces, rows, strict=True):
        counts = sources[row[0]]
        counts["files"] += 1
        if piece.meta["skipped"]:
            counts["skipped"] += 1
            skipped[f"{row[0]}/{piece.meta['name']}"] = piece.meta["skipped"]
            continue
        counts.update({f"notes {key}": value for key, value in piece.meta["counts"].items()})
        for key in ("phrases", "lossless", "bars"):
            counts[key] += piece.meta[key]
        counts["tokens"] += len(piece.steps)
        notes[row[1]].update(piece.meta["notes"])
    for counts in sources.values():
        counts["notes moved per 1000"] = round(1000 * counts["notes moved"] / max(1, counts["notes placed"]))
        lost = counts["notes placed"] - counts["notes kept"]
        counts["notes lost per 1000"] = round(1000 * lost / max(1, counts["notes placed"]))
    splits = Counter(row.split for row in table)
    return {
        "sources": {name: dict(counts) for name, counts in sources.items()},
        "notes by style and role": {style: dict(counter) for style, counter in notes.items()},
        "pieces by split": dict(splits),
        "groups of near-duplicates": sum(count > 1 for count in Counter(row.group for row in table).values()),
        "skipped": skipped,
    }
