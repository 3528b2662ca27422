"""Which section plays what was composed, and which a figure: an accompaniment that keeps something up.

A network that hears a voice's last bar dozens of tokens away seldom keeps a figure. So each section of the best
candidate is heard: where its accompaniment or bass keeps its rhythm less than real music of the style does, the section
gets a figure of the style in its place, over the same chords. Sections of one letter share theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gamemusic.composer.choices import Draw
from gamemusic.composer.form import letters_of
from gamemusic.composer.hearing import hear, hear_rhythm
from gamemusic.score.figuretable import HELD, TABLE
from gamemusic.score.phrase import Phrase, Role
from gamemusic.tokens.bars import Bar

__all__ = ["POOLS", "Pool", "choose_figures"]


@dataclass(frozen=True, slots=True)
class Pool:
    """What a role of a style may play in place of what was composed."""

    style: str
    """Style token."""
    role: Role
    least: int
    """Bars in a thousand that have to keep the rhythm of the one or the second one before: about a quarter of real
    passages of the style keep less."""
    figures: tuple[str, ...]
    """Names of `gamemusic.arranger.figures.FIGURES`; one named twice is drawn twice as often, one that does not suit
    the meter never."""
    slow: tuple[str, ...] = ()
    """The same below ``_SLOW`` quarter notes a minute; empty: the same figures."""


def _pool(style: str, role: Role, least: int, figures: str, slow: str = "") -> Pool:
    return Pool(style, role, least, tuple(figures.split()), tuple(slow.split()))


_SLOW = 96
# fmt: off
POOLS: tuple[Pool, ...] = (
    _pool("chamber", Role.HARMONY, 250,
          "spiccato offbeats block_quarters arpeggio_updown tremolo brass_hits waltz",
          "pad block broken_block arpeggio_up waltz_broken"),
    _pool("chamber", Role.BASS, 300,
          "bass_roots bass_fifths bass_pickups bass_eighths bass_waltz",
          "bass_roots bass_whole bass_fifths bass_pedal_slow bass_waltz"),
    _pool("song", Role.HARMONY, 350,
          "arpeggio_updown alberti broken_block arpeggio_sixteenths waltz_broken fingerpicking",
          "arpeggio_up broken_block arpeggio_triplets nocturne barcarolle"),
    _pool("song", Role.BASS, 350,
          "bass_roots bass_fifths bass_pickups bass_whole bass_waltz",
          "bass_roots bass_whole bass_fifths bass_pickups"),
    _pool("piano", Role.HARMONY, 300,
          "alberti stride broken_tenths arpeggio_updown waltz waltz_lilting mazurka polonaise charleston",
          "nocturne broken_tenths arpeggio_up broken_block barcarolle waltz_broken"),
    _pool("piano", Role.BASS, 350,
          "bass_roots bass_fifths bass_root_fifth_octave bass_pickups bass_waltz",
          "bass_roots bass_whole bass_fifths bass_root_fifth_octave bass_waltz"),
    _pool("rock", Role.HARMONY, 500,
          "riff_eighths riff_gallop riff_hits riff_chug riff_eighths riff_octaves",
          "riff_held riff_eighths block arpeggio_wide"),
    _pool("rock", Role.BASS, 600,
          "bass_eighths bass_rock bass_gallop bass_eighths bass_riff",
          "bass_roots bass_rock bass_pickups bass_eighths"),
    _pool("rock", Role.TEXTURE, 400,
          "ostinato pulse ostinato_sixteenths riff_octaves",
          "ostinato arpeggio_wide ostinato_slow riff_held"),
    _pool("electronic", Role.HARMONY, 450,
          "pad offbeats syncopated pulse brass_hits",
          "pad block broken_block syncopated"),
    _pool("electronic", Role.BASS, 600,
          "bass_octaves bass_sequencer bass_eighths bass_offbeats bass_tresillo",
          "bass_roots drone bass_pedal_slow bass_whole bass_tresillo"),
    _pool("electronic", Role.TEXTURE, 400,
          "arpeggio_sixteenths ostinato ostinato_turning ostinato_sixteenths arpeggio_updown",
          "ostinato_slow arpeggio_up ostinato ostinato_rocking music_box"),
)
# fmt: on
_ON_ROOT = 800
"""Bar lines in a thousand at which a section's bass has to stand on the chord's root or third."""


def choose_figures(
    bars: Sequence[Bar], phrase: Phrase, token: str, learned: Sequence[Role], draw: Draw
) -> Mapping[str, Mapping[Role, str]]:
    """Return the figures that sections play in place of what was composed, by the section's name.

    Args:
        bars: The phrase as it was composed.
        phrase: Its frame.
        token: Style token.
        learned: Roles that were composed.
        draw: (purpose, count) to a number below count.
    """
    by_letter: dict[str, dict[Role, str]] = {}
    for number, (letter, (first, size)) in enumerate(letters_of(phrase.form, phrase.bars).items()):
        by_letter[letter] = _choose(bars[first : first + size], phrase, token, learned, number, draw)
    chosen = {name: by_letter[name[:1]] for name in phrase.form or ("",)}
    return {name: figures for name, figures in chosen.items() if figures}


def _choose(
    bars: Sequence[Bar], phrase: Phrase, token: str, learned: Sequence[Role], number: int, draw: Draw
) -> dict[Role, str]:
    found: dict[Role, str] = {}
    rooted = hear(bars, phrase.meter)["bass_root"]
    for place, pool in enumerate(pool for pool in POOLS if pool.style == token and pool.role in learned):
        kept = hear_rhythm(bars, (pool.role,))
        if not 0 <= kept < pool.least and not (pool.role is Role.BASS and 0 <= rooted < _ON_ROOT):
            continue
        figures = pool.slow if pool.slow and phrase.tempo_bpm < _SLOW else pool.figures
        figures = tuple(name for name in figures if name in HELD or TABLE[name].suits(phrase.meter))
        # neighbouring letters play different figures
        found[pool.role] = figures[(draw(120 + place, 1 << 16) + number) % len(figures)]
    return found
