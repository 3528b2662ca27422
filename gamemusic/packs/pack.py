"""A mood pack: preset, model and card that belong together, read once and checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from gamemusic.errors import InputError, PackError
from gamemusic.limits import LIMITS, Limits
from gamemusic.packs.archive import ZipMembers
from gamemusic.packs.card import MAX_CARD_BYTES, Card, FileEntry, load_card
from gamemusic.packs.fontfile import FontFile, check_font
from gamemusic.packs.fontstore import keep_font
from gamemusic.packs.members import FolderMembers, Members, check_member_names
from gamemusic.packs.schema import Preset, load_preset, read_preset
from gamemusic.packs.style import Style
from gamemusic.score.phrase import Role
from gamemusic.tokens.vocabulary import VOCABULARY_HASH
from gamemusic.version import __version__

__all__ = [
    "CARD_FILE",
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

PRESET_FILE = "preset.yaml"
CARD_FILE = "card.json"
_FONTS = (".sf2", ".sf3")
_SUFFIXES = (".yaml", ".onnx", ".bin", ".mid", ".json", ".md", ".txt", *_FONTS)
"""What a pack may hold: data, and nothing that a system would run."""
_DRUM_BANK = 128
_TEXTS = ("LICENSE", "NOTICE", "README", "CREDITS")


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
    card = None
    if CARD_FILE in names:  # first, since it says whether this release can read the rest
        card = load_card(members.read(CARD_FILE, MAX_CARD_BYTES), file=path / CARD_FILE)
        _check_sdk(path, card)
    written = members.read(PRESET_FILE, limits.yaml_bytes)
    preset = load_preset(written, file=path / PRESET_FILE, limits=limits)
    if preset.model not in names:
        what = f"{preset.model} is missing: this is a preset without a model"
        raise PackError(f"{what}; train one (gamemusic train) or get the whole pack", file=path)
    if card is None:
        raise PackError(f"{CARD_FILE} is missing; training writes it beside the model", file=path)
    if card.name != preset.name:
        found = f"{PRESET_FILE} is of the mood {preset.name!r}, {CARD_FILE} of {card.name!r}"
        message = f"{found}; 'gamemusic pack' gives the card the preset's name"
        raise PackError(message, file=path)
    return preset, card, written


def _check_list(members: Members, preset: Preset, card: Card, limits: Limits, edited: Collection[str]) -> None:
    """Check the card's list of files against the files that are there, names and sizes."""
    path, listed, present = members.path, set(card.files), set(members.names()) - {CARD_FILE}
    again = "write a new card with 'gamemusic pack'"
    check_kinds(present, path)
    if CARD_FILE in listed:
        raise PackError(f"{CARD_FILE} lists itself; {again}", file=path)
    try:
        check_member_names(card.files, limits)
    except PackError as error:
        raise PackError(str(error), file=path / CARD_FILE) from None
    for name in sorted(listed - present):
        raise PackError(f"{name} is listed in {CARD_FILE} and missing; get the pack again, or {again}", file=path)
    for name in sorted(present - listed - set(edited)):
        raise PackError(f"{name} is not listed in {CARD_FILE}; remove the file, or {again}", file=path)
    total = 0
    for name in sorted(present):
        most = most_bytes(name, limits)
        if members.size(name) > most:
            raise PackError(f"{name} has {members.size(name)} bytes, allowed are {most}", file=path)
        total += members.size(name)
    if total > limits.pack_bytes:
        raise PackError(f"the files are {total} bytes together, allowed are {limits.pack_bytes}", file=path)


def check_kinds(names: Iterable[str], path: Path) -> None:
    """Check that all files of a pack are of kinds that it may hold.

    Raises:
        PackError: One is not.
    """
    for name in sorted(names):
        if PurePosixPath(name).suffix.lower() not in _SUFFIXES and name not in _TEXTS:
            kinds = ", ".join(_SUFFIXES)
            raise PackError(f"{name} is no kind of file that a mood pack holds ({kinds}); remove it", file=path)


def _check_fit(path: Path, preset: Preset, card: Card, names: Collection[str]) -> None:
    """Check that this release, the model and the preset speak of the same things."""
    if card.vocabulary.hash != VOCABULARY_HASH:
        message = f"the model was trained for another token table (version {card.vocabulary.version})"
        raise PackError(f"{message}; get a pack made for this gamemusic, or train again", file=path)
    for name, style in preset.styles.items():
        if style.soundfont not in ("", "chip") and style.soundfont not in names:
            message = f"style {name!r} names the soundfont {style.soundfont}, which is not in the pack"
            raise PackError(f"{message}; put the file into it, or write 'chip'", file=path / PRESET_FILE)
        if card.styles and style.token not in card.styles:
            known = ", ".join(card.styles)
            message = f"style {name!r} uses the token {style.token!r}, but the model was trained on {known}"
            raise PackError(f"{message}; set 'token' to one of these", file=path / PRESET_FILE)


def _check_sdk(path: Path, card: Card) -> None:
    if newer(card.min_sdk, __version__):
        message = f"the pack needs gamemusic {card.min_sdk}, this is {__version__}; update gamemusic"
        raise PackError(f"{message}: pip install -U gamemusic", file=path)


def newer(one: str, other: str) -> bool:
    """Return whether a version comes after another one."""
    return _numbers(one) > _numbers(other)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall("[0-9]+", version)[:3])


def open_pack(path: str | Path, *, origin: str = "path", edited_preset: bool = False, limits: Limits = LIMITS) -> Pack:
    """Return the mood pack at ``path``, a folder or a zip, after reading and checking all of it.

    Args:
        path: A folder that holds preset.yaml, or a zip of one.
        origin: What `Pack.origin` is to say.
        edited_preset: Accept a preset.yaml that was edited since the card was written, and the soundfonts and the theme
            that it names, as happens while one works on a mood. Every other file must still be what the card says.
        limits: How large it may be.

    Raises:
        InputError: When there is nothing at ``path``.
        PackError: When files are missing, too many, too large, damaged, or do not belong together.
        FormatError: When preset or card is wrong.
    """
    members = open_members(path, limits)
    preset, card, written = _read_parts(members, limits)
    edited = _edited_files(preset, members.names()) if edited_preset else ()
    _check_list(members, preset, card, limits, edited)
    _check_fit(members.path, preset, card, members.names())
    contents = {name: members.read(name, most_bytes(name, limits)) for name in edited}
    for name, entry in sorted(card.files.items()):
        if name in edited:
            continue
        if members.size(name) == entry.size:
            contents[name] = members.read(name, entry.size)
        if name not in contents or hashlib.sha256(contents[name]).hexdigest() != entry.sha256:
            how = "if you edited it, write a new card with 'gamemusic pack', else get the pack again"
            raise PackError(f"{name} is not the file that {CARD_FILE} describes; {how}", file=members.path)
    if contents[PRESET_FILE] != written:  # changed meanwhile: what counts are the bytes that were checked
        preset = load_preset(contents[PRESET_FILE], file=members.path / PRESET_FILE, limits=limits)
    return Pack(
        name=preset.name,
        preset=_with_fonts(members.path, preset, contents, limits),
        card=card,
        path=members.path,
        origin=origin,
        members=dict(sorted(contents.items())),
        limits=limits,
    )


def _edited_files(preset: Preset, names: Collection[str]) -> tuple[str, ...]:
    """Return the files that may be others than the card says while somebody works on a mood."""
    fonts = {style.soundfont for style in preset.styles.values()}
    return tuple(sorted({PRESET_FILE, *({preset.theme, *fonts} & set(names))}))


def most_bytes(name: str, limits: Limits) -> int:
    """Return how large a file of a pack may be."""
    if name == PRESET_FILE:
        return limits.yaml_bytes
    suffix = PurePosixPath(name).suffix.lower()
    if suffix == ".onnx":
        return limits.model_bytes
    return limits.soundfont_bytes if suffix in _FONTS else limits.file_bytes


def _with_fonts(path: Path, preset: Preset, contents: Mapping[str, bytes], limits: Limits) -> Preset:
    """Return a preset whose styles name the pack's soundfonts by their content; each is checked and kept."""
    found = {
        name: check_font(content, file=path / name, limits=limits)
        for name, content in contents.items()
        if PurePosixPath(name).suffix.lower() in _FONTS
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
