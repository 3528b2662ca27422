"""Sections: what a phrase's form asks of its players, where fills stand, how loudness moves on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from gamemusic.score.orchestration import Instrument, Orchestration, SectionPlan
from gamemusic.score.phrase import BRIDGE_FORM, Phrase, Role
from gamemusic.units import METERS, Meter

__all__ = [
    "Kind",
    "Section",
    "fill_bars",
    "fill_start",
    "find_sections",
    "loudness",
    "section_figure",
    "section_plan",
]

_FILL_BARS = 8
"""Without a form, every so many bars take a fill."""


class Kind(str, Enum):
    """What a section is in its phrase."""

    OPENING = "opening"
    """The first: thin, so that something is left to add."""
    VARIED = "varied"
    """Heard before, and more is added: a prime, or a letter that returns before the end."""
    CONTRAST = "contrast"
    """A new letter: another texture, and the drums rest or slow down."""
    ARRIVAL = "arrival"
    """Every second new letter: full drums again, and the counter waits."""
    CLOSING = "closing"
    """The last: everybody plays."""


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a phrase; bars count from 0."""

    name: str
    number: int
    """Which of its name it is, from 1."""
    first: int
    """First bar."""
    end: int
    """First bar after it."""
    kind: Kind

    @property
    def middle(self) -> int:
        """First bar of its second half."""
        return self.first + (self.end - self.first + 1) // 2


def find_sections(phrase: Phrase) -> tuple[Section, ...]:
    """Return the sections of a phrase; none without a form, or where they would be shorter than two bars."""
    form = phrase.form
    if not form or form == BRIDGE_FORM or phrase.bars < 2 * len(form):
        return ()
    size = phrase.bars // len(form)
    sections = []
    contrasts = 0
    for index, name in enumerate(form):
        new = name.rstrip("'") not in {each.rstrip("'") for each in form[:index]}
        contrasts += new and index > 0
        if index == 0:
            kind = Kind.OPENING
        elif index == len(form) - 1:
            kind = Kind.CLOSING
        elif not new:
            kind = Kind.VARIED
        else:
            kind = Kind.CONTRAST if contrasts % 2 else Kind.ARRIVAL
        sections.append(Section(name, form[: index + 1].count(name), index * size, (index + 1) * size, kind))
    return tuple(sections)


def section_plan(section: Section, orchestration: Orchestration) -> SectionPlan | None:
    """Return what the style says of a section: by name and number first, then by name; None where it says nothing."""
    plans = orchestration.sections
    return plans.get(f"{section.name}{section.number}") or plans.get(section.name)


_OTHER_FIGURES: Mapping[str, str] = MappingProxyType(
    {
        "strum": "fingerpicking",
        "strum_sixteenths": "strum",
        "fingerpicking": "strum",
        "block": "arpeggio_up",
        "block_quarters": "broken_block",
        "broken_block": "block_quarters",
        "offbeats": "syncopated",
        "chops": "offbeats",
        "syncopated": "offbeats",
        "charleston": "chops",
        "spiccato": "tremolo",
        "tremolo": "spiccato",
        "tremolo_piano": "broken_tenths",
        "brass_hits": "brass_answers",
        "brass_answers": "brass_hits",
        "oompah": "block_quarters",
        "stride": "charleston",
        "waltz": "arpeggio_updown",
        "waltz_lilting": "waltz_broken",
        "waltz_broken": "waltz",
        "mazurka": "waltz_broken",
        "polonaise": "broken_block",
        "barcarolle": "arpeggio_updown",
        "nocturne": "block_quarters",
        "broken_tenths": "arpeggio_updown",
        "alberti": "broken_block",
        "alberti_sixteenths": "alberti",
        "arpeggio_up": "ostinato",
        "arpeggio_updown": "ostinato",
        "arpeggio_down": "arpeggio_wide",
        "arpeggio_wide": "broken_block",
        "arpeggio_sixteenths": "arpeggio_updown",
        "arpeggio_triplets": "arpeggio_wide",
        "harp_sweep": "arpeggio_updown",
        "music_box": "arpeggio_wide",
        "bells": "music_box",
        "pulse": "ostinato",
        "ostinato": "pulse",
        "ostinato_rocking": "ostinato_turning",
        "ostinato_turning": "ostinato_rocking",
        "ostinato_slow": "arpeggio_up",
        "ostinato_sixteenths": "spiccato",
        "ostinato_dotted": "spiccato",
        "chip_arpeggio": "chip_arpeggio_slow",
        "chip_arpeggio_slow": "chip_arpeggio",
        "riff_eighths": "riff_held",
        "riff_gallop": "riff_eighths",
        "riff_hits": "riff_eighths",
        "riff_chug": "riff_hits",
        "riff_octaves": "riff_held",
        "riff_held": "riff_octaves",
        "bass_roots": "bass_fifths",
        "bass_fifths": "bass_roots",
        "bass_eighths": "bass_rock",
        "bass_walking": "bass_fifths",
        "bass_octaves": "bass_eighths",
        "bass_root_fifth_octave": "bass_pickups",
        "bass_waltz": "bass_whole",
        "bass_pickups": "bass_walking",
        "bass_pedal": "bass_eighths",
        "bass_pedal_slow": "bass_roots",
        "bass_gallop": "bass_eighths",
        "bass_tresillo": "bass_habanera",
        "bass_habanera": "bass_roots",
        "bass_rock": "bass_eighths",
        "bass_riff": "bass_octaves",
        "bass_offbeats": "bass_octaves",
        "bass_sequencer": "bass_offbeats",
    }
)
"""What a contrasting section plays in place of a figure; held figures stay, since they lie under everything."""


def section_figure(section: Section, role: Role, instrument: Instrument, orchestration: Orchestration) -> str:
    """Return the figure of a role in a section; empty where its composed notes are played."""
    plan = section_plan(section, orchestration)
    if plan is not None and role in plan.figures:
        return plan.figures[role]
    chosen = orchestration.figures.get(section.name, {})
    if role in chosen and not instrument.figure:
        return chosen[role]
    if plan is None and section.kind is Kind.CONTRAST:
        return _OTHER_FIGURES.get(instrument.figure, instrument.figure)
    return instrument.figure


def fill_bars(phrase: Phrase) -> frozenset[int]:
    """Return the bars that lead somewhere by a drum fill.

    Those are the last of each section, and of the phrase; without a form every eighth. A phrase of one bar has no room
    for any, unless it is a bridge, which is there to lead somewhere.
    """
    if phrase.form == BRIDGE_FORM:
        return frozenset([phrase.bars - 1])
    if phrase.bars < 2:
        return frozenset()
    sections = find_sections(phrase)
    ends = [section.end for section in sections] or range(_FILL_BARS, phrase.bars, _FILL_BARS)
    return frozenset(end - 1 for end in (*ends, phrase.bars))


def fill_start(meter: Meter) -> int:
    """Return where in its bar a fill begins, in ticks: at its second half, or its last two beats in 3/4.

    In 5/4 and 7/8 it is the last group of beats, in 9/8 and 12/8 the last beat.
    """
    if str(meter) not in METERS:
        return sum(meter.groups[:-1])
    return meter.bar_ticks // 3 if meter.bar_ticks % (2 * meter.pulse_ticks) else meter.bar_ticks // 2


_LEVELS = MappingProxyType({Kind.OPENING: -3, Kind.VARIED: 0, Kind.CONTRAST: -2, Kind.ARRIVAL: 1, Kind.CLOSING: 3})
"""Velocity that a section adds."""
_BUILD, _FADE = 6, 9
"""Velocity that is gained towards a fuller section, and lost towards a cadence."""


def loudness(phrase: Phrase, sections: Sequence[Section]) -> tuple[int, ...]:
    """Return the velocity that each felt beat of a phrase gains or loses by its place in the form.

    Sections have levels of their own, each grows over its last bars when more follows, and a cadence fades over its
    last two bars.
    """
    pulse, bar = phrase.meter.pulse_ticks, phrase.meter.bar_ticks
    beats = bar // pulse
    levels = [0] * (phrase.bars * beats)
    for section, following in zip(sections, (*sections[1:], None), strict=False):
        build = (section.end - section.first + 3) // 4 * beats
        grows = following is not None and _LEVELS[following.kind] > _LEVELS[section.kind]
        end = section.end * beats
        for beat in range(section.first * beats, end):
            gained = _BUILD * max(0, build - (end - 1 - beat)) // build if grows else 0
            levels[beat] = _LEVELS[section.kind] + gained
    if phrase.ending == "cadence" and phrase.bars > 2:
        for index in range(2 * beats):
            levels[index - 2 * beats] -= _FADE * (index + 1) // (2 * beats)
    return tuple(levels)
