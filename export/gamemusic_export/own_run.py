"""Training of a mood of one's own: it can be stopped by Ctrl-C, and the same command goes on with it.

What outlives a stop lies in the user's cache; it goes when the training has come to its end, or after a month.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from gamemusic.errors import FormatError, InputError, MissingError
from gamemusic.files import read_file, user_folder, write_file
from gamemusic.packs.pack import Pack
from gamemusic_export.batches import PADDING, OctaveSampler
from gamemusic_export.model import MoodLSTM
from gamemusic_export.own_music import OwnMusic
from gamemusic_export.own_request import Request
from gamemusic_export.own_start import Start
from gamemusic_export.threads import choose_threads, count_cores
from gamemusic_export.train import TrainSettings, choose_device, half_precision, score_excerpts, train
from gamemusic_export.weights import read_tensors

__all__ = ["Outcome", "Workplace", "fine_tune", "open_workplace", "runs_dir", "try_threads"]

_DROPOUT = 0.2
_SETTINGS = TrainSettings(updates=240, rows=16, steps=192, learning_rate=6e-4, warmup=20, validate_every=20, patience=4)
"""For a few pieces and a laptop."""
_KEPT_DAYS = 30
_STATE, _PARENT = "run.json", "parent.onnx"
_FIGURES = {"updates": "update", "tokens": "tokens", "seconds": "seconds", "bits_per_note": "best", "first": "first"}
"""Figures of a run, by their names in its checkpoint."""
_TRIAL_ROWS, _TRIAL_STEPS = 16, 12

Progress = Callable[[str, dict[str, float]], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What training came to."""

    model: MoodLSTM
    """The one that foretold the validation music best."""
    figures: dict[str, float]
    stopped: bool
    """Whether somebody stopped it."""

    @property
    def better(self) -> bool:
        """Whether any validation was better than the one before the first update."""
        return self.figures["bits_per_note"] < self.figures["first"]


@dataclass(slots=True)
class Workplace:
    """Where a training lies, and what it began from."""

    folder: Path
    start: Start
    parent: bytes
    """The model that it began from, as exported."""
    resumed: bool
    """Whether some of it was done before."""
    lasting: bool = True
    """Whether it can be gone on with later."""

    def clear(self) -> None:
        """Remove it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def note_written(self, model: bytes) -> None:
        """Remember the model that the mood is about to get, so that the same command knows it again."""
        state = {
            "token": self.start.token,
            "began_as": self.start.began_as,
            "models": [_hash(self.parent), _hash(model)],
        }
        write_file(self.folder / _STATE, json.dumps(state).encode())


def runs_dir() -> Path:
    """Return the folder of the user's cache in which trainings lie that were stopped; it need not exist yet.

    Raises:
        MissingError: As `gamemusic.files.user_folder`.
    """
    return user_folder("cache") / "training"


def open_workplace(
    request: Request, pack: Pack, music: OwnMusic, start: Start, *, now: Callable[[], float] = time.time
) -> Workplace:
    """Return the place of a training: that of the same one when it was stopped, else a new one.

    Args:
        request: What is asked for; the same request has the same place.
        pack: The mood as it is.
        music: What is learned.
        start: What a new training begins with; one that goes on has its own.
        now: Seconds since 1970.
    """
    parts = (request.folder.resolve(), music.dataset.hash, request.style, start.token, request.updates, request.seed)
    name = hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    try:
        place = runs_dir()
        _sweep(place, now())
        folder = place / name
        folder.mkdir(parents=True, exist_ok=True)
        return _resume(folder, pack) or _begin(folder, pack, start)
    except (MissingError, OSError):  # no home, or a cache that cannot be written to: all works but going on
        return _begin(Path(tempfile.mkdtemp()), pack, start, lasting=False)


def _sweep(place: Path, now: float) -> None:
    """Remove trainings that nobody went on with for a month."""
    with suppress(OSError):
        for folder in place.iterdir():
            if now - folder.stat().st_mtime > _KEPT_DAYS * 86400:
                shutil.rmtree(folder, ignore_errors=True)


def _resume(folder: Path, pack: Pack) -> Workplace | None:
    """Return a training that was stopped, when the mood still has the model that it began from or was left with."""
    try:
        state = json.loads(read_file(folder / _STATE))
        parent = read_file(folder / _PARENT)
        start = Start(str(state["token"]), str(state["began_as"]))
        if _hash(pack.model) in state["models"] and _hash(parent) == state["models"][0]:
            return Workplace(folder, start, parent, resumed=(folder / "checkpoint.json").exists())
    except (InputError, ValueError, KeyError, TypeError, IndexError):
        pass
    return None


def _begin(folder: Path, pack: Pack, start: Start, *, lasting: bool = True) -> Workplace:
    for old in folder.iterdir():
        old.unlink()
    place = Workplace(folder, start, pack.model, resumed=False, lasting=lasting)
    write_file(folder / _PARENT, pack.model)
    place.note_written(pack.model)
    return place


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def fine_tune(model: MoodLSTM, music: OwnMusic, place: Path, *, updates: int, seed: int, progress: Progress) -> Outcome:
    """Return what came of training a model; stopped by Ctrl-C it is the best so far.

    Raises:
        KeyboardInterrupt: It was stopped before it was looked how good the model was to begin with.
    """
    settings = dataclasses.replace(_SETTINGS, updates=updates, seed=seed)
    model.to(choose_device())
    model.set_dropout(_DROPOUT)
    test, began = music.select("test"), copy.deepcopy(model.state_dict())

    def go() -> dict[str, float]:
        return train(
            model,
            music.dataset,
            _sampler(music, settings.rows, settings.steps, seed),
            music.select("validation"),
            place,
            settings,
            progress=lambda now: progress("training", now),
            judge=lambda: score_excerpts(model, model, music.dataset, test).bits_per_note,
        )

    checkpoint = place / "checkpoint.json"
    try:
        try:
            figures = go()
        except (FormatError, ValueError, KeyError, TypeError):
            if not checkpoint.exists():
                raise
            checkpoint.unlink()  # damaged, by a full disk perhaps: begun anew
            model.load_state_dict(began)
            figures = go()
    except KeyboardInterrupt:
        if not checkpoint.exists():
            raise
        model.load_state_dict(read_tensors(place / "best.safetensors"))
        kept = json.loads(read_file(checkpoint))
        return Outcome(model, {name: float(kept[key]) for name, key in _FIGURES.items()}, stopped=True)
    return Outcome(model, figures, stopped=False)


def _sampler(music: OwnMusic, rows: int, steps: int, seed: int) -> OctaveSampler:
    excerpts = music.select("train")
    return OctaveSampler(music.dataset, excerpts, np.ones(len(excerpts)), rows=rows, steps=steps, seed=seed)


def try_threads(model: MoodLSTM, music: OwnMusic, *, cores: int | None = None) -> int:
    """Set torch to the quicker one of a single thread and one a core, by training a copy for two seconds; return it."""
    twin = copy.deepcopy(model).train()
    sampler = _sampler(music, _TRIAL_ROWS, _TRIAL_STEPS, 1)
    device = next(twin.parameters()).device

    def step() -> int:
        features, targets, _ = sampler.draw()
        twin.zero_grad(set_to_none=True)
        with half_precision(device):
            logits, _ = twin(torch.from_numpy(features).to(device), twin.start(_TRIAL_ROWS, device))
        wanted = torch.from_numpy(targets).to(device).flatten()
        nn.functional.cross_entropy(logits.float().flatten(0, 1), wanted, ignore_index=PADDING).backward()  # type: ignore[no-untyped-call]  # torch types it loosely
        return int((targets != PADDING).sum())

    return choose_threads(step, torch.set_num_threads, cores=count_cores() if cores is None else cores)
