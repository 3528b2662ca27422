"""``gamemusic new``, ``pack``, ``install``, ``list`` and ``remove``: mood packs are made, shared and kept."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gamemusic.errors import InputError, MissingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gamemusic.packs.library import Listing
    from gamemusic.packs.pack import Pack

__all__ = ["add_to"]

_MOST_SHOWN = 12
"""Files that are named of those that were left out."""
_UNKNOWN = ("", "unknown", "personal")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the parser."""
    new = commands.add_parser("new", help="make a mood of your own from another one")
    new.add_argument("name", metavar="NAME", help="of the new mood; a folder of this name is made")
    new.add_argument("--from", dest="parent", default="explore", metavar="MOOD", help="what it begins as")
    new.set_defaults(run=_new)
    pack = commands.add_parser("pack", help="make a zip of a mood's folder, to be shared")
    pack.add_argument("folder", type=Path, metavar="FOLDER", help="the mood's folder")
    pack.add_argument("-o", "--output", type=Path, metavar="FILE.zip", help="default: NAME-VERSION.zip")
    pack.add_argument("--version", metavar="VERSION", help="write this version into the card")
    pack.set_defaults(run=_pack)
    install = commands.add_parser("install", help="check a mood pack and install it")
    install.add_argument("path", type=Path, metavar="PATH", help="folder or zip")
    install.add_argument("--replace", action="store_true", help="replace an installed mood of the same name")
    install.add_argument("--to", type=Path, metavar="DIR", help="a game's own folder, instead of the user's")
    install.set_defaults(run=_install)
    listing = commands.add_parser("list", help="list mood packs with versions, places and hashes to pin them by")
    listing.add_argument("--json", action="store_true", help="print them as JSON")
    listing.set_defaults(run=_list)
    remove = commands.add_parser("remove", help="remove an installed mood pack")
    remove.add_argument("name", metavar="NAME", help="of the mood")
    remove.set_defaults(run=_remove)


def _new(options: argparse.Namespace) -> int:
    from gamemusic.packs.library import find_pack
    from gamemusic.packs.new import new_mood

    parent = find_pack(options.parent)
    target = Path(options.name)
    folder = new_mood(target.name, parent, target)
    print(f"{folder}: a mood like {parent.name}. Edit {folder / 'preset.yaml'}, and hear it:")
    shown = folder if folder.is_absolute() else f"./{folder.as_posix()}"
    print(f"  gamemusic compose {shown} -o loop.wav")
    return 0


def _pack(options: argparse.Namespace) -> int:
    from gamemusic.composer.composer import Composer
    from gamemusic.files import shown_name
    from gamemusic.packs.install import seal_folder, zip_pack
    from gamemusic.packs.pack import open_pack

    card, left = seal_folder(options.folder, version=options.version)
    pack = open_pack(options.folder)
    Composer(pack)  # loads the model and runs it once
    _test_fonts(pack)
    path = zip_pack(pack, options.output or Path(f"{card.name}-{card.version}.zip"))
    print(f"{path}: {card.name} {card.version}, {path.stat().st_size / 1e6:.1f} MB; pin it as {pack.pin}")
    if left:
        shown = ", ".join(shown_name(name) for name in left[:_MOST_SHOWN])
        rest = f" and {len(left) - _MOST_SHOWN} more" if len(left) > _MOST_SHOWN else ""
        print(f"left out, since neither preset nor card names them: {shown}{rest}")
    for warning in (*_warnings(card.licences.training_data, card.licences.output, card.author), *_font_warnings(pack)):
        print(f"gamemusic: warning: {warning}", file=sys.stderr)
    return 0


def _test_fonts(pack: Pack) -> None:
    """Play the soundfonts that a pack brings, in a process of their own."""
    from gamemusic.audio.soundfont import find_soundfont
    from gamemusic.packs.fontstore import is_kept

    for token in sorted({style.soundfont for style in pack.preset.styles.values() if is_kept(style.soundfont)}):
        try:
            find_soundfont(style=token)
        except MissingError as error:
            print(f"gamemusic: warning: the soundfont was not tested: {error}", file=sys.stderr)


def _font_warnings(pack: Pack) -> list[str]:
    from gamemusic.packs.fontfile import check_font

    found = []
    for name, content in pack.members.items():
        if name.lower().endswith((".sf2", ".sf3")):
            terms = check_font(content, file=name).info.get("ICOP", "")
            said = f'which says "{terms[:120]}"' if terms else "which says nothing of its licence"
            found.append(f"the pack brings the soundfont {name}, {said}; give it away only if that allows it")
    return found


def _warnings(training_data: str, output: str, author: str) -> list[str]:
    found = []
    if training_data.casefold() in _UNKNOWN or "personal" in training_data.casefold():
        found.append(
            "nobody said under which licence the music is that this mood learned from, so it is personal: "
            "do not give it away. If you may, train it again with --licence"
        )
    if output.casefold() in _UNKNOWN:
        found.append("the card does not say under which terms composed music may be used")
    if not author:
        found.append("the card names no author; train with --author, or write it into card.json")
    return found


def _install(options: argparse.Namespace) -> int:
    from gamemusic.packs.install import install_pack
    from gamemusic.packs.library import list_packs
    from gamemusic.packs.pack import open_pack

    checked = open_pack(options.path)
    before = [one for one in list_packs() if one.name == checked.name]
    _test_fonts(checked)
    pack = install_pack(options.path, replace=options.replace, folder=options.to)
    print(f"{pack.name} {pack.card.version} is installed: {pack.path}")
    for warning in _clashes(pack, before):
        print(f"gamemusic: warning: {warning}", file=sys.stderr)
    if "personal" in pack.card.licences.training_data.casefold():
        print("gamemusic: warning: this mood is marked as personal: it is not meant to be given away", file=sys.stderr)
    return 0


def _clashes(pack: Pack, before: Sequence[Listing]) -> list[str]:
    """Return what others of the same name, known before, mean for a pack that was installed."""
    from gamemusic.packs.library import PATH_VARIABLE
    from gamemusic.packs.pack import newer

    found = []
    for one in before:
        if one.path == pack.path and one.card and newer(one.card.version, pack.card.version):
            found.append(f"version {one.card.version} was there before; this one is older")
        elif one.origin == "shipped":
            found.append(
                f"{pack.name} is a shipped mood, too, and is hidden by this one from now on; `gamemusic remove "
                f"{pack.name}` brings it back"
            )
        elif one.origin == PATH_VARIABLE:
            found.append(f"{one.path} has a mood of this name, which is used first ({PATH_VARIABLE})")
    return found


def _list(options: argparse.Namespace) -> int:
    from gamemusic.errors import GameMusicError
    from gamemusic.packs.library import list_packs
    from gamemusic.packs.pack import PIN_DIGITS, open_pack

    rows = []
    for one in list_packs():
        try:
            digest = open_pack(one.path, origin=one.origin).digest
            error = None
        except GameMusicError as problem:
            digest, error = "", str(problem)
        rows.append(
            {
                "name": one.name,
                "version": one.card.version if one.card else "",
                "parent": one.card.parent.name if one.card and one.card.parent else "",
                "origin": one.origin,
                "path": str(one.path),
                "digest": digest,
                "used": one.shadowed_by is None,
                "error": error,
            }
        )
    if options.json:
        print(json.dumps({"packs": rows}, indent=2))
        return 0
    for row in rows:
        if row["error"]:
            print(f"{row['name']:14} broken: {row['error']}")
            continue
        hidden = "" if row["used"] else "  (another one of this name is used)"
        pin = f"{row['name']}@{str(row['digest'])[:PIN_DIGITS]}"
        parent = f"  made from {row['parent']}" if row["parent"] else ""
        print(f"{row['name']:14} {row['version']:8} {row['origin']:14} {pin}{parent}{hidden}")
    return 0


def _remove(options: argparse.Namespace) -> int:
    from gamemusic.packs.install import remove_pack

    if not options.name:
        raise InputError("name the mood that is to be removed")
    print(f"{remove_pack(options.name)} was removed")
    return 0
