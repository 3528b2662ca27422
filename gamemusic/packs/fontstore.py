"""Soundfonts that packs bring, kept in the user's cache under the name of their content, since FluidSynth reads files.

A style of an open pack names its soundfont as ``pack:SHA256.sf2``; what that stands for was checked
(`gamemusic.packs.fontfile`) before it was written here, and `gamemusic.audio.soundfont` compares its hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
from pathlib import Path

from gamemusic.errors import InputError, MissingError, OutputError
from gamemusic.files import read_file, read_head, user_folder, write_file
from gamemusic.folders import make_folder

__all__ = ["font_dir", "is_kept", "keep_font", "kept_font", "note_tested", "was_tested"]

logger = logging.getLogger(__name__)

_TOKEN = re.compile(r"pack:([0-9a-f]{64}\.sf[23])")
_MOST = 16
"""Soundfonts that are kept; the one that was not asked for longest goes."""

_MOST_MARK = 1 << 16
"""Bytes of what is kept of a test."""


def font_dir() -> Path:
    """Return the folder of the user's cache that soundfonts of packs are kept in; it need not exist yet.

    Raises:
        MissingError: This system knows no home folder for the user.
    """
    return user_folder("cache") / "soundfonts"


def is_kept(name: str) -> bool:
    """Return whether a style's ``soundfont`` stands for one that its pack brings."""
    return _TOKEN.fullmatch(name) is not None


def keep_font(data: bytes, suffix: str) -> str:
    """Keep a soundfont that `check_font` has passed, and return the name that styles give it.

    A cache that cannot be written to is no error here: without sound there is no need of it.

    Args:
        data: Its bytes.
        suffix: ``.sf2`` or ``.sf3``.
    """
    name = f"{hashlib.sha256(data).hexdigest()}{suffix}"
    try:
        path = font_dir() / name
        if path.is_file() and read_head(path, most=len(data) + 1) == data:
            os.utime(path)  # the last to go
        else:
            make_folder(path.parent)
            _make_room(path.parent)
            write_file(path, data)
    except (OSError, InputError, MissingError) as error:
        logger.warning("a mood's soundfont cannot be kept: %s", error)
    return f"pack:{name}"


def kept_font(token: str) -> Path:
    """Return the file that a style's ``soundfont`` stands for; its stem is the SHA-256 that it must have.

    Raises:
        MissingError: It is not there.
    """
    match = _TOKEN.fullmatch(token)
    path = font_dir() / match[1] if match else None
    try:
        there = path is not None and path.is_file()
    except OSError:
        there = False
    if path is None or not there:
        raise MissingError(
            f"the mood's soundfont is not in {font_dir()}; open the mood again, and see that this folder can be "
            "written to, or name a soundfont yourself"
        )
    return path


def was_tested(path: Path, version: str) -> str | None:
    """Return what came of playing a kept soundfont in a process of its own with this version of FluidSynth.

    Returns:
        Empty: it passed. None: it was not tried. Else what went wrong.
    """
    try:
        tested, _, fault = read_file(_mark(path), most=_MOST_MARK).decode().partition("\n")
    except (InputError, UnicodeDecodeError):
        return None
    return fault if tested == version else None


def note_tested(path: Path, version: str, fault: str = "") -> None:
    """Remember what came of it; where that cannot be written, it is tested again next time."""
    with contextlib.suppress(OutputError):
        write_file(_mark(path), f"{version}\n{fault}".encode())


def _mark(path: Path) -> Path:
    return path.with_suffix(path.suffix + ".tested")


def _asked(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another process removed it
        return 0.0


def _make_room(folder: Path) -> None:
    fonts = sorted(folder.glob("*.sf[23]"), key=_asked)
    for file in fonts[: max(0, len(fonts) - _MOST + 1)]:
        for old in (file, _mark(file)):
            with contextlib.suppress(OSError):  # in use, as Windows has it
                old.unlink()
