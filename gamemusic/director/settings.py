"""What a game may set once."""

from __future__ import annotations

from dataclasses import dataclass

from gamemusic.errors import InputError
from gamemusic.limits import LIMITS, Limits
from gamemusic.values import check_number, check_truth, check_whole, shown

__all__ = ["Settings", "check_gain_db", "check_seconds"]

_WHOLE = ("phrases_ahead", "moods_kept", "bridge_bars", "crossfade_bars")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a `Director` works.

    Raises:
        InputError: When a value is out of range.
    """

    ahead_seconds: float = 0.25
    """Sound made ahead of what is read, 0.02 to 5: what a pause of the interpreter may last without being heard."""
    phrases_ahead: int = 1
    """Phrases composed ahead, 1 to 8."""
    moods_kept: int = 6
    """Moods (with style) that are remembered, with phrase and place, 1 to 64; each takes 1 to 3 MB."""
    bridge_bars: int = 1
    """Length of bridges, 1 or 2."""
    hysteresis: float = 0.03
    """How far the intensity must pass the border between two levels until layers change, 0 to 0.1."""
    fade_beats: float = 1.0
    """Felt beats in which a layer fades in or out, 0 to 16."""
    crossfade_bars: int = 1
    """Length of crossfades, in bars, 1 to 8."""
    headroom_db: float = -3.0
    """Level of the mix against offline rendering, -24 to 0; a limiter catches what is still too loud."""
    stinger_duck_db: float = -5.0
    """How far the music steps back under a stinger, -24 to 0."""
    switch_seconds: float = 0.0005
    """Longest time that a busy Python thread keeps others waiting while the director is open, 0.00005 to 1: it sets
    `sys.setswitchinterval` of the process, and puts it back. 1 leaves it as it is."""
    limits: Limits = LIMITS
    """How large the moods that are played may be."""
    patient: bool = False
    """Compose inside `Director.read`, at once and without threads: for recordings that must always be the same. A game
    must not use it, since reading then takes seconds."""

    def __post_init__(self) -> None:
        for name, low, high in (
            ("ahead_seconds", 0.02, 5),
            ("phrases_ahead", 1, 8),
            ("moods_kept", 1, 64),
            ("bridge_bars", 1, 2),
            ("hysteresis", 0, 0.1),
            ("fade_beats", 0, 16),
            ("crossfade_bars", 1, 8),
            ("switch_seconds", 0.00005, 1),
            ("headroom_db", -24, 0),
            ("stinger_duck_db", -24, 0),
        ):
            value = getattr(self, name)
            checked = (
                check_whole(value, name, int(low), int(high))
                if name in _WHOLE
                else check_number(value, name, low, high)
            )
            object.__setattr__(self, name, checked)  # what was a number of NumPy is one of Python's from here on
        object.__setattr__(self, "patient", check_truth(self.patient, "patient"))
        if not isinstance(self.limits, Limits):
            raise InputError(f"limits must be a gamemusic.Limits (received {shown(self.limits)})")


def check_seconds(seconds: float, what: str) -> float:
    """Return a time in seconds when it is 0 to 60.

    Raises:
        InputError: For anything else, NaN included.
    """
    return check_number(seconds, what, 0, 60, "seconds")


def check_gain_db(gain_db: float) -> float:
    """Return a gain in dB when it is -96 to 0.

    Raises:
        InputError: For anything else, NaN included.
    """
    return check_number(gain_db, "a gain", -96, 0, "dB")
