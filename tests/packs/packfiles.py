"""Mood packs made of a small preset and bytes that stand for a model; nothing here composes."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

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


def card_of(contents: Mapping[str, bytes], /, **changes: Any) -> bytes:
    """Return a card that lists ``contents``, with some keys changed or, when None, left out."""
    card: dict[str, Any] = {
        "format": 1,
        "name": "calm",
        "vocabulary": {"version": VOCABULARY_VERSION, "hash": VOCABULARY_HASH},
        "files": {
            name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in contents.items()
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
