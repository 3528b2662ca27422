"""Ren'Py: strings and scripts by which it plays files as loops and as layers that start together.

Nothing of Ren'Py is needed here, and nothing of this package in the game.
"""

from __future__ import annotations

from dataclasses import dataclass

from gamemusic.errors import InputError
from gamemusic.units import check_seconds

__all__ = ["Cue", "Stem", "loop_string", "make_script", "sync_strings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stem:
    """One role of a cue."""

    role: str
    file: str
    """Path from the game folder on, with slashes."""
    from_intensity: float = 0.0
    """Intensity from which it is heard, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A piece of music as the script knows it."""

    name: str
    """What the script calls it."""
    file: str
    """Path of the mix, from the game folder on, with slashes."""
    loops: bool
    """Whether it repeats; otherwise it plays once."""
    stems: tuple[Stem, ...] = ()


def loop_string(file: str, *, loop: float = 0.0, start: float = 0.0, end: float | None = None) -> str:
    """Return the name by which Ren'Py plays a part of a file, and repeats from ``loop`` on.

    Args:
        file: From the game folder on.
        loop: Where repeats begin, in seconds; 0 for music that is one loop, later after an intro.
        start: Where the first pass begins, in seconds.
        end: Where every pass ends, in seconds; default the file's end.

    Raises:
        InputError: A time is negative, not finite, or not before the end.
    """
    last = check_seconds(1e6 if end is None else end, "end", 0.0, 1e6)
    for name, seconds in (("loop", loop), ("start", start)):
        if check_seconds(seconds, name, 0.0, 1e6) >= last:
            raise InputError(f"{name} must lie before the end at {last:g} s (received {seconds:g})")
    words = [f"from {_decimal(start)}"] if start else []
    words += [f"to {_decimal(last)}"] if end is not None else []
    return f"<{' '.join([*words, f'loop {_decimal(loop)}'])}>{file}"


def sync_strings(file: str, channel: str = "music") -> tuple[str, str]:
    """Return the two names to play one after the other, so that a layer joins what ``channel`` plays, and then loops.

    The first pass begins where the channel is; Ren'Py would begin all later ones there too, so the plain file follows.
    """
    return f"<sync {channel}>{file}", file


def make_script(cues: list[Cue]) -> str:
    """Return a Ren'Py script that names all cues, and has the two functions for layers when there are stems."""
    lines = ["# Written by gamemusic; it is written anew with the music.", ""]
    for cue in cues:
        name = loop_string(cue.file) if cue.loops else cue.file
        lines.append(f'define audio.{cue.name} = "{name}"')
    layered = [cue for cue in cues if cue.stems]
    if not layered:
        return "\n".join([*lines, ""])
    table = {cue.name: {stem.role: (stem.file, round(stem.from_intensity, 3)) for stem in cue.stems} for cue in layered}
    roles = list(dict.fromkeys(role for stems in table.values() for role in stems))
    lines += [
        "",
        "init python:",
        "    # file, and the intensity from which it is heard",
        f"    GAMEMUSIC_STEMS = {table!r}",
        f"    GAMEMUSIC_ROLES = {roles!r}",
        "",
        "    for _role in GAMEMUSIC_ROLES:",
        '        renpy.music.register_channel("gamemusic_" + _role, mixer="music", loop=True)',
        "",
        "    def gamemusic_play(name, intensity=0.5, fadeout=1.0):",
        '        """Play a cue by its layers, which Ren\'Py starts on the same frame."""',
        '        renpy.music.stop(channel="music", fadeout=fadeout)',
        "        for role in GAMEMUSIC_ROLES:",
        '            channel = "gamemusic_" + role',
        "            stem = GAMEMUSIC_STEMS[name].get(role)",
        "            if stem is None:",
        "                renpy.music.stop(channel=channel, fadeout=fadeout)",
        "            else:",
        "                renpy.music.play(stem[0], channel=channel, loop=True, fadeout=fadeout, synchro_start=True)",
        "        gamemusic_intensity(name, intensity, 0.0)",
        "",
        "    def gamemusic_stop(fadeout=1.0):",
        "        for role in GAMEMUSIC_ROLES:",
        '            renpy.music.stop(channel="gamemusic_" + role, fadeout=fadeout)',
        "",
        "    def gamemusic_intensity(name, intensity, seconds=0.5):",
        '        """Fade the layers of the cue that plays; intensity is 0 to 1."""',
        "        for role, (_file, threshold) in GAMEMUSIC_STEMS[name].items():",
        "            volume = 1.0 if intensity >= threshold else 0.0",
        '            renpy.music.set_volume(volume, seconds, channel="gamemusic_" + role)',
        "",
    ]
    return "\n".join(lines)


def _decimal(seconds: float) -> str:
    """Write seconds to the microsecond: less than a frame, and never with an exponent, which some readers refuse."""
    return f"{seconds:.6f}".rstrip("0").rstrip(".")
