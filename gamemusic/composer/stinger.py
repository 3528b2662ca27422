"""Stingers: one-shots that a mood's model composes over the music that plays."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gamemusic.chordnames import parse_chord
from gamemusic.composer.composer import Composer
from gamemusic.errors import InputError, suggest
from gamemusic.packs.schema import Preset
from gamemusic.packs.stinger import Stinger
from gamemusic.score.phrase import Chord, Phrase, Role
from gamemusic.theory import Key
from gamemusic.units import Meter
from gamemusic.values import shown

__all__ = ["STINGERS", "compose_stinger", "find_stinger", "stinger_names"]

STINGERS: Mapping[str, Stinger] = MappingProxyType(
    {
        stinger.name: stinger
        for stinger in (
            Stinger(name="found", description="something is picked up", intensity=0.5),
            Stinger(
                name="danger",
                description="something comes",
                intensity=0.9,
                end="bVI",
                roles=(Role.LEAD, Role.HARMONY, Role.BASS),
            ),
            Stinger(
                name="win",
                description="a fight or a level is won",
                bars=2,
                intensity=0.9,
                roles=(Role.LEAD, Role.COUNTER, Role.HARMONY, Role.BASS),
            ),
            Stinger(
                name="lose",
                description="it is lost",
                bars=2,
                intensity=0.3,
                end="iv",
                roles=(Role.LEAD, Role.HARMONY, Role.BASS),
            ),
            Stinger(name="level_up", description="one rises", bars=1, intensity=0.8, end="V"),
            Stinger(name="secret", description="something hidden shows itself", intensity=0.2, end="vi"),
        )
    }
)
"""Those that every mood has."""


def stinger_names(preset: Preset) -> tuple[str, ...]:
    """Return the names of a mood's stingers, its own first."""
    return tuple(dict.fromkeys((*preset.stingers, *STINGERS)))


def find_stinger(preset: Preset, name: str) -> Stinger:
    """Return a mood's stinger: the preset's own, or the one that every mood has.

    Raises:
        InputError: When there is none of that name.
    """
    found = (preset.stingers.get(name) or STINGERS.get(name)) if isinstance(name, str) else None
    if found is None:
        names = stinger_names(preset)
        hint = suggest(name, names) if isinstance(name, str) else ""
        raise InputError(f"{preset.name!r} has no stinger {shown(name)}, only {', '.join(names)}{hint}")
    return found


def compose_stinger(
    composer: Composer,
    name: str,
    *,
    key: Key,
    chord: Chord | None,
    tempo_bpm: float,
    meter: Meter,
    seed: int,
    style: str | None = None,
) -> Phrase:
    """Compose a one-shot that fits the music that sounds.

    Args:
        composer: Of the mood that plays.
        name: Of one of its stingers, see `stinger_names`.
        key: That sounds.
        chord: That sounds where it begins; None: the key's own. It ends on the chord that the stinger says.
        tempo_bpm: Quarter notes a minute.
        meter: That sounds.
        seed: Decides every draw.
        style: The one that plays; a stinger may ask for another.

    Raises:
        InputError: For a name that the mood does not have.
    """
    preset = composer.pack.preset
    stinger = find_stinger(preset, name)
    chords = _plan(stinger, key, chord, meter)
    harmony = Phrase(bars=stinger.bars, meter=meter, tempo_bpm=tempo_bpm, key=key, tracks=(), chords=chords)
    phrase = composer.hurried().compose(
        style=stinger.style or style,
        bars=stinger.bars,
        key=str(key),
        intensity=stinger.intensity,
        seed=seed,
        ending="cadence",
        harmony=harmony,
    )
    playing = tuple(track for track in phrase.tracks if track.role in stinger.roles and track.notes)
    # a style whose lead is arranged has to play with what it composes
    return phrase.replace(tracks=playing or phrase.tracks, form=())


def _plan(stinger: Stinger, key: Key, chord: Chord | None, meter: Meter) -> tuple[Chord, ...]:
    """Return the chord that sounds, then the one that it ends on: in the last bar's middle, or at its head."""
    first = Chord(0, key.tonic, key.tonic_quality) if chord is None else Chord(0, chord.root, chord.quality)
    half = meter.bar_ticks // meter.pulse_ticks // 2 * meter.pulse_ticks or meter.bar_ticks // 2
    arrival = meter.bar_ticks if stinger.bars > 1 else half
    root, quality = parse_chord(stinger.end, key)
    return (first, Chord(arrival, root, quality))
