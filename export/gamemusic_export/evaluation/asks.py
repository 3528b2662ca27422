"""What composed sets are asked for: for each real passage a phrase of the same style, roles, meter, mode and intensity.

So a composed set differs from the real one in its notes alone, and not in how often it is in three-four time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gamemusic.composer.composer import Composer
from gamemusic.packs.pack import Pack
from gamemusic.packs.style import Style
from gamemusic.score.phrase import Phrase
from gamemusic.theory import Key

__all__ = ["Ask", "asks_of", "compose_asks", "plain_pack"]

_BINS = 8


@dataclass(frozen=True, slots=True)
class Ask:
    """What one phrase is asked for."""

    style: str
    """Style token."""
    roles: tuple[str, ...]
    """Roles that play."""
    meter: str
    mode: str
    intensity: int
    """Bin, 0..7."""


def asks_of(phrases: Sequence[Phrase]) -> list[Ask]:
    """Return what has to be asked for to get phrases like these; their `Phrase.style` is a style token."""
    return [
        Ask(
            phrase.style,
            tuple(role.value for role in phrase.roles),
            str(phrase.meter),
            phrase.key.mode,
            min(_BINS - 1, int(phrase.intensity * _BINS)),
        )
        for phrase in phrases
    ]


def plain_pack(pack: Pack, asks: Sequence[Ask]) -> tuple[Pack, list[str]]:
    """Return the pack without form, theme and progression, with a style for each ask, and the name of each style.

    A style is reduced to the roles of the ask; what the arranger would add is left out, so that only what the model
    composes is measured.
    """
    preset = pack.preset
    by_token: dict[str, Style] = {}
    for style in preset.styles.values():
        by_token.setdefault(style.token, style)
    styles: dict[str, Style] = {}
    names = []
    for ask in asks:
        playing = by_token[ask.style]
        roles = tuple(role for role in playing.learned if role.value in ask.roles) or playing.learned
        name = f"{ask.style}-{'-'.join(role.value for role in roles)}"
        names.append(name)
        styles[name] = dataclasses.replace(
            playing,
            name=name,
            learned=roles,
            instruments={role: dataclasses.replace(playing.instruments[role], from_intensity=0.0) for role in roles},
        )
    plain = dataclasses.replace(preset, form=(), theme="", progression=(), styles=styles)
    return dataclasses.replace(pack, preset=plain), names


def compose_asks(composer: Composer, asks: Sequence[Ask], *, bars: int, seed: int) -> Iterator[Phrase]:
    """Yield a phrase for each ask, in C, from the seeds ``seed``, ``seed + 1``, ...

    Args:
        composer: Of the mood's pack; its session composes.
        asks: What to compose.
        bars: Length of each phrase.
        seed: The first seed.
    """
    pack, names = plain_pack(composer.pack, asks)
    plain = Composer(pack, composer.session)
    for index, (ask, name) in enumerate(zip(asks, names, strict=True)):
        phrase = plain.compose(
            style=name,
            bars=bars,
            key=str(Key(0, ask.mode)),
            meter=ask.meter,
            intensity=(ask.intensity + 0.5) / _BINS,
            seed=seed + index,
            ending="loop",
        )
        yield phrase.replace(style=ask.style)
