"""What composed music is held against, committed: features of held-out real music and of the 5-gram's, by mood.

So the figures can be reproduced without the corpus. A row says how often each interval occurs, not which notes there
were.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gamemusic.composer.composer import Composer
from gamemusic.errors import FormatError, InputError
from gamemusic.files import read_file
from gamemusic.packs.fingerprint import Fingerprint
from gamemusic.packs.pack import PRESET_FILE, Pack
from gamemusic.score.phrase import Phrase, Role
from gamemusic.tokens.bars import cut_bars
from gamemusic_export.dataset import Dataset
from gamemusic_export.evaluation.asks import Ask, asks_of, compose_asks
from gamemusic_export.evaluation.features import FeatureSet, featurise, load_features
from gamemusic_export.evaluation.real import real_phrases
from gamemusic_export.evaluation.sets import PhraseSet

__all__ = [
    "BARS",
    "REFERENCES",
    "Reference",
    "digest_of",
    "find_runs",
    "load_reference",
    "make_reference",
    "save_reference",
]

REFERENCES = Path(__file__).parent / "references"
"""Folder of the committed references."""
BARS = 8
"""Length of every phrase that is compared."""
_PER_PIECE = 6
"""Passages of one real piece at most, since those of one piece resemble each other."""
_PASSAGES = 100
"""Passages wanted: pieces that are many enough give one each."""
_MOST = 200

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Reference:
    """One mood's held-out music."""

    real: FeatureSet
    """Of held-out pieces; the extra figure ``run`` is the longest run of lead notes shared with the training music."""
    ngram: FeatureSet
    """Of phrases composed by the same pipeline with a 5-gram in the model's place."""
    asks: tuple[Ask, ...]
    """What was asked of the 5-gram, and is asked of the model: one for each real passage, in turn."""
    digest: str
    """SHA-256 of all that decides it: the corpus, the preset, the fingerprint and how many phrases were composed."""


def find_runs(phrases: Sequence[Phrase], fingerprint: Fingerprint) -> list[int]:
    """Return for each phrase the longest run of lead notes that its mood's training music holds, too."""
    return [fingerprint.longest_run(cut_bars(phrase), phrase.meter.bar_ticks) for phrase in phrases]


def read_real(dataset: Dataset, excerpts: Sequence[int], pack: Pack) -> PhraseSet:
    """Return held-out passages of a mood's music, reduced to the roles that its styles compose.

    Raises:
        InputError: When there is none.
    """
    learned: dict[str, tuple[Role, ...]] = {}
    for style in pack.preset.styles.values():
        learned.setdefault(style.token, style.learned)  # as `plain_pack` has it
    pieces = len({int(dataset.piece_of[index]) for index in excerpts})
    some = real_phrases(
        dataset, excerpts, bars=BARS, per_piece=min(_PER_PIECE, -(-_PASSAGES // pieces)), limit=2 * _MOST
    )
    kept = []
    for phrase, group in zip(some.phrases, some.groups, strict=True):
        roles = learned.get(phrase.style, ())
        tracks = tuple(track for track in phrase.tracks if track.role in roles)
        if tracks and (Role.LEAD not in roles or any(track.role is Role.LEAD for track in tracks)):
            kept.append((phrase.replace(tracks=tracks, mood=pack.name), group))
    if not kept:
        raise InputError(f"no held-out music fits the styles of {pack.name}")
    return PhraseSet(tuple(phrase for phrase, _ in kept[:_MOST]), tuple(group for _, group in kept[:_MOST]))


def make_reference(
    dataset: Dataset,
    excerpts: Sequence[int],
    composer: Composer,
    fingerprint: Fingerprint,
    *,
    phrases: int,
    progress: Progress,
) -> Reference:
    """Return a mood's reference.

    Args:
        dataset: The prepared corpus.
        excerpts: Held-out excerpts of the mood's music.
        composer: Of the mood's pack with the 5-gram in the model's place.
        fingerprint: Of the mood's training music.
        phrases: How many the 5-gram composes.
        progress: Called with what is done, how much, and of how much.
    """
    real = read_real(dataset, excerpts, composer.pack)
    asks = asks_of(real.phrases)
    wanted = [asks[index % len(asks)] for index in range(phrases)]
    composed = []
    for phrase in compose_asks(composer, wanted, bars=BARS, seed=0):
        composed.append(phrase)
        progress("5-gram", len(composed), phrases)
    return Reference(
        featurise(real).with_extra("run", find_runs(real.phrases, fingerprint)),
        featurise(PhraseSet.composed(composed)).with_extra("run", find_runs(composed, fingerprint)),
        tuple(wanted),
        digest_of(dataset, composer.pack, phrases),
    )


def digest_of(dataset: Dataset, pack: Pack, phrases: int) -> str:
    """Return what tells a reference that is still right from an old one."""
    preset = pack.preset
    parts = (dataset.hash, pack.members[PRESET_FILE], pack.read(preset.fingerprint), f"{phrases} {BARS} {_PASSAGES}")
    return hashlib.sha256(b"|".join(p if isinstance(p, bytes) else p.encode() for p in parts)).hexdigest()


def save_reference(reference: Reference, mood: str, folder: Path = REFERENCES) -> None:
    """Write a mood's reference."""
    reference.real.save(folder / f"{mood}-real.npz")
    reference.ngram.save(folder / f"{mood}-ngram.npz")
    facts = {"digest": reference.digest, "asks": [list(dataclasses.astuple(ask)) for ask in reference.asks]}
    (folder / f"{mood}.json").write_text(json.dumps(facts, separators=(",", ":")) + "\n", encoding="utf-8")


def load_reference(mood: str, folder: Path = REFERENCES) -> Reference:
    """Return a mood's reference.

    Raises:
        InputError: When there is none.
        FormatError: When it is damaged.
    """
    path = folder / f"{mood}.json"
    if not path.exists():
        raise InputError(
            f"there is no reference for {mood!r}; make one with: gamemusic evaluate {mood} --corpus FOLDER"
        )
    try:
        facts = json.loads(read_file(path))
        digest = str(facts["digest"])
        asks = tuple(
            Ask(style, tuple(roles), meter, mode, int(bin_)) for style, roles, meter, mode, bin_ in facts["asks"]
        )
    except (ValueError, TypeError, KeyError) as error:
        raise FormatError(f"this is not a list of asks ({error}); make the reference again", file=path) from None
    return Reference(
        load_features(folder / f"{mood}-real.npz"), load_features(folder / f"{mood}-ngram.npz"), asks, digest
    )
