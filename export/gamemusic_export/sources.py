"""The files of a corpus recipe: which there are, and style, licence and credit of each."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gamemusic.errors import InputError
from gamemusic.files import read_file
from gamemusic.score.midifiles import find_midi_files
from gamemusic_export.prepared import PreparedPiece
from gamemusic_export.recipe import CorpusRecipe, Rule, Source

__all__ = ["SourceFile", "describe_piece", "list_files"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A MIDI file and where it comes from."""

    source: Source
    path: Path
    row: Mapping[str, str]
    """Its row in the source's table; empty without one."""


def list_files(recipe: CorpusRecipe, corpus: Path) -> list[SourceFile]:
    """Return the MIDI files of all sources, in a fixed order.

    Raises:
        InputError: When a source's folder or table is missing, or a folder has no MIDI file.
    """
    found = []
    for source in recipe.sources:
        folder = corpus / source.folder
        paths = find_midi_files(folder)
        if not paths:
            raise InputError(f"no MIDI files in {folder}; the corpus recipe names this folder ({source.url})")
        table = _read_table(folder / source.table) if source.table else {}
        found += [SourceFile(source, path, table.get(path.stem, {})) for path in paths]
    return found


def _read_table(path: Path) -> dict[str, dict[str, str]]:
    try:
        text = read_file(path).decode()
        return {row["file"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    except (InputError, KeyError, UnicodeDecodeError) as error:
        raise InputError(f"table {path} cannot be read as CSV with a column 'file': {error}") from error


def describe_piece(file: SourceFile, piece: PreparedPiece) -> tuple[str, str, str, str]:
    """Return (source, style, licence, credit) of a prepared piece."""
    source = file.source
    style = next((rule.style for rule in source.rules if _fits(rule, file, piece)), source.style)
    licence = _spdx(file.row.get("licence") or source.licence)
    encoder = file.row.get("encoder", "")
    credit = source.credit
    if encoder and licence.startswith("CC-BY"):
        credit = f"{file.row.get('title', file.path.stem)}, encoded by {encoder}"
    return source.folder, style, licence, credit


def _spdx(licence: str) -> str:
    """Return a licence as cards write it: the SPDX name of a Creative Commons licence, or ``Public domain``."""
    attribution = re.search(r"(?:attribution|CC BY)\D*(\d\.\d)", licence, re.I)
    if attribution:
        return f"CC-BY-{attribution[1]}"
    return "Public domain" if re.search(r"public domain|domaine public", licence, re.I) else licence


def _fits(rule: Rule, file: SourceFile, piece: PreparedPiece) -> bool:
    if rule.programs:
        notes: dict[str, int] = {key: count for key, count in piece.meta["programs"].items() if key != "-1"}
        played = sum(notes.get(str(program), 0) for program in rule.programs)
        if played < rule.share * max(1, sum(notes.values())):
            return False
    if rule.column:
        text = file.row.get(rule.column, "").lower()
        if _holds(text, rule.values) == rule.lacks:
            return False
    return True


def _holds(text: str, values: Sequence[str]) -> bool:
    return any(value.lower() in text for value in values)
