"""What somebody asks of training, checked before any work is done: what cannot be written is not begun."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from gamemusic.errors import FormatError, InputError
from gamemusic.files import check_writable, shown_name
from gamemusic.packs.card import Card, Source, load_card, write_card
from gamemusic.packs.musical import NAME
from gamemusic.packs.nodes import MapNode
from gamemusic.packs.pack import CARD_FILE, PRESET_FILE, Pack, open_pack
from gamemusic.packs.schema import load_preset
from gamemusic.packs.yamlfile import load_yaml
from gamemusic.tokens.vocabulary import STYLE_NAMES
from gamemusic_export.own_preset import NOTHING_FOUND, fill_preset

__all__ = ["CUSTOM", "PERSONAL", "Request", "check_request", "open_mood", "own_source", "training_licence"]

PERSONAL = "personal"
"""Licence of music of which nobody said what may be done with it."""
CUSTOM = tuple(name for name in STYLE_NAMES if name.startswith("custom_"))
"""Style tokens that no shipped music was learned by: each new style of somebody's own takes one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be learned, and how."""

    folder: Path
    """A mood's folder, such as `gamemusic new` makes."""
    midi: Path
    """Folder of MIDI files."""
    style: str = ""
    """Style that learns; one that the mood does not have is added. Empty: the mood's first one."""
    token: str = ""
    """Kind of music that a new style begins as, a style token; empty: the one that knows the files best."""
    licence: str = PERSONAL
    """Of the files."""
    author: str = ""
    """For the card; empty: as it is."""
    fill: bool = True
    """Whether what the files say of tempo, keys, meters, ranges and players is written into the preset."""
    updates: int = 240
    """Most optimiser steps."""
    seed: int = 1
    """Decides the order of the music."""


def open_mood(folder: Path) -> Pack:
    """Return the mood in a folder, which may have been edited.

    Raises:
        InputError: It is no folder, or cannot be written to.
        PackError, FormatError: The mood is broken.
    """
    pack = open_pack(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is a zip; make a mood of your own from it: gamemusic new NAME --from {folder}")
    for name in pack.members:
        check_writable(folder / name)
    return pack


def check_request(pack: Pack, request: Request) -> Request:
    """Return the request with the style named, when all that it asks for can be written.

    Preset and card are made with placeholders for what training finds out, and read by their real readers.

    Raises:
        InputError: Something cannot be; the message names the option.
    """
    preset = pack.preset
    style = request.style or preset.default_style
    new = style not in preset.styles
    _check_token(pack, style, request.token)
    if new:
        _check_style(pack, style, fill=request.fill)
    _check_card(pack, request)
    return dataclasses.replace(request, style=style)


def _check_token(pack: Pack, style: str, token: str) -> None:
    known = pack.preset.styles.get(style)
    if known is not None:
        if token and token != known.token:
            raise InputError(f"--token: the style {style} has the token {known.token}; leave --token out")
        return
    fit = sorted({name for name in STYLE_NAMES if name not in CUSTOM} | set(pack.card.styles))
    if token and token not in fit:
        raise InputError(
            f"--token: {token[:40]!a} is no kind of music that the model knows; it is one of {', '.join(fit)}"
        )


def _check_style(pack: Pack, style: str, *, fill: bool) -> None:
    """Check that a style of this name can be added to the preset."""
    if not fill:
        known = ", ".join(pack.preset.styles)
        raise InputError(
            f"--style: {style[:40]!a} is no style of this mood ({known}), and --keep-preset lets none be added; leave "
            "one of the two out"
        )
    shown = ascii(style if len(style) <= 40 else f"{style[:40]}...")
    if not _is_name(style):
        raise InputError(
            f"--style: {shown} is no name of a style, expected {NAME.expected}; and no word that means something else "
            "in YAML, such as null or true"
        )
    try:
        load_preset(fill_preset(pack.members[PRESET_FILE], NOTHING_FOUND, style, CUSTOM[0]))
    except (FormatError, InputError) as error:
        raise InputError(f"--style: {shown} cannot be added to the mood's preset: {error}") from None


def _is_name(style: str) -> bool:
    """Return whether a preset's reader takes this, written as it is, for the name of a style."""
    try:
        node = load_yaml(f"{style}: 0\n".encode())
        if not isinstance(node, MapNode) or list(node.entries) != [style]:
            return False
        NAME.read(node.entries[style].key, "")
    except (FormatError, UnicodeError):
        return False
    return True


def own_source(request: Request, count: int) -> Source:
    """Return what a card says of somebody's files, of which ``count`` were used."""
    name = shown_name(request.midi.resolve().name) or "a folder"
    return Source(name=f"MIDI files of {name}", licence=request.licence, count=count, credit=request.author)


def training_licence(card: Card, licence: str) -> str:
    """Return the licences of all that a model learned from, joined."""
    terms = {term for term in card.licences.training_data.split(" AND ") if term} | {licence}
    return PERSONAL if PERSONAL in terms else " AND ".join(sorted(terms))


def _check_card(pack: Pack, request: Request) -> None:
    card = pack.card
    plain = dataclasses.replace(request, author="", licence="")
    data = training_licence(card, request.licence)
    tries = (
        ("--author", dataclasses.replace(card, author=request.author)),
        ("--licence", dataclasses.replace(card, attribution=(Source(name="own", licence=request.licence),))),
        (
            "--licence",
            dataclasses.replace(card, licences=dataclasses.replace(card.licences, training_data=data)),
        ),
        ("--midi", dataclasses.replace(card, attribution=(own_source(plain, 1),))),
        ("--author", dataclasses.replace(card, attribution=(own_source(request, 1),))),
        ("the card", dataclasses.replace(card, attribution=(*card.attribution, own_source(request, 1)))),
    )
    for option, changed in tries:
        try:
            load_card(write_card(changed), file=CARD_FILE)
        except (FormatError, UnicodeError) as error:
            raise InputError(f"{option}: this cannot be written into the mood's card: {error}") from None
