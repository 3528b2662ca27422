"""What a saved game keeps of its music."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gamemusic.director.program import Program
from gamemusic.errors import InputError
from gamemusic.score.phrase import Role
from gamemusic.units import check_intensity
from gamemusic.values import check_whole, shown

__all__ = ["STATE_FORMAT", "SavedProgram", "SavedState", "read_state", "write_state"]

STATE_FORMAT = 1
"""Version of the state's format."""

_MOST_PROGRAMS = 64
_MOST = 1 << 31


@dataclass(frozen=True, slots=True)
class SavedProgram:
    """Where a mood was left."""

    mood: str
    style: str
    theme: int
    variation: int
    bar: int


@dataclass(frozen=True, slots=True)
class SavedState:
    """All of it."""

    seed: int
    intensity: float
    playing: tuple[str, str] | None
    programs: tuple[SavedProgram, ...]
    stems: Mapping[Role, float]


def write_state(
    seed: int, intensity: float, playing: Program | None, programs: Iterable[Program], stems: Mapping[Role, float]
) -> dict[str, Any]:
    """Return a director's state as plain values."""
    return {
        "format": STATE_FORMAT,
        "seed": seed,
        "intensity": intensity,
        "playing": None if playing is None else [str(playing.source), playing.style],
        "moods": [
            {
                "mood": str(program.source),
                "style": program.style,
                "theme": program.theme,
                "variation": program.variation,
                "bar": program.bar,
            }
            for program in programs
        ],
        "stems": {role.value: gain for role, gain in stems.items()},
    }


def read_state(state: Mapping[str, Any]) -> SavedState:
    """Return a state that `write_state` wrote.

    Raises:
        InputError: For anything else, saying where.
    """
    if not isinstance(state, Mapping):
        raise InputError(f"a state must be a mapping, as save_state() gives it (received {type(state).__name__})")
    if state.get("format") != STATE_FORMAT:
        raise InputError(
            f"state: format {state.get('format')!r} is not {STATE_FORMAT}; it was saved by another version"
        )
    playing = state.get("playing")
    if playing is not None:
        playing = _pair(playing)
    moods = state.get("moods")
    if not isinstance(moods, list) or len(moods) > _MOST_PROGRAMS:
        raise InputError(f"state: moods must be a list of at most {_MOST_PROGRAMS} (received {shown(moods)})")
    stems = state.get("stems")
    if not isinstance(stems, Mapping) or set(stems) != {role.value for role in Role}:
        raise InputError(f"state: stems must name each role (received {shown(stems)})")
    return SavedState(
        seed=_whole(state, "seed", 0, (1 << 64) - 1),
        intensity=check_intensity(state.get("intensity", -1)),
        playing=playing,
        programs=tuple(_program(one) for one in moods),
        stems={Role(name): check_intensity(gain) for name, gain in stems.items()},
    )


def _program(one: Any) -> SavedProgram:
    if not isinstance(one, Mapping):
        raise InputError(f"state: a mood must be a mapping (received {shown(one)})")
    mood, style = _pair([one.get("mood"), one.get("style")])
    return SavedProgram(
        mood, style, _whole(one, "theme", 0, _MOST), _whole(one, "variation", -1, _MOST), _whole(one, "bar", 0, _MOST)
    )


def _pair(value: Any) -> tuple[str, str]:
    if not isinstance(value, list | tuple) or len(value) != 2 or not all(isinstance(part, str) for part in value):
        raise InputError(f"state: expected a mood and a style (received {shown(value)})")
    return str(value[0]), str(value[1])


def _whole(values: Mapping[str, Any], name: str, low: int, high: int) -> int:
    return check_whole(values.get(name), f"state: {name}", low, high)
