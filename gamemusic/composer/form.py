"""Which bars of a phrase repeat earlier ones, from a form such as A A' B A."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["plan_repeats"]


def plan_repeats(form: Sequence[str], bars: int) -> dict[int, int]:
    """Return which bar each repeated bar copies: {bar: earlier bar}.

    A letter that comes again copies its first section; with a prime, the last quarter of the section (at least a
    bar) is
    composed anew. The last bar of the phrase is always composed, since it has to lead back to the beginning. A form
    that does not divide the bars into sections of two bars or more asks too much of a short phrase and is left out.

    Args:
        form: Letters, with or without a prime.
        bars: Length of the phrase.
    """
    if not form or bars % len(form) or bars // len(form) < 2:
        return {}
    size = bars // len(form)
    first: dict[str, int] = {}
    copies: dict[int, int] = {}
    for section, name in enumerate(form):
        begin = section * size
        if name[0] not in first:
            first[name[0]] = begin
            continue
        kept = size - max(1, size // 4) if name.endswith("'") else size
        copies.update({begin + bar: first[name[0]] + bar for bar in range(kept)})
    copies.pop(bars - 1, None)
    return copies
