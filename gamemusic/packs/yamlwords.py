"""What plain words of YAML mean here: ``true``, ``false``, ``null`` and decimal numbers; all others are text."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType

from gamemusic.packs.nodes import Scalar

__all__ = ["DECIMAL", "WORDS", "resolve"]

WORDS: Mapping[str, Scalar] = MappingProxyType(
    {
        **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
        **dict.fromkeys(("true", "True", "TRUE"), True),
        **dict.fromkeys(("false", "False", "FALSE"), False),
    }
)
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)", re.ASCII)
DECIMAL = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?", re.ASCII)
_MAX_DIGITS = 40


def resolve(text: str) -> Scalar:
    """Return the value of a plain word; raises ValueError for a number that is too large."""
    if text in WORDS:
        return WORDS[text]
    if not DECIMAL.fullmatch(text):
        return text
    if len(text) > _MAX_DIGITS:
        raise ValueError("a number of more than 40 characters")
    if _WHOLE.fullmatch(text):
        return int(text)
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text} is too large")
    return number
