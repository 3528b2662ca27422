"""Training: seeded, resumable after a kill, stopped by the validation pieces. The same loop makes base and mood
models.
"""

from __future__ import annotations

import csv
import json
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gamemusic.files import read_file
from gamemusic.tokens.vocabulary import NOTE, ROLES
from gamemusic_export.batches import PADDING, RowSampler, whole_excerpts
from gamemusic_export.dataset import Dataset
from gamemusic_export.model import MoodLSTM
from gamemusic_export.weights import read_tensors, write_tensors

__all__ = ["Score", "TrainSettings", "choose_device", "half_precision", "score_excerpts", "train"]

_FIRST_NOTE = NOTE[ROLES[0]]
_LOG_FIELDS = ("update", "tokens", "seconds", "learning_rate", "train_bits_per_token", "validation_bits_per_note")

Forward = Callable[[Tensor, tuple[Tensor, Tensor]], tuple[Tensor, tuple[Tensor, Tensor]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSettings:
    """How a model is trained."""

    updates: int
    """Most optimiser steps."""
    rows: int = 32
    """Sequences a batch."""
    steps: int = 192
    """Tokens of each sequence a batch; the memory is carried on, the gradient is not."""
    learning_rate: float = 2e-3
    """Highest learning rate; warmed up, then lowered by a cosine to a twentieth."""
    warmup: int = 100
    """Updates until the highest learning rate."""
    weight_decay: float = 0.01
    validate_every: int = 200
    """Updates between two validations."""
    patience: int = 6
    """Validations without a better one after which training stops."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    seed: int = 1

    def learning_rate_at(self, update: int) -> float:
        """Return the learning rate of an update, counted from 0."""
        if update < self.warmup:
            return self.learning_rate * (update + 1) / self.warmup
        done = (update - self.warmup) / max(1, self.updates - self.warmup)
        return self.learning_rate * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


@dataclass(frozen=True, slots=True)
class Score:
    """How well excerpts are predicted."""

    bits_per_note: float
    """Bits of all tokens, by note written out."""
    bits_per_token: float
    bits: dict[int, float]
    """Bits of each excerpt."""
    notes: dict[int, int]
    """Notes of each excerpt."""


def choose_device() -> torch.device:
    """Return the GPU when there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half_precision(device: torch.device) -> AbstractContextManager[Any]:
    """Return a context of bfloat16 arithmetic where the device is quicker at it."""
    # torch leaves this one without types
    if device.type == "cpu" and not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def score_excerpts(
    forward: Forward,
    model: MoodLSTM,
    dataset: Dataset,
    excerpts: npt.NDArray[np.int64],
    *,
    rows: int = 32,
    steps: int = 256,
) -> Score:
    """Return how well ``forward`` predicts whole excerpts.

    Args:
        forward: A model, or anything called like one.
        model: Gives the empty memory and the device.
        dataset: Where the excerpts come from.
        excerpts: Which ones.
        rows: Excerpts scored at once.
        steps: Tokens scored at once.
    """
    device = next(model.parameters()).device
    model.eval()
    bits: dict[int, float] = {}
    notes: dict[int, int] = {}
    tokens = 0
    state = model.start(1, device)
    with torch.no_grad(), half_precision(device):
        for features, targets, fresh, group in whole_excerpts(dataset, excerpts, rows=rows, steps=steps):
            if fresh.all():
                state = model.start(len(group), device)
            logits, state = forward(torch.from_numpy(features).to(device), state)
            wanted = torch.from_numpy(targets).to(device)
            losses = nn.functional.cross_entropy(
                logits.float().flatten(0, 1), wanted.flatten(), ignore_index=PADDING, reduction="none"
            ).view(wanted.shape)
            for row, excerpt in enumerate(group.tolist()):
                bits[excerpt] = bits.get(excerpt, 0.0) + float(losses[row].sum()) / math.log(2)
                notes[excerpt] = notes.get(excerpt, 0) + int((targets[row] >= _FIRST_NOTE).sum())
            tokens += int((targets != PADDING).sum())
    total = sum(bits.values())
    return Score(total / max(1, sum(notes.values())), total / max(1, tokens), bits, notes)


def train(
    model: MoodLSTM,
    dataset: Dataset,
    sampler: RowSampler,
    validation: npt.NDArray[np.int64],
    folder: Path,
    settings: TrainSettings,
    *,
    progress: Callable[[dict[str, float]], None],
    judge: Callable[[], float] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, float]:
    """Train ``model`` in place to its best validation score and return the figures of the run.

    ``folder`` holds ``best.safetensors``, the checkpoint to resume from and ``log.csv``. A run that was killed goes on
    from its last validation when it is started again with the same arguments; a finished one returns at once.

    Args:
        model: What is trained.
        dataset: Where the excerpts come from.
        sampler: Draws from those that are learned.
        validation: Excerpts by which the best is chosen.
        folder: For all that outlives a kill.
        settings: How it is trained.
        progress: Called every ten updates, with figures.
        judge: Returns what people are told of the model as it is, such as bits a note on music that decides nothing;
            asked before the first update and whenever there is a new best, and handed to ``progress`` as ``before``
            and ``now``.
        clock: Seconds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    device = next(model.parameters()).device
    torch.manual_seed(settings.seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    run = _Run(folder, settings)
    run.resume(model, optimiser, sampler)
    if run.update == 0 and not run.began:
        # what is trained from has a score, too: a fine-tuned model is never kept when it is worse than its base
        score = score_excerpts(model, model, dataset, validation)
        run.log(settings.learning_rate_at(0), math.nan, score.bits_per_note)
        run.first = score.bits_per_note
        run.judge(judge, score.bits_per_note)
        run.keep(model, optimiser, sampler, score.bits_per_note)
    state = model.start(sampler.rows, device)
    began, update, summed = clock() - run.seconds, run.update, torch.zeros((), device=device)
    while update < settings.updates and run.stale < settings.patience:
        model.train()
        features, targets, fresh = sampler.draw()
        keep = torch.from_numpy(~fresh).to(device)[None, :, None]
        state = (state[0].detach() * keep, state[1].detach() * keep)
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate_at(update)
        with half_precision(device):
            logits, state = model(torch.from_numpy(features).to(device), state)
        wanted = torch.from_numpy(targets).to(device)
        loss = nn.functional.cross_entropy(logits.float().flatten(0, 1), wanted.flatten(), ignore_index=PADDING)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch types it loosely
        nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
        optimiser.step()
        update += 1
        summed += loss.detach()
        run.tokens += int((targets != PADDING).sum())
        if update % 10 == 0:
            seconds = clock() - began
            speed = (run.tokens - run.tokens_at_start) / max(1e-9, seconds - run.seconds_at_start)
            progress(
                {
                    "update": update,
                    "updates": settings.updates,
                    "tokens_per_second": speed,
                    "best": run.best,
                    **run.told,
                }
            )
        if update % settings.validate_every == 0 or update == settings.updates:
            score = score_excerpts(model, model, dataset, validation)
            run.update, run.seconds = update, clock() - began
            lasted = (
                settings.validate_every if update % settings.validate_every == 0 else update % settings.validate_every
            )
            run.log(settings.learning_rate_at(update - 1), float(summed) / lasted / math.log(2), score.bits_per_note)
            summed.zero_()
            run.judge(judge, score.bits_per_note)
            run.keep(model, optimiser, sampler, score.bits_per_note)
            state = model.start(sampler.rows, device)  # as after a resume, so both give the same model
    model.load_state_dict(read_tensors(folder / "best.safetensors"))
    return run.figures


class _Run:
    """What has to outlive a kill."""

    def __init__(self, folder: Path, settings: TrainSettings) -> None:
        self.folder, self.settings = folder, settings
        self.update, self.tokens, self.seconds, self.best, self.stale = 0, 0, 0.0, math.inf, 0
        self.tokens_at_start, self.seconds_at_start = 0, 0.0
        self.began = False
        """Whether a checkpoint was found."""
        self.first = math.inf
        """Score of what it began with."""
        self.told: dict[str, float] = {}
        """What the judge said of the first and of the best model, as ``before`` and ``now``."""

    @property
    def figures(self) -> dict[str, float]:
        """What `train` returns."""
        return {
            "bits_per_note": self.best,
            "first": self.first,
            "updates": self.update,
            "tokens": self.tokens,
            "seconds": self.seconds,
        }

    def judge(self, judge: Callable[[], float] | None, score: float) -> None:
        """Ask the judge about a model that is better than all before."""
        if judge is not None and score < self.best:
            found = judge()
            self.told = {"before": self.told.get("before", found), "now": found}

    def resume(self, model: MoodLSTM, optimiser: torch.optim.AdamW, sampler: RowSampler) -> None:
        """Go on from the checkpoint in the folder, when there is one of the same settings."""
        meta_file = self.folder / "checkpoint.json"
        if not meta_file.exists():
            return
        meta = json.loads(read_file(meta_file))
        if meta["settings"] != asdict(self.settings):
            return
        tensors = read_tensors(self.folder / meta["tensors"])
        names = [name for name, _ in model.named_parameters()]
        model.load_state_dict({key[6:]: value for key, value in tensors.items() if key.startswith("model.")})
        optimiser.load_state_dict(
            {
                "param_groups": [{**optimiser.param_groups[0], "params": list(range(len(names)))}],
                "state": {
                    index: {
                        "step": torch.tensor(float(meta["update"])),
                        "exp_avg": tensors[f"first.{name}"],
                        "exp_avg_sq": tensors[f"second.{name}"],
                    }
                    for index, name in enumerate(names)
                },
            }
        )
        self.began = True
        torch.set_rng_state(tensors["generator"].to(torch.uint8))
        sampler.restore(meta["sampler"])
        self.update, self.tokens, self.seconds = meta["update"], meta["tokens"], meta["seconds"]
        self.best, self.stale = meta["best"], meta["stale"]
        self.first, self.told = meta.get("first", math.inf), meta.get("told", {})
        self.tokens_at_start, self.seconds_at_start = self.tokens, self.seconds

    def keep(self, model: MoodLSTM, optimiser: torch.optim.AdamW, sampler: RowSampler, score: float) -> None:
        """Write the checkpoint, and the best weights when ``score`` is the lowest so far."""
        self.stale = 0 if score < self.best else self.stale + 1
        weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
        if score < self.best:
            self.best = score
            write_tensors(self.folder / "best.safetensors", weights)
        tensors = {f"model.{name}": value for name, value in weights.items()}
        for name, parameter in model.named_parameters():
            moments = optimiser.state.get(parameter, {})  # none before the first update
            tensors[f"first.{name}"] = moments.get("exp_avg", torch.zeros_like(parameter)).cpu()
            tensors[f"second.{name}"] = moments.get("exp_avg_sq", torch.zeros_like(parameter)).cpu()
        tensors["generator"] = torch.get_rng_state()
        # two files take turns, so that a kill while one is written leaves the other
        name = f"checkpoint-{(self.update // self.settings.validate_every) % 2}.safetensors"
        write_tensors(self.folder / name, tensors)
        meta = {
            "settings": asdict(self.settings),
            "tensors": name,
            "sampler": sampler.position(),
            "update": self.update,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "best": self.best,
            "stale": self.stale,
            "first": self.first,
            "told": self.told,
        }
        partial = self.folder / "checkpoint.json.partial"
        partial.write_text(json.dumps(meta), encoding="utf-8")
        partial.replace(self.folder / "checkpoint.json")

    def log(self, learning_rate: float, train_bits: float, validation_bits: float) -> None:
        """Add a line to ``log.csv``."""
        path = self.folder / "log.csv"
        fresh = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if fresh:
                writer.writerow(_LOG_FIELDS)
            writer.writerow(
                (
                    self.update,
                    self.tokens,
                    round(self.seconds, 1),
                    learning_rate,
                    round(train_bits, 4),
                    round(validation_bits, 4),
                )
            )
