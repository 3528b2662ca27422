"""Where moods are looked for: a given path, GAMEMUSIC_PATH, the user's folder, then the moods that are shipped."""

from __future__ import annotations

import dataclasses
import importlib.resources
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gamemusic.errors import GameMusicError, InputError, PackError, suggest
from gamemusic.limits import LIMITS, Limits
from gamemusic.packs.card import MAX_CARD_BYTES, Card, load_card
from gamemusic.packs.members import Members
from gamemusic.packs.pack import CARD_FILE, PRESET_FILE, Pack, open_members, open_pack, read_parts
from gamemusic.packs.schema import Preset, load_preset

__all__ = [
    "PATH_VARIABLE",
    "Listing",
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
    """Return the folder that the user's own mood packs are installed in; it need not exist yet."""
    import platformdirs  # late, as all that is not needed where a mood is named by its path

    return Path(platformdirs.user_data_dir("gamemusic", appauthor=False, roaming=True)) / "moods"


def shipped_dir() -> Path | None:
    """Return the folder of the shipped moods, or None where there is none.

    In an installed package it is ``gamemusic/presets``; in a checkout ``presets`` beside our own pyproject.toml, and
    only there: some other package's ``site-packages/presets`` must never be taken for it.
    """
    package = Path(str(importlib.resources.files("gamemusic")))
    if (package / "presets").is_dir():
        return package / "presets"
    project = package.parent / "pyproject.toml"
    try:
        ours = re.search(r'(?m)^name\s*=\s*"gamemusic"\s*$', project.read_text("utf-8")) is not None
    except (OSError, UnicodeDecodeError):
        ours = False
    presets = package.parent / "presets"
    return presets if ours and presets.is_dir() else None


def search_path() -> tuple[tuple[Path, str], ...]:
    """Return the folders that are searched for packs, in order, each with its origin."""
    given = [part for part in os.environ.get(PATH_VARIABLE, "").split(os.pathsep) if part]
    folders = [(Path(part), PATH_VARIABLE) for part in given]
    folders.append((user_dir(), "user"))
    shipped = shipped_dir()
    return tuple(folders + ([(shipped, "shipped")] if shipped is not None else []))


def _candidates() -> list[tuple[Path, str]]:
    """Return every folder and zip that may be a pack, in search order."""
    found: list[tuple[Path, str]] = []
    for folder, origin in search_path():
        if (folder / PRESET_FILE).is_file():  # the folder is itself a pack
            found.append((folder, origin))
            continue
        try:
            entries = sorted(folder.iterdir())
        except OSError:
            continue  # a folder that is not there, or may not be read, has no packs
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if (entry / PRESET_FILE).is_file() or (entry.suffix.lower() == ".zip" and entry.is_file()):
                found.append((entry, origin))
    return found


def _peek_name(path: Path, limits: Limits = LIMITS) -> str:
    """Return the name of the mood at ``path``: from its card, which reads faster, or else its preset."""
    try:
        members: Members = open_members(path, limits)
        if CARD_FILE in members.names():
            return load_card(members.read(CARD_FILE, MAX_CARD_BYTES)).name
        return load_preset(members.read(PRESET_FILE, limits.yaml_bytes)).name
    except (GameMusicError, KeyError):
        return path.stem if path.suffix.lower() == ".zip" else path.name


def _listing(path: Path, origin: str) -> Listing:
    try:
        members = open_members(path)
        preset, card = read_parts(members)
    except GameMusicError as error:
        return Listing(name=_peek_name(path), path=path, origin=origin, error=error)
    size = sum(members.size(name) for name in members.names())
    styles = tuple(preset.styles)
    return Listing(name=preset.name, path=path, origin=origin, styles=styles, size=size, preset=preset, card=card)


def list_packs() -> list[Listing]:
    """Return every pack that is installed, in search order; models are not read, hashes not checked.

    A broken pack is listed with its error and does not hide the others. Of several packs of one name the first is the
    one that is used, and the others say so.
    """
    first: dict[str, Path] = {}
    listings: list[Listing] = []
    for path, origin in _candidates():
        listing = _listing(path, origin)
        if listing.name in first:
            listing = dataclasses.replace(listing, shadowed_by=first[listing.name])
        else:
            first[listing.name] = path
        listings.append(listing)
    return listings


def list_shipped() -> list[Listing]:
    """Return the packs that are shipped, those too that others of the same name are used instead of."""
    return [listing for listing in list_packs() if listing.origin == "shipped"]


_PINNED = re.compile(r"([^@]+)@([0-9a-f]{12,64})")


def _is_path(name: str | Path) -> bool:
    """Return whether ``name`` is meant as a path; a bare word is a mood, whatever stands in the current folder."""
    if isinstance(name, Path):
        return True
    return "/" in name or "\\" in name or name in (".", "..") or name.lower().endswith(".zip")


def find_pack(name_or_path: str | Path, *, edited_preset: bool = False, limits: Limits = LIMITS) -> Pack:
    """Return the mood pack of a name, or at a path (a `Path`, or text with a slash or ending in ``.zip``).

    Args:
        name_or_path: Such as ``"explore"``, ``"./my_mood"`` or ``Path("my_mood.zip")``. A name may be pinned by the
            first 12 or more digits of `Pack.digest`: ``"explore@0123456789ab"``.
        edited_preset: See `open_pack`; a folder that is named by its path may always have been edited.
        limits: How large it may be.

    Raises:
        InputError: For a mood that is not installed, or a path where nothing is.
        PackError: When the pack is broken, or another one than is pinned.
        FormatError: When its preset or card is wrong.
    """
    if _is_path(name_or_path):
        edited = edited_preset or Path(name_or_path).is_dir()
        return open_pack(name_or_path, edited_preset=edited, limits=limits)
    pinned = _PINNED.fullmatch(str(name_or_path))
    if pinned:
        pack = find_pack(pinned[1], edited_preset=edited_preset, limits=limits)
        if not pack.digest.startswith(pinned[2]):
            raise PackError(
                f"the mood {pack.name} is pinned to {pinned[2]}, and this one is {pack.digest[:12]}; install the "
                "pinned one, or pin this one after a look at it",
                file=pack.path,
            )
        return pack
    installed: set[str] = set()
    for path, origin in _candidates():
        name = _peek_name(path, limits)
        if name == name_or_path:
            return open_pack(path, origin=origin, edited_preset=edited_preset, limits=limits)
        installed.add(name)
    known = f"installed: {', '.join(sorted(installed))}" if installed else "no mood is installed"
    hint = suggest(str(name_or_path), installed)
    raise InputError(f"mood {name_or_path!r} is not installed{hint}; {known}; a path needs a slash, such as './mood'")


def find_packs(names_or_paths: Sequence[str | Path]) -> list[Pack]:
    """Return the packs of these names or at these paths; without any, all that are shipped. Raises as `find_pack`."""
    return [find_pack(one) for one in names_or_paths or [listing.path for listing in list_shipped()]]
