"""Recipes: which music a model learns from and how it is trained, as strict YAML. See ``export/recipes/``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar

from gamemusic.packs.fields import Choice, Number, Text, Truth, Whole
from gamemusic.packs.musical import NAME
from gamemusic.packs.records import ListOf, MapOf, Pair, Record
from gamemusic.packs.yamlfile import read_yaml
from gamemusic.score.measures import Measures
from gamemusic.tokens.vocabulary import STYLE_NAMES
from gamemusic_export.model import ModelSize
from gamemusic_export.train import TrainSettings

__all__ = [
    "BaseRecipe",
    "CorpusRecipe",
    "MoodRecipe",
    "Rule",
    "Selection",
    "Source",
    "Training",
    "Trial",
    "TrialsRecipe",
    "read_recipe",
]

_STYLE = Choice({name: name for name in STYLE_NAMES})
_FIGURE = Choice({field.name: field.name for field in dataclasses.fields(Measures)})
_LINE = Text(300)

Recipe = TypeVar("Recipe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Gives a style to the pieces of a source that fit all its conditions."""

    style: Annotated[str, _STYLE]
    """Style token of the pieces that fit."""
    programs: Annotated[tuple[int, ...], ListOf(Whole(0, 127), 0, 128)] = ()
    """General MIDI programs of which at least `share` of the pitched notes must be."""
    share: Annotated[float, Number(0, 1)] = 0.15
    """See `programs`."""
    column: Annotated[str, Text(40, least=0)] = ""
    """Column of the source's table that must hold one of `values`."""
    values: Annotated[tuple[str, ...], ListOf(Text(80, least=0), 0, 100)] = ()
    """Words, one of which the column must hold; compared without case."""
    lacks: Annotated[bool, Truth()] = False
    """Turns `values` round: the column must hold none of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A folder of MIDI files below the corpus folder."""

    folder: Annotated[str, Text(100)]
    """Folder's name."""
    title: Annotated[str, _LINE]
    """Name of the collection, for cards."""
    url: Annotated[str, Text(300, least=0)] = ""
    """Where it comes from."""
    licence: Annotated[str, _LINE]
    """Licence of its encodings."""
    credit: Annotated[str, Text(1000, lines=True, least=0)] = ""
    """Who is to be named."""
    table: Annotated[str, Text(100, least=0)] = ""
    """CSV file in the folder, one row a piece, with the columns `file`, and if it has them `licence` and `encoder`."""
    style: Annotated[str, _STYLE]
    """Style token of pieces that no rule fits."""
    rules: Annotated[tuple[Rule, ...], ListOf(Record(Rule), 0, 20)] = ()
    """The first one that fits decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusRecipe:
    """Where the music comes from."""

    sources: Annotated[tuple[Source, ...], ListOf(Record(Source), 1, 100)]
    """Folders to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How long and how fast."""

    updates: Annotated[int, Whole(1, 10_000_000)]
    """Most optimiser steps."""
    rows: Annotated[int, Whole(1, 4096)] = 64
    """Sequences a batch."""
    steps: Annotated[int, Whole(8, 4096)] = 192
    """Tokens of each sequence a batch."""
    learning_rate: Annotated[float, Number(1e-6, 0.1)] = 2e-3
    """Highest learning rate."""
    warmup: Annotated[int, Whole(0, 100_000)] = 100
    """Updates until then."""
    validate_every: Annotated[int, Whole(1, 100_000)] = 200
    """Updates between validations."""
    patience: Annotated[int, Whole(1, 1000)] = 6
    """Validations without a better one before stopping."""
    seed: Annotated[int, Whole(0, 2**31)] = 1
    """Decides the order of the music and the first weights."""

    def settings(self) -> TrainSettings:
        """Return what the training loop takes."""
        return TrainSettings(**{item.name: getattr(self, item.name) for item in dataclasses.fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRecipe:
    """The model that every mood starts from."""

    corpus: Annotated[str, Text(100)] = "corpus.yaml"
    """Corpus recipe beside this file."""
    hidden: Annotated[int, Whole(8, 2048)] = 384
    """Cells a layer."""
    layers: Annotated[int, Whole(1, 4)] = 2
    """LSTM layers."""
    dropout: Annotated[float, Number(0, 0.9)] = 0.1
    """Share of activations left out while training."""
    tied: Annotated[bool, Truth()] = False
    """Whether output and token embedding share their weights while it is trained; what is saved does not need to."""
    octaves: Annotated[bool, Truth()] = False
    """Whether a third of the music is moved an octave up and a third down while it is trained."""
    shares: Annotated[Mapping[str, float], MapOf(_STYLE, Number(0, 1), low=1)]
    """How much of the training each style makes up."""
    training: Annotated[Training, Record(Training)]
    """How it is trained."""

    @property
    def size(self) -> ModelSize:
        """The network's size."""
        return ModelSize(self.hidden, self.layers, self.dropout)

    @property
    def selections(self) -> tuple[Selection, ...]:
        """All music of each style, by its share."""
        return tuple(Selection(style=style, share=share) for style, share in self.shares.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One thing that is tried; what is not said is as in the base recipe's first version: 2 x 384, dropout 0.1."""

    name: Annotated[str, Text(60)]
    """Row of the table."""
    hidden: Annotated[int, Whole(8, 2048)] = 384
    """Cells a layer."""
    layers: Annotated[int, Whole(1, 4)] = 2
    """LSTM layers."""
    dropout: Annotated[float, Number(0, 0.9)] = 0.1
    """Share of activations left out."""
    tied: Annotated[bool, Truth()] = False
    """Whether output and token embedding share their weights."""
    schedule: Annotated[str, Choice({"cosine": "cosine", "constant": "constant"})] = "cosine"
    """What the learning rate does after its warm-up."""
    octaves: Annotated[bool, Truth()] = False
    """Whether stretches are moved by an octave at random."""
    balanced: Annotated[bool, Truth()] = True
    """Whether styles have the base recipe's shares; else every excerpt counts alike."""
    continued: Annotated[bool, Truth()] = False
    """Whether it begins with the shipped base weights; their size then counts."""
    updates: Annotated[int, Whole(0, 1_000_000)] = 0
    """Optimiser steps; 0: as all."""
    learning_rate: Annotated[float, Number(0, 0.1)] = 0.0
    """Highest learning rate; 0: the base recipe's."""

    @property
    def size(self) -> ModelSize:
        """The network's size."""
        return ModelSize(self.hidden, self.layers, self.dropout)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialsRecipe:
    """Short trainings that sizes and settings are chosen by."""

    updates: Annotated[int, Whole(1, 1_000_000)]
    """Optimiser steps of each trial."""
    warmup: Annotated[int, Whole(0, 100_000)]
    """Updates until the highest learning rate."""
    validate_every: Annotated[int, Whole(1, 100_000)]
    """Updates between validations."""
    excerpts: Annotated[int, Whole(1, 100_000)]
    """Validation excerpts that trials are compared on."""
    trials: Annotated[tuple[Trial, ...], ListOf(Record(Trial), 1, 50)]
    """What is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Music of one style that suits a mood, chosen by measured figures."""

    style: Annotated[str, _STYLE]
    """Style token."""
    share: Annotated[float, Number(0, 1)] = 1.0
    """How much of the mood's training it makes up, against the other selections."""
    sources: Annotated[tuple[str, ...], ListOf(Text(100), 0, 100)] = ()
    """Folders to take from; empty: all."""
    where: Annotated[Mapping[str, tuple[float, float]], MapOf(_FIGURE, Pair(Number(0, 1000)))] = field(
        default_factory=dict
    )
    """[lowest, highest] of a figure's mean over an excerpt, see `gamemusic.score.measures.Measures`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoodRecipe:
    """A mood's model."""

    mood: Annotated[str, NAME]
    """Name; its preset must exist."""
    why: Annotated[str, Text(2000, lines=True)]
    """Why this music makes this mood."""
    music: Annotated[tuple[Selection, ...], ListOf(Record(Selection), 1, 50)]
    """What it learns from."""
    dropout: Annotated[float, Number(0, 0.9)] = 0.1
    """Share of activations left out while fine-tuning; more where there is little music."""
    training: Annotated[Training, Record(Training)]
    """How it is fine-tuned."""


def read_recipe(path: Path, kind: type[Recipe]) -> Recipe:
    """Return the recipe of ``kind`` in a YAML file.

    Raises:
        FormatError: With line and column, for anything the kind does not allow.
    """
    return Record(kind).read(read_yaml(path), "")
