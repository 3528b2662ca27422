"""Tensors on disk: safetensors, written whole or not at all; nothing is ever unpickled."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from gamemusic.errors import FormatError
from gamemusic.files import open_ordinary
from gamemusic.limits import LIMITS
from gamemusic_export.model import ModelSize, MoodLSTM

__all__ = ["load_model", "read_tensors", "save_model", "write_tensors"]


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """Write ``tensors`` to ``path`` by way of a temporary file beside it."""
    partial = path.with_name(path.name + ".partial")
    save_file(tensors, partial, metadata=metadata)
    partial.chmod(0o644)  # safetensors keeps its files to their owner
    partial.replace(path)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return all tensors of a safetensors file.

    Raises:
        FormatError: When the file is missing or damaged.
    """
    try:
        open_ordinary(path).close()  # it is opened by its name once more
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a dict
    except (SafetensorError, OSError) as error:
        raise FormatError(f"not a readable safetensors file: {error}", file=path) from error


def save_model(path: Path, model: MoodLSTM, metadata: dict[str, str]) -> None:
    """Write a model's weights in half precision, with its size and ``metadata`` in the header."""
    tensors = {name: value.detach().cpu().half().contiguous() for name, value in model.state_dict().items()}
    write_tensors(path, tensors, {**metadata, "size": json.dumps(model.size.to_dict())})


def load_model(path: Path) -> tuple[MoodLSTM, dict[str, str]]:
    """Return the model that `save_model` wrote, in single precision, and its metadata.

    Raises:
        FormatError: When the file is missing, damaged or holds no model of this kind.
    """
    tensors = read_tensors(path)
    with safe_open(path, framework="pt") as file:
        metadata: dict[str, str] = file.metadata() or {}
    try:
        size = ModelSize(**json.loads(metadata["size"]))
        if size.layers > LIMITS.model_layers or size.hidden > LIMITS.model_cells:  # before memory is taken for it
            raise ValueError(f"{size.layers} layers of {size.hidden} cells are more than any model has")
        model = MoodLSTM(size)
        model.load_state_dict({name: value.to(torch.float32) for name, value in tensors.items()})
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise FormatError(f"holds no model of this version: {error}", file=path) from error
    return model, metadata
