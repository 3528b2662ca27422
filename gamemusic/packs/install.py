"""Mood packs are sealed, zipped, installed and removed here. What is written appears whole or not at all."""

from __future__ import annotations

import dataclasses
import io
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from gamemusic.errors import InputError
from gamemusic.files import write_file
from gamemusic.folders import discard, make_folder
from gamemusic.limits import LIMITS
from gamemusic.packs import library
from gamemusic.packs.card import MAX_CARD_BYTES, Card, load_card, write_card
from gamemusic.packs.kinds import extra_files, most_bytes
from gamemusic.packs.members import FolderMembers
from gamemusic.packs.pack import CARD_FILE, Pack, describe_files, open_pack
from gamemusic.temporary import sweep

__all__ = ["install_pack", "remove_pack", "seal_folder", "zip_pack"]

_EPOCH = (1980, 1, 1, 0, 0, 0)


def seal_folder(folder: str | Path, *, version: str | None = None) -> tuple[Card, tuple[str, ...]]:
    """Write a pack folder's card anew, with the sizes and hashes of the files as they are now.

    The pack's files are those that its preset and its card name, and a licence, a readme, a cover and a preview
    (``cover.png``, ``preview.ogg``). The name follows the preset's, the version is changed where one is given. All else
    that the card says is kept.

    Returns:
        The card, and what else lies in the folder and is none of the pack's; of folders their names with a ``/``.

    Raises:
        InputError: When there is no such folder.
        PackError: When preset, model or card is missing, or a file breaks a limit.
        FormatError: When preset or card is wrong.
        OutputError: When the card cannot be written.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(
            f"there is no folder {folder}; check its name, or make it: gamemusic new {folder.name} --from MOOD"
        )
    pack, members = open_pack(folder), FolderMembers(folder)
    more = [name for name in extra_files(members) if name not in pack.members]
    contents = {**pack.members, **{name: members.read(name, most_bytes(name, LIMITS)) for name in more}}
    changed = dataclasses.replace(
        pack.card, version=pack.card.version if version is None else version, files=describe_files(contents)
    )
    written = write_card(changed)
    card = load_card(written, file=folder / CARD_FILE)  # a version may be none
    if written != members.read(CARD_FILE, MAX_CARD_BYTES):
        write_file(folder / CARD_FILE, written)
    return card, _left_out(members, {CARD_FILE, *contents})


def _left_out(members: FolderMembers, taken: set[str]) -> tuple[str, ...]:
    """Return what else lies in a folder, folders of which nothing was taken as one."""
    parents = {str(parent) for name in taken for parent in PurePosixPath(name).parents}
    found: dict[str, None] = {}
    for name in members.names():
        if name not in taken:
            tops = [str(parent) for parent in reversed(PurePosixPath(name).parents) if str(parent) not in parents]
            found[f"{tops[0]}/" if tops else name] = None
    return tuple(found)


def zip_pack(pack: Pack, path: str | Path) -> Path:
    """Write a pack as a zip and return its path; the same pack gives the same bytes with the same zlib.

    Raises:
        OutputError: When it cannot be written.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted({**pack.members, CARD_FILE: pack.card_bytes}.items()):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system, info.external_attr = 3, 0o100644 << 16  # the same on every system
            tight = len(data) > LIMITS.zip_ratio // 2 * len(
                zlib.compress(data, 9)
            )  # would look like a bomb when opened
            archive.writestr(info, data, zipfile.ZIP_STORED if tight else zipfile.ZIP_DEFLATED, 9)
    make_folder(Path(path).parent)
    write_file(Path(path), buffer.getvalue())
    return Path(path)


def install_pack(path: str | Path, *, replace: bool = False, folder: str | Path | None = None) -> Pack:
    """Check the pack at ``path``, copy it into the user's folder, and return it as installed.

    Args:
        path: A folder or zip.
        replace: Replace an installed pack of the same name.
        folder: Where to, instead: a game's own folder of moods, which ``GAMEMUSIC_PATH`` may name.

    Raises:
        InputError: When there is nothing at ``path``, or the mood is installed already.
        PackError: See `open_pack`.
        OutputError: When it cannot be copied.
    """
    pack = open_pack(path)
    target = (library.user_dir() if folder is None else Path(folder)) / f"{pack.name}.zip"
    if folder is None:
        there = [one.path for one in library.list_packs() if one.origin == "user" and one.name == pack.name]
    else:
        there = [target] if target.exists() else []
    if there and not replace:
        raise InputError(
            f"mood {pack.name!r} is installed already ({there[0]}); add --replace, or run: gamemusic remove {pack.name}"
        )
    zip_pack(pack, target)
    for old in there:
        if old != target:
            discard(old)
    return open_pack(target, origin="user" if folder is None else "path")


def remove_pack(name: str) -> Path:
    """Remove an installed mood pack and return where it was. Shipped moods and those of GAMEMUSIC_PATH stay.

    Raises:
        InputError: When the user's folder has no pack of this name.
        OutputError: When it cannot be removed.
    """
    sweep(library.user_dir())  # what an earlier removal that was killed has left
    installed: dict[str, Path] = {}
    for one in library.list_packs():
        if one.origin == "user":
            installed.setdefault(one.name, one.path)
    if name not in installed:
        if any(one.name == name for one in library.list_shipped()):
            raise InputError(f"{name} is a shipped mood, which stays; what you installed is in `gamemusic list`")
        known = ", ".join(sorted(installed)) or "none"
        raise InputError(f"mood {name!r} is not among the packs that you installed ({known}); see `gamemusic list`")
    discard(installed[name])
    return installed[name]
