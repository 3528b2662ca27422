"""Passages of real music of exactly some bars, cut from a prepared dataset, a few a piece."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate

from gamemusic.errors import InputError
from gamemusic.score.phrase import Chord, Phrase, Role
from gamemusic.theory import Key
from gamemusic.tokens.bars import Bar, join_bars
from gamemusic.tokens.vocabulary import INTENSITY_BINS, MODE_NAMES
from gamemusic.units import METERS
from gamemusic_export.dataset import Dataset
from gamemusic_export.evaluation.sets import PhraseSet, make_generator
from gamemusic_export.fingerprint import Passage, read_passages

__all__ = ["real_phrases"]

_TEMPO = 120.0
"""The dataset keeps no tempo, and no measure asks for it."""


def real_phrases(
    dataset: Dataset,
    excerpts: Iterable[int],
    *,
    bars: int = 8,
    meters: Collection[str] = tuple(METERS),
    per_piece: int = 2,
    limit: int | None = None,
    roles: int = 1,
    seed: int = 0,
) -> PhraseSet:
    """Return passages of real music, in C, their style token as `Phrase.style`, no two of which overlap.

    Whole phrases of the asked length come first; a piece without one gives consecutive bars from the beginning of a
    phrase, inside one excerpt. Passages of which more than half of the bars are empty are left out. The group of a
    phrase is its piece, or the first of its near-duplicates.

    Args:
        dataset: Where from.
        excerpts: Which ones, such as those of a split.
        bars: Length of each passage.
        meters: Which meters to take.
        per_piece: The most passages a piece.
        limit: The most passages; every piece gives one before any gives two. None takes all.
        roles: How many roles a passage has at least.
        seed: Decides which passages.

    Raises:
        InputError: When there is no such passage.
    """
    whole: dict[str, list[Phrase]] = defaultdict(list)
    cut: dict[str, list[Phrase]] = defaultdict(list)
    for index in excerpts:
        passages = list(read_passages(dataset, [int(index)]))
        if not passages or passages[0].meter not in meters:
            continue
        group = dataset.pieces[passages[0].piece].group
        fitting = [number for number, passage in enumerate(passages) if len(passage.bars) == bars]
        found = [_passage_phrase(passages, number, bars) for number in fitting or _tile(passages, bars)]
        (whole if fitting else cut)[group] += [phrase for phrase in found if _is_filled(phrase, roles)]
    generator = make_generator(seed)
    chosen: list[tuple[int, float, str, Phrase]] = []
    for group in sorted({*whole, *cut}):
        phrases = whole.get(group) or cut[group]
        order = generator.permutation(len(phrases))[:per_piece]
        chosen += [(turn, generator.random(), group, phrases[place]) for turn, place in enumerate(order)]
    chosen.sort(key=lambda item: item[:3])
    kept = sorted(chosen[:limit], key=lambda item: (item[2], item[0]))
    if not kept:
        raise InputError(
            f"no excerpt has {bars} bars in {', '.join(meters)}; choose other excerpts or a shorter length"
        )
    return PhraseSet(tuple(item[3] for item in kept), tuple(item[2] for item in kept))


def _tile(passages: Sequence[Passage], bars: int) -> list[int]:
    """Return phrases from whose beginning ``bars`` bars reach to the excerpt's end or less, none overlapping."""
    lengths = [len(passage.bars) for passage in passages]
    starts = [0, *accumulate(lengths)]
    found: list[int] = []
    free = 0
    for number, start in enumerate(starts[:-1]):
        if start >= free and start + bars <= starts[-1]:
            found.append(number)
            free = start + bars
    return found


def _passage_phrase(passages: Sequence[Passage], first: int, bars: int) -> Phrase:
    """Return ``bars`` bars from the beginning of a passage on, with the harmony that was in force there."""
    music = [bar for passage in passages[first:] for bar in passage.bars][:bars]
    before = [bar for passage in passages[:first] for bar in passage.bars]
    passage = passages[first]
    phrase = join_bars(music, _frame(passage, bars), dict.fromkeys(Role, 128))
    if not phrase.chords or phrase.chords[0].start:
        held = join_bars(before, _frame(passage, len(before))).chords[-1:] if _has_chords(before) else ()
        phrase = phrase.replace(chords=(*(Chord(0, chord.root, chord.quality) for chord in held), *phrase.chords))
    return phrase


def _frame(passage: Passage, bars: int) -> Phrase:
    return Phrase(
        bars=bars,
        meter=METERS[passage.meter],
        tempo_bpm=_TEMPO,
        key=Key(0, MODE_NAMES[passage.mode]),
        tracks=(),
        style=passage.style,
        intensity=(passage.intensity + 0.5) / INTENSITY_BINS,
    )


def _has_chords(bars: Sequence[Bar]) -> bool:
    return any(bar[0] for bar in bars)


def _is_filled(phrase: Phrase, roles: int) -> bool:
    sounding = {note.start // phrase.meter.bar_ticks for _, note in phrase.notes()}
    return 2 * len(sounding) >= phrase.bars and len(phrase.roles) >= roles
