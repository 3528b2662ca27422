"""The sections of a phrase, and which bars repeat earlier ones: a form such as A A' B A."""

from __future__ import annotations

from collections.abc import Collection, Sequence

__all__ = ["letters_of", "plan_repeats", "plan_sections", "sections_of"]

_SECTION_BARS = 8
"""Bars of a section where the form says nothing."""
_WHOLE_BARS = 12
"""Longest phrase that is not cut into sections without a form."""


def sections_of(form: Sequence[str], bars: int) -> tuple[str, ...]:
    """Return the form of a phrase of so many bars: ``form``, or none where it asks too much of a short phrase.

    A form has to divide the bars into sections of two bars or more.
    """
    return () if not form or bars % len(form) or bars // len(form) < 2 else tuple(form)


def letters_of(form: Sequence[str], bars: int) -> dict[str, tuple[int, int]]:
    """Return where each letter of a form comes first, as (first bar, bars), in that order; without a form one letter,
    the empty text, is the whole phrase.
    """
    if not form:
        return {"": (0, bars)}
    size = bars // len(form)
    found: dict[str, tuple[int, int]] = {}
    for index, name in enumerate(form):
        found.setdefault(name[0], (index * size, size))
    return found


def plan_sections(form: Sequence[str], bars: int) -> tuple[int, ...]:
    """Return the bars of each section: equal ones for a form, else sections of eight bars, the last one longer."""
    if form:
        return (bars // len(form),) * len(form)
    if bars <= _WHOLE_BARS:
        return (bars,)
    count = bars // _SECTION_BARS
    return (_SECTION_BARS,) * (count - 1) + (bars - _SECTION_BARS * (count - 1),)


def plan_repeats(form: Sequence[str], bars: int, periods: Collection[str] = ()) -> dict[int, int]:
    """Return which bar each repeated bar copies: {bar: earlier bar}.

    A letter that comes again copies its first section; with a prime, the last quarter of the section (at least a bar)
    is composed anew. A section that is a period begins its second half like its first: as in most tunes, a question is
    asked twice and answered the second time. The last bar of the phrase is always composed, since it has to lead back
    to the beginning.

    Args:
        form: Letters, with or without a prime, see `sections_of`.
        bars: Length of the phrase.
        periods: Letters of the sections that are periods; the empty text for a phrase without a form.
    """
    copies: dict[int, int] = {}
    start = 0
    heard: set[str] = set()
    for name, size in zip(form or [""] * bars, plan_sections(form, bars), strict=False):
        letter = name[:1]
        if letter in periods and (letter not in heard or not letter) and size >= _SECTION_BARS and size % 4 == 0:
            copies.update({start + size // 2 + bar: start + bar for bar in range(size // 4)})
        heard.add(letter)
        start += size
    if not form:
        return copies
    size = bars // len(form)
    first: dict[str, int] = {}
    for section, name in enumerate(form):
        begin = section * size
        if name[0] not in first:
            first[name[0]] = begin
            continue
        kept = size - max(1, size // 4) if name.endswith("'") else size
        copies.update({begin + bar: first[name[0]] + bar for bar in range(kept)})
    copies.pop(bars - 1, None)
    return copies
