"""Forks: a child that `os.fork` made has its parent's objects, but neither its threads nor the keys to its locks."""

from __future__ import annotations

import os

from gamemusic.errors import GameMusicError

__all__ = ["check_process", "count_forks"]

_forks = 0


def count_forks() -> int:
    """Return how many forks lie between the first process and this one; it tells a child from its parent."""
    return _forks


def check_process(made_in: int) -> None:
    """Refuse what was made before a fork.

    Args:
        made_in: `count_forks` when it was made.

    Raises:
        GameMusicError: This is a forked child, where a call might wait for ever.
    """
    if made_in != _forks:
        raise GameMusicError(
            "this director belongs to the process that this one was forked from, whose threads are not here; make a "
            "new Director in the child, or better start children by multiprocessing's 'spawn'"
        )


def _count() -> None:
    global _forks  # noqa: PLW0603  # it counts what happens to the process
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count)
