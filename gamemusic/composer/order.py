"""What is decided before the first note of a phrase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gamemusic.composer.candidates import Conditions
from gamemusic.composer.choices import draw, heard_roles
from gamemusic.composer.form import letters_of, plan_repeats, plan_sections
from gamemusic.composer.theme import Theme, fit_theme
from gamemusic.errors import InputError
from gamemusic.packs.schema import Preset
from gamemusic.packs.style import Style
from gamemusic.score.phrase import Phrase, Role
from gamemusic.tokens.bars import DEFAULT_POLYPHONY
from gamemusic.tokens.grammar import Rules
from gamemusic.tokens.vocabulary import METER_NAMES, MODE_NAMES, ROLES, STYLE_NAMES, intensity_bin

__all__ = ["Order", "order_of"]

_BATCHES = 3
"""Batches composed at most until a candidate has no fault."""


@dataclass(frozen=True, slots=True)
class Order:
    """All that is decided before the first note."""

    frame: Phrase
    sections: tuple[int, ...]
    rules: Rules
    conditions: Conditions
    intensity: float
    """What the notes are asked for; 0 to 1."""
    repeats: Mapping[int, int]
    temperature: float
    candidates: int
    """How many phrases are composed at once."""
    batches: int = _BATCHES
    tune: bool = False
    """Whether the lead that is given was planned, and not a theme."""
    periods: tuple[str, ...] = ()
    """Letters whose second half begins like the first."""

    @property
    def token(self) -> str:
        """The style token."""
        return STYLE_NAMES[self.conditions.style]


def order_of(preset: Preset, frame: Phrase, playing: Style, theme: Theme | None = None) -> Order:
    """Return what a frame, a phrase without notes, means for grammar and model.

    Raises:
        InputError: When a theme is asked of a style without a composed lead, or is longer than the first section.
    """
    # where all is arranged, the model still composes the chords, as it would for these players
    roles = tuple(role for role in ROLES if role in (playing.learned or playing.instruments))
    sections = plan_sections(frame.form, frame.bars)
    if theme is not None and Role.LEAD not in playing.learned:
        raise InputError(f"style {playing.name!r} has no lead that the model composes, so it cannot play a theme")
    ranges = preset.ranges_of(playing)
    rules = Rules(
        bars=frame.bars,
        meter=frame.meter,
        key=frame.key,
        roles=roles,
        heard=heard_roles(playing, roles, frame.intensity),
        ranges=ranges,
        polyphony={**DEFAULT_POLYPHONY, **preset.polyphony_of(playing)},
        density=preset.density_of(playing),
        scale_strictness=preset.scale_strictness,
        given={} if theme is None else fit_theme(theme, frame, sections, frame.form, ranges.get(Role.LEAD)),
    )
    conditions = Conditions(
        style=STYLE_NAMES.index(playing.token),
        intensity=intensity_bin(frame.intensity),
        meter=METER_NAMES.index(str(frame.meter)),
        mode=MODE_NAMES.index(frame.key.parent),
        roles=sum(1 << ROLES.index(role) for role in roles),
        ending=int(frame.ending == "cadence"),
    )
    letters = sorted(letters_of(frame.form, frame.bars))
    chances = {name: draw(frame.seed, 4 + index, 1000) for index, name in enumerate(letters)}
    periods = [name for name, drawn in chances.items() if drawn < round(1000 * preset.periods)]
    repeats = plan_repeats(frame.form, frame.bars, periods)
    return Order(
        frame,
        sections,
        rules,
        conditions,
        frame.intensity,
        repeats,
        preset.temperature_of(playing),
        preset.candidates,
        periods=tuple(periods),
    )
