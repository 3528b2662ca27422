"""A mood of one's own begins as a copy of another: its model and its preset, ready to compose with and to edit."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

from gamemusic.errors import InputError
from gamemusic.files import is_device
from gamemusic.folders import write_folder
from gamemusic.packs.card import Parent, write_card
from gamemusic.packs.musical import plain_name
from gamemusic.packs.pack import CARD_FILE, PRESET_FILE, Pack, describe_files
from gamemusic.packs.schema import json_schema, load_preset
from gamemusic.packs.yamlfile import find_spot

__all__ = ["SCHEMA_FILE", "new_mood"]

SCHEMA_FILE = "preset.schema.json"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_HEAD = """\
# yaml-language-server: $schema=./{schema}
# {title}: a mood made from {parent}. Save, then listen:
#     gamemusic compose ./{name} -o loop.wav
# Tempo, keys, bars, form, styles, instruments and rooms are yours to change; the model under it stays {parent}'s until
# you train it with your own MIDI files:
#     gamemusic train ./{name} --midi my_midis/
# `gamemusic check ./{name}` names every mistake with its line. Instruments are General MIDI's, by name; the line at the
# top lets editors complete and check while you type.

"""


def new_mood(name: str, parent: Pack, folder: Path) -> Path:
    """Make a folder with a new mood, and return it.

    Args:
        name: Of the mood: small letters, digits, ``-`` and ``_``, a letter first.
        parent: The mood it begins as.
        folder: Must not exist; its parent folder must.

    Raises:
        InputError: The name is none, or there is something at ``folder`` already.
        OutputError: It cannot be written.
    """
    if not _NAME.fullmatch(name):
        near = plain_name(name)
        hint = f"; call it {near}, and write the words as they are as 'title' into its preset" if near else ""
        raise InputError(
            f"{name!r} is no name for a mood: small letters, digits, - and _, a letter first, at most 32{hint}"
        )
    if is_device(name) or is_device(folder.name):
        raise InputError(
            f"{name} is the name of a device on Windows, where no file may be called so; choose another one"
        )
    if name == parent.name:
        raise InputError(f"{name} is its parent's name, too; choose another")
    if folder.exists():
        raise InputError(f"{folder} exists already; choose another name, or remove it")
    title = name.replace("_", " ").replace("-", " ").capitalize()
    contents = dict(parent.members)
    contents[PRESET_FILE] = _preset(parent, name, title).encode()
    contents[SCHEMA_FILE] = (json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n").encode()
    card = dataclasses.replace(
        parent.card,
        name=name,
        title=title,
        version="0.1.0",
        author="",
        files=describe_files(contents),
        measures={},
        notes=(f"Begun as a copy of {parent.name} {parent.card.version}, whose model it has.",),
        parent=Parent(name=parent.name, version=parent.card.version, digest=parent.digest),
    )
    contents[CARD_FILE] = write_card(card)
    write_folder(folder, contents)
    return folder


def _preset(parent: Pack, name: str, title: str) -> str:
    """Return the parent's preset, comments and all, under another name."""
    text = parent.members[PRESET_FILE].decode("utf-8-sig").replace("\r\n", "\n")
    for key, value in (("name", name), ("title", title)):
        spot = find_spot(text, (key,))
        if spot is not None:
            text = f"{text[: spot.start]}{value}{text[spot.end :]}"
    text = re.sub(r"\A(?:#[^\n]*\n)+", "", text)  # the parent's own introduction
    text = _HEAD.format(schema=SCHEMA_FILE, title=title, parent=parent.name, name=name) + text
    load_preset(text.encode(), file=PRESET_FILE)
    return text
