"""Ren'Py: it only plays files, so music is composed before the game ships; layers still follow the game.

>>> phrases = {"explore": gamemusic.compose("explore", intensity=1.0)}  # doctest: +SKIP
>>> adapters.renpy.write(phrases, "mygame/game", stems=True)  # doctest: +SKIP

writes ``audio/gamemusic/explore.wav`` and ``gamemusic.rpy``, after which the script says ``play music explore``. The
whole file is the loop, its tails are at its beginning, so Ren'Py's plain looping is exact. With ``stems=True`` each
role is a file on a channel of its own, all started on the same frame, and ``$ gamemusic_play("explore")`` and
``$ gamemusic_intensity("explore", 0.8)`` fade them; `sync_strings` lets a single layer join what already plays.

Nothing of Ren'Py is needed here, and nothing of this package in the game.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from gamemusic.adapters.source import check_seconds
from gamemusic.errors import InputError

if TYPE_CHECKING:
    from gamemusic.score.phrase import Phrase

__all__ = ["Cue", "Stem", "loop_string", "make_script", "sync_strings", "write"]

SCRIPT_FILE = "gamemusic.rpy"

SAMPLE_RATE = 48000
"""Ren'Py's own (``config.sound_sample_rate``), in hertz: at any other it would resample."""

NAME = re.compile(r"[a-z][a-z0-9_]*")


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


def write(
    phrases: Mapping[str, Phrase],
    game: str | Path,
    *,
    folder: str = "audio/gamemusic",
    stems: bool = False,
    soundfont: str | Path | None = None,
) -> Path:
    """Write music and a script that names it, and return the script's path.

    Args:
        phrases: By the name that the script uses: small letters, digits and ``_``.
        game: The project's ``game`` folder; it must exist.
        folder: Where in it the files go.
        stems: Also each role of what loops alone, for intensity; compose with ``intensity=1.0``, so that every role has
            something to play. When each comes in is what the mood's preset says (``from_intensity``).
        soundfont: As for `gamemusic.save`.

    Raises:
        InputError: A name is not one that a script can use, or there is no such folder.
        MissingError: FluidSynth or a soundfont has to be installed.
        OutputError: A file could not be written.
    """
    root = Path(game).expanduser()
    if not root.is_dir():
        raise InputError(f"{root} is no folder; name the 'game' folder of a Ren'Py project")
    for name in phrases:
        if not NAME.fullmatch(name):
            raise InputError(f"cue {name!r} is not a name for a script: small letters, digits and '_', a letter first")
    target = root.joinpath(*PurePosixPath(folder).parts)
    target.mkdir(parents=True, exist_ok=True)
    cues = []
    for name, phrase in phrases.items():
        layered = stems and phrase.ending == "loop"
        phrase.save(target / f"{name}.wav", sample_rate=SAMPLE_RATE, soundfont=soundfont, stems=layered)
        cues.append(
            Cue(
                name=name,
                file=f"{folder}/{name}.wav",
                loops=phrase.ending == "loop",
                stems=_stems(phrase, f"{folder}/{name}") if layered else (),
            )
        )
    from gamemusic.files import write_file

    script = root / SCRIPT_FILE
    write_file(script, make_script(cues).encode("utf-8"))
    return script


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


def _stems(phrase: Phrase, base: str) -> tuple[Stem, ...]:
    """Return the stems that `Phrase.save` writes, in the order of `Role`."""
    from gamemusic.arranger.arranger import arrange
    from gamemusic.score.orchestration import DEFAULT_ORCHESTRATION

    players = (phrase.orchestration or DEFAULT_ORCHESTRATION).instruments
    return tuple(
        Stem(
            role=str(part.role),
            file=f"{base}.{part.role}.wav",
            from_intensity=players[part.role].from_intensity if part.role in players else 0.0,
        )
        for part in arrange(phrase).parts
    )


def _decimal(seconds: float) -> str:
    """Write seconds to the microsecond: less than a frame, and never with an exponent, which some readers refuse."""
    return f"{seconds:.6f}".rstrip("0").rstrip(".")
