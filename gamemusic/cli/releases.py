"""Which releases of the libraries are known to break something here, told by ``gamemusic doctor``.

When ``make test LATEST=1`` shows that a new release breaks what cannot be mended at once, a row here says so, and up to
which release. What is older than pyproject.toml admits may be here too: pip's ``--no-deps``, a distribution or another
package may have brought it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["KNOWN", "Fault", "find_faults"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What breaks with some releases of a package."""

    package: str
    first: tuple[int, ...]
    """The first release that has it."""
    mended: tuple[int, ...] | None
    """The first after it that has it no more; None: none is known."""
    what: str
    remedy: str


KNOWN = (
    Fault("onnxruntime", (0,), (1, 19), "it cannot be imported beside NumPy 2", "pip install -U onnxruntime"),
    Fault("pyfluidsynth", (0,), (1, 3, 6), "it lacks functions that sound needs", "pip install -U pyfluidsynth"),
    Fault("pyfluidsynth", (1, 3, 6), (1, 4), "it cannot be imported without PyAudio", "pip install -U pyfluidsynth"),
)


def find_faults(version: Callable[[str], str]) -> Iterator[tuple[Fault, str]]:
    """Yield what is known to break with the installed packages, each with the version that is installed.

    Args:
        version: Returns a package's version, and raises ImportError where it is not installed.
    """
    for fault in KNOWN:
        try:
            found = version(fault.package)
        except ImportError:
            continue
        numbers = tuple(int(part) for part in re.findall(r"\d+", found.partition("+")[0])[:3])
        if fault.first <= numbers and (fault.mended is None or numbers < fault.mended):
            yield fault, found
