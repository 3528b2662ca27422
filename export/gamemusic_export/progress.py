"""Progress of long stages: a bar on a terminal, one line a minute elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

__all__ = ["StageProgress"]

_LINE_SECONDS = 60.0


class StageProgress:
    """Shows what stages report: steps done, tokens a second, best validation score, time left.

    Args:
        stream: Usually standard error.
        clock: Seconds; passed in so that tests need not wait.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock, self._last = stream, clock, clock()
        self._tasks: dict[str, TaskID] = {}
        self._bars = Progress(
            TextColumn("{task.description:>9}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}"),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=Console(file=stream),
            disable=not stream.isatty(),
        )

    def __enter__(self) -> StageProgress:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def __call__(self, stage: str, figures: dict[str, float]) -> None:
        """Show a stage's figures: ``update`` of ``updates``, and what else there is."""
        words = []
        if "tokens_per_second" in figures:
            words.append(f"{figures['tokens_per_second']:,.0f} tokens/s")
        if "before" in figures:  # what a modder's verdict is given in, see `gamemusic_export.own`
            gain = 100 * (1 - figures["now"] / figures["before"])
            words.append(f"{abs(gain):.0f} % {'fewer' if gain >= 0 else 'more'} bits/note on held-out music")
        elif "best" in figures:
            words.append(f"best {figures['best']:.3f} bits/note")
        if self._stream.isatty():
            if stage not in self._tasks:
                self._tasks[stage] = self._bars.add_task(stage, total=figures["updates"], figures="")
            self._bars.update(self._tasks[stage], completed=figures["update"], figures=", ".join(words))
            return
        now = self._clock()
        if now - self._last >= _LINE_SECONDS or figures["update"] == figures["updates"]:
            self._last = now
            done = f"{stage}: {figures['update']:.0f}/{figures['updates']:.0f}"
            print(", ".join((done, *words)), file=self._stream, flush=True)
