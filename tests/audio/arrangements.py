"""Arrangements built by hand, for tests of sound."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from gamemusic.score.orchestration import DEFAULT_ORCHESTRATION, Room
from gamemusic.score.parts import Arrangement, Part, PlayedNote
from gamemusic.score.phrase import Role
from gamemusic.theory import Key
from gamemusic.units import METERS

BAR = 1920
ROOTS = (0, 9, 5, 7)
FIRST_CRASH = 49


class Rows:
    """Keeps the dry rows that are played, (parts, frames)."""

    def __init__(self, parts: int, frames: int) -> None:
        self.rows = np.zeros((parts, frames), np.float32)

    def write(self, start: int, rows: npt.NDArray[np.float32]) -> None:
        self.rows[:, start : start + rows.shape[1]] = rows

    def fade_out(self, start: int, stop: int) -> None:
        self.rows[:, start:stop] *= np.linspace(1.0, 0.0, stop - start, dtype=np.float32)


def arrangement(
    *,
    bars: int = 1,
    tempo_bpm: float = 97.0,
    ending: str = "loop",
    velocity: int = 80,
    roles: tuple[Role, ...] = tuple(Role),
    level_db: float = 0.0,
    room: Room | None = None,
) -> Arrangement:
    """Return every role playing in every bar, with a crash cymbal at the head, which rings for ten seconds."""
    parts: list[Part] = []
    for role in roles:
        instrument = DEFAULT_ORCHESTRATION.instruments[role]
        instrument = dataclasses.replace(instrument, level_db=min(6.0, instrument.level_db + level_db))
        notes = [
            PlayedNote(start, pitch, min(duration, bars * BAR - start), velocity)
            for bar in range(bars)
            for start, pitch, duration in _bar(role, bar)
        ]
        parts.append(Part(role, 9 if role is Role.DRUMS else len(parts), instrument, tuple(sorted(notes))))
    return Arrangement(
        bars=bars,
        meter=METERS["4/4"],
        tempo_bpm=tempo_bpm,
        key=Key(0, "major"),
        parts=tuple(parts),
        room=room or Room(),
        ending=ending,
        title="A test",
        comment="made by hand",
    )


def one_part(role: Role, notes: list[tuple[int, int, int, int]], *, bars: int = 1, ending: str = "loop") -> Arrangement:
    """Return one role playing (start, pitch, duration, velocity)."""
    base = arrangement(bars=bars, roles=(role,), ending=ending)
    part = dataclasses.replace(base.parts[0], notes=tuple(PlayedNote(*note) for note in notes))
    return dataclasses.replace(base, parts=(part,))


def _bar(role: Role, bar: int) -> list[tuple[int, int, int]]:
    start, root = bar * BAR, ROOTS[bar % 4]
    eighths = [start + 240 * eighth for eighth in range(8)]
    if role is Role.BASS:
        return [(at, 36 + root, 900) for at in eighths[::4]]
    if role is Role.HARMONY:
        return [(start, 55 + (root + step) % 12, BAR) for step in (0, 4, 7)]
    if role is Role.TEXTURE:
        return [(at, 60 + root + (0, 4, 7, 12)[i % 4], 240) for i, at in enumerate(eighths)]
    if role is Role.COUNTER:
        return [(at, 60 + (root + i) % 12, 470) for i, at in enumerate(eighths[::2])]
    if role is Role.LEAD:
        return [(at, 72 + (root + 2 * i) % 12, 480) for i, at in enumerate(eighths[::2])]
    drums = [(at, 42, 120) for at in eighths] + [(at, 36, 120) for at in eighths[::4]]
    drums += [(at, 38, 120) for at in eighths[2::4]]
    return drums + ([(0, FIRST_CRASH, 120)] if bar == 0 else [])
