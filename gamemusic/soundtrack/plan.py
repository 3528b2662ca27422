"""Plan: a soundtrack file -> what is to be composed, piece by piece, each in words that any process understands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gamemusic.composer.stinger import STINGERS
from gamemusic.errors import FormatError, GameMusicError, suggest
from gamemusic.files import read_file
from gamemusic.limits import LIMITS
from gamemusic.packs.library import find_pack
from gamemusic.packs.nodes import Node
from gamemusic.packs.pack import Pack
from gamemusic.packs.records import locate
from gamemusic.packs.schema import Preset
from gamemusic.packs.yamlfile import read_yaml
from gamemusic.soundtrack.schema import BOUNDS, Cue, Soundtrack, default_seed, parse_soundtrack, take_seed
from gamemusic.soundtrack.source import read_source

__all__ = ["MAX_TAKES", "Piece", "Plan", "read_plan"]

MAX_TAKES = 9
"""Most takes of a cue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One thing that is composed at a stretch: a variation of a cue with all its levels, a transition, a stinger."""

    name: str
    """What its files are called, without level, role and suffix."""
    kind: str
    """``cue``, ``transition`` or ``stinger``."""
    cue: Cue
    """With everything filled in; a transition's is the cue that it leads to, a stinger's the one it is played over."""
    seed: int
    levels: tuple[float, ...]
    variation: int = 0
    take: int = 1
    """Which of several takes of a cue; the first is the one that the soundtrack has."""
    origin: Cue | None = None
    """The cue that a transition comes from."""
    bars: int = 1
    """Of a transition."""
    sting: str = ""
    """Which stinger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A soundtrack that was found to be possible."""

    path: Path
    """The soundtrack file; other paths count from its folder."""
    soundtrack: Soundtrack
    packs: dict[str, Pack]
    """By what the file calls them."""
    digests: dict[str, str]
    """`Pack.digest`, by the same."""

    @property
    def folder(self) -> Path:
        """Where paths of the file begin."""
        return self.path.parent

    def pieces(self, takes: int = 1) -> Iterator[Piece]:
        """Yield all that is to be composed, in the order of the file.

        Args:
            takes: Of each composed cue; all but the first are called ``NAME-t2`` and so on.
        """
        soundtrack = self.soundtrack
        for name in soundtrack.cues:
            cue = soundtrack.cue(name)
            for variation in range(cue.variations):
                yield Piece(
                    name=name if variation == 0 else f"{name}-v{variation + 1}",
                    kind="cue",
                    cue=cue,
                    seed=self.seed(cue, variation),
                    levels=self.levels(cue),
                    variation=variation,
                )
            for take in range(2, 1 if cue.source else takes + 1):
                yield Piece(
                    name=f"{name}-t{take}",
                    kind="cue",
                    cue=cue,
                    seed=take_seed(name, take),
                    levels=self.levels(cue),
                    take=take,
                )
        for bridge in soundtrack.transitions.values():
            target = soundtrack.cue(bridge.end)
            yield Piece(
                name=bridge.name,
                kind="transition",
                cue=target,
                origin=soundtrack.cue(bridge.start),
                seed=default_seed(bridge.name, 0),
                levels=(self.levels(target)[-1],),
                bars=bridge.bars,
            )
        for sting in soundtrack.stingers.values():
            over = soundtrack.cue(sting.cue)
            yield Piece(
                name=sting.name,
                kind="stinger",
                cue=over,
                seed=default_seed(sting.name, 0),
                levels=(self.levels(over)[-1],),
                sting=sting.kind,
            )

    def pack(self, cue: Cue) -> Pack:
        """Return a cue's mood."""
        return self.packs[cue.mood]

    def levels(self, cue: Cue) -> tuple[float, ...]:
        """Return a cue's intensities."""
        return cue.intensity or (self.pack(cue).preset.intensity,)

    def seed(self, cue: Cue, variation: int) -> int:
        """Return a variation's seed: the cue's own for the first, then ones that follow from its name."""
        return cue.seed if cue.seed is not None and variation == 0 else default_seed(cue.name, variation)


def read_plan(path: Path) -> Plan:
    """Read a soundtrack file and see that all it names is there.

    Raises:
        InputError: When the file cannot be read.
        FormatError: With line and column: what it holds is not allowed, or a mood, style or file is not there.
    """
    node = read_yaml(path, bounds=BOUNDS)
    soundtrack = parse_soundtrack(node)
    packs: dict[str, Pack] = {}
    spot: tuple[str, ...]
    for name, own in soundtrack.cues.items():
        cue = soundtrack.cue(name)
        place: tuple[str, ...] = ("cues", name) if own.mood else ("defaults",)
        if cue.mood not in packs:
            packs[cue.mood] = _find(cue.mood, path.parent, _at(node, *place, "mood"))
        preset = packs[cue.mood].preset
        if cue.style and cue.style not in preset.styles:
            styles = f"expected one of {', '.join(preset.styles)}{suggest(cue.style, preset.styles)}"
            spot = ("cues", name) if own.style else ("defaults",)
            raise _at(node, *spot, "style").fail(
                f"{'.'.join((*spot, 'style'))}: {cue.mood} has no style {cue.style}, {styles}"
            )
        for key in ("theme", "source"):
            value = getattr(cue, key)
            if value and not (path.parent / value).is_file():
                spot = ("cues", name) if getattr(own, key) else ("defaults",)
                raise _at(node, *spot, key).fail(
                    f"{'.'.join((*spot, key))}: there is no file {value} beside {path.name}"
                )
        if cue.source:
            _check_source(path.parent / cue.source, preset, cue.style, _at(node, "cues", name, "source"))
    for sting in soundtrack.stingers.values():
        own_kinds = packs[soundtrack.cue(sting.cue).mood].preset.stingers
        known = sorted({*STINGERS, *own_kinds})
        if sting.kind not in known:
            spot = ("stingers", sting.name, "kind")
            message = f"found {sting.kind}, expected one of {', '.join(known)}{suggest(sting.kind, known)}"
            raise _at(node, *spot).fail(f"{'.'.join(spot)}: {message}")
    digests = {name: pack.digest for name, pack in packs.items()}
    return Plan(path=path, soundtrack=soundtrack, packs=packs, digests=digests)


def _check_source(path: Path, preset: Preset, style: str, node: Node) -> None:
    """See that a MIDI file can be played in a composed one's place."""
    try:
        content = read_file(path, most=LIMITS.midi_bytes)
        read_source(content, preset.style(style or None).orchestration(), file=path.name)
    except GameMusicError as error:
        raise node.fail(f"source: {error}") from None


def _find(mood: str, folder: Path, node: Node) -> Pack:
    """Find a mood by name, or by its path from the soundtrack file on."""
    named = "/" not in mood and not mood.startswith(".")
    try:
        return find_pack(mood if named else folder / mood)
    except FormatError:
        raise
    except GameMusicError as error:
        raise node.fail(str(error)) from None


def _at(node: Node, *path: str) -> Node:
    return locate(node, path)
