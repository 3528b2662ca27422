"""The catalogue of bad models, rows O26 and O27: weights and arrays of training that are pickles, or damaged."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from pickles import Payload, payloads  # noqa: E402  # torch may be missing

from gamemusic.errors import FormatError  # noqa: E402
from gamemusic_export.evaluation.features import load_features  # noqa: E402
from gamemusic_export.model import ModelSize, MoodLSTM  # noqa: E402
from gamemusic_export.ngram import load_ngram  # noqa: E402
from gamemusic_export.weights import load_model, read_tensors, save_model  # noqa: E402

READERS: dict[str, Callable[[Path], object]] = {
    "tensors": read_tensors,
    "model": load_model,
    "n-gram": load_ngram,
    "features": load_features,
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
def test_o26_pickles_as_weights(tmp_path: Path, read: Callable[[Path], object]) -> None:
    """Under whatever name they come: no reader of ours unpickles."""
    mark, path = tmp_path / "was here", tmp_path / "best.safetensors"
    torch.save({"w": Payload(mark)}, tmp_path / "real.pt")
    for data in (*payloads(mark).values(), (tmp_path / "real.pt").read_bytes()):
        path.write_bytes(data)
        with pytest.raises(FormatError, match=r"best\.safetensors: (not a readable|this is not a file of features)"):
            read(path)
    assert not mark.exists()
    torch.load(tmp_path / "real.pt", weights_only=False)
    assert mark.is_dir(), "the control"


def tensor(begin: int, end: int, shape: tuple[int, ...] = (1,), dtype: str = "F32") -> dict[str, Any]:
    """Return what a header says about a tensor."""
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


def stored(header: object, size: int = 0, length: int | None = None) -> bytes:
    """Return a safetensors file; ``length`` is what it says about its header's length."""
    written = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(written) if length is None else length) + written + bytes(size)


def twice(begin: int, end: int) -> bytes:
    """Return a header with one name for two tensors."""
    first, second = json.dumps(tensor(0, 4)), json.dumps(tensor(begin, end))
    return f'{{"a": {first}, "a": {second}}}'.encode()


DAMAGED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "header too small"),
    "cut in its length": (b"\1\0\0", "header too small"),
    "header of 100 MB": (stored(b"{}", 100, 100_000_001), "header too large"),
    "header of 2^63": (stored(b"{}", 0, 1 << 63), "header too large"),
    "header longer than the file": (stored(b"{}", 0, 3), "header length|header"),
    "overlapping": (stored({"a": tensor(0, 4), "b": tensor(2, 6)}, 6), "invalid offset for tensor `b`"),
    "one place for two": (stored({"a": tensor(0, 4), "b": tensor(0, 4)}, 4), "invalid offset for tensor"),
    "a gap": (stored({"a": tensor(0, 4), "b": tensor(8, 12)}, 12), "invalid offset for tensor `b`"),
    "beyond the end": (stored({"a": tensor(0, 400, (100,))}, 4), "not fully covered"),
    "more data": (stored({"a": tensor(0, 4)}, 8), "not fully covered"),
    "backwards": (stored({"a": tensor(4, 0)}, 4), "invalid offset for tensor `a`"),
    "negative": (stored({"a": tensor(-4, 0)}, 4), "invalid value: integer"),
    "too large a shape": (stored({"a": tensor(0, 4, (1 << 62, 4))}, 4), "overflow"),
    "shape of another size": (stored({"a": tensor(0, 4, (2,))}, 4), "invalid"),
    "unknown type": (stored({"a": tensor(0, 4, dtype="X")}, 4), "unknown variant"),
    "a name twice": (stored(twice(4, 8), 8), "invalid offset for tensor `a`"),
    "nested": (stored(b"[" * 100_000), "invalid JSON"),
    "not UTF-8": (stored(b'{"\xff": 1}'), "invalid UTF-8"),
}


@pytest.mark.parametrize("read", [read_tensors, load_model])
@pytest.mark.parametrize(("data", "words"), DAMAGED.values(), ids=DAMAGED.keys())
def test_o27_damaged_safetensors(tmp_path: Path, data: bytes, words: str, read: Callable[[Path], object]) -> None:
    path = tmp_path / "best.safetensors"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=rf"best\.safetensors: not a readable safetensors file: .*{words}"):
        read(path)


def test_o27_a_name_twice_for_the_same_bytes(tmp_path: Path) -> None:
    """The last one counts; here it says what the first one does."""
    path = tmp_path / "best.safetensors"
    path.write_bytes(stored(twice(0, 4), 4))
    assert {name: value.tolist() for name, value in read_tensors(path).items()} == {"a": [0.0]}


SIZES: dict[str, dict[str, str]] = {
    "none": {},
    "no JSON": {"size": "{"},
    "a list": {"size": "[]"},
    "nested": {"size": "[" * 100_000},
    "unknown key": {"size": '{"cells": 8}'},
    "no layers": {"size": '{"hidden": 8, "layers": 0}'},
    "negative": {"size": '{"hidden": -8}'},
    "text": {"size": '{"hidden": "8"}'},
    "2^200": {"size": f'{{"hidden": {1 << 200}}}'},
    "other than the tensors": {"size": '{"hidden": 8}'},
}


@pytest.mark.parametrize("metadata", SIZES.values(), ids=SIZES.keys())
def test_o27_sizes_that_no_model_has(tmp_path: Path, metadata: dict[str, str]) -> None:
    path = tmp_path / "best.safetensors"
    path.write_bytes(stored({"__metadata__": metadata, "a": tensor(0, 4)}, 4))
    with pytest.raises(FormatError, match=r"best\.safetensors: holds no model of this version"):
        load_model(path)


def test_o27_cut_at_each_percent(tmp_path: Path) -> None:
    path = tmp_path / "best.safetensors"
    save_model(path, MoodLSTM(ModelSize(hidden=4)), {"mood": "x"})
    data = path.read_bytes()
    assert load_model(path)[1]["mood"] == "x"
    for percent in range(100):
        path.write_bytes(data[: len(data) * percent // 100])
        with pytest.raises(FormatError, match="not a readable safetensors file"):
            load_model(path)
