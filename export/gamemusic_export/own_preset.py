"""What somebody's MIDI files say of their music, written into the style that learns it; the rest of a preset stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gamemusic.errors import InputError
from gamemusic.packs.musical import pitch_name
from gamemusic.packs.schema import load_preset
from gamemusic.packs.yamlfile import Spot, find_spot
from gamemusic.programs import PROGRAM_NAMES
from gamemusic.score.phrase import Role
from gamemusic_export.own_music import OwnMusic

__all__ = ["NOTHING_FOUND", "Found", "fill_preset"]

_LEVELS = {Role.LEAD: 0, Role.COUNTER: -4, Role.HARMONY: -6, Role.TEXTURE: -7, Role.BASS: -4, Role.DRUMS: -5}
_PANS = {Role.LEAD: 0.0, Role.COUNTER: 0.25, Role.HARMONY: -0.25, Role.TEXTURE: 0.35, Role.BASS: 0.0, Role.DRUMS: 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a style says of music."""

    tempo: tuple[int, int]
    keys: Sequence[str]
    meters: Sequence[str]
    learned: Sequence[Role]
    programs: Mapping[Role, int]
    ranges: Mapping[Role, tuple[int, int]]
    polyphony: Mapping[Role, int]
    density: Mapping[Role, int]

    @classmethod
    def of(cls, music: OwnMusic) -> Found:
        """Return what was found in somebody's files."""
        return cls(
            tempo=music.tempo,
            keys=music.keys,
            meters=music.meters,
            learned=music.roles,
            programs=music.programs,
            ranges=music.figures.ranges(),
            polyphony=music.figures.polyphony(),
            density=music.figures.density(),
        )

    def lines(self, roles: Sequence[Role]) -> dict[str, str]:
        """Return the keys of a style in which these roles are learned, and their values in YAML."""
        ranges = {role: f"[{', '.join(map(pitch_name, self.ranges[role]))}]" for role in roles if role in self.ranges}
        values = {
            "tempo": f"[{self.tempo[0]}, {self.tempo[1]}]",
            "keys": f"[{', '.join(self.keys)}]",
            "meters": f"[{', '.join(self.meters)}]",
            "ranges": _flow(ranges),
            "polyphony": _flow({role: str(self.polyphony[role]) for role in roles if role in self.polyphony}),
            "density": _flow({role: str(self.density[role]) for role in roles if role in self.density}),
        }
        return {key: value for key, value in values.items() if value != "{}"}


NOTHING_FOUND = Found(
    tempo=(100, 100),
    keys=("C major",),
    meters=("4/4",),
    learned=tuple(Role),
    programs={},
    ranges={},
    polyphony={},
    density={},
)
"""Stands for what is not known yet, so that everything else can be checked before."""


def fill_preset(content: bytes, found: Found, style: str, token: str) -> bytes:
    """Return a preset in which one style has the music's tempo, keys, meters, ranges, polyphony and density.

    Comments, the other styles and what the mood says for them stay as they are.

    Args:
        content: The preset.
        found: What was found in the files.
        style: That learned; added as the first one, and so the default, when the preset does not have it. A new one
            gets the files' players.
        token: By which the style learns.

    Raises:
        InputError: The styles are written in braces, into which nothing can be put.
        FormatError: With what was put in it is no preset.
    """
    text = content.decode("utf-8-sig").replace("\r\n", "\n")
    preset = load_preset(text.encode())
    if style in preset.styles:
        roles = preset.styles[style].learned
        # the last key first: no place moves that is still to be found
        for key, value in reversed([("token", token), *found.lines(roles).items()]):
            if key != "token" or value != preset.styles[style].token:
                text = _put(text, style, key, value)
    else:
        spot = _block(text, ("styles",))
        indent = " " * spot.column
        block = "".join(f"{indent}{line}\n" for line in _style(found, style, token))
        above = text[: text.rindex("\n", 0, spot.start) + 1]
        lines = above.splitlines(keepends=True)
        while not lines[-1].strip() or lines[-1].lstrip().startswith(
            "#"
        ):  # what is said of the first style stays there
            lines.pop()
        begin = len("".join(lines))
        text = f"{text[:begin]}{block}{text[begin:]}"
    filled = text.encode()
    load_preset(filled)  # what was written here must be a preset
    return filled


def _put(text: str, style: str, key: str, value: str) -> str:
    """Return the text with a key of a style at this value."""
    spot = find_spot(text, ("styles", style, key))
    if spot is not None:
        # a block goes on to where the next key begins: the comments and blank lines between stay
        lines = text[spot.start : spot.end].splitlines(keepends=True)
        while not spot.flow and len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
            lines.pop()
        end = spot.start + len("".join(lines).rstrip())
        return f"{text[: spot.start]}{value}{text[end:]}"
    spot = _block(text, ("styles", style))
    return f"{text[: spot.start]}{key}: {value}\n{' ' * spot.column}{text[spot.start :]}"


def _block(text: str, path: Sequence[str]) -> Spot:
    spot = find_spot(text, path)
    assert spot is not None  # every preset has styles
    if spot.flow:
        raise InputError(
            f"{path[-1]!r} is written in braces in preset.yaml, where training puts in nothing; write one key a line"
        )
    return spot


def _flow(values: Mapping[Role, str]) -> str:
    return f"{{{', '.join(f'{role.value}: {value}' for role, value in values.items())}}}"


def _style(found: Found, style: str, token: str) -> list[str]:
    """Return the lines of a style: its players are those of the files, at usual levels and places."""
    learned = [role for role in Role if role in found.learned]
    lines = [f"{style}:", "  description: Learned from your own files."]
    if token != style:
        lines.append(f"  token: {token}")
    lines += [f"  {key}: {value}" for key, value in found.lines(learned).items()]
    lines += [f"  learned: [{', '.join(role.value for role in learned)}]", "  instruments:"]
    for role in learned:
        if role is Role.DRUMS:
            lines.append(f"    drums: {{program: standard, level: {_LEVELS[role]}}}")
            continue
        program = PROGRAM_NAMES[found.programs.get(role, 0)]
        lines.append(f"    {role.value}: {{program: {program}, level: {_LEVELS[role]}, pan: {_PANS[role]:g}}}")
    # what nobody plays in the files is made from the chords, so that a melody is not alone
    if Role.HARMONY not in learned:
        lines.append(f"    harmony: {{program: strings, figure: pad, level: {_LEVELS[Role.HARMONY] - 2}, pan: -0.2}}")
    if Role.BASS not in learned:
        lines.append(f"    bass: {{program: acoustic_bass, figure: bass_roots, level: {_LEVELS[Role.BASS] - 1}}}")
    return lines
