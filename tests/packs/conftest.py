"""Mood packs made of a small preset and bytes that stand for a model; nothing here composes."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gamemusic.tokens.vocabulary import VOCABULARY_HASH, VOCABULARY_VERSION

PRESET = """\
name: calm
tempo: [80, 100]
keys: [D minor, F]
styles:
  piano:
    learned: [lead, bass]
    instruments:
      lead: {program: piano}
      bass: {program: cello, level: -4}
"""

Files = dict[str, bytes]


def card_of(files: Mapping[str, bytes], **changes: Any) -> bytes:
    """Return a card that lists ``files``, with some keys changed or, when None, left out."""
    card: dict[str, Any] = {
        "format": 1,
        "name": "calm",
        "vocabulary": {"version": VOCABULARY_VERSION, "hash": VOCABULARY_HASH},
        "files": {
            name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()
        },
    }
    card = {name: value for name, value in {**card, **changes}.items() if value is not None}
    return json.dumps(card).encode()


def pack_of(extra: Mapping[str, bytes] | None = None, *, preset: str = PRESET, **changes: Any) -> Files:
    """Return the files of a good pack, card included; ``changes`` go to the card."""
    files = {"preset.yaml": preset.encode(), "model.onnx": b"not really a model", **(extra or {})}
    return {**files, "card.json": card_of(files, **changes)}


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of ``files``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.fixture
def files() -> Files:
    """The files of a good pack."""
    return pack_of()


@pytest.fixture
def write_folder(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes files into a folder of its own and returns it."""

    def write(files: Mapping[str, bytes], name: str = "calm", base: Path | None = None) -> Path:
        folder = (base or tmp_path) / name
        for path, data in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        return folder

    return write
