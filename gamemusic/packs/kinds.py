"""Kinds of files that a mood pack may hold, how large each may be, and which of a folder's files are the pack's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from gamemusic.errors import PackError
from gamemusic.limits import Limits
from gamemusic.packs.card import Card
from gamemusic.packs.members import FolderMembers
from gamemusic.packs.schema import Preset

__all__ = [
    "CARD_FILE",
    "FONTS",
    "PRESET_FILE",
    "asked_files",
    "check_kinds",
    "extra_files",
    "is_kind",
    "most_bytes",
    "own_files",
]

PRESET_FILE = "preset.yaml"
CARD_FILE = "card.json"
FONTS = (".sf2", ".sf3")
_SUFFIXES = (".yaml", ".onnx", ".bin", ".mid", ".json", ".md", ".txt", *FONTS)
"""What a pack may hold: data, and nothing that a system would run."""
_TEXTS = ("LICENSE", "NOTICE", "README", "CREDITS")
_SHOWN = ("cover.png", *(f"preview.{suffix}" for suffix in ("ogg", "mp3", "flac", "wav")))
"""What shops and listings of mods show; nothing here ever decodes them."""
_EXTRAS = (*_TEXTS, *(f"{text}.{suffix}" for text in _TEXTS for suffix in ("md", "txt")), *_SHOWN)
"""What `gamemusic pack` takes though neither preset nor card name it."""


def is_kind(name: str) -> bool:
    """Return whether a pack may hold a file of this name."""
    return PurePosixPath(name).suffix.lower() in _SUFFIXES or name in _TEXTS or name in _SHOWN


def check_kinds(names: Iterable[str], path: Path) -> None:
    """Check that all files of a pack are of kinds that it may hold.

    Raises:
        PackError: One is not.
    """
    for name in sorted(names):
        if not is_kind(name):
            kinds = ", ".join((*_SUFFIXES, *_TEXTS, *_SHOWN))
            raise PackError(f"{name} is no kind of file that a mood pack holds ({kinds}); remove it", file=path)


def most_bytes(name: str, limits: Limits) -> int:
    """Return how large a file of a pack may be."""
    if name == PRESET_FILE:
        return limits.yaml_bytes
    suffix = PurePosixPath(name).suffix.lower()
    if suffix == ".onnx":
        return limits.model_bytes
    return limits.soundfont_bytes if suffix in FONTS else limits.file_bytes


def asked_files(preset: Preset) -> dict[str, str]:
    """Return the files that a preset needs, each with the key that names it."""
    asked = {PRESET_FILE: "", preset.model: "model"}
    for key in ("fingerprint", "theme"):
        asked.setdefault(getattr(preset, key), key)
    for kind, owns in (("figures", preset.figures), ("grooves", preset.grooves)):
        for own in owns.values():
            asked.setdefault(own.midi, f"{kind}.{own.name}.midi")
    for name, style in preset.styles.items():
        if style.soundfont != "chip":
            asked.setdefault(style.soundfont, f"styles.{name}.soundfont")
    return {name: key for name, key in asked.items() if name}


def own_files(members: FolderMembers, preset: Preset, card: Card) -> tuple[str, ...]:
    """Return which files of a folder are the mood's: what its preset needs, and what its card lists and is there.

    All others are strays: what editors leave, loops that were rendered, music to learn from.
    """
    listed = (name for name in card.files if name != CARD_FILE and members.has(name))
    return tuple(sorted({*asked_files(preset), *listed}))


def extra_files(members: FolderMembers) -> tuple[str, ...]:
    """Return what of a folder goes into a zip besides its own files: licence, readme, cover and preview."""
    return tuple(name for name in _EXTRAS if members.has(name))
