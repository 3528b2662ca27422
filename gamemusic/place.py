"""Where this package lies: in a folder, whose files can be opened by path, or not."""

from __future__ import annotations

from pathlib import Path

from gamemusic.errors import MissingError

__all__ = ["package_dir"]

_PACKAGE = Path(__file__).parent


def package_dir() -> Path:
    """Return the folder of this package, for what must be opened by path: moods, and soundfonts for FluidSynth.

    Raises:
        MissingError: When there is none: Python runs the package from within a zip, such as a wheel on ``sys.path`` or
            a zipapp. The tables that composing needs are read there too, so that a mood that is named by its own path
            can still be composed with.
    """
    if _PACKAGE.is_dir():
        return _PACKAGE
    held = next((parent for parent in _PACKAGE.parents if parent.is_file()), _PACKAGE)
    raise MissingError(
        f"gamemusic lies in a zip ({held}), where its moods and soundfont cannot be opened; unpack it into a folder "
        "and put that on sys.path, or install it with pip"
    )
