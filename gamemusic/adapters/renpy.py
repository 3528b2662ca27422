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
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from gamemusic.errors import InputError
from gamemusic.soundtrack.renpy import Cue, Stem, loop_string, make_script, sync_strings
from gamemusic.values import check_path

if TYPE_CHECKING:
    from gamemusic.score.phrase import Phrase

__all__ = ["Cue", "Stem", "loop_string", "make_script", "sync_strings", "write"]

SCRIPT_FILE = "gamemusic.rpy"

SAMPLE_RATE = 48000
"""Ren'Py's own (``config.sound_sample_rate``), in hertz: at any other it would resample."""

NAME = re.compile(r"[a-z][a-z0-9_]*")


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
    root = check_path(game)
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
