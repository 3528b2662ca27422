"""What somebody's MIDI files say of tempo, keys, meters and players, written into a preset; the rest of it stays."""

from __future__ import annotations

from collections.abc import Sequence

from gamemusic.packs.schema import load_preset
from gamemusic.packs.yamlfile import find_spot
from gamemusic.programs import PROGRAM_NAMES
from gamemusic.score.phrase import Role
from gamemusic_export.own_music import OwnMusic

__all__ = ["fill_preset"]

_LEVELS = {Role.LEAD: 0, Role.COUNTER: -4, Role.HARMONY: -6, Role.TEXTURE: -7, Role.BASS: -4, Role.DRUMS: -5}
_PANS = {Role.LEAD: 0.0, Role.COUNTER: 0.25, Role.HARMONY: -0.25, Role.TEXTURE: 0.35, Role.BASS: 0.0, Role.DRUMS: 0.0}


def fill_preset(content: bytes, music: OwnMusic, style: str, token: str) -> bytes:
    """Return a preset with the music's tempo, keys and meters, and with a style of its players where it has none.

    Comments and everything else stay as they are.

    Args:
        content: The preset.
        music: What was found in the files.
        style: That learned; added as the first one, and so the default, when the preset does not have it.
        token: Of a new style.
    """
    text = content.decode("utf-8-sig").replace("\r\n", "\n")
    new = style not in load_preset(text.encode()).styles
    low, high = music.tempo
    values = {"tempo": f"[{low}, {high}]", "keys": _flow(music.keys), "meters": _flow(music.meters)}
    for key, value in values.items():
        spot = find_spot(text, (key,))
        if spot is not None:
            text = f"{text[: spot.start]}{value}{text[spot.end :]}"
        else:
            text = _insert(text, f"{key}: {value}\n")
    if new:
        spot = find_spot(text, ("styles",))
        assert spot is not None  # every preset has styles
        indent = " " * spot.column
        block = "\n".join(f"{indent}{line}" if line else "" for line in _style(music, style, token))
        text = f"{text[: spot.start]}{block.lstrip()}\n{indent}{text[spot.start :]}"
    filled = text.encode()
    load_preset(filled)  # what was written here must be a preset
    return filled


def _insert(text: str, line: str) -> str:
    spot = find_spot(text, ("styles",))
    assert spot is not None
    at = text.rindex("styles:", 0, spot.start)
    return text[:at] + line + text[at:]


def _flow(names: Sequence[str]) -> str:
    return f"[{', '.join(names)}]"


def _style(music: OwnMusic, style: str, token: str) -> list[str]:
    """Return the lines of a style: its players are those of the files, at usual levels and places."""
    learned = [role for role in Role if role in music.roles]
    lines = [f"{style}:", "  description: Learned from your own files."]
    if token != style:
        lines.append(f"  token: {token}")
    lines += [f"  learned: [{', '.join(role.value for role in learned)}]", "  instruments:"]
    for role in learned:
        if role is Role.DRUMS:
            lines.append(f"    drums: {{program: standard, level: {_LEVELS[role]}}}")
            continue
        program = PROGRAM_NAMES[music.programs.get(role, 0)]
        lines.append(f"    {role.value}: {{program: {program}, level: {_LEVELS[role]}, pan: {_PANS[role]:g}}}")
    # what nobody plays in the files is made from the chords, so that a melody is not alone
    if Role.HARMONY not in learned:
        lines.append(f"    harmony: {{program: strings, figure: pad, level: {_LEVELS[Role.HARMONY] - 2}, pan: -0.2}}")
    if Role.BASS not in learned:
        lines.append(f"    bass: {{program: acoustic_bass, figure: bass_roots, level: {_LEVELS[Role.BASS] - 1}}}")
    return lines
