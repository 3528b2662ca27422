"""Shelf: packs with their models loaded, shared by all directors of the process."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gamemusic.composer.composer import Composer
from gamemusic.limits import LIMITS, Limits
from gamemusic.packs.library import check_mood, find_pack
from gamemusic.packs.pack import PRESET_FILE, Pack

__all__ = ["SHELF", "Shelf"]

_CHECK_SECONDS = 0.05
"""How often whoever waits for a composer sees whether to go on waiting."""


@dataclass(slots=True)
class _Entry:
    pack: Pack
    stamp: tuple[int, int] | None = None
    """Size and time of change of a preset that may be edited, as it was read last."""
    composer: Composer | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    """May be taken again: the collector may call a game's ``__del__``, which may call a director, anywhere."""


def _stamp(mood: str | Path) -> tuple[int, int] | None:
    """Return what tells an edit of a mood's preset; None for moods that nobody edits while they are played."""
    if not isinstance(mood, Path) and "/" not in mood and "\\" not in mood:
        return None
    try:
        status = (Path(mood) / PRESET_FILE).stat()
    except (OSError, ValueError):  # a zip, or a folder that was removed, which plays on
        return None
    return status.st_size, status.st_mtime_ns


class Shelf:
    """Keeps the moods that were used last.

    Args:
        size: How many models stay loaded, at least 1; each takes 10 to 15 MB. What is in use is never dropped.
    """

    def __init__(self, size: int = 6) -> None:
        self.size = size
        self._entries: OrderedDict[tuple[str, Limits], _Entry] = OrderedDict()
        self._lock = threading.RLock()

    def pack(self, mood: str | Path, limits: Limits = LIMITS) -> Pack:
        """Return a mood's pack; read from disk at the first call, so that a deleted pack goes on playing.

        Raises:
            InputError, PackError, FormatError: As `find_pack`.
        """
        return self._entry(mood, limits).pack

    @contextmanager
    def composer(
        self, mood: str | Path, limits: Limits = LIMITS, check: Callable[[], object] | None = None
    ) -> Iterator[Composer]:
        """Lend a mood's composer; whoever asks meanwhile has to wait, so never call this where sound is made.

        Args:
            mood: Name or path.
            limits: How large it may be.
            check: Called now and then while this waits, and before every step of the composer that is lent; what it
                raises ends either.

        Raises:
            PackError: When the model is damaged.
        """
        entry = self._entry(mood, limits)
        while not entry.lock.acquire(timeout=-1 if check is None else _CHECK_SECONDS):
            if check is not None:
                check()
        try:
            composer = entry.composer
            if composer is None:
                composer = entry.composer = Composer(entry.pack)
                self._drop_models()
            yield composer if check is None else composer.checked(check)
        finally:
            entry.lock.release()

    def refresh(self, mood: str | Path, limits: Limits = LIMITS) -> bool:
        """Read the preset of a folder that is named by its path again, if it was edited; return whether it was read.

        Raises:
            PackError, FormatError: It is broken; the pack stays as it was, and the next edit is looked at.
        """
        stamp = _stamp(mood)
        entry = self._entry(mood, limits)
        if stamp is None or stamp == entry.stamp:
            return False
        entry.stamp = stamp
        pack = find_pack(mood, limits=limits)
        if pack.digest == entry.pack.digest:
            return False
        with entry.lock:
            if entry.composer is not None:
                same = pack.model == entry.pack.model
                entry.composer = Composer(pack, session=entry.composer.session if same else None)
            entry.pack = pack
        return True

    def _entry(self, mood: str | Path, limits: Limits) -> _Entry:
        check_mood(mood)
        name = str(mood), limits
        with self._lock:
            if name in self._entries:
                self._entries.move_to_end(name)
                return self._entries[name]
        stamp = _stamp(mood)
        entry = _Entry(find_pack(mood, limits=limits), stamp)  # outside the lock: it reads the disk
        with self._lock:
            return self._entries.setdefault(name, entry)

    def _drop_models(self) -> None:
        with self._lock:
            loaded = [entry for entry in self._entries.values() if entry.composer is not None]
            for entry in loaded[: max(0, len(loaded) - self.size)]:
                if entry.lock.acquire(blocking=False):  # what is in use stays
                    entry.composer = None
                    entry.lock.release()

    def _begin_as_child(self) -> None:
        """Begin anew: a thread that is not here may have held the locks.

        Models are kept, since freeing them would not be safe here, but not used again.
        """
        self._left_behind = self._entries
        self._entries, self._lock = OrderedDict(), threading.RLock()


SHELF = Shelf()
"""The process's shelf."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=SHELF._begin_as_child)
