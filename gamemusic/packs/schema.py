"""The preset: how a mood is to be composed, arranged and mixed.

`Preset`, and the `Style`, `Player` and `Room` in it, are the whole definition of ``preset.yaml``. Their annotations say
what each key may hold, their docstrings say what it means; reader, writer, JSON Schema and documentation all come from
them. To add a key is to add a field.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from gamemusic.chordnames import find_outside
from gamemusic.errors import InputError, suggest
from gamemusic.limits import LIMITS, Limits
from gamemusic.packs.fields import Choice, Exactly, Number, Text, Whole
from gamemusic.packs.musical import (
    BAR,
    DRUM_FIGURES,
    FIGURE,
    FIGURES,
    KEY,
    MIN_P,
    NAME,
    PITCH,
    PITCHED,
    ROLES,
    TEMPERATURE,
    TEMPO,
)
from gamemusic.packs.nodes import Node
from gamemusic.packs.ownfigure import OwnFigure, OwnGroove
from gamemusic.packs.records import FieldError, ListOf, MapOf, Pair, Record
from gamemusic.packs.stinger import Stinger
from gamemusic.packs.style import Drummer, Player, Room, Style
from gamemusic.packs.yamlfile import Bounds, dump_yaml, load_yaml, read_yaml
from gamemusic.score.orchestration import Orchestration
from gamemusic.score.phrase import Role
from gamemusic.theory import Key
from gamemusic.units import MAX_BARS, METERS, Meter
from gamemusic.values import shown

__all__ = [
    "DRUM_FIGURES",
    "FIGURES",
    "FORMAT",
    "Drummer",
    "Player",
    "Preset",
    "Room",
    "Style",
    "json_schema",
    "load_preset",
    "read_preset",
    "write_preset",
]

FORMAT = 1
"""Version of the preset's format that this release reads and writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A mood: what is composed, and in which styles it can be played.

    Raises:
        FieldError: When the form does not divide the bars, or varies a section that was not heard yet.
    """

    format: Annotated[int, Exactly(FORMAT)] = FORMAT
    """Version of this file's format."""
    name: Annotated[str, NAME]
    """The mood's name, as `compose` takes it."""
    title: Annotated[str, Text(80)] = ""
    """Name for people."""
    description: Annotated[str, Text(2000, lines=True)] = ""
    """What it is for and what it sounds like."""
    model: Annotated[
        str, Text(64, r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.onnx", "a file name that ends in .onnx, without folders")
    ] = "model.onnx"
    """File of the pack that holds the LSTM."""
    fingerprint: Annotated[
        str, Text(64, r"([A-Za-z0-9_][A-Za-z0-9_.-]*\.bin)?", "a file name that ends in .bin, without folders", least=0)
    ] = ""
    """File of the pack that says what its training music looks like, so that outliers and copies are turned away."""
    theme: Annotated[
        str, Text(64, r"([A-Za-z0-9_][A-Za-z0-9_.-]*\.mid)?", "a file name that ends in .mid, without folders", least=0)
    ] = ""
    """MIDI file of the pack whose melody the first section plays, unless the caller asks for another."""
    tempo: Annotated[tuple[float, float], TEMPO]
    """[slowest, fastest] in quarter notes a minute; the seed chooses between them."""
    keys: Annotated[tuple[Key, ...], ListOf(KEY, 1, 24, unique=True)]
    """Keys from which the seed chooses, such as `D minor` or `A dorian`."""
    meters: Annotated[tuple[Meter, ...], ListOf(Choice(METERS), 1, len(METERS), unique=True)] = (METERS["4/4"],)
    """Meters that suit the mood; the seed chooses among them."""
    bars: Annotated[int, Whole(1, MAX_BARS)] = 8
    """Length of a phrase when the caller asks for none."""
    form: Annotated[
        tuple[str, ...], ListOf(Text(2, "[A-Z]'?", "a letter, or a letter and ' for a variation"), 0, 16)
    ] = ()
    """Sections of equal length, such as [A, A', B, A]: a letter again repeats, a prime varies. Empty: no form."""
    periods: Annotated[float, Number(0, 1)] = 0.25
    """How often a section of eight bars or more is a period, whose second half begins like its first: 0 to 1."""
    ending: Annotated[str, Choice({"loop": "loop", "cadence": "cadence"})] = "loop"
    """`loop` leads back to the beginning, `cadence` comes to rest."""
    progression: Annotated[tuple[str, ...], ListOf(BAR, 0, MAX_BARS)] = ()
    """Chords to be composed over, an entry a bar, repeated to the end: names, roman numerals or steps of the key, such
    as `[Am, F, C/E, G]`, `[i, bVI, III, bVII]` or `[1, 6, 3, 7]`; `[Dm Gm, A7]` has two in its first bar. The step 5 is
    what leads back in the key's mode. Names have to be in each of several `keys`. Empty: they come from a library.
    """
    scale_strictness: Annotated[float, Number(0, 1)] = 0.5
    """How strongly notes outside key and chord are held back: 0 not at all, 1 they are forbidden."""
    temperature: Annotated[float, TEMPERATURE] = 0.95
    """How freely notes are drawn: lower is plainer, higher is stranger."""
    min_p: Annotated[float, MIN_P] = 0.03
    """Choices less likely than this share of the likeliest are never drawn."""
    candidates: Annotated[int, Whole(1, 32)] = 8
    """Phrases composed at once, of which the one that loops best is kept."""
    intensity: Annotated[float, Number(0, 1)] = 0.5
    """Intensity when the caller asks for none."""
    repeats: Annotated[int, Whole(0, 64)] = 2
    """Live, how often a phrase is repeated as it is before it is varied."""
    variations: Annotated[int, Whole(0, 64)] = 2
    """Live, how many variations of a phrase follow, over the same chords, before a new one is composed."""
    rest_bars: Annotated[int, Whole(0, 64)] = 0
    """Live, bars of silence between a phrase and what follows its repeats."""
    stingers: Annotated[Mapping[str, Stinger], MapOf(NAME, Record(Stinger), high=32, named=True)] = field(
        default_factory=dict
    )
    """One-shots that a game may ask for by name, beside `found`, `danger`, `win`, `lose`, `level_up` and `secret`, or
    in their place."""
    figures: Annotated[Mapping[str, OwnFigure], MapOf(NAME, Record(OwnFigure), high=32, named=True)] = field(
        default_factory=dict
    )
    """Figures of this mood's own, by the names that styles and sections call them by."""
    grooves: Annotated[Mapping[str, OwnGroove], MapOf(NAME, Record(OwnGroove), high=32, named=True)] = field(
        default_factory=dict
    )
    """Drum patterns of this mood's own, by the names that styles and sections call them by."""
    ranges: Annotated[Mapping[Role, tuple[int, int]], MapOf(PITCHED, Pair(PITCH))] = field(default_factory=dict)
    """[lowest, highest] note of each role as composed, before `octave`; roles left out may use all the model's notes. A
    figure keeps to it too, but needs an octave."""
    polyphony: Annotated[Mapping[Role, int], MapOf(ROLES, Whole(1, 6))] = field(default_factory=dict)
    """Most notes of a composed role that may sound at once; roles left out have the model's usual limits."""
    density: Annotated[Mapping[Role, int], MapOf(ROLES, Whole(1, 48))] = field(default_factory=dict)
    """Most notes of a role, composed or a figure's, that may begin in one bar; roles left out have no limit. Of a
    figure what stands on stronger beats stays."""
    styles: Annotated[Mapping[str, Style], MapOf(NAME, Record(Style), low=1, high=16, named=True)]
    """Ways in which the mood can be played; the first is the default."""

    def __post_init__(self) -> None:
        if self.form and self.bars % len(self.form):
            count = len(self.form)
            message = f"found {self.bars} bars for a form of {count} sections, expected a multiple of {count}"
            raise FieldError(message, "form")
        for index, section in enumerate(self.form):
            if section.endswith("'") and section[0] not in self.form[:index]:
                message = f"found {section} before {section[0]}, expected the section before its variation"
                raise FieldError(message, "form", index)
        self._check_figures()
        every = tuple(dict.fromkeys(key for style in self.styles.values() for key in self.keys_of(style)))
        _check_chords(self.progression, every, "progression")
        for style in self.styles.values():
            for index, progression in enumerate(style.progressions):
                _check_chords(progression, self.keys_of(style), "styles", style.name, "progressions", index)
        for stinger in self.stingers.values():
            if stinger.style and stinger.style not in self.styles:
                message = f"found {stinger.style}, expected one of this mood's styles: {', '.join(self.styles)}"
                raise FieldError(message, "stingers", stinger.name, "style")
        for style in self.styles.values():
            for name in style.sections:
                letter = name.rstrip("0123456789")
                if self.form.count(letter) < int(name[len(letter) :] or 1):
                    form = f"[{', '.join(self.form)}] has" if self.form else "without 'form' there is"
                    message = f"found the section {name}, but {form} no such section"
                    raise FieldError(message, "styles", style.name, "sections", name)

    def _check_figures(self) -> None:
        """Refuse own figures that are called like others, and styles that name what is not there or does not fit."""
        for kind, some in (("figures", self.figures), ("grooves", self.grooves)):
            for name in some:
                if name in FIGURES or (kind == "grooves" and name in self.figures):
                    whose = "of every mood" if name in FIGURES else "of this one"
                    raise FieldError(f"found {name}, which is a figure {whose}; choose another name", kind, name)
        own = (*self.figures, *self.grooves)
        for style in self.styles.values():
            for role, name, place in style.named_figures():
                path = ("styles", style.name, *place)
                if name not in FIGURES and name not in own:
                    mine = f", or one of this mood's own: {', '.join(own)}" if own else ""
                    words = f"{FIGURE.expected}{mine}{suggest(name, (*FIGURES, *own))}"
                    raise FieldError(f"found the text {name!r}, expected {words}", *path)
                if name in own and (name in self.grooves) != (role is Role.DRUMS):
                    fit = "one of 'grooves'" if role is Role.DRUMS else "one of 'figures'"
                    raise FieldError(f"found {name} for '{role}', expected {fit}", *path)

    @property
    def default_style(self) -> str:
        """Name of the first style."""
        return next(iter(self.styles))

    def style(self, name: str | None = None) -> Style:
        """Return a style by name, or the default one.

        Raises:
            InputError: For a style that this mood does not have.
        """
        if name is None:
            name = self.default_style
        if not isinstance(name, str) or name not in self.styles:
            known, hint = ", ".join(self.styles), suggest(name, self.styles) if isinstance(name, str) else ""
            raise InputError(f"mood {self.name!r} has no style {shown(name)}, only {known}{hint}")
        return self.styles[name]

    def tempo_of(self, style: Style) -> tuple[float, float]:
        """Return slowest and fastest tempo of a style, in quarter notes a minute."""
        return style.tempo or self.tempo

    def keys_of(self, style: Style) -> tuple[Key, ...]:
        """Return the keys of a style."""
        return style.keys or self.keys

    def meters_of(self, style: Style) -> tuple[Meter, ...]:
        """Return the meters of a style, from which the seed chooses."""
        return style.meters or self.meters

    def ranges_of(self, style: Style) -> Mapping[Role, tuple[int, int]]:
        """Return lowest and highest note of each role in a style, as far as something is said of it."""
        return {**self.ranges, **style.ranges}

    def polyphony_of(self, style: Style) -> Mapping[Role, int]:
        """Return how many notes of a role may sound at once in a style, as far as something is said of it."""
        return {**self.polyphony, **style.polyphony}

    def density_of(self, style: Style) -> Mapping[Role, int]:
        """Return how many notes of a role may begin in a bar in a style, as far as something is said of it."""
        return {**self.density, **style.density}

    def orchestration_of(self, style: Style) -> Orchestration:
        """Return a style's players as a phrase carries them, with what `ranges` and `density` allow their figures."""
        ranges, density, plain = self.ranges_of(style), self.density_of(style), style.orchestration()
        players = {
            role: dataclasses.replace(player, reach=ranges.get(role), density=density.get(role))
            for role, player in plain.instruments.items()
        }
        return dataclasses.replace(
            plain,
            instruments=players,
            own_figures={name: own.figure() for name, own in self.figures.items()},
            own_grooves={name: own.groove() for name, own in self.grooves.items()},
        )

    def temperature_of(self, style: Style) -> float:
        """Return the temperature of a style."""
        return self.temperature if style.temperature is None else style.temperature


def _check_chords(progression: tuple[str, ...], keys: tuple[Key, ...], *place: str | int) -> None:
    """Refuse chords written by name that are not in all of several keys: in some of them they would be wrong."""
    for key in keys if len(keys) > 1 else ():
        outside = find_outside(progression, key)
        if outside is not None:
            index, name = outside
            raise FieldError(
                f"found {name}, which is not in {key}, one of the {len(keys)} keys that may be chosen; write roman "
                "numerals, which move with the key, or leave only the key that these chords are in",
                *place,
                index,
            )


_PRESET = Record(Preset)


def _preset(node: Node) -> Preset:
    return _PRESET.read(node, "")


def load_preset(data: bytes, *, file: object = "preset.yaml", limits: Limits = LIMITS) -> Preset:
    """Return the preset in a YAML file's bytes; ``file`` is the name that messages give.

    Raises:
        FormatError: With line and column, for anything that the schema does not allow.
    """
    return _preset(load_yaml(data, file=file, bounds=Bounds(limits.yaml_bytes, limits.yaml_values)))


def read_preset(path: str | Path) -> Preset:
    """Return the preset in the YAML file at ``path``.

    Raises:
        InputError: When the file cannot be read.
        FormatError: See `load_preset`.
    """
    return _preset(read_yaml(path))


def write_preset(preset: Preset) -> str:
    """Return the preset as YAML, without the keys that hold their default."""
    return dump_yaml(_PRESET.write(preset))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of preset.yaml, for editors that complete and check while one types."""
    shared: dict[str, dict[str, Any]] = {}
    body = _PRESET.inline_schema(shared)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "gamemusic preset", **body} | {
        "$defs": shared
    }
