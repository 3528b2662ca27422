"""Which notes of a MIDI file are drums: channel 10 by General MIDI, and what a file sets up, selects or calls so.

Roland's GS and Yamaha's XG turn any part into drums by a system exclusive message, XG and General MIDI 2 by a bank too;
a sequencer's file often says no more than a track's name. Formats: GS (SC-88 manual, "Use for rhythm part"), XG 1.26
("Part mode"), General MIDI 2 (RP-024, banks 120 and 121).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from gamemusic.programs import DRUM_KITS, DRUM_NAMES

__all__ = ["DRUM_CHANNEL", "LONGEST_SETUP", "Kits", "is_named", "take_setup"]

DRUM_CHANNEL = 9
"""Percussion by General MIDI: channel 10, as people count."""
LONGEST_SETUP = 16
"""Bytes of the longest system exclusive that is looked at, its end included."""
_GS_HEAD, _GS_MODEL = 0x41, 0x42
_XG_HEAD, _XG_MODEL = 0x43, 0x4C
_UNIVERSAL = 0x7E
_XG_KITS = frozenset((126, 127))
"""XG's banks of sound effects and of drum kits. To GS, 127 is a bank of melodic instruments (those of the MT-32)."""
_GM2_KITS, _GM2_MELODY = 120, 121
_DRUM_WORDS = frozenset(
    ("drum", "drums", "drumset", "drumkit", "drumtrack", "kit", "percussion", "percussions", "perc", "percs",
     "schlagzeug", "batterie", "batteria", "bateria", "batería", "percusion", "percusión", "percussioni", "perkussion",
     "trommeln", "kick", "snare", "hihat", "hihats", "hat", "hats", "cymbals", "toms", "congas", "bongos", "claps",
     "slagverk", "slagwerk", "perkusja", "ударные", "барабаны", "ドラム", "ドラムス", "鼓")
)  # fmt: skip
_PITCHED_WORDS = frozenset(
    ("steel", "synth", "taiko", "timpani", "melodic", "tuned", "pitched", "mallet", "mallets", "organ", "pan", "pad",
     "reverse", "bass")
)  # fmt: skip
"""With one of these a name means an instrument that plays pitches, or two that share a track."""
_KITS = frozenset((-1, *DRUM_KITS.values()))
_LEAST_ON_KEYS = 9
"""Tenths of a track's notes that have to lie on percussion keys before its name is believed."""


def take_setup(systems: set[str], drums: list[tuple[int, int, bool]], tick: int, body: bytes) -> None:
    """Note what a system exclusive message says of drums.

    Args:
        systems: Learns which system the file is written for.
        drums: Learns (tick, channel, whether it plays drums).
        tick: Where the message stands.
        body: What follows its 0xF0.
    """
    if len(body) >= 8 and body[0] == _GS_HEAD and body[2:4] == bytes((_GS_MODEL, 0x12)):
        systems.add("GS")
        block, address = body[5], body[6]
        if body[4] == 0x40 and 0x10 <= block <= 0x1F and address == 0x15 and body[7] <= 2:
            part = block & 0x0F  # block 0 is part 10, and the parts before it move up by one
            channel = DRUM_CHANNEL if part == 0 else part - (part <= DRUM_CHANNEL)
            drums.append((tick, channel, body[7] > 0))
    elif len(body) >= 7 and body[0] == _XG_HEAD and body[2] == _XG_MODEL:
        systems.add("XG")
        if body[3] == 0x08 and body[4] <= 0x0F and body[5] == 0x07 and body[6] <= 5:
            drums.append((tick, body[4], body[6] > 0))
    elif len(body) >= 4 and body[0] == _UNIVERSAL and body[2:4] == b"\x09\x03":
        systems.add("GM2")


Setup = tuple[Sequence[tuple[int, int, bool]], Sequence[tuple[int, int, int]], Iterable[str]]
"""What a track says: (tick, channel, drums), (tick, channel, bank), systems."""


class Kits:
    """Which channels play drums, from where on."""

    def __init__(self, tracks: Iterable[Setup]) -> None:
        parts: list[tuple[int, int, bool | int]] = []
        systems: set[str] = set()
        for drums, banks, said in tracks:
            parts += drums
            parts += banks
            systems.update(said)
        self._changes: dict[int, list[tuple[int, bool]]] = {}
        by_bank: set[int] = set()
        for tick, channel, value in sorted(parts, key=lambda change: change[0]):
            changes = self._changes.setdefault(channel, [])
            if isinstance(value, bool):
                changes.append((tick, value))
                by_bank.discard(channel)
            elif (kit := _is_kit(value, systems)) is not None:
                changes.append((tick, kit))
                by_bank.add(channel)
            elif channel in by_bank and channel != DRUM_CHANNEL:  # what made it drums is gone; a part's mode stays
                changes.append((tick, False))

        self.changed = frozenset(channel for channel, changes in self._changes.items() if changes)
        """Channels of which the file says something; all others are as General MIDI has them."""

    def at(self, channel: int, tick: int) -> bool:
        """Say whether a channel plays drums at ``tick``: as General MIDI has it before the file says otherwise."""
        changes = self._changes.get(channel, [])
        index = bisect_right(changes, (tick, True))
        return changes[index - 1][1] if index else channel == DRUM_CHANNEL


def _is_kit(bank: int, systems: set[str]) -> bool | None:
    """Say whether a bank holds drums; None: it says nothing of them.

    Bank 0 says nothing: files for plain General MIDI choose it on channel 10, where it changes nothing.
    """
    if bank in _XG_KITS:
        return True if "XG" in systems or "GS" not in systems else None
    if bank == _GM2_KITS:
        return True if "GM2" in systems or "GS" not in systems else None
    return False if bank == _GM2_MELODY and "GM2" in systems else None


def is_named(name: str, notes: Sequence[tuple[int, int, int, int, int, int]]) -> bool:
    """Say whether a track is drums by its name: it is called so, has one channel, and plays such keys.

    Args:
        name: Of the track, and of its instrument.
        notes: (start, pitch, end, velocity, channel, program), as `gamemusic.score.midiscan.RawTrack` has them.
    """
    words = set(re.findall(r"[^\W\d_]+", name.casefold()))
    if not words & _DRUM_WORDS or words & _PITCHED_WORDS:
        return False
    if len({note[4] for note in notes}) != 1 or not {note[5] for note in notes} <= _KITS:
        return False  # the name of a whole song, or instruments that play pitches
    return 10 * sum(note[1] in DRUM_NAMES for note in notes) >= _LEAST_ON_KEYS * len(notes)
