"""Run by a frozen game before its own code: the soundfont and the FluidSynth that came with it are the ones to use.

And a process that `gamemusic.processes` has started does its work and ends, before the game begins a second time.
"""

import ctypes.util
import os
import sys
from pathlib import Path

_ROOT = Path(getattr(sys, "_MEIPASS", "."))
_plain_find = ctypes.util.find_library


def _find_library(name: str) -> "str | None":
    """Look in the game's own folder first: the player's machine may have no FluidSynth, or an older one."""
    if "fluidsynth" in name:
        for pattern in ("libfluidsynth.so*", "libfluidsynth*.dylib", "*fluidsynth*.dll"):
            for path in sorted(_ROOT.glob(pattern)):
                return str(path)
    return _plain_find(name)


ctypes.util.find_library = _find_library

_fonts = sorted(path for path in (_ROOT / "gamemusic" / "soundfonts").glob("*.sf[23]"))
if _fonts:
    os.environ.setdefault("GAMEMUSIC_SOUNDFONT", str(_fonts[0]))

sys.gamemusic_child = "--gamemusic-child"  # type: ignore[attr-defined]
if sys.argv[1:] == ["--gamemusic-child"]:
    from gamemusic.childprocess import main

    main()
