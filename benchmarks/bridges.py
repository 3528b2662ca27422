"""How smoothly moods follow each other: by a composed bridge, or by a plain cut."""

from __future__ import annotations

import statistics
import time
from itertools import permutations

from benchmarks.common import Row, report

__all__ = ["measure"]


def measure(quick: bool) -> list[Row]:
    """Return a row for each length of bridge: surprise at the bridge's two seams against the cut's."""
    from gamemusic.composer.bridge import BRIDGE_BARS, compose_bridge, measure_seams
    from gamemusic.composer.composer import Composer
    from gamemusic.packs.library import list_shipped

    packs = [one.path for one in list_shipped()][: 3 if quick else None]
    from gamemusic.packs.library import find_pack

    composers = {path.name: Composer(find_pack(path)) for path in packs}
    seeds = (1,) if quick else (1, 2)
    rows = []
    for bars in BRIDGE_BARS:
        cuts, leaving, arriving, times = [], [], [], []
        for seed in seeds:
            phrases = {name: composer.compose(seed=seed, bars=8) for name, composer in composers.items()}
            for old, new in permutations(composers, 2):
                began = time.perf_counter()
                bridge = compose_bridge(composers[new], phrases[old], phrases[new], bars=bars, seed=seed)
                times.append(time.perf_counter() - began)
                seams = measure_seams(composers[new], phrases[old], bridge, phrases[new])
                cuts.append(seams.cut)
                leaving.append(seams.leaving)
                arriving.append(seams.arriving)
        both = [(one + other) / 2 for one, other in zip(leaving, arriving, strict=True)]
        better = sum(mean < cut for mean, cut in zip(both, cuts, strict=True))
        rows.append(
            Row(
                benchmark="bridges",
                what=f"surprise at the seams of a bridge of {bars} bar{'s' * (bars > 1)}",
                unit="bits a token",
                ours=statistics.mean(both),
                reference=statistics.mean(cuts),
                against="a plain cut, the same model",
                ratio=statistics.mean(both) / statistics.mean(cuts),
                goal="< 1",
                note=f"into the bridge {statistics.mean(leaving):.2f}, out of it {statistics.mean(arriving):.2f}; "
                f"smoother in {100 * better / len(cuts):.0f} % of {len(cuts)} pairs; "
                f"{statistics.median(times):.2f} s each",
            )
        )
    return rows


if __name__ == "__main__":
    report(measure)
