"""Where a piece may be cut into phrases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gamemusic.score.phrase import Note, Role

__all__ = ["cut_phrases"]

_LENGTHS = {8: 0.0, 4: 1.0, 16: 0.6, 12: 1.2, 6: 1.6, 10: 1.6, 5: 2.0, 7: 2.0, 9: 2.0, 3: 2.6, 2: 3.0, 1: 4.0}
"""Bars a phrase may have, with the cost of each."""


def cut_phrases(tracks: Mapping[Role, Sequence[Note]], bars: int, bar_ticks: int) -> list[tuple[int, int]]:
    """Return (first bar, bars) of each phrase of a span, by dynamic programming.

    A bar line is a good place when no melody note sounds over it, when the melody rests or has just held a long note,
    and when many roles begin together after it.
    """
    melody = next(
        (tracks[role] for role in (Role.LEAD, Role.COUNTER, Role.TEXTURE, Role.HARMONY) if tracks.get(role)), ()
    )
    open_cost = [0.0] * (bars + 1)
    for note in melody:
        for line in range(note.start // bar_ticks + 1, min(bars, (note.end - 1) // bar_ticks) + 1):
            open_cost[line] += 1.5
        line = -(-note.end // bar_ticks)
        if line <= bars and 0 <= line * bar_ticks - note.end < bar_ticks // 4:
            open_cost[line] -= 0.8 * min(1.0, note.duration / (bar_ticks / 2))
    starts = {note.start for note in melody}
    for line in range(1, bars):
        rests = not any(tick in starts for tick in range(line * bar_ticks - bar_ticks // 4, line * bar_ticks))
        open_cost[line] -= 0.4 * rests
    cost = [0.0] + [float("inf")] * bars
    size = [0] * (bars + 1)
    for line in range(1, bars + 1):
        for length, price in _LENGTHS.items():
            if length <= line and cost[line - length] + price + open_cost[line] < cost[line]:
                cost[line], size[line] = cost[line - length] + price + open_cost[line], length
    pairs = []
    line = bars
    while line > 0:
        pairs.append((line - size[line], size[line]))
        line -= size[line]
    return pairs[::-1]
