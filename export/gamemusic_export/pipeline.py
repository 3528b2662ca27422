"""The stages from a corpus folder to mood packs: prepare, base, mood. Each is resumable and leaves its result on
disk.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from gamemusic.composer.session import Session
from gamemusic.errors import InputError
from gamemusic.packs.schema import read_preset
from gamemusic_export.batches import OctaveSampler, RowSampler
from gamemusic_export.card import base_card, mood_card
from gamemusic_export.dataset import Dataset, build_dataset, load_dataset, prepare_all
from gamemusic_export.ear import hear_composed, hear_dead, hear_real, learn_ear, write_ear
from gamemusic_export.evaluate import score_session
from gamemusic_export.fingerprint import make_fingerprint
from gamemusic_export.model import MoodLSTM, TiedLSTM
from gamemusic_export.ngram import build_ngram, save_ngram
from gamemusic_export.onnx_export import build_graph
from gamemusic_export.quantise import quantise
from gamemusic_export.recipe import BaseRecipe, CorpusRecipe, MoodRecipe, Selection, TrialsRecipe, read_recipe
from gamemusic_export.selection import choose_excerpts, pick
from gamemusic_export.sources import describe_piece, list_files
from gamemusic_export.train import TrainSettings, choose_device, score_excerpts, train
from gamemusic_export.trials import TrialResult, run_trials
from gamemusic_export.weights import load_model, save_model

__all__ = ["BASE_WEIGHTS", "JUDGE_WEIGHTS", "Workshop"]

BASE_WEIGHTS = Path(__file__).parent / "base" / "base.safetensors"
"""The base model's trainable weights, as shipped."""
JUDGE_WEIGHTS = Path(__file__).parent / "judge" / "judge.safetensors"
"""The judge's weights, as shipped."""
_EAR_SEED = 1000
"""Seed of the first phrases that the ear is learned from: none that a goal is measured on."""
_TEST_EXCERPTS = 192
"""Held-out excerpts that a card's figures are measured on, at most."""
_VALIDATION_EXCERPTS = 210

Progress = Callable[[str, dict[str, float]], None]


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where everything lies while moods are made.

    Args:
        recipes: Folder of ``corpus.yaml``, ``base.yaml`` and one file a mood.
        work: Folder for datasets and runs; safe to delete.
        presets: Folder of the mood packs that are written.
        progress: Called with a stage's name and its figures.
    """

    recipes: Path
    work: Path
    presets: Path
    progress: Progress

    def prepare(self, corpus: Path, *, jobs: int) -> Dataset:
        """Read the corpus and write the dataset, with a report of all that was skipped, moved or lost."""
        recipe = read_recipe(self.recipes / "corpus.yaml", CorpusRecipe)
        files = list_files(recipe, corpus)

        def show(done: int, total: int, _name: str) -> None:
            self.progress("prepare", {"update": done, "updates": total})

        pieces = prepare_all([file.path for file in files], self.work / "pieces", jobs=jobs, progress=show)
        rows = [describe_piece(file, piece) for file, piece in zip(files, pieces, strict=True)]
        return build_dataset(pieces, rows, self.work / "dataset")

    def dataset(self) -> Dataset:
        """Return the prepared dataset.

        Raises:
            InputError: When it was not prepared yet.
        """
        if not (self.work / "dataset" / "dataset.json").exists():
            raise InputError(f"no dataset in {self.work / 'dataset'}; run the prepare stage first")
        return load_dataset(self.work / "dataset")

    def learn_ear(self, file: Path, *, seeds: int) -> Path:
        """Learn what candidates are chosen by, see `gamemusic_export.ear`, and return where it was written."""
        real = hear_real(self.dataset())
        moods = sorted(path.parent.name for path in self.presets.glob("*/preset.yaml"))

        def show(name: str, done: int, total: int) -> None:
            self.progress(f"ear {name}", {"update": done, "updates": total})

        composed = hear_composed([self.presets / mood for mood in moods], range(_EAR_SEED, _EAR_SEED + seeds), show)
        return write_ear(file, learn_ear(real, composed, hear_dead(self.dataset())))

    def train_base(self) -> Path:
        """Train the base model and return where its trainable weights were written."""
        return self._train_from_nothing(
            "base", BASE_WEIGHTS, "trainable weights that every mood's fine-tuning starts from"
        )

    def train_judge(self) -> Path:
        """Train the judge and return where its weights were written."""
        return self._train_from_nothing("judge", JUDGE_WEIGHTS, "weights of a model that judges the moods' seams")

    def _train_from_nothing(self, name: str, weights: Path, what: str) -> Path:
        recipe = read_recipe(self.recipes / f"{name}.yaml", BaseRecipe)
        dataset = self.dataset()
        settings = recipe.training.settings()
        torch.manual_seed(settings.seed)
        model = (TiedLSTM if recipe.tied else MoodLSTM)(recipe.size).to(choose_device())
        choices = recipe.selections
        kind = OctaveSampler if recipe.octaves else RowSampler
        figures = self._fit(model, dataset, choices, name, settings, kind)
        if isinstance(model, TiedLSTM):
            model = model.untie()
        test = pick(choose_excerpts(dataset, choices, "test"), _TEST_EXCERPTS, seed=2)
        score = score_excerpts(model, model, dataset, test)
        weights.parent.mkdir(parents=True, exist_ok=True)
        save_model(weights, model, {"data_hash": dataset.hash})
        measures = {"test_bits_per_note": round(score.bits_per_note, 3)}
        card = base_card(name, what, dataset, self._corpus(), figures, measures, recipe)
        weights.with_name("card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        return weights

    def train_mood(self, name: str) -> Path:
        """Fine-tune, export and measure a mood, write its pack and return the pack's folder."""
        recipe = read_recipe(self.recipes / f"{name}.yaml", MoodRecipe)
        preset = read_preset(self.presets / name / "preset.yaml")
        dataset = self.dataset()
        settings = recipe.training.settings()
        excerpts, _ = choose_excerpts(dataset, recipe.music, "train")
        test = pick(choose_excerpts(dataset, recipe.music, "test"), _TEST_EXCERPTS, seed=2)
        base, _ = load_model(BASE_WEIGHTS)
        base.to(choose_device())
        before = score_excerpts(base, base, dataset, test)
        model, _ = load_model(BASE_WEIGHTS)
        model.to(choose_device())
        model.set_dropout(recipe.dropout)
        figures = self._fit(model, dataset, recipe.music, name, settings)
        after = score_excerpts(model, model, dataset, test)
        styles = sorted({choice.style for choice in recipe.music})
        graph = build_graph(
            quantise(model),
            {"mood": name, "styles": ",".join(styles), "data_hash": dataset.hash, "licence": "MIT"},
        )
        exported = score_session(Session(graph, file=f"{name}/model.onnx"), dataset, test).bits_per_note
        measures = {
            "held_out_pieces": len({int(dataset.piece_of[index]) for index in test}),
            "held_out_notes": sum(after.notes.values()),
            "bits_per_note_base": round(before.bits_per_note, 3),
            "bits_per_note_float": round(after.bits_per_note, 3),
            "bits_per_note_exported": round(exported, 3),
            "quantisation_cost_percent": round(100 * (exported / after.bits_per_note - 1), 2),
        }
        folder = self.presets / name
        (folder / preset.model).write_bytes(graph)
        if preset.fingerprint:
            (folder / preset.fingerprint).write_bytes(make_fingerprint(dataset, excerpts.tolist()).to_bytes())
        card = mood_card(dataset, self._corpus(), recipe, preset, excerpts, figures, measures, folder)
        (folder / "card.json").write_bytes(card)
        return folder

    def run_trials(self) -> list[TrialResult]:
        """Run the short trainings of ``trials.yaml`` and return their results."""
        recipe = read_recipe(self.recipes / "trials.yaml", TrialsRecipe)
        base = read_recipe(self.recipes / "base.yaml", BaseRecipe)
        work = self.work / "trials"
        return run_trials(recipe, base, BASE_WEIGHTS, self.dataset(), work, progress=self.progress)

    def build_ngram(self, *, plain: bool) -> Path:
        """Count the 5-gram that models are held against, unless it was, and return its file.

        Args:
            plain: Of tokens alone, without the network's conditioning.
        """
        path = self.work / ("ngram-plain.npz" if plain else "ngram.npz")
        if not path.exists():
            dataset, recipe = self.dataset(), read_recipe(self.recipes / "base.yaml", BaseRecipe)
            choices = recipe.selections
            held_out = pick(choose_excerpts(dataset, choices, "validation"), _VALIDATION_EXCERPTS, seed=1)
            save_ngram(path, build_ngram(dataset, choose_excerpts(dataset, choices, "train")[0], held_out, plain=plain))
        return path

    def _fit(
        self,
        model: MoodLSTM,
        dataset: Dataset,
        choices: Sequence[Selection],
        name: str,
        settings: TrainSettings,
        kind: type[RowSampler] = RowSampler,
    ) -> dict[str, float]:
        """Train ``model`` in place on what ``choices`` select, and return the run's figures."""
        excerpts, weights = choose_excerpts(dataset, choices, "train")
        return train(
            model,
            dataset,
            kind(dataset, excerpts, weights, rows=settings.rows, steps=settings.steps, seed=settings.seed),
            pick(choose_excerpts(dataset, choices, "validation"), _VALIDATION_EXCERPTS, seed=1),
            self.work / name,
            settings,
            progress=lambda now: self.progress(name, now),
        )

    def _corpus(self) -> CorpusRecipe:
        return read_recipe(self.recipes / "corpus.yaml", CorpusRecipe)
