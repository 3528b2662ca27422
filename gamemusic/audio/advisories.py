"""Which releases of FluidSynth have known faults that a soundfont could use.

Each row says up to which release, not included, and what its own project says of it: https://github.com/FluidSynth/
fluidsynth/security/advisories and the notes of its releases. Distributions mend older releases without changing their
number, so this is a reason to be careful with soundfonts of strangers, not to stop.
"""

from __future__ import annotations

import re

__all__ = ["known_faults"]

_KNOWN: tuple[tuple[tuple[int, int, int], str], ...] = (
    ((2, 1, 8), "CVE-2021-21417"),
    ((2, 5, 2), "CVE-2025-68617"),
    ((2, 5, 6), "GHSA-rmc4-c8hw-455w and others"),
)


def known_faults(version: str) -> tuple[str, tuple[str, ...]]:
    """Return the release in which all faults that are known of are mended, and the faults that ``version`` has.

    Args:
        version: Of FluidSynth, such as ``2.3.1``; what cannot be read counts as old.
    """
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    found = tuple(name for mended, name in _KNOWN if numbers < mended)
    return ".".join(map(str, _KNOWN[-1][0])), found
