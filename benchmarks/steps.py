"""Model steps: a composer whose steps are recorded, and the bare loop that takes the same ones again."""

from __future__ import annotations

import dataclasses
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt
import onnxruntime

from benchmarks.common import mood_pack
from gamemusic.composer.composer import Composer
from gamemusic.composer.session import Memory
from gamemusic.packs.pack import Pack, open_pack

__all__ = ["BareLoop", "Features", "open_composer", "record_steps"]

Features = npt.NDArray[np.int64]
"""What the model is told at one step, (B, F)."""


class BareLoop:
    """The least that composing can cost: ``session.run`` again and again, its state handed on.

    One thread, as the composer's own session; all else as ONNX Runtime has it by default.
    """

    def __init__(self, model: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._states = [value.name for value in self._session.get_inputs() if value.name != "features"]
        self._hidden = self._session.get_inputs()[1].shape[1]

    def run(self, features: list[Features]) -> None:
        """Take one step for each array of features (B, F); where B changes, another batch begins from nothing."""
        outputs = ["logits", *(f"{name}_next" for name in self._states)]
        feeds: dict[str, npt.NDArray[Any]] = {}
        batch = 0
        for now in features:
            if len(now) != batch:
                batch = len(now)
                feeds = self._start(batch)
            feeds["features"] = now
            _, *states = self._session.run(outputs, feeds)
            feeds.update(zip(self._states, states, strict=True))

    def _start(self, batch: int) -> dict[str, npt.NDArray[Any]]:
        feeds: dict[str, npt.NDArray[Any]] = {}
        for name in self._states:
            kind: Any = np.uint8 if name.startswith("hidden") else np.float32
            feeds[name] = np.full((batch, self._hidden), 128 if kind is np.uint8 else 0, dtype=kind)
        return feeds


def open_composer(candidates: int | None = None) -> tuple[Composer, str]:
    """Return the measured mood's composer, with its preset's candidates or another number, and `mood_pack`'s note."""
    path, note = mood_pack()
    pack: Pack = open_pack(path)
    if candidates is not None:
        pack = dataclasses.replace(pack, preset=dataclasses.replace(pack.preset, candidates=candidates))
    return Composer(pack), note


def record_steps(composer: Composer, seed: int, bars: int | None = None) -> list[Features]:
    """Compose once, untimed, and return the features of all steps, the seam's included."""
    session, recorded = composer.session, []
    take = session.step

    def step(features: Features, memory: Memory) -> tuple[npt.NDArray[np.int32], Memory]:
        recorded.append(features.copy())
        return take(features, memory)

    with mock.patch.object(session, "step", step):
        composer.compose(seed=seed, bars=bars)
    return recorded
