"""The soundtrack file: which cues a game has and how they are written.

As with presets, `Soundtrack` and the records in it are the whole definition of ``soundtrack.yaml``: reader, JSON Schema
and documentation come from them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from gamemusic.errors import suggest
from gamemusic.packs.fields import Choice, Exactly, Kind, Number, Schema, Text, Truth, Whole
from gamemusic.packs.musical import KEY, NAME
from gamemusic.packs.nodes import ListNode, Node
from gamemusic.packs.records import FieldError, ListOf, MapOf, Record
from gamemusic.packs.yamlfile import Bounds, load_yaml, read_yaml
from gamemusic.theory import Key
from gamemusic.units import MAX_BARS, METERS, TEMPO_RANGE, Meter

__all__ = [
    "BOUNDS",
    "FORMAT",
    "Cue",
    "Group",
    "Soundtrack",
    "Sting",
    "Transition",
    "default_seed",
    "file_stems",
    "json_schema",
    "load_soundtrack",
    "parse_soundtrack",
    "read_soundtrack",
    "take_seed",
]

FORMAT = 1
"""Version of the soundtrack file's format that this release reads."""
MOST_CUES = 100_000
MOST_LINKS = 16
"""Cues of which each has the chords of the next one: each is composed for the sake of the one before."""
BOUNDS = Bounds(size=64 << 20, nodes=5_000_000)
"""How large a soundtrack file may be; it is one's own, and may have been written by a program."""

FORMATS = ("midi", "wav", "ogg", "flac")
"""What a cue can be written as."""


@dataclass(frozen=True, eq=False)
class _Levels(Kind[tuple[float, ...]]):
    """One intensity, or a list of them from the lowest to the highest."""

    @property
    def expected(self) -> str:
        return "a number, 0 to 1, or a list of 1 to 8 of them, each higher than the one before"

    def read(self, node: Node, where: str) -> tuple[float, ...]:
        if not isinstance(node, ListNode):
            return (Number(0, 1).read(node, where),)
        levels = ListOf(Number(0, 1), 1, 8).read(node, where)
        if list(levels) != sorted(set(levels)):
            raise self.refuse(node, where, "; sort them")
        if len({percent(level) for level in levels}) < len(levels):
            raise self.refuse(node, where, "; they must differ by a hundredth, since files are named by them")
        return levels

    def write(self, value: tuple[float, ...]) -> Any:
        return value[0] if len(value) == 1 else list(value)

    def schema(self, shared: dict[str, Schema]) -> Schema:
        one = Number(0, 1).schema(shared)
        return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": 8}]}


def percent(intensity: float) -> int:
    """Return an intensity in hundredths, as file names have it."""
    return round(100 * intensity)


_DERIVED = re.compile(r"(.+?)(?:-[vt]\d+)?(?:-i\d+)?")
"""Names of variations, takes and levels."""
_FILE = Text(200, r"[^/\\:*?\"<>|\x00-\x1f][^\\:*?\"<>|\x00-\x1f]*", "a path with / between folders, from this file on")
_LOUDNESS = Number(-40, -8)
_FORMATS = ListOf(Choice({name: name for name in FORMATS}), 1, len(FORMATS), unique=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What cues have in common; what is left out is as the soundtrack says."""

    name: str
    """The key it stands behind."""
    description: Annotated[str, Text(200, least=0)] = ""
    """What it is for."""
    loudness: Annotated[float | None, _LOUDNESS] = None
    """Integrated loudness in LUFS of each cue's loudest level."""
    formats: Annotated[tuple[str, ...], _FORMATS] = ()
    """What is written."""
    stems: Annotated[bool | None, Truth()] = None
    """Whether each role is written to a file of its own, too; the files of a cue add up to its mix."""
    soundfont: Annotated[str, _FILE] = ""
    """SF2 or SF3 file, or `chip`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A piece of music that a game plays; what is left out is as `defaults` or the mood say."""

    name: str = ""
    """The key it stands behind; its files are called so."""
    mood: Annotated[str, Text(200)] = ""
    """An installed mood, or the path of a mood pack from this file on."""
    style: Annotated[str, Text(32)] = ""
    """One of the mood's styles."""
    group: Annotated[str, NAME] = ""
    """One of `groups`."""
    intensity: Annotated[tuple[float, ...], _Levels()] = ()
    """How full the music is; several levels are composed over the same chords and loop alike, so that a game can move
    between them."""
    bars: Annotated[int | None, Whole(1, MAX_BARS)] = None
    """Length."""
    meter: Annotated[Meter | None, Choice(METERS)] = None
    """One of the mood's meters."""
    tempo: Annotated[float | None, Number(*TEMPO_RANGE)] = None
    """In quarter notes a minute."""
    key: Annotated[Key | None, KEY] = None
    """Such as `D minor`."""
    seed: Annotated[int | None, Whole(0, (1 << 53) - 1)] = None
    """Decides the notes; without one the cue's name does, so that no cue changes another."""
    variations: Annotated[int, Whole(1, 32)] = 1
    """How many pieces of music the cue has, each from a seed of its own."""
    ending: Annotated[str, Choice({"loop": "loop", "cadence": "cadence"})] = ""
    """`loop` leads back to the beginning, `cadence` comes to rest."""
    harmony_from: Annotated[str, NAME] = ""
    """Another cue, whose chords, key, tempo and meter this one has, so that a game can cross over in the middle."""
    theme: Annotated[str, _FILE] = ""
    """MIDI file whose melody the first section plays."""
    source: Annotated[str, _FILE] = ""
    """MIDI file, such as one of ours that a person went on with: it is checked, arranged and rendered instead of
    composed. Its tracks are called after roles."""
    intro: Annotated[int, Whole(0, 2)] = 0
    """Bars that lead to the loop and are heard once, in a file of their own."""
    intro_inside: Annotated[bool, Truth()] = False
    """Whether the intro is in the loop's own file, for engines that read where a loop begins."""
    loudness_offset: Annotated[float, Number(-24, 0)] = 0.0
    """By how many LU the cue stays under its group's loudness."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A bridge, composed from the end of one cue to the beginning of another."""

    name: str
    """The key it stands behind; its files are called so."""
    start: Annotated[str, NAME]
    """The cue it comes from; it leaves after that cue's last bar."""
    end: Annotated[str, NAME]
    """The cue it leads to."""
    bars: Annotated[int, Whole(1, 2)] = 1
    """Length, in bars of the cue it leads to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sting:
    """A one-shot in the key and tempo of a cue."""

    name: str
    """The key it stands behind; its files are called so."""
    cue: Annotated[str, NAME]
    """Over which cue it is played."""
    kind: Annotated[str, NAME]
    """`found`, `danger`, `win`, `lose`, `level_up`, `secret`, or one of the mood's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Soundtrack:
    """All the music of a game.

    Raises:
        FieldError: When names do not fit together.
    """

    format: Annotated[int, Exactly(FORMAT)] = FORMAT
    """Version of this file's format."""
    title: Annotated[str, Text(120, least=0)] = ""
    """The game's name, for people."""
    author: Annotated[str, Text(120, least=0)] = ""
    """Whom the credits name for the soundtrack."""
    licence: Annotated[str, Text(200, least=0)] = ""
    """Under which terms the output is given away; empty: it is yours."""
    formats: Annotated[tuple[str, ...], _FORMATS] = ("ogg", "midi")
    """What every cue is written as: `midi`, `wav`, `ogg`, `flac`."""
    sample_rate: Annotated[int, Whole(8000, 96000)] = 48000
    """In hertz."""
    bit_depth: Annotated[str, Choice({"16": "16", "24": "24", "32f": "32f"})] = "16"
    """Of WAV and FLAC; FLAC has no `32f`."""
    quality: Annotated[float, Number(0, 1)] = 0.5
    """Of OGG."""
    loudness: Annotated[float, _LOUDNESS] = -16.0
    """Integrated loudness in LUFS of each cue's loudest level; true peaks stay below -1 dBTP, whatever that costs."""
    stems: Annotated[bool, Truth()] = False
    """Whether each role is written to a file of its own, too."""
    soundfont: Annotated[str, Text(200, least=0)] = ""
    """SF2 or SF3 file from this file on, or `chip`; empty: what each style asks for, or the system's."""
    groups: Annotated[Mapping[str, Group], MapOf(NAME, Record(Group), high=256, named=True)] = field(
        default_factory=dict
    )
    """What cues have in common."""
    defaults: Annotated[Cue, Record(Cue)] = field(default_factory=Cue)
    """What every cue has that does not say otherwise."""
    cues: Annotated[Mapping[str, Cue], MapOf(NAME, Record(Cue), low=1, high=MOST_CUES, named=True)]
    """The pieces of music."""
    transitions: Annotated[Mapping[str, Transition], MapOf(NAME, Record(Transition), high=MOST_CUES, named=True)] = (
        field(default_factory=dict)
    )
    """Bridges between cues."""
    stingers: Annotated[Mapping[str, Sting], MapOf(NAME, Record(Sting), high=MOST_CUES, named=True)] = field(
        default_factory=dict
    )
    """One-shots over cues."""

    def __post_init__(self) -> None:
        if "flac" in self.formats and self.bit_depth == "32f":
            raise FieldError("found 32f for flac, expected 16 or 24: FLAC has no floats", "bit_depth")
        for name in ("name", "seed", "source", "harmony_from"):
            if getattr(self.defaults, name) not in ("", None):
                raise FieldError(f"found {name} for all cues, expected it in each cue; move it there", "defaults", name)
        self._check_reference("defaults", "", "group", self.defaults.group, self.groups)
        for cue in self.cues.values():
            self._check_reference("cues", cue.name, "group", cue.group, self.groups)
            self._check_reference("cues", cue.name, "harmony_from", cue.harmony_from, self.cues)
        for cue in self.cues.values():
            self._check_cue(cue)
        for one in self.transitions.values():
            self._check_reference("transitions", one.name, "start", one.start, self.cues)
            self._check_reference("transitions", one.name, "end", one.end, self.cues)
        for sting in self.stingers.values():
            self._check_reference("stingers", sting.name, "cue", sting.cue, self.cues)
        self._check_names()

    def cue(self, name: str) -> Cue:
        """Return a cue with what it leaves out filled in from `defaults`."""
        cue, plain = self.cues[name], Cue()
        missing = {
            spec.name: getattr(self.defaults, spec.name)
            for spec in dataclasses.fields(Cue)
            if getattr(cue, spec.name) == getattr(plain, spec.name)
        }
        return dataclasses.replace(cue, **missing)

    def group(self, cue: Cue) -> Group:
        """Return a cue's group with what it leaves out filled in from the soundtrack."""
        group = self.groups.get(cue.group, Group(name=""))
        return dataclasses.replace(
            group,
            loudness=self.loudness if group.loudness is None else group.loudness,
            formats=group.formats or self.formats,
            stems=self.stems if group.stems is None else group.stems,
            soundfont=group.soundfont or self.soundfont,
        )

    def _check_reference(self, kind: str, name: str, key: str, value: str, known: Mapping[str, object]) -> None:
        if value and value not in known:
            allowed = f"expected one of {', '.join(list(known)[:8]) or 'none, since there are none'}"
            raise FieldError(
                f"found {value}, {allowed}{suggest(value, known)}", *(one for one in (kind, name, key) if one)
            )

    def _check_cue(self, cue: Cue) -> None:
        if not (cue.mood or self.defaults.mood):
            raise FieldError("found no mood, expected one here or in `defaults`; add it", "cues", cue.name)
        if cue.source:
            for key in ("bars", "key", "tempo", "meter", "seed", "theme", "harmony_from"):
                if getattr(cue, key) not in ("", None):
                    raise FieldError(
                        f"found {key} beside source, whose notes decide it; remove one", "cues", cue.name, key
                    )
            if cue.variations > 1:
                message = f"found {cue.variations} variations of a source, expected 1; remove the key"
                raise FieldError(message, "cues", cue.name, "variations")
        seen = {cue.name: None}  # a set that keeps the order
        name = cue.name
        while name := self.cues[name].harmony_from:
            if self.cues[name].source:
                message = f"found {name}, whose source says nothing of chords, expected a composed cue"
                raise FieldError(message, "cues", cue.name, "harmony_from")
            if name in seen:
                message = f"found a circle, {' <- '.join([*seen, name])}; let one of them have chords of its own"
                raise FieldError(message, "cues", cue.name, "harmony_from")
            seen[name] = None
            if len(seen) > MOST_LINKS:
                message = f"found a chain of more than {MOST_LINKS} cues; name the one whose chords they all have"
                raise FieldError(message, "cues", cue.name, "harmony_from")

    def _check_names(self) -> None:
        """Refuse names that meet in one file, also where capitals are the same as small letters."""
        seen: dict[str, tuple[str, str]] = {}
        cues = {name.lower() for name in self.cues}
        for kind in ("cues", "transitions", "stingers"):
            for name in getattr(self, kind):
                other = seen.setdefault(name.lower(), (kind, name))
                if other != (kind, name):
                    message = f"found the name {name} beside {other[1]} in {other[0]}; their files would be the same"
                    raise FieldError(message, kind, name)
                base = _DERIVED.fullmatch(name.lower())
                if base and base[1] != name.lower() and base[1] in cues:
                    message = f"found {name}, which files of the cue {base[1]} may be called; rename one of them"
                    raise FieldError(message, kind, name)


_SOUNDTRACK = Record(Soundtrack)


def default_seed(name: str, variation: int) -> int:
    """Return the seed of a cue that names none: 32 bits that depend on nothing but its name and the variation."""
    digest = hashlib.sha256(f"{name}\n{variation}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def take_seed(name: str, take: int) -> int:
    """Return the seed of another take of a cue, from 2 on; no variation has it."""
    digest = hashlib.sha256(f"{name}\ntake {take}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def file_stems(name: str, levels: tuple[float, ...]) -> list[str]:
    """Return what a piece's files are called, level by level, without role and suffix."""
    return [name] if len(levels) == 1 else [f"{name}-i{percent(level):02d}" for level in levels]


def load_soundtrack(data: bytes, *, file: object = "soundtrack.yaml") -> Soundtrack:
    """Return the soundtrack in a YAML file's bytes; ``file`` is the name that messages give.

    Raises:
        FormatError: With line and column, for anything that the schema does not allow.
    """
    return _SOUNDTRACK.read(load_yaml(data, file=file, bounds=BOUNDS), "")


def parse_soundtrack(node: Node) -> Soundtrack:
    """Return the soundtrack in a YAML document that was read; raises as `load_soundtrack`."""
    return _SOUNDTRACK.read(node, "")


def read_soundtrack(path: str | Path) -> Soundtrack:
    """Return the soundtrack in the YAML file at ``path``.

    Raises:
        InputError: When the file cannot be read.
        FormatError: See `load_soundtrack`.
    """
    return _SOUNDTRACK.read(read_yaml(path, bounds=BOUNDS), "")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of soundtrack.yaml."""
    shared: dict[str, Schema] = {}
    body = _SOUNDTRACK.inline_schema(shared)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "gamemusic soundtrack", **body} | {
        "$defs": shared
    }
