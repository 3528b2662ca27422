"""Which files are MIDI files: by the names that these have, or by how they begin, whatever they are called."""

from __future__ import annotations

from pathlib import Path

from gamemusic.errors import InputError
from gamemusic.files import read_head

__all__ = ["MIDI_SUFFIXES", "find_midi_files", "is_midi_file"]

MIDI_SUFFIXES = frozenset((".mid", ".midi", ".kar", ".rmi", ".smf"))
"""What names of MIDI files end in, in small letters; ``.kar`` has a song's words in it, ``.rmi`` is wrapped in RIFF."""
_HEAD_BYTES = 12


def is_midi_file(path: Path) -> bool:
    """Say whether a file begins as MIDI files do; what is no ordinary file, or may not be read, does not."""
    try:
        head = read_head(path, most=_HEAD_BYTES) if path.is_file() else b""
    except (InputError, OSError):
        return False
    return head[:4] == b"MThd" or (head[:4] == b"RIFF" and head[8:12] == b"RMID")


def find_midi_files(folder: Path) -> list[Path]:
    """Return the MIDI files of a folder and those inside it, sorted.

    What is called like one is returned even when it is damaged or no file at all, so that whoever reads it says so.
    """
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in MIDI_SUFFIXES or is_midi_file(path))
