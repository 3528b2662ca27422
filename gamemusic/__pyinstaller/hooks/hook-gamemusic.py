"""What a frozen game needs besides the modules that PyInstaller finds by itself: moods, tables, chip sounds, a synth.

No General MIDI soundfont is put in by itself, since each has a licence of its own. Name one in the game's spec, and the
frozen game finds it: ``datas=[("some.sf2", "gamemusic/soundfonts")]``.
"""

from __future__ import annotations

import ctypes.util
from pathlib import Path

from PyInstaller.depend.bindepend import resolve_library_path
from PyInstaller.utils.hooks import collect_data_files, collect_submodules, logger

import gamemusic

datas = collect_data_files("gamemusic", excludes=["**/*.py", "__pyinstaller"])
package = Path(gamemusic.__file__).parent
presets = package.parent / "presets"
if not (package / "presets").is_dir() and presets.is_dir():
    datas.append((str(presets), "gamemusic/presets"))  # an editable install has them beside the package

# public names and engines are loaded by name, which PyInstaller does not see; the command has no place in a game
hiddenimports = collect_submodules(
    "gamemusic", filter=lambda name: not name.startswith(("gamemusic.__pyinstaller", "gamemusic.cli"))
)
hiddenimports.append("fluidsynth")
excludedimports = ["gamemusic_export"]

# pyfluidsynth looks for its library by names that it puts together, which PyInstaller does not see either
NAMES = ("fluidsynth", "fluidsynth-3", "libfluidsynth", "libfluidsynth-3")
found = next(filter(None, map(ctypes.util.find_library, NAMES)), None)
library = resolve_library_path(found) if found else None
binaries = [(str(library), ".")] if library else []
if not library:
    logger.warning("gamemusic: FluidSynth is not installed here; the game will have no sound of its own")
