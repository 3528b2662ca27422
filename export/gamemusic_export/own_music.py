"""Somebody's own MIDI files: what is in them, whether they are enough, and what is held out to judge by."""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gamemusic.errors import InputError
from gamemusic.files import shown_name
from gamemusic.packs.fingerprint import find_grams
from gamemusic.score.midifiles import find_midi_files
from gamemusic.score.phrase import Role
from gamemusic.score.voices import describe_voice, find_voices, label_voice
from gamemusic.units import METERS
from gamemusic_export.corpus import load_song, read_piece
from gamemusic_export.dataset import Dataset, build_dataset
from gamemusic_export.fingerprint import read_passages
from gamemusic_export.own_figures import Figures
from gamemusic_export.own_roles import Roles, check_roles, read_roles, write_roles
from gamemusic_export.prepared import PreparedPiece, prepare_piece
from gamemusic_export.voices import assign_roles

__all__ = ["LEAST_BARS", "LEAST_NOTES", "OwnFile", "OwnMusic", "Roles", "read_roles", "study", "write_roles"]

LEAST_NOTES, LEAST_BARS = 1_000, 64
"""Under this a model learns the files by heart, or nothing."""
_MOST_FILES = 2_000
_PIECES_TO_HOLD_OUT = 6
"""With fewer pieces, bars of each are held out instead of whole pieces."""
_LEAST_EXCERPTS = 2
_MOST_NAMES, _FEW_NAMES = 6, 3
_SOURCE = "own"


@dataclass(frozen=True, slots=True)
class OwnFile:
    """What was found in a file."""

    path: Path
    skipped: str
    """Why nothing of it can be used; empty when something can."""
    bars: int
    notes: int
    roles: Mapping[str, Role | None]
    """Who plays what, by the voice's label; None: left out, as it doubles another or was told to be."""
    about: Mapping[str, str] = field(default_factory=dict)
    """How many notes a voice has, between which pitches, and whom it doubles, by its label, in words."""
    moved: str = ""
    """What was moved to beats that were found in it, in words; empty when nothing was."""


@dataclass(frozen=True, slots=True)
class OwnMusic:
    """All files together."""

    files: Sequence[OwnFile]
    dataset: Dataset
    by_bars: bool
    """Whether bars were held out, since there are too few pieces."""
    repeated: bool
    """Whether the bars that were held out come back in those that were learned from, since all bars do."""
    tempo: tuple[int, int]
    """Slowest and fastest of the middle eight tenths, quarter notes a minute."""
    keys: Sequence[str]
    """The commonest first."""
    meters: Sequence[str]
    programs: Mapping[Role, int] = field(default_factory=dict)
    """The commonest instrument of each role."""
    figures: Figures = field(default_factory=Figures)
    """How high, how densely and in how many voices each role plays."""

    def select(self, split: str) -> npt.NDArray[np.int64]:
        """Return the excerpts of ``train``, ``validation`` or ``test``."""
        return self.dataset.select(split)

    @property
    def roles(self) -> tuple[Role, ...]:
        """Roles of which there are enough notes to learn them."""
        cells: Counter[str] = Counter()
        for found in self.dataset.notes_by_cell(self.select("train").tolist()).values():
            cells.update(found)
        least = max(100, sum(cells.values()) // 50)
        return tuple(role for role in Role if cells[role.value] >= least)


def study(folder: Path, token: str, roles: Roles | None = None, *, quantise: bool = False) -> OwnMusic:
    """Read a folder of MIDI files and put some of the music aside to judge by.

    Args:
        folder: Its MIDI files are read, see `find_midi_files`, those in folders inside too.
        token: Style token that the music is learned by.
        roles: Who plays what, where somebody knows better.
        quantise: Put what was played freely on beats that are found.

    Raises:
        InputError: There is no such folder, or too little in it that can be used; the message says what would help.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; put the MIDI files into one and name it")
    paths = find_midi_files(folder)
    if not paths or len(paths) > _MOST_FILES:
        raise InputError(
            f"{folder} holds {len(paths)} MIDI files; 1 to {_MOST_FILES:,} are read, ten make a good start"
        )
    given = roles or {}
    pieces, files, facts = [], [], _Facts()
    for path in paths:
        name = shown_name(path.relative_to(folder).as_posix())
        piece = prepare_piece(path, None, given.get(name) or None, loose=True, quantise=quantise)
        piece.meta["name"] = name
        pieces.append(piece)
        files.append(_describe(path, piece, given.get(name, {}), facts, quantise=quantise))
    check_roles(given, files, folder)
    _check_enough(folder, files)
    with tempfile.TemporaryDirectory() as place:
        dataset = build_dataset(pieces, [(_SOURCE, token, "", "")] * len(pieces), Path(place))
    by_bars, repeated = _hold_out(dataset)
    return OwnMusic(
        files,
        dataset,
        by_bars,
        repeated,
        facts.tempo(),
        facts.common(facts.keys),
        facts.common(facts.meters),
        facts.players(),
        facts.figures,
    )


class _Facts:
    """What a preset says of music, gathered phrase by phrase."""

    def __init__(self) -> None:
        self.tempos: list[float] = []
        self.keys: Counter[str] = Counter()
        self.meters: Counter[str] = Counter()
        self.programs: dict[Role, Counter[int]] = defaultdict(Counter)
        self.figures = Figures()

    def tempo(self) -> tuple[int, int]:
        low, high = np.percentile(self.tempos or [100.0], (10, 90))
        return int(low), max(int(low), round(float(high)))

    def common(self, counted: Counter[str]) -> list[str]:
        """Return the names that fill a tenth of the music at least, and some more where these are few."""
        whole = sum(counted.values())
        return [
            name
            for place, (name, count) in enumerate(counted.most_common(_MOST_NAMES))
            if count >= whole / (10 if place >= _FEW_NAMES else 20)
        ]

    def players(self) -> dict[Role, int]:
        return {role: counted.most_common(1)[0][0] for role, counted in self.programs.items() if role is not Role.DRUMS}


def _describe(
    path: Path, piece: PreparedPiece, given: Mapping[str, Role | None], facts: _Facts, *, quantise: bool
) -> OwnFile:
    if piece.meta["skipped"]:
        return OwnFile(path, str(piece.meta["skipped"]), 0, 0, {})
    song, moved, _ = load_song(path, quantise=quantise)
    voices = find_voices(song)
    assigned = assign_roles(voices, song.ticks_per_beat, given)
    owner = {id(note): role for role, notes in assigned.items() for note in notes}
    roles: dict[str, Role | None] = {}
    about: dict[str, str] = {}
    for voice in voices:
        counted = Counter(owner[id(note)] for note in voice.notes if id(note) in owner)
        role = counted.most_common(1)[0][0] if counted else None
        label = label_voice(voices, voice)
        roles[label], about[label] = role, describe_voice(voices, voice)
        for own, count in counted.items():
            facts.programs[own][voice.program] += count
    for phrase in read_piece(path, given or None, loose=True, quantise=quantise).phrases:
        facts.tempos.append(phrase.tempo_bpm)
        facts.keys[str(phrase.key)] += phrase.bars
        facts.meters[str(phrase.meter)] += phrase.bars
        facts.figures.add(phrase)
    return OwnFile(path, "", int(piece.meta["bars"]), sum(piece.meta["notes"].values()), roles, about, moved)


def _check_enough(folder: Path, files: Sequence[OwnFile]) -> None:
    usable = [one for one in files if not one.skipped]
    notes, bars = sum(one.notes for one in usable), sum(one.bars for one in usable)
    reasons = Counter(one.skipped.split(";")[0] for one in files if one.skipped)
    said = "".join(f"; {count} of the files: {reason}" for reason, count in reasons.most_common(3))
    if notes < LEAST_NOTES or bars < LEAST_BARS:
        raise InputError(
            f"{folder} has {notes:,} usable notes in {bars} bars; {LEAST_NOTES:,} notes in {LEAST_BARS} bars are the "
            f"least that anything can be learned from{said}. What helps: more pieces, played to their bar lines (what "
            "was recorded freely: with --quantise), in 4/4, 3/4, 6/8 or 2/4, with a track for each instrument"
        )


def _hold_out(dataset: Dataset) -> tuple[bool, bool]:
    """Put a sixth of the music aside to stop by and a sixth to judge by.

    Near-duplicates stay on one side. What is drawn depends on the names and the music alone.

    Returns:
        Whether bars were held out and not pieces, and whether these bars come back elsewhere.
    """
    groups = sorted({row.group for row in dataset.pieces}, key=lambda name: hashlib.sha256(name.encode()).digest())
    share = max(1, round(len(groups) / 6))
    if len(groups) >= _PIECES_TO_HOLD_OUT:
        split = {
            group: "test" if i < share else "validation" if i < 2 * share else "train" for i, group in enumerate(groups)
        }
        dataset.pieces[:] = [dataclasses.replace(row, split=split[row.group]) for row in dataset.pieces]
        return False, False
    rows = [dataclasses.replace(row, split="train") for row in dataset.pieces]
    count = len(dataset.piece_of)
    if count < 3:
        raise InputError("the music is too short to hold some of it out and judge by that; add pieces")
    single = _find_single(dataset)
    repeated = len(single) < _LEAST_EXCERPTS
    choice = range(count) if repeated else single
    wanted = min(len(choice), max(_LEAST_EXCERPTS, count // 3))
    # the last excerpt of three, then the one before: neighbours are alike, so what lies at an end is the better judge
    for number, place in enumerate(_spread(len(choice), wanted)):
        index = choice[place]
        row = rows[dataset.piece_of[index]]
        kind = "test" if number % 2 == 0 else "validation"
        rows.append(dataclasses.replace(row, split=kind, name=f"{row.name}, some bars"))
        dataset.piece_of[index] = len(rows) - 1
    dataset.pieces[:] = rows
    return True, repeated


def _find_single(dataset: Dataset) -> list[int]:
    """Return the excerpts whose melody does not come back in another one, as a song's verses do: who has learned the
    one knows the other, which would be no judge.
    """
    grams = []
    for index in range(len(dataset.piece_of)):
        passages = read_passages(dataset, [index])
        grams.append({gram for one in passages for gram in find_grams(one.bars, METERS[one.meter].bar_ticks) if gram})
    times = Counter(gram for found in grams for gram in found)
    return [index for index, found in enumerate(grams) if found and all(times[gram] == 1 for gram in found)]


def _spread(count: int, wanted: int) -> Iterator[int]:
    """Yield so many places of a list, evenly from the last one on."""
    yield from (count - 1 - place * count // wanted for place in range(wanted))
