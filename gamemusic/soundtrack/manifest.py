"""Manifest: what a baked folder says of itself, read strictly, since a folder may come from anybody.

Bakes remove and rename the files that a manifest or a journal names, so these are names of files in the folder and
nothing else: no paths out of it, nothing hidden, none of the files that hold the whole together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gamemusic.errors import FormatError, InputError, PackError
from gamemusic.files import read_head
from gamemusic.packs.jsonfile import (
    Misfit,
    Shape,
    check_shape,
    either,
    list_of,
    load_json,
    number,
    one_of,
    record,
    row,
    table,
    text,
    whole,
)
from gamemusic.packs.members import check_member_name
from gamemusic.score.phrase import Role
from gamemusic.soundtrack.page import PAGE
from gamemusic.units import METERS

__all__ = [
    "ADVICE",
    "MANIFEST",
    "MANIFEST_FORMAT",
    "MOST_BYTES",
    "SIDES",
    "parse_manifest",
    "parse_piece",
    "place_inside",
    "read_manifest",
]

MANIFEST = "manifest.json"
MANIFEST_FORMAT = 1
SIDES = "sides"
"""Key behind which the files made from the manifest stand, with their SHA-256."""
MOST_BYTES = 1 << 30
"""Of a manifest: 100,000 cues have some 260 MB."""
ADVICE = "remove the file and bake again"
_MOST_VALUES = 20_000_000
_MOST_PIECES = 10_000_000
_RESERVED = frozenset((MANIFEST, PAGE))
_SIDE_DEPTH = 2
_LONG = 2**63 - 1
_LONGEST_SECONDS = 1e6


def _plain_name(value: object) -> None:
    """Shape of the name of a file that lies in the folder itself."""
    _inside(value)
    if "/" in str(value):
        raise Misfit(f"found {str(value)!r}, expected the name of a file in this folder")


def _inside(value: object) -> None:
    """Shape of the path of a file in the folder or one below."""
    if not isinstance(value, str):
        raise Misfit("found no text, expected the name of a file")
    try:
        check_member_name(value)
    except PackError as error:
        raise Misfit(str(error)) from None
    parts = value.split("/")
    if len(parts) > _SIDE_DEPTH or parts[0].startswith(".") or value.casefold() in _RESERVED:
        raise Misfit(f"found {value!r}, expected the name of a file that a bake writes")


_LINE, _WORD = text(1000), text(100)
_NAME = text(64, r"[a-z][a-z0-9_-]*", "a name of small letters, digits, - and _")
_SHA256 = text(64, r"[0-9a-f]{64}", "a SHA-256 of 64 digits")
_SECONDS, _DECIBELS, _COUNT = number(0, _LONGEST_SECONDS), number(-1000, 1000), whole(0, _LONG)
_FILE_OF = record({"file": text(400), "sha256": _SHA256})
_LOOP = record({"start": _COUNT, "end": _COUNT, "start_seconds": _SECONDS, "end_seconds": _SECONDS})
_COMMON: Mapping[str, Shape] = {
    "file": _plain_name,
    "sha256": _SHA256,
    "bytes": _COUNT,
    "role": one_of(None, *(str(role) for role in Role)),
}
_AROUND: Mapping[str, Shape] = {
    "level": number(0, 1),
    "part": one_of("intro"),
    "next": _COUNT,
    "next_seconds": _SECONDS,
}
_MIDI = record(
    {**_COMMON, "format": one_of("midi"), "ticks": _COUNT, "loops": one_of(True, False)},
    {**_AROUND, "loop_start_ticks": _COUNT},
)
_SOUND = record(
    {
        **_COMMON,
        "format": one_of("wav", "ogg", "flac"),
        "sample_rate": whole(8000, 96000),
        "frames": _COUNT,
        "seconds": _SECONDS,
        "loop": either(None, _LOOP),
    },
    {**_AROUND, "intro": _COUNT, "loudness_lufs": either(None, _DECIBELS)},
)


def _file(value: object) -> None:
    (_MIDI if isinstance(value, dict) and value.get("format") == "midi" else _SOUND)(value)
    if isinstance(value, dict) and (loop := value.get("loop")) and not loop["start"] < loop["end"] <= value["frames"]:
        raise Misfit(f"found a loop from frame {loop['start']} to {loop['end']} in {value['frames']} frames")


_LEVELS = list_of(number(0, 1), 8, least=1)


_PIECE = record(
    {
        "name": _NAME,
        "kind": one_of("cue", "transition", "stinger"),
        "key_of_order": _SHA256,
        "mood": _WORD,
        "style": _WORD,
        "seed": either(None, whole(0, 2**64 - 1)),
        "source": either(None, _FILE_OF),
        "tempo_bpm": number(1, 10_000),
        "meter": one_of(*METERS),
        "bars": whole(1, 1_000_000),
        "key": _WORD,
        "form": list_of(_WORD, 10_000),
        "chords": list_of(row(_SECONDS, _WORD), 1_000_000),
        "ending": one_of("loop", "cadence"),
        "levels": _LEVELS,
        "layers": table(one_of(*(str(role) for role in Role)), number(0, 1), len(Role)),
        "seam_bits": either(None, number(-1e6, 1e6)),
        "pack": record({"name": _WORD, "digest": _SHA256}),
        "soundfont": either(None, _FILE_OF),
        "files": list_of(_file, 10_000),
    },
    {
        **dict.fromkeys(("from", "to", "over", "take_of"), _NAME),
        "take": whole(1, 1000),
        "loudness_lufs": either(None, _DECIBELS),
        **dict.fromkeys(("target_lufs", "missed_by_lu", "gain_db", "true_peak_dbtp"), _DECIBELS),
    },
)
_SOURCE = record(dict.fromkeys(("name", "licence", "credit", "url"), text(10_000)))
_PACK = record(
    {
        **dict.fromkeys(("version", "author", "model", "training_data", "output"), text(10_000)),
        "sources": list_of(_SOURCE, 1000),
    }
)
_LICENCES = record(
    {
        "packs": table(_WORD, _PACK, 100_000),
        "soundfonts": table(text(400), record(dict.fromkeys(("title", "author", "copyright"), text(1 << 19))), 100_000),
        "sources": list_of(text(400), 1_000_000),
        "output": text(10_000),
        "disclosure": text(1 << 26),
    }
)
_PINS = table(text(400), _LINE, 1_000_000)
_MANIFEST = record(
    {"format": one_of(MANIFEST_FORMAT), "pieces": list_of(_PIECE, _MOST_PIECES)},
    {
        "title": _LINE,
        "author": _LINE,
        "licences": _LICENCES,
        **dict.fromkeys(("packs", "soundfonts", "versions"), _PINS),
        SIDES: table(_inside, _SHA256, _MOST_PIECES),
    },
)


def place_inside(folder: Path, name: str) -> Path:
    """Return where a file of a baked folder lies, by its path from the folder on.

    Raises:
        InputError: A folder on the way there is a link, and may lead anywhere.
    """
    path = folder
    for part in name.split("/"):
        if path != folder and path.is_symlink():
            raise InputError(f"{path} is a link, and nothing is read or written behind it; remove it, and bake again")
        path = path / part
    return path


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a baked folder; an empty one when there is none.

    Raises:
        FormatError: It is no manifest, or one of another release.
    """
    file = folder / MANIFEST
    if not file.exists() and not file.is_symlink():
        return {"format": MANIFEST_FORMAT, "pieces": []}
    try:
        data = read_head(file, most=MOST_BYTES + 1, links=False)
    except InputError as error:
        raise FormatError(f"this is no manifest ({error}); {ADVICE}", file=file) from None
    return parse_manifest(data, file=file)


def parse_manifest(data: bytes, *, file: object = MANIFEST) -> dict[str, Any]:
    """Return what a manifest's bytes say; ``file`` is the name that messages give. Raises as `read_manifest`."""
    if len(data) > MOST_BYTES:
        raise FormatError(f"a manifest has at most {MOST_BYTES:,} bytes; {ADVICE}", file=file)
    value = load_json(data, file=file, most_values=_MOST_VALUES, advice=ADVICE)
    if not isinstance(value, dict) or value.get("format") != MANIFEST_FORMAT:
        raise FormatError(f"this manifest is of another release; {ADVICE}", file=file)
    check_shape(value, _MANIFEST, file=file, advice=ADVICE)
    pieces = value["pieces"]
    _check_once((piece["name"] for piece in pieces), file)
    _check_once((one["file"].casefold() for piece in pieces for one in piece["files"]), file)
    return dict(value)


def _check_once(names: Iterable[str], file: object) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise FormatError(f"{name!r} is there twice; {ADVICE}", file=file)
        seen.add(name)


def parse_piece(data: bytes, *, file: object, line: int) -> dict[str, Any]:
    """Return the entry of a piece that stands in a line of the journal.

    Raises:
        FormatError: It is none.
    """
    value = load_json(data, file=file, most_values=_MOST_VALUES, line=line, advice=ADVICE)
    check_shape(value, _PIECE, file=file, line=line, advice=ADVICE)
    return dict(value)
