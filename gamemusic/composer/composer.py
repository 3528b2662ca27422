"""compose(): a mood's name becomes a phrase."""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gamemusic.composer.candidates import Conditions, compose_candidates
from gamemusic.composer.form import plan_repeats
from gamemusic.composer.sampler import mix
from gamemusic.composer.session import Session
from gamemusic.errors import InputError
from gamemusic.packs.library import find_pack
from gamemusic.packs.pack import Pack
from gamemusic.packs.schema import Preset
from gamemusic.packs.style import Style
from gamemusic.score.phrase import Phrase, Role
from gamemusic.theory import Key, parse_chord, parse_key
from gamemusic.tokens.bars import DEFAULT_POLYPHONY, join_bars
from gamemusic.tokens.grammar import Grammar, Rules, forced_chords
from gamemusic.tokens.vocabulary import (
    METER_NAMES,
    MODE_NAMES,
    QUALITY_NAMES,
    ROLES,
    STYLE_NAMES,
    intensity_bin,
)
from gamemusic.units import check_bars, check_tempo, parse_meter

__all__ = ["Composer", "compose"]

MAX_SEED = (1 << 64) - 1


def compose(
    mood: str | Path,
    *,
    style: str | None = None,
    bars: int | None = None,
    key: str | None = None,
    tempo: float | None = None,
    meter: str | None = None,
    intensity: float | None = None,
    seed: int | None = None,
    ending: str | None = None,
) -> Phrase:
    """Compose a phrase.

    What is not given comes from the mood's preset; key and tempo are then chosen by the seed among those it allows.

    Args:
        mood: Name of an installed mood, or path of a mood pack (folder or zip).
        style: One of the mood's styles; default its first.
        bars: 1 to 64.
        key: Such as ``'D minor'`` or ``'Bb'``.
        tempo: Quarter notes a minute, 20 to 400.
        meter: ``'4/4'``, ``'3/4'``, ``'6/8'`` or ``'2/4'``.
        intensity: 0 to 1.
        seed: 0 to 2**64 - 1. The same seed, arguments and pack give the same notes on every machine. Without one a
            seed is drawn; `Phrase.seed` tells it.
        ending: ``'loop'`` or ``'cadence'``.

    Raises:
        InputError: For a value that is not allowed.
        PackError: When the mood's pack is damaged.
    """
    return Composer(find_pack(mood)).compose(
        style=style, bars=bars, key=key, tempo=tempo, meter=meter, intensity=intensity, seed=seed, ending=ending
    )


class Composer:
    """A mood pack with its model loaded: cheap to call again and again.

    Args:
        pack: The mood.

    Raises:
        PackError: When the model is damaged or of another version.
    """

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        preset = pack.preset
        self.session = Session(pack.read(preset.model), file=f"{pack.name}/{preset.model}")
        self._grammars: dict[str, Grammar] = {}

    def compose(
        self,
        *,
        style: str | None = None,
        bars: int | None = None,
        key: str | None = None,
        tempo: float | None = None,
        meter: str | None = None,
        intensity: float | None = None,
        seed: int | None = None,
        ending: str | None = None,
    ) -> Phrase:
        """Compose a phrase; see `gamemusic.compose`."""
        preset = self.pack.preset
        seed = _check_seed(secrets.randbits(32) if seed is None else seed)
        playing = preset.style(style)
        frame = Phrase(
            bars=preset.bars if bars is None else check_bars(bars),
            meter=preset.meters[0] if meter is None else parse_meter(meter),
            tempo_bpm=_choose_tempo(preset, playing, seed) if tempo is None else check_tempo(tempo),
            key=_choose(preset.keys, seed, 1) if key is None else parse_key(key),
            tracks=(),
            ending=preset.ending if ending is None else ending,
            mood=self.pack.name,
            style=playing.name,
            intensity=_check_intensity(preset.intensity if intensity is None else intensity),
            seed=seed,
            orchestration=playing.orchestration(),
        )
        roles = tuple(role for role in ROLES if role in playing.learned)
        polyphony = {**DEFAULT_POLYPHONY, **preset.polyphony}
        rules = Rules(
            bars=frame.bars,
            meter=frame.meter,
            key=frame.key,
            roles=roles,
            heard=_heard_roles(playing, roles, frame.intensity),
            ranges=preset.ranges,
            polyphony=polyphony,
            density=preset.density,
            scale_strictness=preset.scale_strictness,
            chords=_plan_chords(preset.progression, frame),
        )
        candidates = compose_candidates(
            self.session,
            self._grammar(rules),
            Conditions(
                style=STYLE_NAMES.index(playing.token),
                intensity=intensity_bin(frame.intensity),
                meter=METER_NAMES.index(str(frame.meter)),
                mode=MODE_NAMES.index(frame.key.mode),
                roles=sum(1 << ROLES.index(role) for role in roles),
                ending=int(frame.ending == "cadence"),
            ),
            count=preset.candidates,
            seed=seed,
            temperature=preset.temperature_of(playing),
            min_p=preset.min_p,
            repeats=plan_repeats(preset.form, frame.bars),
        )
        best = candidates.best
        phrase = join_bars(candidates.bars[best], frame, polyphony)
        return phrase.replace(seam_bits=candidates.seam_bits[best])

    def _grammar(self, rules: Rules) -> Grammar:
        """Return the grammar of ``rules``: kept while they stay the same, since its masks are found again."""
        name = repr(rules)
        if name not in self._grammars:
            self._grammars.clear()
            self._grammars[name] = Grammar(rules)
        return self._grammars[name]


def _check_seed(seed: int) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise InputError(f"seed must be a whole number, 0 to {MAX_SEED} (received {seed!r})")
    return seed


def _check_intensity(intensity: float) -> float:
    if isinstance(intensity, bool) or not isinstance(intensity, int | float) or not 0 <= intensity <= 1:
        raise InputError(f"intensity must be 0 to 1 (received {intensity!r})")
    return float(intensity)


def _draw(seed: int, purpose: int, count: int) -> int:
    """Return a number below ``count`` that depends on nothing but seed and purpose."""
    value = int(mix(mix(np.array([seed], dtype=np.uint64)) ^ np.uint64(purpose << 48))[0])
    return value % count


def _choose(keys: Sequence[Key], seed: int, purpose: int) -> Key:
    return keys[_draw(seed, purpose, len(keys))]


def _choose_tempo(preset: Preset, style: Style, seed: int) -> float:
    """Return a whole number of quarter notes a minute between the preset's slowest and fastest."""
    slowest, fastest = preset.tempo_of(style)
    low, high = math.ceil(slowest), math.floor(fastest)
    return float(low + _draw(seed, 2, high - low + 1)) if low <= high else slowest


def _heard_roles(style: Style, roles: tuple[Role, ...], intensity: float) -> tuple[Role, ...]:
    """Return the composed roles that sound at this intensity; all of them when none does."""
    heard = tuple(role for role in roles if style.instruments[role].from_intensity <= intensity)
    return heard or roles


def _plan_chords(progression: Sequence[str], frame: Phrase) -> dict[int, tuple[tuple[int, int], ...]] | None:
    """Return the preset's fixed chords, one a bar, repeated to the end; None when it has none."""
    if not progression:
        return None
    plan = []
    for bar in range(frame.bars):
        root, quality = parse_chord(progression[bar % len(progression)], frame.key)
        number = (root - frame.key.tonic) % 12 * len(QUALITY_NAMES) + QUALITY_NAMES.index(quality)
        plan.append((bar * frame.meter.bar_ticks, number))
    return forced_chords(plan, frame.bars, frame.meter.bar_ticks)
