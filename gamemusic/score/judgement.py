"""What was found of each phrase that a composed one was chosen from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Judgement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was found of one candidate; see `gamemusic.composer.judge`."""

    place: int
    """0 for the best one."""
    faults: tuple[str, ...]
    """What speaks against it at once, see `gamemusic.composer.judge.find_faults`."""
    seam_bits: float
    """See `gamemusic.score.phrase.Phrase.seam_bits`."""
    likeness: int
    """How much its sections speak for real music, in thousandths of a nat, see `gamemusic.composer.ear`."""
    pace: int
    """Notes a quarter note of all roles, in thousandths."""
    heard: tuple[Mapping[str, int], ...] = ()
    """Figures of its sections, one of each letter, see `gamemusic.composer.hearing`."""
