"""A style: one way in which a mood is played. Part of the preset, see `gamemusic.packs.schema`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from gamemusic.packs.fields import Choice, Number, Text, Truth, Whole
from gamemusic.packs.musical import (
    BAR,
    DRUM_FIGURES,
    FIGURE,
    FIGURES,
    KEY,
    KIT,
    PITCH,
    PITCHED,
    PROGRAM,
    ROLES,
    TEMPERATURE,
    TEMPO,
)
from gamemusic.packs.records import FieldError, ListOf, MapOf, Pair, Record
from gamemusic.score import orchestration
from gamemusic.score.phrase import Role
from gamemusic.theory import Key
from gamemusic.tokens.vocabulary import STYLE_NAMES
from gamemusic.units import METERS, Meter

__all__ = ["Drummer", "Player", "Room", "Section", "Style"]

FONT_FILE = r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.sf[23]"
"""Pattern of a soundfont that a pack brings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """How one role is played."""

    program: Annotated[int, PROGRAM]
    """General MIDI instrument, by name (`violin`, `nylon_guitar`) or number."""
    bank: Annotated[int, Whole(0, 127)] = 0
    """Soundfont bank, for soundfonts that hold more than General MIDI."""
    level: Annotated[float, Number(-60, 6)] = 0.0
    """Loudness in dB against the other roles; 0 is a lead's usual level, -6 an accompaniment's."""
    pan: Annotated[float, Number(-1, 1)] = 0.0
    """Place in the stereo field, -1 (left) to 1 (right)."""
    reverb: Annotated[float, Number(0, 1)] = 0.3
    """Share of the sound that is sent to the room."""
    octave: Annotated[int, Whole(-3, 3)] = 0
    """Octaves by which the notes are moved when played; they are composed where `ranges` says."""
    gate: Annotated[float, Number(0.1, 1)] = 1.0
    """Sounding share of the written length: below 0.5 is staccato, 1 is legato."""
    from_intensity: Annotated[float, Number(0, 1)] = 0.0
    """Lowest intensity at which the role is heard."""
    figure: Annotated[str, FIGURE] = ""
    """How the arranger makes this role's notes from the chords, for a role that the model does not compose."""
    double_from: Annotated[float | None, Number(0, 1)] = None
    """Intensity from which each note is doubled an octave higher; left out: never. Not for drums."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drummer(Player):
    """How the drums are played."""

    program: Annotated[int, KIT] = 0
    """Drum kit, by name (`standard`, `power`, `orchestra`) or number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The reverberation that every role's send goes to."""

    seconds: Annotated[float, Number(0.1, 6)] = 1.6
    """Time in which the sound falls by 60 dB: 0.4 a cupboard, 1.6 a hall, 4 a cathedral."""
    damping: Annotated[float, Number(0, 1)] = 0.5
    """How much faster high sounds die away: 0 bare stone, 1 heavy curtains."""
    level: Annotated[float, Number(-60, 0)] = -9.0
    """Loudness of the room in dB against the dry sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Who plays how in one section of the form; what is not said here is as in the other sections."""

    rest: Annotated[tuple[Role, ...], ListOf(ROLES, 0, 5, unique=True)] = ()
    """Roles that are silent; drums that rest still lead into the next section."""
    figures: Annotated[Mapping[Role, str], MapOf(ROLES, FIGURE)] = field(default_factory=dict)
    """Figures played here, by role, in place of what the role plays elsewhere."""
    half_time: Annotated[bool, Truth()] = False
    """Whether the drums play at half their pace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """One way in which a mood is played: who plays what, and what the model is told.

    Raises:
        FieldError: When a role has neither the model nor a figure to give it notes, or both, or no instrument.
    """

    name: str
    """The key it stands behind; the first style of a preset is the default one."""
    description: Annotated[str, Text(500, lines=True)] = ""
    """What it sounds like, for people who choose."""
    token: Annotated[str, Choice({name: name for name in STYLE_NAMES})] = ""
    """Style token that conditions the model; the default is the style's own name."""
    learned: Annotated[tuple[Role, ...], ListOf(ROLES, 0, 6, unique=True)] = ()
    """Roles whose notes the model composes."""
    instruments: Annotated[
        Mapping[Role, Player], MapOf(ROLES, Record(Player), low=1, special={Role.DRUMS: Record(Drummer)})
    ]
    """Who plays each role; every role here is either in `learned` or has a `figure`."""
    room: Annotated[Room, Record(Room)] = field(default_factory=Room)
    """The room they play in."""
    soundfont: Annotated[
        str,
        Text(
            64,
            rf"(chip|{FONT_FILE})?",
            "'chip', or a file of the pack that ends in .sf2 or .sf3, without folders",
            least=0,
        ),
    ] = ""
    """Where the sounds come from: `chip` is the generated soundfont that comes with the package, anything else a small
    soundfont in the pack; left out: the one that the caller or the system has. A soundfont that the caller names goes
    first."""
    swing: Annotated[float, Number(0, 0.5)] = 0.0
    """Delay of every second eighth note, as a share of an eighth: 0.33 is triplet swing."""
    tempo: Annotated[tuple[float, float] | None, TEMPO] = None
    """Tempo for this style only, [slowest, fastest] in quarter notes a minute."""
    temperature: Annotated[float | None, TEMPERATURE] = None
    """Temperature for this style only."""
    keys: Annotated[tuple[Key, ...], ListOf(KEY, 0, 24, unique=True)] = ()
    """Keys for this style only. Empty: the mood's."""
    meters: Annotated[tuple[Meter, ...], ListOf(Choice(METERS), 0, len(METERS), unique=True)] = ()
    """Meters that suit this style, from which the seed chooses. Empty: the mood's."""
    ranges: Annotated[Mapping[Role, tuple[int, int]], MapOf(PITCHED, Pair(PITCH))] = field(default_factory=dict)
    """[lowest, highest] note of each role, for this style only; roles left out have the mood's."""
    polyphony: Annotated[Mapping[Role, int], MapOf(ROLES, Whole(1, 6))] = field(default_factory=dict)
    """Most notes of a role that may sound at once, for this style only; roles left out have the mood's."""
    density: Annotated[Mapping[Role, int], MapOf(ROLES, Whole(1, 48))] = field(default_factory=dict)
    """Most notes of a role that may begin in one bar, for this style only; roles left out have the mood's."""
    progressions: Annotated[tuple[tuple[str, ...], ...], ListOf(ListOf(BAR, 1, 64), 0, 64)] = ()
    """Chords to be composed over, an entry a bar, as in `progression`: each letter of the form has one of these, chosen
    by the seed and repeated to its end. For music that was learned as melody alone. Empty: from a library.
    """
    sections: Annotated[
        Mapping[str, Section],
        MapOf(Text(4, "[A-Z]'?([1-9][0-9]?)?", "a section such as A or A', or A2 for the second A"), Record(Section)),
    ] = field(default_factory=dict)
    """Plans for sections of the form, by name: `A` is each A, `A2` the second one. Sections left out are planned by the
    arranger: the first is thin, a variation adds the counter, a new letter changes texture and drums, the last is full.
    """

    def __post_init__(self) -> None:
        if not self.token:
            if self.name not in STYLE_NAMES:
                raise FieldError(
                    f"found the style {self.name!r} without 'token', expected one of {', '.join(STYLE_NAMES)}; "
                    f"add for example 'token: {STYLE_NAMES[0]}'"
                )
            object.__setattr__(self, "token", self.name)
        for index, role in enumerate(self.learned):
            if role not in self.instruments:
                message = f"found the learned role '{role}' without an instrument; add it under 'instruments'"
                raise FieldError(message, "learned", index)
        for role, player in self.instruments.items():
            self._check_player(role, player)
        for name, section in self.sections.items():
            self._check_section(name, section)

    def _check_player(self, role: Role, player: Player) -> None:
        place = ("instruments", str(role))
        if role in self.learned and player.figure:
            message = f"found the figure {player.figure!r} for '{role}', which 'learned' lists too; remove one of them"
            raise FieldError(message, *place, "figure")
        if role not in self.learned and not player.figure:
            message = f"found neither '{role}' in 'learned' nor a figure for it; list it there or add 'figure: ...'"
            raise FieldError(message, *place)
        if player.figure:
            _check_figure(role, player.figure, *place, "figure")
        if role is Role.DRUMS and player.double_from is not None:
            raise FieldError("found 'double_from' for 'drums', which have no octaves; remove it", *place, "double_from")

    def _check_section(self, name: str, section: Section) -> None:
        place = ("sections", name)
        for role in (*section.rest, *section.figures):
            if role not in self.instruments:
                kind = "figures" if role in section.figures else "rest"
                message = f"found '{role}', which has no instrument; name one of {', '.join(map(str, self.roles))}"
                raise FieldError(message, *place, kind)
        if set(section.rest) >= set(self.instruments):
            raise FieldError("found every role, which leaves nobody to play; take one out", *place, "rest")
        for role, figure in section.figures.items():
            if role in section.rest:
                raise FieldError(
                    f"found a figure for '{role}', which rests here; remove one of them", *place, "figures"
                )
            _check_figure(role, figure, *place, "figures", str(role))
        if section.half_time and (Role.DRUMS not in self.instruments or Role.DRUMS in section.rest):
            raise FieldError("found 'half_time' where no drums play; remove it", *place, "half_time")

    @property
    def roles(self) -> tuple[Role, ...]:
        """Every role that plays, in the order of `Role`."""
        return tuple(role for role in Role if role in self.instruments)

    @property
    def figures(self) -> Mapping[Role, str]:
        """The figures of the roles that the model does not compose."""
        return {role: self.instruments[role].figure for role in self.roles if self.instruments[role].figure}

    def named_figures(self) -> Iterator[tuple[Role, str, tuple[str, ...]]]:
        """Yield (role, figure, where it stands in the style) of every figure that the style names."""
        for role, figure in self.figures.items():
            yield role, figure, ("instruments", str(role), "figure")
        for name, section in self.sections.items():
            for role, figure in section.figures.items():
                yield role, figure, ("sections", name, "figures", str(role))

    def orchestration(self) -> orchestration.Orchestration:
        """Return the style's players as a phrase carries them."""
        return orchestration.Orchestration(
            instruments={role: _instrument(self.instruments[role]) for role in self.roles},
            room=orchestration.Room(seconds=self.room.seconds, damping=self.room.damping, level_db=self.room.level),
            swing=self.swing,
            soundfont=self.soundfont,
            sections={
                name: orchestration.SectionPlan(rest=section.rest, figures=section.figures, half_time=section.half_time)
                for name, section in self.sections.items()
            },
        )


def _check_figure(role: Role, figure: str, *place: str) -> None:
    if figure in FIGURES and (figure in DRUM_FIGURES) != (role is Role.DRUMS):
        fit = f"one of {', '.join(DRUM_FIGURES)}" if role is Role.DRUMS else "one with pitches such as block or pad"
        raise FieldError(f"found the figure {figure!r} for '{role}', expected {fit}", *place)


def _instrument(player: Player) -> orchestration.Instrument:
    return orchestration.Instrument(
        program=player.program,
        bank=player.bank,
        level_db=player.level,
        pan=player.pan,
        reverb=player.reverb,
        octave=player.octave,
        gate=player.gate,
        from_intensity=player.from_intensity,
        figure=player.figure,
        double_from=player.double_from,
    )
