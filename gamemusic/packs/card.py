"""The card of a mood pack: where its model comes from, what may be done with it, and what was measured.

``card.json`` lists every other file of the pack with its size and SHA-256. Keys that this release does not know are
kept in `Card.extra`, so that a newer card can still be read; everything else is strict.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from gamemusic.errors import FormatError
from gamemusic.packs.fields import Exactly, Number, Text, Whole
from gamemusic.packs.jsonfile import make_unique, refuse_constant
from gamemusic.packs.musical import NAME
from gamemusic.packs.nodes import node_of
from gamemusic.packs.records import Free, ListOf, MapOf, Record
from gamemusic.version import __version__

__all__ = [
    "CARD_FORMAT",
    "MAX_CARD_BYTES",
    "Card",
    "FileEntry",
    "Licences",
    "Parent",
    "Source",
    "Training",
    "Vocabulary",
    "load_card",
    "write_card",
]

CARD_FORMAT = 1
"""Version of the card's format that this release reads and writes."""
MAX_CARD_BYTES = 256 * 1024
"""Longest card, in bytes."""

_SHA256 = Text(64, "[0-9a-f]{64}", "a SHA-256 of 64 hexadecimal digits")
_HASH = Text(128, "[0-9a-f]*", "hexadecimal digits", least=0)
_LONG = 2**53
_LINE = Text(200, least=0)
_VERSION = Text(32, r"\d+(\.\d+){0,3}[a-z0-9.+-]*", "a version such as 1.0.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """A file of the pack."""

    size: Annotated[int, Whole(0, 2**31)]
    """Length in bytes."""
    sha256: Annotated[str, _SHA256]
    """SHA-256 of its content, in small hexadecimal digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Licences:
    """What may be done with what; SPDX names where there is one, empty where it is not known."""

    model: Annotated[str, _LINE] = ""
    """Licence of the model's weights and of the preset."""
    training_data: Annotated[str, _LINE] = ""
    """Licence of the music that the model learned from; several are joined by AND."""
    output: Annotated[str, _LINE] = ""
    """Licence of the music that you compose with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A collection of music that the model learned from."""

    name: Annotated[str, Text(200)]
    """Name of the collection."""
    licence: Annotated[str, _LINE] = ""
    """Its licence."""
    count: Annotated[int, Whole(0, _LONG)] = 0
    """Pieces used."""
    credit: Annotated[str, Text(4000, lines=True, least=0)] = ""
    """Composers and encoders."""
    url: Annotated[str, Text(500, least=0)] = ""
    """Where it can be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The token table that the model was trained with."""

    version: Annotated[int, Whole(1, 10_000)]
    """`gamemusic.tokens.vocabulary.VOCABULARY_VERSION`."""
    hash: Annotated[str, _SHA256]
    """`gamemusic.tokens.vocabulary.VOCABULARY_HASH`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How the model was trained."""

    data_hash: Annotated[str, _HASH] = ""
    """Hash of the training data."""
    tokens: Annotated[int, Whole(0, _LONG)] = 0
    """Tokens seen, repetitions included."""
    steps: Annotated[int, Whole(0, _LONG)] = 0
    """Steps of the optimiser."""
    seconds: Annotated[float, Number(0, 1e9)] = 0.0
    """Time taken, in seconds."""
    device: Annotated[str, _LINE] = ""
    """What it was trained on."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Keys that this release does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """The mood that this one was made from. It is not needed to play this one."""

    name: Annotated[str, NAME]
    """Its name."""
    version: Annotated[str, _VERSION] = "1.0.0"
    """Its version."""
    digest: Annotated[str, _SHA256]
    """SHA-256 of its files, see `gamemusic.packs.pack.Pack.digest`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a mood pack says about itself."""

    format: Annotated[int, Exactly(CARD_FORMAT)] = CARD_FORMAT
    """Version of the card's format."""
    name: Annotated[str, NAME]
    """The mood's name, the same as in the preset."""
    version: Annotated[str, _VERSION] = "1.0.0"
    """Version of the pack."""
    title: Annotated[str, Text(80, least=0)] = ""
    """Name for people."""
    author: Annotated[str, _LINE] = ""
    """Who made the pack."""
    min_sdk: Annotated[str, _VERSION] = "0.1.0"
    """Oldest gamemusic that can use it."""
    licences: Annotated[Licences, Record(Licences)] = field(default_factory=Licences)
    """Licences of the model, of the training data and of your output."""
    attribution: Annotated[tuple[Source, ...], ListOf(Record(Source), 0, 500)] = ()
    """What the model learned from, and whom to thank."""
    vocabulary: Annotated[Vocabulary, Record(Vocabulary)]
    """The token table that the model was trained with."""
    styles: Annotated[tuple[str, ...], ListOf(Text(32), 0, 64, unique=True)] = ()
    """Style tokens that were trained; empty: not known."""
    training: Annotated[Training, Record(Training, tolerant=True)] = field(default_factory=Training)
    """How the model was trained."""
    measures: Annotated[Mapping[str, Any], Free()] = field(default_factory=dict)
    """Measured figures."""
    notes: Annotated[tuple[str, ...], ListOf(Text(2000, lines=True), 0, 100)] = ()
    """What is learned and what is arranged, limits, and anything else a user should know."""
    parent: Annotated[Parent | None, Record(Parent)] = None
    """The mood that this one was made from."""
    files: Annotated[Mapping[str, FileEntry], MapOf(Text(200), Record(FileEntry), low=1, high=1000)]
    """Every file of the pack but the card itself, by its path with forward slashes."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Keys that this release does not know."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the card should say and does not."""
        licences = {"model": self.licences.model, "training_data": self.licences.training_data}
        licences["output"] = self.licences.output
        found = [f"card.json does not say the licence of '{name}'" for name, licence in licences.items() if not licence]
        if not self.attribution:
            found.append("card.json does not say what the model learned from ('attribution')")
        return tuple(found)


_CARD = Record(Card, tolerant=True)


def load_card(data: bytes, *, file: object = "card.json") -> Card:
    """Return the card in a JSON file's bytes; ``file`` is the name that messages give.

    Raises:
        FormatError: For anything that is not a card.
    """
    name = str(file)
    if len(data) > MAX_CARD_BYTES:
        raise FormatError(f"the file has {len(data)} bytes, allowed are {MAX_CARD_BYTES}", file=name)
    try:
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=make_unique, parse_constant=refuse_constant)
        node = node_of(value, file=name)
    except json.JSONDecodeError as error:
        raise FormatError(f"this is not JSON: {error.msg}", file=name, line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise FormatError("this is nested too deeply", file=name) from None
    except FormatError:
        raise
    except ValueError as error:  # not UTF-8, a key twice, NaN, a number of thousands of digits
        raise FormatError(f"this is not a card: {error}", file=name) from None
    _check_format(value, name)
    return _CARD.read(node, "")


def _check_format(value: Any, file: str) -> None:
    """Say which release a card of a newer format needs, which only the card itself knows."""
    found = value.get("format") if isinstance(value, dict) else None
    if isinstance(found, int) and not isinstance(found, bool) and found > CARD_FORMAT:
        needed = value.get("min_sdk")
        known = isinstance(needed, str) and re.fullmatch(r"[0-9a-z.+-]{1,32}", needed)
        which = f"gamemusic {needed} or newer" if known else "a newer gamemusic"
        raise FormatError(
            f"this is a card of format {found}, gamemusic {__version__} reads format {CARD_FORMAT}; the pack needs "
            f"{which}: pip install -U gamemusic",
            file=file,
        )


def write_card(card: Card) -> bytes:
    """Return the card as JSON; the same card gives the same bytes."""
    text = json.dumps(_CARD.write(card), indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8")
