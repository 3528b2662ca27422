"""A mood pack: preset, model and card that belong together, read once and checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gamemusic.errors import InputError, PackError
from gamemusic.limits import LIMITS, Limits
from gamemusic.packs.archive import ZipMembers
from gamemusic.packs.card import MAX_CARD_BYTES, Card, FileEntry, load_card
from gamemusic.packs.members import FolderMembers, Members, check_member_names
from gamemusic.packs.schema import Preset, load_preset, read_preset
from gamemusic.tokens.vocabulary import VOCABULARY_HASH
from gamemusic.version import __version__

__all__ = ["CARD_FILE", "PRESET_FILE", "Pack", "describe_files", "open_members", "open_pack", "open_preset"]

PRESET_FILE = "preset.yaml"
CARD_FILE = "card.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A mood that can be composed with. All its files are in memory, as they were checked."""

    name: str
    """The mood's name."""
    preset: Preset
    card: Card
    path: Path
    """The folder or zip it was read from."""
    origin: str = "path"
    """Where it was found: ``path``, ``GAMEMUSIC_PATH``, ``user`` or ``shipped``."""
    members: Mapping[str, bytes] = field(repr=False)
    """Content of every file but the card."""
    limits: Limits = LIMITS
    """What it was opened with; its model and its theme are read with the same."""

    def read(self, name: str) -> bytes:
        """Return the content of a file of the pack.

        Raises:
            PackError: When the pack has no such file.
        """
        if name not in self.members:
            raise PackError(f"there is no {name!r} in this pack, only {', '.join(self.members)}", file=self.path)
        return self.members[name]

    @property
    def model(self) -> bytes:
        """The ONNX file."""
        return self.read(self.preset.model)

    @property
    def digest(self) -> str:
        """SHA-256 over the names and contents of all files but the card: equal packs compose equal music."""
        lines = (f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(self.members.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def open_members(path: str | Path, limits: Limits = LIMITS) -> Members:
    """Return the files of the folder or zip at ``path``; nothing but their names and sizes has been read.

    Raises:
        InputError: When there is nothing at ``path``.
        PackError: When it is neither, or breaks a limit, or holds a name that is not allowed.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return FolderMembers(path, limits)
        if path.is_file():
            return ZipMembers(path, limits)
    except PackError as error:
        if error.file is not None:
            raise
        raise PackError(str(error), file=path) from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{str(path)!r} is not a path that can be opened") from None
    raise InputError(f"there is neither a folder nor a file {path}; check its name")


def describe_files(members: Mapping[str, bytes]) -> dict[str, FileEntry]:
    """Return what a card says about these files; the card itself is left out."""
    return {
        name: FileEntry(size=len(data), sha256=hashlib.sha256(data).hexdigest())
        for name, data in sorted(members.items())
        if name != CARD_FILE
    }


def read_parts(members: Members) -> tuple[Preset, Card]:
    """Return preset and card without reading the model or any hash; only that the three files are there is checked.

    Raises:
        PackError: When one is missing, or the two are of different moods.
        FormatError: When one of them is wrong.
    """
    preset, card, _ = _read_parts(members, LIMITS)
    return preset, card


def _read_parts(members: Members, limits: Limits) -> tuple[Preset, Card, bytes]:
    """Return what `read_parts` does, and the bytes that the preset was read from."""
    names, path = members.names(), members.path
    if PRESET_FILE not in names:
        raise PackError(f"{PRESET_FILE} is missing, so this is no mood pack", file=path)
    written = members.read(PRESET_FILE, limits.yaml_bytes)
    preset = load_preset(written, file=path / PRESET_FILE, limits=limits)
    if preset.model not in names:
        what = f"{preset.model} is missing: this is a preset without a model"
        raise PackError(f"{what}; train one (gamemusic train) or get the whole pack", file=path)
    if CARD_FILE not in names:
        raise PackError(f"{CARD_FILE} is missing; training writes it beside the model", file=path)
    card = load_card(members.read(CARD_FILE, MAX_CARD_BYTES), file=path / CARD_FILE)
    if card.name != preset.name:
        message = f"{PRESET_FILE} is of the mood {preset.name!r}, {CARD_FILE} of {card.name!r}; give both one name"
        raise PackError(message, file=path)
    return preset, card, written


def _check_list(members: Members, preset: Preset, card: Card, limits: Limits) -> None:
    """Check the card's list of files against the files that are there, names and sizes."""
    path, listed, present = members.path, set(card.files), set(members.names()) - {CARD_FILE}
    again = "write a new card with gamemusic.packs.install.seal_folder"
    if CARD_FILE in listed:
        raise PackError(f"{CARD_FILE} lists itself; {again}", file=path)
    try:
        check_member_names(card.files, limits)
    except PackError as error:
        raise PackError(str(error), file=path / CARD_FILE) from None
    for name in sorted(listed - present):
        raise PackError(f"{name} is listed in {CARD_FILE} and missing; get the pack again, or {again}", file=path)
    for name in sorted(present - listed):
        raise PackError(f"{name} is not listed in {CARD_FILE}; remove the file, or {again}", file=path)
    total = 0
    for name in sorted(present):
        most = limits.model_bytes if name == preset.model else limits.file_bytes
        if members.size(name) > most:
            raise PackError(f"{name} has {members.size(name)} bytes, allowed are {most}", file=path)
        total += members.size(name)
    if total > limits.pack_bytes:
        raise PackError(f"the files are {total} bytes together, allowed are {limits.pack_bytes}", file=path)


def _check_fit(path: Path, preset: Preset, card: Card) -> None:
    """Check that this release, the model and the preset speak of the same things."""
    if card.vocabulary.hash != VOCABULARY_HASH:
        message = f"the model was trained for another token table (version {card.vocabulary.version})"
        raise PackError(f"{message}; get a pack made for this gamemusic, or train again", file=path)
    for name, style in preset.styles.items():
        if card.styles and style.token not in card.styles:
            known = ", ".join(card.styles)
            message = f"style {name!r} uses the token {style.token!r}, but the model was trained on {known}"
            raise PackError(f"{message}; set 'token' to one of these", file=path / PRESET_FILE)
    if _numbers(card.min_sdk) > _numbers(__version__):
        message = f"the pack needs gamemusic {card.min_sdk}, this is {__version__}; update gamemusic"
        raise PackError(message, file=path)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def open_pack(path: str | Path, *, origin: str = "path", edited_preset: bool = False, limits: Limits = LIMITS) -> Pack:
    """Return the mood pack at ``path``, a folder or a zip, after reading and checking all of it.

    Args:
        path: A folder that holds preset.yaml, or a zip of one.
        origin: What `Pack.origin` is to say.
        edited_preset: Accept a preset.yaml that was edited since the card was written, as happens while one works on a
            mood. The model and every other file must still be what the card says.
        limits: How large it may be.

    Raises:
        InputError: When there is nothing at ``path``.
        PackError: When files are missing, too many, too large, damaged, or do not belong together.
        FormatError: When preset or card is wrong.
    """
    members = open_members(path, limits)
    preset, card, written = _read_parts(members, limits)
    _check_list(members, preset, card, limits)
    _check_fit(members.path, preset, card)
    contents: dict[str, bytes] = {}
    for name, entry in sorted(card.files.items()):
        if name == PRESET_FILE and edited_preset:
            contents[name] = members.read(name, limits.yaml_bytes)
            continue
        if members.size(name) == entry.size:
            contents[name] = members.read(name, entry.size)
        if name not in contents or hashlib.sha256(contents[name]).hexdigest() != entry.sha256:
            edited = (
                "if you edited it, write a new card with gamemusic.packs.install.seal_folder, else get the pack again"
            )
            raise PackError(f"{name} is not the file that {CARD_FILE} describes; {edited}", file=members.path)
    if contents[PRESET_FILE] != written:  # changed meanwhile: what counts are the bytes that were checked
        preset = load_preset(contents[PRESET_FILE], file=members.path / PRESET_FILE, limits=limits)
    return Pack(
        name=preset.name,
        preset=preset,
        card=card,
        path=members.path,
        origin=origin,
        members=contents,
        limits=limits,
    )


def open_preset(path: str | Path) -> Preset:
    """Return a preset without a model: ``path`` is a YAML file, or a folder that holds preset.yaml.

    Raises:
        InputError: When there is no such file.
        FormatError: When it is not a preset.
    """
    path = Path(path)
    return read_preset(path / PRESET_FILE if path.is_dir() else path)
