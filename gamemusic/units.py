"""Ticks, beats, bars, seconds and frames, and the one place where they are converted.

* A *tick* is a twelfth of a quarter note, which holds sixteenths and eighth triplets exactly.
* A *beat* is a quarter note in every meter, and tempo is always quarter notes a minute, as in MIDI files.
* A *subtick* is a tick of the MIDI files we write: 480 a beat, 40 a tick. Only played parts use it, never scores.
* A *frame* is one sample of every channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from gamemusic.errors import InputError
from gamemusic.values import check_choice, check_number, check_whole

__all__ = [
    "BLOCK_FRAMES",
    "MAX_BARS",
    "MAX_SEED",
    "METERS",
    "PLAYED_METERS",
    "SUBTICKS_PER_BEAT",
    "SUBTICKS_PER_TICK",
    "TEMPO_RANGE",
    "TICKS_PER_BEAT",
    "Meter",
    "bpm_to_tempo",
    "check_bars",
    "check_intensity",
    "check_seconds",
    "check_seed",
    "check_tempo",
    "loop_frames",
    "on_grid",
    "parse_meter",
    "subticks_to_frames",
    "ticks_to_seconds",
]

TICKS_PER_BEAT = 12
SUBTICKS_PER_BEAT = 480
SUBTICKS_PER_TICK = SUBTICKS_PER_BEAT // TICKS_PER_BEAT

BLOCK_FRAMES = 64
"""FluidSynth applies events only at multiples of this many frames."""

TEMPO_RANGE = (20.0, 400.0)
"""Allowed tempo, quarter notes a minute, closed."""

MAX_BARS = 64
"""Longest phrase, in bars; the shortest is 1."""

MAX_SEED = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Meter:
    """A time signature."""

    numerator: int
    """Upper figure."""
    denominator: int
    """Lower figure: 2, 4, 8 ..."""
    pulse_ticks: int
    """Distance of the felt beats, in ticks: 12 in 4/4, 18 in 6/8."""

    @property
    def bar_ticks(self) -> int:
        """Length of a bar, in ticks."""
        return self.numerator * TICKS_PER_BEAT * 4 // self.denominator

    @property
    def main_beats(self) -> frozenset[int]:
        """Where harmony is expected to change, in ticks from the bar line: there, and in the middle of an even bar."""
        even = self.bar_ticks % (2 * self.pulse_ticks) == 0
        return frozenset((0, self.bar_ticks // 2)) if even else frozenset((0,))

    @property
    def groups(self) -> tuple[int, ...]:
        """Lengths of the groups of beats in a bar, in ticks: 5/4 is 3 + 2 quarters, 7/8 is 2 + 2 + 3 eighths."""
        uneven = {(5, 4): (36, 24), (7, 8): (12, 12, 18)}
        return uneven.get(
            (self.numerator, self.denominator), (self.pulse_ticks,) * (self.bar_ticks // self.pulse_ticks)
        )

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"


METERS = MappingProxyType(
    {str(meter): meter for meter in (Meter(4, 4, 12), Meter(3, 4, 12), Meter(6, 8, 18), Meter(2, 4, 12))}
)
"""The meters music is composed in, by name: those that the networks have learned."""
PLAYED_METERS = MappingProxyType(
    METERS | {str(meter): meter for meter in (Meter(5, 4, 12), Meter(7, 8, 6), Meter(9, 8, 18), Meter(12, 8, 18))}
)
"""The meters that figures, drums and arrangements are played in, by name."""


def parse_meter(name: str) -> Meter:
    """Return the meter called ``name``, such as ``'6/8'``.

    Raises:
        InputError: For a meter that is not one of `METERS`.
    """
    if isinstance(name, str) and name in PLAYED_METERS and name not in METERS:
        raise InputError(
            f"meter {name!r} can be played, but not composed: the networks have not learned it; "
            f"use one of {', '.join(METERS)}"
        )
    return METERS[check_choice(name, "meter", METERS)]


def check_tempo(tempo_bpm: float) -> float:
    """Return ``tempo_bpm`` (quarter notes a minute) when it lies in `TEMPO_RANGE`.

    Raises:
        InputError: For any other value, NaN included.
    """
    return check_number(tempo_bpm, "tempo", *TEMPO_RANGE, "quarter notes a minute")


def check_bars(bars: int) -> int:
    """Return ``bars`` when it lies in 1..`MAX_BARS`.

    Raises:
        InputError: For any other value.
    """
    return check_whole(bars, "bars", 1, MAX_BARS)


def check_seed(seed: int) -> int:
    """Return ``seed`` when it is a whole number, 0 to `MAX_SEED`.

    Raises:
        InputError: For any other value.
    """
    return check_whole(seed, "seed", 0, MAX_SEED)


def check_intensity(intensity: float) -> float:
    """Return ``intensity`` when it is a number from 0 to 1.

    Raises:
        InputError: For any other value, NaN included.
    """
    return check_number(intensity, "intensity", 0, 1)


def bpm_to_tempo(tempo_bpm: float) -> int:
    """Return microseconds a quarter note, as MIDI files want it."""
    return round(60_000_000 / tempo_bpm)


def on_grid(tick: int, ticks_per_beat: int, grid: int = TICKS_PER_BEAT) -> int:
    """Return the place nearest to a MIDI file's tick on a grid of ``grid`` places a quarter note; halves go up.

    Halves must not go to even places, as `round` has it: of evenly spaced notes between two places, every second one
    would be moved forwards and the others back.
    """
    return (2 * tick * grid + ticks_per_beat) // (2 * ticks_per_beat)


def ticks_to_seconds(ticks: float, tempo_bpm: float) -> float:
    """Return how long ``ticks`` last at ``tempo_bpm`` quarter notes a minute, in seconds."""
    return ticks * 60.0 / (TICKS_PER_BEAT * tempo_bpm)


def loop_frames(ticks: int, tempo_bpm: float, sample_rate: int) -> int:
    """Return a loop's length in frames: the multiple of `BLOCK_FRAMES` nearest to the exact length, at least one block.

    It differs from the exact length by at most 32 frames (two thirds of a millisecond at 48 kHz).
    """
    exact = ticks_to_seconds(ticks, tempo_bpm) * sample_rate
    return max(1, round(exact / BLOCK_FRAMES)) * BLOCK_FRAMES


def subticks_to_frames(subtick: int, total_subticks: int, total_frames: int) -> int:
    """Return the frame at which an event at ``subtick`` is applied, in a loop of ``total_frames``.

    The answer is a multiple of `BLOCK_FRAMES` when ``total_frames`` is one, rounded to the nearest block, so that
    every pass of the loop puts its events on the same grid.
    """
    blocks = total_frames // BLOCK_FRAMES
    return (2 * subtick * blocks + total_subticks) // (2 * total_subticks) * BLOCK_FRAMES


def check_seconds(seconds: float, name: str, low: float, high: float) -> float:
    """Return ``seconds`` when it lies in ``low`` to ``high``.

    Raises:
        InputError: For any other value, NaN included.
    """
    return check_number(seconds, name, low, high, "seconds")
