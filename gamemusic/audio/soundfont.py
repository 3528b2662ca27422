"""Where the sampled instruments are: find a soundfont, and say clearly when there is none or it is damaged.

The order is: the path that was passed in, the one that the music's style names, the environment variable
``GAMEMUSIC_SOUNDFONT``, then the places in which systems keep soundfonts, the smallest complete General MIDI font of
good quality first.
"""

from __future__ import annotations

import functools
import logging
import os
import struct
import sys
from collections.abc import Mapping
from pathlib import Path

from gamemusic.errors import FormatError, GameMusicError, InputError, MissingError
from gamemusic.files import NotOrdinaryError, hash_file, open_ordinary
from gamemusic.packs.fontstore import is_kept, kept_font, note_tested, was_tested
from gamemusic.place import package_dir
from gamemusic.values import check_path

__all__ = [
    "CHIP_SOUNDFONT",
    "INSTALL_HINT",
    "SOUNDFONT_VARIABLE",
    "check_soundfont",
    "find_soundfont",
    "installed_soundfonts",
    "soundfont_info",
    "soundfont_sha256",
]

logger = logging.getLogger(__name__)

SOUNDFONT_VARIABLE = "GAMEMUSIC_SOUNDFONT"
"""Environment variable that names the soundfont to use."""

CHIP_SOUNDFONT = Path(__file__).with_name("chip.sf2")
"""The sounds of a sound chip, made by code; every General MIDI program and drum is there. See ``docs/chip.md``."""

CHIP = "chip"
"""Name by which styles and users ask for `CHIP_SOUNDFONT`."""

PREFERRED = (
    "FluidR3Mono_GM.sf3",
    "FluidR3_GM.sf2",
    "FluidR3_GM.sf3",
    "MuseScore_General.sf3",
    "default-GM.sf3",
    "default-GM.sf2",
)
"""File names, best first. The mono font comes first since it is small and its loops repeat to the bit."""

_MOST_INFO = 1 << 18
"""Bytes of a soundfont's own description that are read."""
LAST_RESORT = "TimGM6mb.sf2"
"""Complete, tiny, and plainer than any other."""

INSTALL_HINT = (
    "Install one: Debian and Ubuntu 'apt install fluidr3mono-gm-soundfont' (or timgm6mb-soundfont, 6 MB), "
    "Fedora 'dnf install fluid-soundfont-gm', Arch 'pacman -S soundfont-fluid'; on macOS and Windows download a "
    f"General MIDI soundfont (.sf2 or .sf3). Or name a file with the soundfont option or with {SOUNDFONT_VARIABLE}."
)
"""What to do when there is no soundfont."""


def find_soundfont(
    path: str | Path | None = None, *, style: str = "", environment: Mapping[str, str] | None = None
) -> Path:
    """Return a readable soundfont.

    Args:
        path: The file to use, ``chip`` for the one that comes with the package, or None to look for one.
        style: What the music's style asks for when there is no path: ``chip``, one that its pack brings (the first time
            that is tested in a process of its own), or empty for any General MIDI font.
        environment: Variables to read instead of the process's own, for tests.

    Raises:
        InputError: ``path`` or the environment variable names no file.
        FormatError: The named file is not a whole soundfont, or the pack's failed its test.
        MissingError: No soundfont is installed, or the pack's is not there any more, or ours lies in a zip.
    """
    wanted = style if path is None else path
    if isinstance(wanted, str | Path) and str(wanted) == CHIP:
        package_dir()  # it is a file of our own
        return check_soundfont(CHIP_SOUNDFONT)
    if path is None and is_kept(style):
        return _find_kept(style)
    if path is not None:
        return check_soundfont(check_path(path, "soundfont"))
    variables = os.environ if environment is None else environment
    if named := variables.get(SOUNDFONT_VARIABLE, ""):
        try:
            return check_soundfont(check_path(named))
        except InputError as error:
            raise InputError(f"{SOUNDFONT_VARIABLE}: {error}") from None
    for candidate in installed_soundfonts(environment=variables):
        try:
            return check_soundfont(candidate)
        except GameMusicError as error:
            # a damaged font that nobody asked for must not stand in the way of the next one
            logger.warning("passing over a soundfont: %s", error)
    raise MissingError(f"no General MIDI soundfont found. {INSTALL_HINT}")


def _find_kept(style: str) -> Path:
    from gamemusic.audio.synth import fluidsynth_version

    path = kept_font(style)
    if soundfont_sha256(path) != path.stem:
        raise MissingError(f"{path} is not what it was; remove it, and open the mood again")
    version = fluidsynth_version()
    fault = was_tested(path, version)
    if fault is None:
        from gamemusic.audio.fontprobe import probe_font

        try:
            probe_font(path)
        except FormatError as error:
            note_tested(path, version, str(error))
            raise
        note_tested(path, version)
    elif fault:
        raise FormatError(fault)
    return path


def installed_soundfonts(*, environment: Mapping[str, str] | None = None) -> list[Path]:
    """Return the soundfonts in the system's and the user's usual folders, best first."""
    found: dict[Path, None] = {}
    for folder in _folders(os.environ if environment is None else environment):
        try:
            files = sorted(file for file in folder.iterdir() if file.suffix.lower() in (".sf2", ".sf3"))
        except OSError:
            continue
        found.update(dict.fromkeys(files))
    return sorted(found, key=_rank)  # stable: earlier folders win among equals


def check_soundfont(path: Path) -> Path:
    """Return ``path`` when it is a whole soundfont, by its header and its size.

    Raises:
        InputError: No such file, a folder, or one that may not be read.
        FormatError: Empty, cut short, or not a soundfont.
    """
    try:
        if path.is_dir():
            raise InputError(f"soundfont {path} is a folder; name the .sf2 or .sf3 file in it")
        with open_ordinary(path) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            header = file.read(12)
    except NotOrdinaryError:
        raise InputError(f"soundfont {path} is no ordinary file; name an .sf2 or .sf3 file") from None
    except FileNotFoundError:
        raise InputError(f"soundfont {path} does not exist. {INSTALL_HINT}") from None
    except OSError as error:
        raise InputError(f"soundfont {path} cannot be read: {error.strerror or error}") from None
    if size == 0:
        raise FormatError("the soundfont is empty; download or install it again", file=path)
    if header[:4] == b"RIFF" and header[8:] == b"DLS ":
        raise FormatError("this is a DLS file, which is not read; convert it to .sf2, or use another one", file=path)
    if len(header) < 12 or header[:4] != b"RIFF" or header[8:] != b"sfbk":
        raise FormatError("this is not a soundfont (no RIFF sfbk header); use an .sf2 or .sf3 file", file=path)
    (riff_size,) = struct.unpack("<I", header[4:8])
    if riff_size + 8 > size:
        raise FormatError(
            f"the soundfont is cut short: it should have {riff_size + 8} bytes and has {size}; "
            "download or install it again",
            file=path,
        )
    return path


def soundfont_info(path: Path) -> dict[str, str]:
    """Return what a soundfont says of itself: ``INAM`` its name, ``IENG`` who made it, ``ICOP`` its copyright, ``ICMT``
    a comment; what it does not say is left out.

    Args:
        path: Of a file that `check_soundfont` accepts (SoundFont 2.04, section 5).
    """
    found: dict[str, str] = {}
    with open_ordinary(path) as file:
        head = file.read(24)
        if head[12:16] != b"LIST" or head[20:24] != b"INFO":
            return found
        rest = file.read(max(0, min(int.from_bytes(head[16:20], "little") - 4, _MOST_INFO)))
    place = 0
    while place + 8 <= len(rest):
        name, size = rest[place : place + 4], int.from_bytes(rest[place + 4 : place + 8], "little")
        if name in (b"INAM", b"IENG", b"ICOP", b"ICMT"):
            text = rest[place + 8 : place + 8 + size].split(b"\0")[0].decode("utf-8", "replace")
            found[name.decode()] = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        place += 8 + size + size % 2
    return found


def soundfont_sha256(path: Path) -> str:
    """Return the SHA-256 of a soundfont in hexadecimal; read once for each size and time of change."""
    status = path.stat()
    return _sha256(path.resolve(), status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=16)
def _sha256(path: Path, size: int, changed_ns: int) -> str:
    return hash_file(path)


def _rank(path: Path) -> tuple[int, str]:
    if path.name in PREFERRED:
        return PREFERRED.index(path.name), ""
    name = path.stem.lower()
    if path.name == LAST_RESORT:
        return len(PREFERRED) + 2, ""
    # other fonts may be anything, such as a single piano; those that say General MIDI come first
    return len(PREFERRED) + (1 if "gm" in name or "general" in name else 3), path.name


def _folders(variables: Mapping[str, str]) -> list[Path]:
    # "~" where there is no home folder: then these folders are in the current one, and are passed over
    home = Path(variables.get("HOME") or variables.get("USERPROFILE") or os.path.expanduser("~"))  # noqa: PTH111  # Path's raises
    data = Path(variables.get("XDG_DATA_HOME") or home / ".local" / "share")
    folders = [data / "soundfonts", data / "sounds" / "sf2", data / "sounds" / "sf3"] if data.is_absolute() else []
    if sys.platform == "win32":
        for variable in ("LOCALAPPDATA", "APPDATA", "PROGRAMDATA"):
            if base := variables.get(variable):
                folders += [Path(base) / "gamemusic", Path(base) / "soundfonts"]
        folders += [Path("C:/soundfonts"), Path("C:/tools/fluidsynth")]
    elif sys.platform == "darwin":
        folders += [home / "Library/Audio/Sounds/Banks", Path("/Library/Audio/Sounds/Banks")]
        for prefix in (variables.get("HOMEBREW_PREFIX") or "/opt/homebrew", "/usr/local"):
            folders += [Path(prefix) / "share/soundfonts", Path(prefix) / "share/sounds/sf2"]
    else:
        for prefix in ("/usr/share", "/usr/local/share"):
            folders += [Path(prefix) / "sounds/sf3", Path(prefix) / "sounds/sf2", Path(prefix) / "soundfonts"]
    return folders
