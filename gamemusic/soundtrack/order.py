"""Order: everything that decides a piece's files, so that equal orders need not be carried out twice."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gamemusic.audio.soundfont import find_soundfont
from gamemusic.audio.synth import fluidsynth_version
from gamemusic.errors import InputError
from gamemusic.files import hash_file
from gamemusic.soundtrack.plan import Piece, Plan
from gamemusic.soundtrack.schema import Cue
from gamemusic.version import __version__

__all__ = ["Order", "Origin", "make_orders"]

_VERSION = 1
"""Goes up whenever the same order would give other files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a phrase is composed from."""

    mood: str
    """Its name."""
    pack: str
    """Path of the mood pack."""
    digest: str
    """`Pack.digest`."""
    style: str
    seed: int
    bars: int
    intensity: float
    tempo: float | None
    key: str | None
    meter: str | None
    ending: str | None
    theme: str
    """Path of a MIDI file; empty: none."""
    theme_digest: str
    source: str = ""
    """Path of a MIDI file that is played instead of what would be composed; empty: none."""
    source_digest: str = ""
    harmony: Origin | None = None
    """Whose chords it shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One piece, as a process far away could make it."""

    name: str
    kind: str
    title: str
    origin: Origin
    """Of the cue, of the cue that a transition leads to, or of the one that a stinger is played over."""
    levels: tuple[float, ...]
    seed: int
    left: Origin | None = None
    """What a transition leaves."""
    take_of: str = ""
    """The cue that this is another take of."""
    take: int = 1
    around: tuple[tuple[str, str], ...] = ()
    """Of a transition the cues ``from`` and ``to``, of a stinger the cue it is ``over``."""
    intro: int = 0
    """Bars of a cue's intro."""
    intro_inside: bool = False
    """Whether it is in the same file."""
    bars: int = 1
    sting: str = ""
    formats: tuple[str, ...]
    stems: bool
    sample_rate: int
    bit_depth: str
    quality: float
    loudness: float
    """Target of the loudest level, in LUFS."""
    soundfont: str
    """Path; empty where no sound is asked for."""
    soundfont_digest: str
    versions: tuple[tuple[str, str], ...]

    @property
    def key(self) -> str:
        """SHA-256 of all that decides the bytes of the files; paths do not, what lies there does."""
        facts = _without_paths(dataclasses.asdict(self))
        return hashlib.sha256(json.dumps([_VERSION, facts], sort_keys=True).encode()).hexdigest()


def make_orders(plan: Plan, takes: int = 1) -> list[Order]:
    """Return the orders of a soundtrack, with so many takes of each cue.

    Raises:
        MissingError: A soundfont or FluidSynth has to be installed.
        InputError, FormatError: A soundfont is none.
    """
    fonts = _Fonts(plan)
    return [_make_order(plan, piece, fonts) for piece in plan.pieces(takes)]


class _Fonts:
    """Soundfonts by what asks for them, each hashed once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._found: dict[tuple[str, str], tuple[str, str]] = {}

    def find(self, wanted: str, style: str) -> tuple[str, str]:
        """Return the path and SHA-256 of the soundfont that a group asks for, else a style."""
        if (wanted, style) not in self._found:
            near = self._plan.folder / wanted if wanted and wanted != "chip" else None
            path = find_soundfont((near if near is not None and near.exists() else wanted) or None, style=style)
            self._found[wanted, style] = str(path), _digest(path)
        return self._found[wanted, style]


def _make_order(plan: Plan, piece: Piece, fonts: _Fonts) -> Order:
    soundtrack, cue = plan.soundtrack, piece.cue
    group = soundtrack.group(cue)
    sounds = any(name != "midi" for name in group.formats)
    style = plan.pack(cue).preset.style(cue.style or None)
    orchestration = style.orchestration()
    font, digest = fonts.find(group.soundfont, orchestration.soundfont if orchestration else "") if sounds else ("", "")
    return Order(
        name=piece.name,
        kind=piece.kind,
        title=f"{soundtrack.title}: {piece.name}" if soundtrack.title else piece.name,
        origin=_origin(plan, cue, piece.variation, seed=piece.seed if piece.take > 1 else None),
        levels=piece.levels,
        seed=piece.seed,
        left=None if piece.origin is None else _origin(plan, piece.origin, 0),
        bars=piece.bars,
        take_of=cue.name if piece.take > 1 else "",
        take=piece.take,
        around=_around(piece),
        intro=cue.intro if piece.kind == "cue" else 0,
        intro_inside=cue.intro_inside,
        sting=piece.sting,
        formats=tuple(sorted(group.formats)),
        stems=bool(group.stems),
        sample_rate=soundtrack.sample_rate,
        bit_depth=soundtrack.bit_depth,
        quality=soundtrack.quality,
        loudness=float(group.loudness if group.loudness is not None else soundtrack.loudness) + cue.loudness_offset,
        soundfont=font,
        soundfont_digest=digest,
        versions=_versions(sounds=sounds, compressed=bool({"ogg", "flac"} & set(group.formats))),
    )


def _around(piece: Piece) -> tuple[tuple[str, str], ...]:
    if piece.origin is not None:
        return ("from", piece.origin.name), ("to", piece.cue.name)
    return (("over", piece.cue.name),) if piece.kind == "stinger" else ()


def _origin(plan: Plan, cue: Cue, variation: int, *, seed: int | None = None) -> Origin:
    pack = plan.pack(cue)
    theme = plan.folder / cue.theme if cue.theme else None
    source = plan.folder / cue.source if cue.source else None
    harmony = _origin(plan, plan.soundtrack.cue(cue.harmony_from), variation) if cue.harmony_from else None
    return Origin(
        mood=pack.name,
        pack=str(pack.path),
        digest=plan.digests[cue.mood],
        style=cue.style or pack.preset.default_style,
        seed=0 if cue.source else plan.seed(cue, variation) if seed is None else seed,
        bars=cue.bars or pack.preset.bars,
        intensity=plan.levels(cue)[-1],
        tempo=cue.tempo,
        key=None if cue.key is None else str(cue.key),
        meter=None if cue.meter is None else str(cue.meter),
        ending=cue.ending or None,
        theme="" if theme is None else str(theme),
        theme_digest="" if theme is None else _digest(theme),
        source="" if source is None else str(source),
        source_digest="" if source is None else _digest(source),
        harmony=harmony,
    )


def _versions(*, sounds: bool, compressed: bool) -> tuple[tuple[str, str], ...]:
    """Return what has a say in the bytes: this release always, the libraries of sound where there is sound."""
    found = {"gamemusic": __version__}
    if sounds:
        found["fluidsynth"] = fluidsynth_version()
    if compressed:
        from gamemusic.audio.compressed import library_version

        found["libsndfile"] = library_version()
    return tuple(sorted(found.items()))


def _digest(path: Path) -> str:
    try:
        return hash_file(path)
    except OSError as error:
        raise InputError(f"the file {path} cannot be read: {error.strerror or error}") from None


def _without_paths(facts: dict[str, Any]) -> dict[str, Any]:
    paths = ("pack", "theme", "source", "soundfont")
    return {
        name: _without_paths(value) if isinstance(value, dict) else value
        for name, value in facts.items()
        if name not in paths
    }
