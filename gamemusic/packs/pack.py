"""A mood pack: preset, model and card that belong together, read once and checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from gamemusic.errors import InputError, PackError
from gamemusic.limits import LIMITS, Limits
from gamemusic.packs.archive import ZipMembers
from gamemusic.packs.card import MAX_CARD_BYTES, Card, FileEntry, load_card, write_card
from gamemusic.packs.fontfile import FontFile, check_font
from gamemusic.packs.fontstore import keep_font
from gamemusic.packs.kinds import (
    CARD_FILE,
    FONTS,
    PRESET_FILE,
    asked_files,
    check_kinds,
    is_kind,
    most_bytes,
    own_files,
)
from gamemusic.packs.members import FolderMembers, Members, check_member_names
from gamemusic.packs.ownmidi import fill_figures
from gamemusic.packs.schema import Preset, load_preset, read_preset
from gamemusic.packs.style import Style
from gamemusic.score.phrase import Role
from gamemusic.tokens.vocabulary import VOCABULARY_HASH
from gamemusic.version import __version__

__all__ = [
    "CARD_FILE",
    "PIN_DIGITS",
    "PRESET_FILE",
    "Pack",
    "check_kinds",
    "describe_files",
    "most_bytes",
    "newer",
    "open_members",
    "open_pack",
    "open_preset",
]

_DRUM_BANK = 128
PIN_DIGITS = 32
"""Digits of a digest that a pin is written with; 12 and more are read."""
_AGAIN = "write a new card with 'gamemusic pack'"
_SEALED = ("user", "shipped")
"""Origins of packs that nobody works on, so that every file of them must be what the card says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A mood that can be composed with. All its files are in memory, as they were checked."""

    name: str
    """The mood's name."""
    preset: Preset
    """As written, but styles name the pack's soundfonts by their content, see `gamemusic.packs.fontstore`."""
    card: Card
    path: Path
    """The folder or zip it was read from."""
    origin: str = "path"
    """Where it was found: ``path``, ``GAMEMUSIC_PATH``, ``user`` or ``shipped``."""
    members: Mapping[str, bytes] = field(repr=False)
    """Content of every file but the card."""
    card_bytes: bytes = field(repr=False)
    """The card's file: as it was read, or, where the folder was edited since, as `gamemusic pack` would write it."""
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
        """SHA-256 over the names and contents of all files, the card's too: equal packs are equal in everything."""
        files = {**self.members, CARD_FILE: self.card_bytes}
        lines = (f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    @property
    def pin(self) -> str:
        """Name and the first `PIN_DIGITS` digits of the digest: what games and soundtracks pin this very pack by."""
        return f"{self.name}@{self.digest[:PIN_DIGITS]}"


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


def read_parts(members: Members, origin: str = "path") -> tuple[Preset, Card, tuple[str, ...]]:
    """Return preset, card and the names of all files but the card, without reading the model or any hash.

    Args:
        members: The pack's files.
        origin: Where it was found, see `open_pack`.

    Raises:
        PackError: When one is missing, or the two are of different moods.
        FormatError: When one of them is wrong.
    """
    preset, card, _ = _read_parts(members, LIMITS)
    if not _is_working_copy(members, origin) and card.name != preset.name:
        raise _two_names(members.path, preset, card)
    return preset, card, _names(members, preset, card)


def _is_working_copy(members: Members, origin: str) -> bool:
    return isinstance(members, FolderMembers) and origin not in _SEALED


def _names(members: Members, preset: Preset, card: Card) -> tuple[str, ...]:
    names = own_files(members, preset, card) if isinstance(members, FolderMembers) else members.names()
    return tuple(name for name in names if name != CARD_FILE)


def _two_names(path: Path, preset: Preset, card: Card) -> PackError:
    found = f"{PRESET_FILE} is of the mood {preset.name!r}, {CARD_FILE} of {card.name!r}"
    return PackError(f"{found}; 'gamemusic pack' gives the card the preset's name", file=path)


def _read_parts(members: Members, limits: Limits) -> tuple[Preset, Card, dict[str, bytes]]:
    """Return preset and card, whatever moods they are of, and the bytes that they were read from."""
    path = members.path
    if not members.has(PRESET_FILE):
        raise PackError(f"{PRESET_FILE} is missing, so this is no mood pack", file=path)
    card, read = None, {}
    if members.has(CARD_FILE):  # first, since it says whether this release can read the rest
        read[CARD_FILE] = members.read(CARD_FILE, MAX_CARD_BYTES)
        card = load_card(read[CARD_FILE], file=path / CARD_FILE)
        _check_sdk(path, card)
    read[PRESET_FILE] = members.read(PRESET_FILE, limits.yaml_bytes)
    preset = load_preset(read[PRESET_FILE], file=path / PRESET_FILE, limits=limits)
    if not members.has(preset.model):
        what = f"{preset.model} is missing: this is a preset without a model"
        raise PackError(f"{what}; train one (gamemusic train) or get the whole pack", file=path)
    if card is None:
        raise PackError(f"{CARD_FILE} is missing; training writes it beside the model", file=path)
    return preset, card, read


def _check_listed(card: Card, path: Path, limits: Limits) -> None:
    """Check that what a card lists may be files of a pack."""
    if CARD_FILE in card.files:
        raise PackError(f"{CARD_FILE} lists itself; {_AGAIN}", file=path)
    try:
        check_member_names(card.files, limits)
    except PackError as error:
        raise PackError(str(error), file=path / CARD_FILE) from None


def _check_present(names: Collection[str], card: Card, path: Path) -> None:
    """Check that what a card lists is there, and nothing else."""
    listed, present = set(card.files), set(names)
    check_kinds(present, path)
    for name in sorted(listed - present):
        raise PackError(f"{name} is listed in {CARD_FILE} and missing; get the pack again, or {_AGAIN}", file=path)
    for name in sorted(present - listed):
        raise PackError(f"{name} is not listed in {CARD_FILE}; remove the file, or {_AGAIN}", file=path)


def _check_sizes(members: Members, names: Collection[str], limits: Limits) -> None:
    path, total = members.path, 0
    if len({*names, CARD_FILE}) > limits.pack_files:
        raise PackError(f"there are more than {limits.pack_files} files, which no mood pack has", file=path)
    for name in sorted(names):
        most, size = most_bytes(name, limits), members.size(name)
        if size > most:
            raise PackError(f"{name} has {size} bytes, allowed are {most}", file=path)
        total += size
    if total > limits.pack_bytes:
        raise PackError(f"the files are {total} bytes together, allowed are {limits.pack_bytes}", file=path)


def _check_fit(members: Members, preset: Preset, card: Card) -> None:
    """Check that this release, the model and the preset speak of the same things, and that what it names is there."""
    path = members.path
    if card.vocabulary.hash != VOCABULARY_HASH:
        message = f"the model was trained for another token table (version {card.vocabulary.version})"
        raise PackError(f"{message}; get a pack made for this gamemusic, or train again", file=path)
    for name, style in preset.styles.items():
        if style.soundfont not in ("", "chip") and not members.has(style.soundfont):
            message = f"style {name!r} names the soundfont {style.soundfont}, which is not in the pack"
            raise PackError(f"{message}; put the file into it, or write 'chip'", file=path / PRESET_FILE)
        if card.styles and style.token not in card.styles:
            known = ", ".join(card.styles)
            message = f"style {name!r} uses the token {style.token!r}, but the model was trained on {known}"
            raise PackError(f"{message}; set 'token' to one of these", file=path / PRESET_FILE)
    for name, key in asked_files(preset).items():
        if not members.has(name):
            message = f"{name} is missing, which the key '{key}' of {PRESET_FILE} names"
            raise PackError(f"{message}; put the file there, or remove the key", file=path)


def _check_sdk(path: Path, card: Card) -> None:
    if newer(card.min_sdk, __version__):
        message = f"the pack needs gamemusic {card.min_sdk}, this is {__version__}; update gamemusic"
        raise PackError(f"{message}: pip install -U gamemusic", file=path)


def newer(one: str, other: str) -> bool:
    """Return whether a version comes after another one."""
    return _numbers(one) > _numbers(other)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall("[0-9]+", version)[:3])


def open_pack(path: str | Path, *, origin: str = "path", limits: Limits = LIMITS) -> Pack:
    """Return the mood pack at ``path``, a folder or a zip, after reading and checking all of it.

    A folder is a working copy: its files may have been edited since its card was written, and what else lies in it is
    not looked at. Of zips, and of what is installed or shipped, every file must be what the card says.

    Args:
        path: A folder that holds preset.yaml, or a zip of one.
        origin: What `Pack.origin` is to say: where it was found.
        limits: How large it may be.

    Raises:
        InputError: When there is nothing at ``path``.
        PackError: When files are missing, too many, too large, damaged, or do not belong together.
        FormatError: When preset or card is wrong.
    """
    members = open_members(path, limits)
    preset, card, read = _read_parts(members, limits)
    edited = _is_working_copy(members, origin)
    if not edited and card.name != preset.name:
        raise _two_names(members.path, preset, card)
    _check_listed(card, members.path, limits)
    _check_fit(members, preset, card)
    names = _names(members, preset, card)
    if edited:
        names = tuple(name for name in names if is_kind(name))
    else:
        _check_present(names, card, members.path)
    _check_sizes(members, names, limits)
    contents = {name: read.get(name) or members.read(name, most_bytes(name, limits)) for name in names}
    if edited:
        card, read[CARD_FILE] = _renewed(card, preset, contents, read[CARD_FILE])
    for name, entry in sorted(card.files.items()):
        if hashlib.sha256(contents[name]).hexdigest() != entry.sha256 or len(contents[name]) != entry.size:
            how = "if you edited it, write a new card with 'gamemusic pack', else get the pack again"
            raise PackError(f"{name} is not the file that {CARD_FILE} describes; {how}", file=members.path)
    return Pack(
        name=preset.name,
        preset=_with_fonts(
            members.path, fill_figures(preset, contents, path=members.path, limits=limits), contents, limits
        ),
        card=card,
        path=members.path,
        origin=origin,
        members=dict(sorted(contents.items())),
        card_bytes=read[CARD_FILE],
        limits=limits,
    )


def _renewed(card: Card, preset: Preset, contents: Mapping[str, bytes], written: bytes) -> tuple[Card, bytes]:
    """Return a working copy's card with the name and the files that it has by now, and its bytes."""
    new = replace(card, name=preset.name, files=describe_files(contents))
    return (card, written) if new == card else (new, write_card(new))


def _with_fonts(path: Path, preset: Preset, contents: Mapping[str, bytes], limits: Limits) -> Preset:
    """Return a preset whose styles name the pack's soundfonts by their content; each is checked and kept."""
    found = {
        name: check_font(content, file=path / name, limits=limits)
        for name, content in contents.items()
        if PurePosixPath(name).suffix.lower() in FONTS
    }
    for style in preset.styles.values():
        if style.soundfont in found:
            _check_players(path, style, found[style.soundfont])
    names = {style.soundfont for style in preset.styles.values()} & set(found)
    kept = {name: keep_font(contents[name], PurePosixPath(name).suffix) for name in sorted(names)}
    styles = {
        name: replace(style, soundfont=kept.get(style.soundfont, style.soundfont))
        for name, style in preset.styles.items()
    }
    return replace(preset, styles=styles) if kept else preset


def _check_players(path: Path, style: Style, font: FontFile) -> None:
    """Check that a soundfont of the pack has the instruments that a style asks for, or what stands in for them."""
    for role, player in style.instruments.items():
        bank, program = (_DRUM_BANK if role is Role.DRUMS else player.bank), player.program
        others = [(bank, 0)] if role is Role.DRUMS else [(0, program), (0, program // 8 * 8)]
        if not {(bank, program), *others} & set(font.presets):
            has = ", ".join(f"{one}:{two}" for one, two in sorted(font.presets)[:12])
            message = f"style {style.name!r}: {style.soundfont} has no preset {bank}:{program}, which {role} plays"
            raise PackError(f"{message}; it has {has}", file=path / PRESET_FILE)


def open_preset(path: str | Path) -> Preset:
    """Return a preset without a model: ``path`` is a YAML file, or a folder that holds preset.yaml.

    Raises:
        InputError: When there is no such file.
        FormatError: When it is not a preset.
    """
    path = Path(path)
    return read_preset(path / PRESET_FILE if path.is_dir() else path)
