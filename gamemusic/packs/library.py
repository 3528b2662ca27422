"""Where moods are looked for: a given path, GAMEMUSIC_PATH, the user's folder, then the moods that are shipped."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gamemusic.errors import GameMusicError, InputError, MissingError, PackError, suggest
from gamemusic.files import read_file, user_folder
from gamemusic.limits import LIMITS, Limits
from gamemusic.packs.card import MAX_CARD_BYTES, Card
from gamemusic.packs.directory import peek_file
from gamemusic.packs.members import FolderMembers
from gamemusic.packs.pack import CARD_FILE, PRESET_FILE, Pack, open_members, open_pack, read_parts
from gamemusic.packs.schema import Preset
from gamemusic.place import package_dir
from gamemusic.values import shown

__all__ = [
    "PATH_VARIABLE",
    "Listing",
    "check_mood",
    "find_pack",
    "find_packs",
    "list_packs",
    "list_shipped",
    "search_path",
    "shipped_dir",
    "user_dir",
]

PATH_VARIABLE = "GAMEMUSIC_PATH"
"""Environment variable that names folders of packs, separated as in PATH."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A mood pack that was found; its model has not been read."""

    name: str
    """The mood's name; of a broken pack, the name of its folder or zip."""
    path: Path
    origin: str
    """``GAMEMUSIC_PATH``, ``user`` or ``shipped``."""
    styles: tuple[str, ...] = ()
    """Names of its styles, the default one first."""
    size: int = 0
    """All its files together, in bytes."""
    preset: Preset | None = None
    """None when it is broken."""
    card: Card | None = None
    """None when it is broken."""
    shadowed_by: Path | None = None
    """The pack of the same name that is used instead."""
    error: GameMusicError | None = None
    """What is wrong with it."""


def user_dir() -> Path:
    """Return the folder that the user's own mood packs are installed in; it need not exist yet.

    Raises:
        MissingError: This system knows no home folder for the user.
    """
    return user_folder("data") / "moods"


def shipped_dir() -> Path | None:
    """Return the folder of the shipped moods, or None where there is none.

    In an installed package it is ``gamemusic/presets``; in a checkout ``presets`` beside our own pyproject.toml, and
    only there: some other package's ``site-packages/presets`` must never be taken for it.

    Raises:
        MissingError: When the package lies in a zip.
    """
    package = package_dir()
    if (package / "presets").is_dir():
        return package / "presets"
    project = package.parent / "pyproject.toml"
    try:
        ours = re.search(r'(?m)^name\s*=\s*"gamemusic"\s*$', read_file(project, most=1 << 20).decode()) is not None
    except (InputError, UnicodeDecodeError):
        ours = False
    presets = package.parent / "presets"
    return presets if ours and presets.is_dir() else None


def search_path() -> tuple[tuple[Path, str], ...]:
    """Return the folders that are searched for packs, in order, each with its origin; raises as `shipped_dir`."""
    given = [part for part in os.environ.get(PATH_VARIABLE, "").split(os.pathsep) if part]
    folders = [(Path(part), PATH_VARIABLE) for part in given]
    with contextlib.suppress(MissingError):  # without a home folder nothing is installed
        folders.append((user_dir(), "user"))
    shipped = shipped_dir()
    return tuple(folders + ([(shipped, "shipped")] if shipped is not None else []))


def _candidates() -> list[tuple[Path, str, int]]:
    """Return every folder and zip that may be a pack, in search order, with its origin and the number of its place."""
    found: list[tuple[Path, str, int]] = []
    for number, (folder, origin) in enumerate(search_path()):
        if _is_file(folder / PRESET_FILE):  # the folder is itself a pack
            found.append((folder, origin, number))
            continue
        try:
            entries = sorted(folder.iterdir())
        except (OSError, ValueError):
            continue  # a folder that is not there, or may not be read, has no packs
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if _is_file(entry / PRESET_FILE) or (entry.suffix.lower() == ".zip" and _is_file(entry)):
                found.append((entry, origin, number))
    return found


def _is_file(path: Path) -> bool:
    """Return whether there is a file; of what may not be looked into, there is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # permissions, a name too long for the system, a NUL in it
        return False


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _file_name(path: Path) -> str:
    """Return what a pack's folder or zip is called, without suffix."""
    return path.stem if path.suffix.lower() == ".zip" else path.name


_NAME = re.compile("[a-z][a-z0-9_-]{0,31}")
_HEAD_NAME = re.compile(rb"""(?m)^name:[ \t]+["']?([a-z][a-z0-9_-]{0,31})["']?[ \t]*(?:#.*)?\r?$""")


def _peek_name(path: Path, limits: Limits = LIMITS) -> str:
    """Return the name of the mood at ``path``, or of its file where it cannot be told without reading all of it.

    Every pack before the one that is looked for is asked so: of a zip its directory and its card are read, of a folder
    its card or preset, and none of them is checked.
    """
    card = preset = None
    if path.suffix.lower() == ".zip" and not _is_dir(path):
        card = peek_file(path, CARD_FILE, MAX_CARD_BYTES, limits)
        preset = None if card else peek_file(path, PRESET_FILE, limits.yaml_bytes, limits)
    else:  # of a folder the preset says it, since whoever works on a mood may rename it there
        with contextlib.suppress(GameMusicError):
            preset = FolderMembers(path, limits).read(PRESET_FILE, limits.yaml_bytes)
    found: object = None
    if card is not None:
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(card.decode("utf-8-sig"))
            found = value.get("name") if isinstance(value, dict) else None
    elif preset is not None:
        match = _HEAD_NAME.search(preset)
        found = match[1].decode() if match else None
    return found if isinstance(found, str) and _NAME.fullmatch(found) else _file_name(path)


def _listing(path: Path, origin: str) -> Listing:
    try:
        members = open_members(path)
        preset, card, names = read_parts(members, origin)
        size = sum(members.size(name) for name in (*names, CARD_FILE))
    except GameMusicError as error:
        return Listing(name=_peek_name(path), path=path, origin=origin, error=error)
    styles = tuple(preset.styles)
    return Listing(name=preset.name, path=path, origin=origin, styles=styles, size=size, preset=preset, card=card)


def list_packs() -> list[Listing]:
    """Return every pack that is installed, in search order; models are not read, hashes not checked.

    A broken pack is listed with its error and does not hide the others. Of several packs of one name the first is the
    one that is used (in one folder, the one whose file is called so), and the others say so.
    """
    found = [(number, _listing(path, origin)) for path, origin, number in _candidates()]
    first: dict[str, Path] = {}
    for _, listing in sorted(found, key=lambda one: (one[0], _file_name(one[1].path) != one[1].name)):
        first.setdefault(listing.name, listing.path)
    return [
        listing
        if first[listing.name] == listing.path
        else dataclasses.replace(listing, shadowed_by=first[listing.name])
        for _, listing in found
    ]


def list_shipped() -> list[Listing]:
    """Return the packs that are shipped, those too that others of the same name are used instead of."""
    return [listing for listing in list_packs() if listing.origin == "shipped"]


_PINNED = re.compile(r"([^@]+)@([0-9a-f]{12,64})")


def _is_path(name: str | Path) -> bool:
    """Return whether ``name`` is meant as a path; a bare word is a mood, whatever stands in the current folder."""
    if isinstance(name, Path):
        return True
    return "/" in name or "\\" in name or name in (".", "..") or name.lower().endswith(".zip")


def check_mood(name_or_path: object) -> None:
    """Do nothing when a value may name a mood.

    Raises:
        InputError: It is neither text nor a path.
    """
    if not isinstance(name_or_path, str | Path):
        raise InputError(f"a mood must be a name or a path (received {shown(name_or_path)})")


def find_pack(name_or_path: str | Path, *, limits: Limits = LIMITS) -> Pack:
    """Return the mood pack of a name, or at a path (a `Path`, or text with a slash or ending in ``.zip``).

    Args:
        name_or_path: Such as ``"explore"``, ``"./my_mood"`` or ``Path("my_mood.zip")``. A name may be pinned by the
            first 12 or more digits of `Pack.digest`, of which 32 are recommended: see `Pack.pin`.
        limits: How large it may be.

    Raises:
        InputError: For a mood that is not installed, or a path where nothing is.
        PackError: When the pack is broken, or another one than is pinned.
        FormatError: When its preset or card is wrong.
    """
    if not isinstance(limits, Limits):
        raise InputError(f"limits must be a gamemusic.Limits (received {shown(limits)})")
    check_mood(name_or_path)
    if _is_path(name_or_path):
        return open_pack(name_or_path, limits=limits)
    pinned = _PINNED.fullmatch(str(name_or_path))
    if pinned:
        pack = find_pack(pinned[1], limits=limits)
        if not pack.digest.startswith(pinned[2]):
            raise PackError(
                f"the mood {pack.name} is pinned to {pinned[2]}, and this one is {pack.pin}; install the pinned one, "
                "or pin this one after a look at it",
                file=pack.path,
            )
        return pack
    installed: set[str] = set()
    # what is called so is looked at first in each folder, and of the others no more than their names
    for path, origin, _ in sorted(_candidates(), key=lambda one: (one[2], _file_name(one[0]) != name_or_path)):
        name = _peek_name(path, limits)
        if name == name_or_path:
            return open_pack(path, origin=origin, limits=limits)
        installed.add(name)
    known = f"installed: {', '.join(sorted(installed))}" if installed else "no mood is installed"
    hint = suggest(str(name_or_path), installed)
    raise InputError(
        f"mood {shown(name_or_path)} is not installed{hint}; {known}; a path needs a slash, such as './mood'"
    )


def find_packs(names_or_paths: Sequence[str | Path]) -> list[Pack]:
    """Return the packs of these names or at these paths; without any, all that are shipped. Raises as `find_pack`."""
    return [find_pack(one) for one in names_or_paths or [listing.path for listing in list_shipped()]]
