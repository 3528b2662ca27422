"""What a preset may say of a stinger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from gamemusic.packs.fields import Number, Text, Whole
from gamemusic.packs.musical import CHORD, PITCHED
from gamemusic.packs.records import ListOf
from gamemusic.score.phrase import Role

__all__ = ["Stinger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stinger:
    """A one-shot over the music that plays: it begins in the chord that sounds, and ends where it is told."""

    name: str
    """The key it stands behind, by which a game asks for it."""
    description: Annotated[str, Text(200)] = ""
    """What it is for."""
    bars: Annotated[int, Whole(1, 2)] = 1
    """Length, in bars of the music that plays."""
    intensity: Annotated[float, Number(0, 1)] = 0.6
    """How full it is."""
    style: Annotated[str, Text(32, least=0)] = ""
    """Style of the mood that plays it; empty: the one that plays."""
    end: Annotated[str, CHORD] = "1"
    """Chord at its end, a step or roman numeral of the key that sounds, such as `1`, `V` or `bVI`."""
    roles: Annotated[tuple[Role, ...], ListOf(PITCHED, 1, 5, unique=True)] = (Role.LEAD, Role.HARMONY)
    """Who plays; of those that the style composes."""
