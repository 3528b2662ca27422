"""Short trainings of one thing changed at a time: sizes, dropout, tied embeddings, schedule, augmentation, balance.

All see the same number of tokens and are compared on the same validation excerpts; the test pieces are never asked.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from gamemusic.files import read_file
from gamemusic_export.batches import OctaveSampler, RowSampler
from gamemusic_export.dataset import Dataset
from gamemusic_export.model import MoodLSTM, TiedLSTM
from gamemusic_export.recipe import BaseRecipe, Trial, TrialsRecipe
from gamemusic_export.selection import choose_excerpts, pick
from gamemusic_export.train import TrainSettings, choose_device, train
from gamemusic_export.weights import load_model

__all__ = ["TrialResult", "read_results", "run_trials", "write_table"]

_FIELDS = ("name", "weights", "tokens", "seconds", "validation_bits_per_note", "train_bits_per_token")


@dataclass(frozen=True, slots=True)
class TrialResult:
    """How one trial ended."""

    name: str
    weights: int
    """Numbers that are learned."""
    tokens: int
    seconds: float
    """Of training, on whatever machine it ran."""
    validation_bits_per_note: float
    train_bits_per_token: float
    """Of the last stretch before the end; far under the others' it means learning by heart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _ConstantRate(TrainSettings):
    """Warmed up, never lowered."""

    def learning_rate_at(self, update: int) -> float:
        """Return the learning rate of an update, counted from 0."""
        return self.learning_rate * min(1.0, (update + 1) / max(1, self.warmup))


def run_trials(
    recipe: TrialsRecipe,
    base: BaseRecipe,
    base_weights: Path,
    dataset: Dataset,
    work: Path,
    *,
    progress: Callable[[str, dict[str, float]], None],
) -> list[TrialResult]:
    """Train every trial that was not, and return all results; ``work/trials.csv`` holds them.

    Args:
        recipe: What is tried.
        base: Shares of the styles, and the settings that all trials begin with.
        base_weights: Where trials that go on from the shipped base begin.
        dataset: The prepared music.
        work: Folder of the trials' runs; each resumes there.
        progress: Called with a trial's name and its figures.
    """
    choices = base.selections
    balanced = choose_excerpts(dataset, choices, "train")
    validation = pick(choose_excerpts(dataset, choices, "validation"), recipe.excerpts, seed=1)
    results = []
    for trial in recipe.trials:
        excerpts, weights = balanced
        if not trial.balanced:
            weights = np.ones_like(weights)
        settings = _settings(recipe, base, trial)
        torch.manual_seed(settings.seed)
        model = _build(trial, base_weights).to(choose_device())
        kind = OctaveSampler if trial.octaves else RowSampler
        sampler = kind(dataset, excerpts, weights, rows=settings.rows, steps=settings.steps, seed=settings.seed)
        folder = work / trial.name.replace(" ", "-").replace(",", "")
        figures = train(
            model,
            dataset,
            sampler,
            validation,
            folder,
            settings,
            progress=lambda now, name=trial.name: progress(name, now),  # type: ignore[misc]  # mypy: lambda default
        )
        last = list(csv.DictReader(read_file(folder / "log.csv").decode().splitlines()))[-1]
        results.append(
            TrialResult(
                name=trial.name,
                weights=sum(weight.numel() for weight in model.parameters()),
                tokens=int(figures["tokens"]),
                seconds=figures["seconds"],
                validation_bits_per_note=figures["bits_per_note"],
                train_bits_per_token=float(last["train_bits_per_token"]),
            )
        )
        with (work / "trials.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, _FIELDS)
            writer.writeheader()
            writer.writerows(asdict(result) for result in results)
    return results


def write_table(results: Sequence[TrialResult]) -> str:
    """Return the results as a Markdown table."""
    lines = [
        "| trial | weights, million | tokens, million | tokens/s | validation, bits/note | training, bits/token |",
        "|---|---|---|---|---|---|",
    ]
    for one in results:
        speed = one.tokens / one.seconds if one.seconds else math.nan
        lines.append(
            f"| {one.name} | {one.weights / 1e6:.2f} | {one.tokens / 1e6:.1f} | {speed:,.0f} "
            f"| {one.validation_bits_per_note:.3f} | {one.train_bits_per_token:.3f} |"
        )
    return "\n".join(lines)


def read_results(path: Path) -> list[TrialResult]:
    """Return the results in a ``trials.csv``."""
    return [
        TrialResult(
            row["name"],
            int(row["weights"]),
            int(row["tokens"]),
            float(row["seconds"]),
            float(row["validation_bits_per_note"]),
            float(row["train_bits_per_token"]),
        )
        for row in csv.DictReader(read_file(path).decode().splitlines())
    ]


def _settings(recipe: TrialsRecipe, base: BaseRecipe, trial: Trial) -> TrainSettings:
    settings = replace(
        base.training.settings(),
        updates=trial.updates or recipe.updates,
        learning_rate=trial.learning_rate or base.training.learning_rate,
        warmup=recipe.warmup,
        validate_every=recipe.validate_every,
    )
    return _ConstantRate(**asdict(settings)) if trial.schedule == "constant" else settings


def _build(trial: Trial, base_weights: Path) -> MoodLSTM:
    if trial.continued:
        model, _ = load_model(base_weights)
        model.set_dropout(trial.dropout)
        return model
    return TiedLSTM(trial.size) if trial.tied else MoodLSTM(trial.size)
