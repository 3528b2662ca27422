"""What ``gamemusic evaluate`` does: sets are composed, measured, told, and written into cards where that is asked."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gamemusic.composer.composer import Composer
from gamemusic.composer.session import Session
from gamemusic.errors import InputError
from gamemusic.files import write_file
from gamemusic.packs.card import write_card
from gamemusic.packs.fingerprint import Fingerprint, load_fingerprint
from gamemusic.packs.library import find_packs, list_shipped
from gamemusic.packs.pack import CARD_FILE, Pack
from gamemusic_export.baselines import random_session
from gamemusic_export.command import shipped_recipes
from gamemusic_export.dataset import Dataset
from gamemusic_export.evaluation.figures import Figure, figures_to_dict, print_table
from gamemusic_export.evaluation.held_out import Predictors, measure_prediction, measure_style_token
from gamemusic_export.evaluation.measurement import Composed, compose_set, measure_mood, measure_order
from gamemusic_export.evaluation.recognise import measure_recognition
from gamemusic_export.evaluation.references import (
    Reference,
    digest_of,
    load_reference,
    make_reference,
    save_reference,
)
from gamemusic_export.evaluation.report import MoodReport, write_report
from gamemusic_export.ngram import NGramSession, load_ngram
from gamemusic_export.onnx_export import build_graph
from gamemusic_export.pipeline import BASE_WEIGHTS, JUDGE_WEIGHTS, Workshop
from gamemusic_export.progress import StageProgress
from gamemusic_export.quantise import quantise
from gamemusic_export.recipe import MoodRecipe, Selection, read_recipe
from gamemusic_export.selection import choose_excerpts, pick
from gamemusic_export.weights import load_model

__all__ = ["Evaluation", "evaluate"]

_EXCERPTS = 64
"""Held-out excerpts that prediction is measured on, at most."""
_DRAWN = 4
"""Phrases of each kind that the report shows."""
_HELD_OUT = ("prediction", "prediction, mood against base", "style token")


@dataclasses.dataclass(slots=True)
class _Sets:
    pack: Pack
    reference: Reference
    own: Session
    model: Composed
    random: Composed
    figures: list[Figure]


class Evaluation:
    """What all moods' measurements share, made when first needed.

    Args:
        workshop: Where corpus, datasets and recipes lie.
        phrases: Phrases a set.
        with_corpus: Measure on the dataset, too.
    """

    def __init__(self, workshop: Workshop, *, phrases: int, with_corpus: bool) -> None:
        self.workshop, self.phrases, self.with_corpus = workshop, phrases, with_corpus
        self.baseline = max(10, phrases // 2)
        """Phrases of the 5-gram and of random weights: comparisons draw equally many from each side."""

    @cached_property
    def dataset(self) -> Dataset:
        """The prepared corpus."""
        return self.workshop.dataset()

    @cached_property
    def random(self) -> Session:
        """A network that was never trained."""
        return random_session()

    @cached_property
    def judge(self) -> Session | None:
        """The model that judges seams; None before it was trained."""
        if not JUDGE_WEIGHTS.exists():
            return None
        model, _ = load_model(JUDGE_WEIGHTS)
        return Session(build_graph(quantise(model), {}), file=JUDGE_WEIGHTS.name)

    @cached_property
    def predictors(self) -> Predictors:
        """The base model and the 5-grams."""
        model, _ = load_model(BASE_WEIGHTS)
        base = Session(build_graph(quantise(model), {}), file=BASE_WEIGHTS.name)
        conditioned, plain = (NGramSession(load_ngram(self.workshop.build_ngram(plain=flag))) for flag in (False, True))
        return Predictors(base, conditioned, plain)

    def held_out_excerpts(self, mood: str) -> npt.NDArray[np.int64]:
        """Return all excerpts of a mood's music that no model was trained on: validation and test pieces."""
        music = self._music(mood)
        return np.concatenate([choose_excerpts(self.dataset, music, split)[0] for split in ("validation", "test")])

    def test_excerpts(self, mood: str) -> npt.NDArray[np.int64]:
        """Return excerpts of a mood's test pieces, `_EXCERPTS` at most: nothing was chosen by them."""
        return pick(choose_excerpts(self.dataset, self._music(mood), "test"), _EXCERPTS, seed=2)

    def _music(self, mood: str) -> Sequence[Selection]:
        return read_recipe(self.workshop.recipes / f"{mood}.yaml", MoodRecipe).music

    def reference(self, pack: Pack, fingerprint: Fingerprint) -> Reference:
        """Return a mood's reference: with the corpus a new one, which is written; else the committed one."""
        kept = _try_reference(pack.name)
        if not self.with_corpus:
            return kept or load_reference(pack.name)
        if kept is not None and kept.digest == digest_of(self.dataset, pack, self.baseline):
            return kept
        made = make_reference(
            self.dataset,
            self.held_out_excerpts(pack.name).tolist(),
            Composer(pack, self.predictors.ngram),
            fingerprint,
            phrases=self.baseline,
            progress=self._show(pack.name),
        )
        save_reference(made, pack.name)
        return made

    def measure(self, pack: Pack) -> _Sets:
        """Return a mood's sets and the figures that ask no other mood."""
        if not pack.preset.fingerprint:
            raise InputError(f"{pack.name} has no fingerprint; train it again to get one")
        fingerprint = load_fingerprint(
            pack.read(pack.preset.fingerprint), file=f"{pack.name}/{pack.preset.fingerprint}"
        )
        reference = self.reference(pack, fingerprint)
        asks = [reference.asks[index % len(reference.asks)] for index in range(self.phrases)]
        own = Session(pack.model, file=f"{pack.name}/{pack.preset.model}")
        model, random = (
            compose_set(pack, session, asks[:count], fingerprint, label=label, progress=self._show(pack.name))
            for session, label, count in ((own, "model", self.phrases), (self.random, "random", self.baseline))
        )
        figures = self._held_out_figures(pack, own)
        figures += measure_mood(pack, model, random, reference, own=own, judge=self.judge)
        return _Sets(pack, reference, own, model, random, figures)

    def _held_out_figures(self, pack: Pack, own: Session) -> list[Figure]:
        if not self.with_corpus:
            return [_from_card(pack, name) for name in _HELD_OUT]
        excerpts = self.test_excerpts(pack.name)
        return [
            *measure_prediction(own, self.predictors, self.dataset, excerpts),
            measure_style_token(own, pack, self.dataset, excerpts),
        ]

    def _show(self, mood: str) -> Any:
        def show(label: str, done: int, total: int) -> None:
            self.workshop.progress(f"{mood}, {label}", {"update": done, "updates": total})

        return show


def _from_card(pack: Pack, name: str) -> Figure:
    """Return a figure as the card has it, for those that only the corpus can give again."""
    kept = pack.card.measures.get("evaluation", {}).get(name)
    if not isinstance(kept, dict):
        return Figure(name=name, value=None, note="needs the corpus: gamemusic evaluate --corpus FOLDER")
    return Figure(
        name=name,
        value=kept.get("value"),
        goal=kept.get("goal", ""),
        reached=kept.get("reached"),
        baselines={key: kept[key] for key in ("5-gram", "random", "real", "base") if isinstance(kept.get(key), float)},
        note=kept.get("note", ""),
        details=kept.get("details", {}),
    )


def evaluate(
    moods: Sequence[str],
    *,
    corpus: Path | None,
    work: Path,
    phrases: int,
    output: Path | None,
    write_cards: bool,
    as_json: bool,
) -> str:
    """Measure moods and return the table, or JSON.

    Args:
        moods: Names or paths; none means all that are shipped.
        corpus: The training music, prepared when it was not yet; None measures against the committed references.
        work: Where the prepared dataset lies.
        phrases: Phrases a set.
        output: Folder of the report; None writes none.
        write_cards: Write the figures into the packs' cards.
        as_json: Return JSON.

    Raises:
        InputError: For a mood that is not there, or that has no reference.
    """
    packs = find_packs(moods)
    if phrases < 10:
        raise InputError(f"at least 10 phrases are needed to measure anything (received {phrases})")
    with StageProgress(sys.stderr) as progress:
        workshop = Workshop(shipped_recipes(), work, Path("presets"), progress)
        if corpus is not None and not (work / "dataset" / "dataset.json").exists():
            workshop.prepare(corpus, jobs=2)
        bench = Evaluation(workshop, phrases=phrases, with_corpus=corpus is not None)
        sets = {pack.name: bench.measure(pack) for pack in packs}
    references = {one.name: _try_reference(one.name) for one in list_shipped()}
    known = {name: found for name, found in references.items() if found is not None} | {
        name: one.reference for name, one in sets.items()
    }
    recognised = measure_recognition(
        {name: one.model.features for name, one in sets.items()},
        known,
        {name: one.random.features for name, one in sets.items()},
    )
    for name, one in sets.items():
        one.figures += recognised[name]
        if write_cards:
            _write_card(one.pack, one.figures)
    if output is not None:
        _report(list(sets.values()), output, phrases)
    if as_json:
        return json.dumps({name: figures_to_dict(one.figures) for name, one in sets.items()}, indent=2)
    tables = [f"{name}\n{print_table(one.figures)}" for name, one in sets.items()]
    if len(sets) > 1:
        tables.append(f"all of them\n{print_table(measure_order([one.pack for one in sets.values()]))}")
    return "\n\n".join(tables)


def _try_reference(mood: str) -> Reference | None:
    try:
        return load_reference(mood)
    except InputError:
        return None


def _write_card(pack: Pack, figures: Sequence[Figure]) -> None:
    measures = {**pack.card.measures, "evaluation": figures_to_dict(figures)}
    write_file(pack.path / CARD_FILE, write_card(dataclasses.replace(pack.card, measures=measures)))


def _report(sets: Sequence[_Sets], folder: Path, phrases: int) -> None:
    write_report(
        [
            MoodReport(
                one.pack.name,
                one.figures,
                {
                    "model": one.model.features,
                    "5-gram": one.reference.ngram,
                    "random": one.random.features,
                    "real": one.reference.real,
                },
                {"the model": one.model.phrases[:_DRAWN], "random weights": one.random.phrases[:_DRAWN]},
            )
            for one in sets
        ],
        folder,
        title="How good the moods are",
        about=[
            f"{phrases} composed phrases of eight bars a mood against held-out pieces.",
            "Beside each figure: the same pipeline with a modified Kneser-Ney 5-gram, or random weights, as model.",
            "The figures are in figures.json, too, finer than here.",
        ],
    )
