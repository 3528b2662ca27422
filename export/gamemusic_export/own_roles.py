"""Who plays what in somebody's own MIDI files: written for people to correct, and read as they corrected it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gamemusic.errors import InputError
from gamemusic.files import shown_name
from gamemusic.packs.nodes import MapNode, ScalarNode
from gamemusic.packs.yamlfile import dump_yaml, read_yaml
from gamemusic.score.phrase import Role

if TYPE_CHECKING:
    from gamemusic_export.own_music import OwnFile, OwnMusic

__all__ = ["Roles", "check_roles", "read_roles", "write_roles"]

Roles = Mapping[str, Mapping[str, Role | None]]
"""By file name, by the voice's label."""


def write_roles(music: OwnMusic, folder: Path) -> bytes:
    """Return a YAML file that says who plays what, for people to correct."""
    lines = [
        "# Who plays what, from the highest voice on. Correct what is wrong (lead, counter, harmony, texture, bass,",
        "# drums, or none to leave a voice out), then train again with --roles and this file. Voices that only double",
        "# another are left out, and come last.",
    ]
    for one in music.files:
        if one.skipped:
            continue
        lines.append(dump_yaml({shown_name(one.path.relative_to(folder).as_posix()): {}}).replace(" {}\n", ""))
        for label, role in one.roles.items():
            about = f"  # {one.about[label]}" if label in one.about else ""
            entry = dump_yaml({label: role.value if role else "none"}).rstrip()
            lines.append(textwrap.indent(entry, "  ") + about)
    return ("\n".join(lines) + "\n").encode()


def read_roles(path: Path) -> Roles:
    """Return what `write_roles` wrote, as somebody corrected it.

    Raises:
        InputError: The file cannot be read.
        FormatError: With line and column, when it says something else than roles.
    """
    node = read_yaml(path)
    allowed = {**{role.value: role for role in Role}, "none": None}
    if not isinstance(node, MapNode):
        raise node.fail("found no files, expected names of files with their voices")
    found: dict[str, dict[str, Role | None]] = {}
    for name, entry in node.entries.items():
        if not isinstance(entry.value, MapNode):
            raise entry.value.fail(f"found no voices of {name}, expected their labels with a role each")
        found[name] = {}
        for label, voice in entry.value.entries.items():
            value = voice.value
            if not isinstance(value, ScalarNode) or value.value not in allowed:
                raise value.fail(f"found no role for {label}, expected one of {', '.join(allowed)}")
            found[name][label] = allowed[str(value.value)]
    return found


def check_roles(roles: Roles, files: Sequence[OwnFile], folder: Path) -> None:
    """Do nothing when roles speak of files and voices that are there.

    Raises:
        InputError: Something else is named, which nothing would come of.
    """
    known = {shown_name(one.path.relative_to(folder).as_posix()): one for one in files}
    for name, voices in roles.items():
        if name not in known:
            raise InputError(
                f"the roles speak of {name}, which is no MIDI file of {folder}; write them anew with --show-roles"
            )
        one = known[name]
        for label in voices:
            if not one.skipped and label not in one.roles:
                raise InputError(
                    f"the roles of {name} speak of the voice {label!r}; it has {', '.join(map(repr, one.roles))}. "
                    "Write them anew with --show-roles"
                )
