"""Near-duplicate pieces: the same tune in another key, collection or ornament.

A piece is the set of its melody's runs of intervals and rhythm ratios; sets are compared by MinHash. A. Z. Broder,
"On the
resemblance and containment of documents", Compression and Complexity of Sequences (1997).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from gamemusic.score.phrase import Phrase, Role

__all__ = ["group_duplicates", "shingles"]

_RUN = 6
"""Notes whose intervals make one shingle."""
_HASHES = 96
_ROWS = 3
"""Rows a band: pairs that share about a third of their shingles meet in some band."""
_SAME = 0.3
"""Estimated share of common shingles from which two pieces are the same music."""


def shingles(phrases: Sequence[Phrase]) -> npt.NDArray[np.uint32]:
    """Return the hashes of a piece's melodic runs, sorted and unique."""
    found = set()
    for phrase in phrases:
        melody = phrase.track(Role.LEAD).notes or next((track.notes for track in phrase.tracks), ())
        pitches = [note.pitch for note in melody]
        for index in range(len(pitches) - _RUN):
            run = bytes(
                (b - a) % 256 for a, b in zip(pitches[index:], pitches[index + 1 : index + _RUN + 1], strict=False)
            )
            found.add(int.from_bytes(hashlib.blake2b(run, digest_size=4).digest(), "little"))
    return np.array(sorted(found), dtype=np.uint32)


def group_duplicates(pieces: Mapping[str, npt.NDArray[np.uint32]]) -> dict[str, str]:
    """Return each piece's group, named after its first member; pieces of one group are the same music.

    Args:
        pieces: The `shingles` of each piece.
    """
    generator = np.random.Generator(np.random.Philox(20261123))
    odd = generator.integers(1, 2**62, _HASHES, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    names = sorted(pieces)
    signatures = {}
    for name in names:
        values = pieces[name].astype(np.uint64)
        if len(values) >= _RUN:
            signatures[name] = ((values[:, None] * odd) >> np.uint64(20)).min(axis=0)  # (_HASHES,)
    parent = {name: name for name in names}

    def find(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for band in range(0, _HASHES, _ROWS):
        buckets: dict[bytes, list[str]] = defaultdict(list)
        for name, signature in signatures.items():
            buckets[signature[band : band + _ROWS].tobytes()].append(name)
        for members in buckets.values():
            for other in members[1:]:
                if (signatures[members[0]] == signatures[other]).mean() >= _SAME:
                    first, second = sorted((find(members[0]), find(other)))
                    parent[second] = first
    return {name: find(name) for name in names}
