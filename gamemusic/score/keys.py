"""The key of a line of notes: what fits it best, and when that is believed more than a key signature."""

from __future__ import annotations

from collections.abc import Sequence

from gamemusic.scales import MODES
from gamemusic.score.phrase import Note
from gamemusic.theory import Key, parse_key

__all__ = ["KEY_PROFILES", "choose_key", "find_key"]

KEY_PROFILES = (
    ("major", (6350, 2230, 3480, 2330, 4380, 4090, 2520, 5190, 2390, 3660, 2290, 2880)),
    ("minor", (6330, 2680, 3520, 5380, 2600, 3530, 2540, 4750, 3980, 2690, 3340, 3170)),
)
"""How well each step above the tonic fits a key (C. L. Krumhansl and E. J. Kessler, "Tracing the dynamic changes in
perceived tonal organization in a spatial representation of musical keys", Psychological Review 89, 1982), in
thousandths, so that sums are the same everywhere."""
_DEFAULT = Key(0, "major")
"""What programs write when nobody chose a key."""
_FOREIGN = 16
"""The default is contradicted when this part of the music is foreign to it."""
_RAISED = (9, 11)
"""Steps of minor's melodic scale, which are not foreign to it."""


def find_key(notes: Sequence[Note]) -> Key:
    """Return the major or minor key whose profile fits the notes' lengths best."""
    weights = _weigh(notes)
    mean = sum(weights)

    def fit(tonic: int, profile: Sequence[int]) -> int:
        return sum((12 * weights[(tonic + step) % 12] - mean) * value for step, value in enumerate(profile))

    best = max((fit(tonic, profile), -tonic, mode) for tonic in range(12) for mode, profile in KEY_PROFILES)
    return Key(-best[1], best[2])


def choose_key(signatures: Sequence[tuple[int, str]], notes: Sequence[Note]) -> Key:
    """Return the key of a file: its first key signature, unless it is no more than a program's default.

    C major, which programs write when nobody chose a key, loses against notes that are foreign to it and fit another
    key. Any major signature loses against its relative minor (of the same notes), which many programs cannot
    write, when the notes fit that better and end on its tonic.

    Args:
        signatures: (tick, name), as `gamemusic.score.midi.MidiSong` has them.
        notes: Pitched ones, sorted, at least one.
    """
    found = find_key(notes)
    if not signatures:
        return found
    signed = parse_key(signatures[0][1])
    weights = _weigh(notes)
    foreign = _foreign(weights, signed)
    if signed == _DEFAULT and _FOREIGN * foreign >= sum(weights) and foreign > _foreign(weights, found):
        return found
    if signed.mode == "major" and found == Key((signed.tonic + 9) % 12, "minor"):
        last = max(note.start for note in notes)
        if min(note.pitch for note in notes if note.start == last) % 12 == found.tonic:
            return found
    return signed


def _weigh(notes: Sequence[Note]) -> list[int]:
    """Return for how many ticks each pitch class sounds."""
    weights = [0] * 12
    for note in notes:
        weights[note.pitch % 12] += note.duration
    return weights


def _foreign(weights: Sequence[int], key: Key) -> int:
    """Return for how many ticks notes sound that are not in the key."""
    own = {*MODES[key.mode], *(_RAISED if key.mode == "minor" else ())}
    return sum(weight for pitch, weight in enumerate(weights) if (pitch - key.tonic) % 12 not in own)
