"""The mix of every style, measured on its stems: who is how loud, how wide it is, how loud the moods are.

    python -m benchmarks.mix [--quick] [--table] [MOOD ...]

``--table`` prints a line for each style with the level each role would need, for whoever edits a preset.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from benchmarks.common import NOT_RUN, Row
from gamemusic.audio.loudness import SILENCE_LUFS, loudness
from gamemusic.composer.composer import Composer
from gamemusic.errors import MissingError
from gamemusic.output import render_stems
from gamemusic.packs.library import find_pack, list_shipped
from gamemusic.score.phrase import Phrase, Role

__all__ = ["TARGETS", "Balance", "measure", "measure_phrase"]

RATE = 22050
MOST_UNDER, WIDEST, NARROWEST, SPREAD = -3.0, 0.5, 0.9, 4.0
"""What a mix should keep: no role is louder against it, in LU; correlation of left and right; of moods too."""

TARGETS: Mapping[Role, float] = MappingProxyType(
    {
        Role.LEAD: 0.0,
        Role.COUNTER: -3.5,
        Role.HARMONY: -3.5,
        Role.TEXTURE: -5.0,
        Role.BASS: -2.5,
        Role.DRUMS: -2.0,
    }
)
"""Loudness of each role against the lead, in LU, where all of its style play."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What is heard of one style."""

    mood: str
    style: str
    intensity: float
    loudness: float
    """Of the mix, in LUFS."""
    correlation: float
    """Of left and right: 1 is mono, 0 knows nothing of the other side."""
    roles: Mapping[Role, float]
    """Each role's loudness against the mix, in LU."""

    @property
    def loudest(self) -> float:
        """Loudness of the loudest role against the mix, in LU."""
        return max(self.roles.values())

    @property
    def lead_margin(self) -> float:
        """How much louder than any other pitched role the lead is, in LU."""
        others = [level for role, level in self.roles.items() if role not in (Role.LEAD, Role.DRUMS)]
        return self.roles.get(Role.LEAD, SILENCE_LUFS) - max(others, default=SILENCE_LUFS)

    @property
    def harmony_under(self) -> float:
        """How far under the lead the harmony lies, in LU; 0 where there is none."""
        if Role.HARMONY not in self.roles:
            return 0.0
        return self.roles.get(Role.LEAD, SILENCE_LUFS) - self.roles[Role.HARMONY]


def measure_phrase(phrase: Phrase, *, rate: int = RATE) -> Balance:
    """Return the balance of a phrase as its own style plays it.

    Raises:
        MissingError: There is no soundfont.
    """
    sounds = render_stems(phrase, sample_rate=rate)
    whole = loudness(sounds.mix, rate)
    return Balance(
        mood=phrase.mood,
        style=phrase.style,
        intensity=phrase.intensity,
        loudness=whole,
        correlation=_correlate(sounds.mix),
        roles={role: loudness(sound, rate) - whole for role, sound in sounds.stems.items()},
    )


def _correlate(mix: npt.NDArray[np.float32]) -> float:
    left, right = np.asarray(mix, np.float64).T
    power = float(np.sqrt(np.dot(left, left) * np.dot(right, right)))
    return float(np.dot(left, right)) / power if power else 1.0


def mean_balance(found: Sequence[Balance]) -> Balance:
    """Return the mean of several phrases of one style."""
    roles = {role for each in found for role in each.roles}
    return dataclasses.replace(
        found[0],
        loudness=statistics.mean(each.loudness for each in found),
        correlation=statistics.mean(each.correlation for each in found),
        roles={
            role: statistics.mean(each.roles[role] for each in found if role in each.roles)
            for role in Role
            if role in roles
        },
    )


def measure_styles(
    moods: Iterable[str], *, seeds: Sequence[int], styles: int | None = None, bars: int | None = None
) -> Iterator[Balance]:
    """Yield the balance of each style of some moods, at the mood's own intensity.

    Args:
        moods: Their names.
        seeds: A phrase each.
        styles: How many of each mood; None for all.
        bars: Length of a phrase; None for half of the mood's own, at least eight.
    """
    for mood in moods:
        pack = find_pack(mood)
        composer = Composer(pack).hurried()
        for style in list(pack.preset.styles)[:styles]:
            length = bars or max(8, pack.preset.bars // 2)
            phrases = [composer.compose(style=style, seed=seed, bars=length) for seed in seeds]
            yield mean_balance([measure_phrase(phrase) for phrase in phrases])


def measure(quick: bool, moods: Sequence[str] = ()) -> list[Row]:
    """Return the rows of all styles together; quickly, of one style of one mood."""
    chosen = list(moods) or [one.name for one in list_shipped()]
    try:
        if quick:
            found = list(measure_styles(chosen[:1], seeds=(1,), styles=1, bars=8))
        else:
            found = list(measure_styles(chosen, seeds=(11, 12)))
    except MissingError as error:
        return [Row(benchmark="mix", what="balance of the styles", note=f"{NOT_RUN} ({error})")]
    return summarise(found)


def summarise(found: Sequence[Balance]) -> list[Row]:
    """Return a row for each thing that a mix should keep: the worst style's figure."""
    worst = max(found, key=lambda each: each.loudest)
    hidden = min(found, key=lambda each: each.lead_margin)
    thin = max(found, key=lambda each: each.harmony_under)
    narrow = max(found, key=lambda each: each.correlation)
    wide = min(found, key=lambda each: each.correlation)
    moods = {
        mood: statistics.mean(each.loudness for each in found if each.mood == mood)
        for mood in sorted({each.mood for each in found})
    }
    loud, soft = max(moods, key=moods.__getitem__), min(moods, key=moods.__getitem__)

    def row(what: str, unit: str, value: float, goal: str, note: str) -> Row:
        return Row(benchmark="mix", what=what, unit=unit, ours=value, goal=goal, note=note)

    def at(each: Balance) -> str:
        return f"{each.mood}/{each.style}, of {len(found)} styles"

    return [
        row("loudest role against the mix", "LU", worst.loudest, f"<= {MOST_UNDER:g}", at(worst)),
        row("lead above the next pitched role", "LU", hidden.lead_margin, ">= 0", at(hidden)),
        row("harmony under the lead", "LU", thin.harmony_under, "<= 8", at(thin)),
        row("correlation of left and right, narrowest", "", narrow.correlation, f"<= {NARROWEST:g}", at(narrow)),
        row("correlation of left and right, widest", "", wide.correlation, f">= {WIDEST:g}", at(wide)),
        row("loudest mood over softest", "LU", moods[loud] - moods[soft], f"<= {SPREAD:g}", f"{loud} over {soft}"),
    ]


def write_table(found: Iterable[Balance]) -> Iterator[str]:
    """Yield a line a style: loudness, correlation, each role against the mix, and its distance from its place."""
    yield f"{'style':22} {'LUFS':>6} {'corr':>5}  role: LU against the mix (change of level that `TARGETS` ask for)"
    for each in found:
        lead = each.roles.get(Role.LEAD, 0.0)
        roles = ", ".join(
            f"{role.value} {level:.1f} ({TARGETS[role] - level + lead:+.1f})" for role, level in each.roles.items()
        )
        yield f"{each.mood + '/' + each.style:22} {each.loudness:6.1f} {each.correlation:5.2f}  {roles}"


def main() -> None:
    """Print the rows as a line of JSON, which `benchmarks.run` reads, or a table for people."""
    parser = argparse.ArgumentParser(description="The mix of every style, measured on its stems.")
    parser.add_argument("--quick", action="store_true", help="one style of one mood: only whether it runs")
    parser.add_argument("--table", action="store_true", help="a line for each style in place of the rows")
    parser.add_argument("moods", nargs="*", metavar="MOOD", help="default: all that are shipped")
    options = parser.parse_args()
    if not options.table:
        print(json.dumps([dataclasses.asdict(row) for row in measure(options.quick, options.moods)]))
        return
    chosen = options.moods or [one.name for one in list_shipped()]
    found = list(measure_styles(chosen, seeds=(11,) if options.quick else (11, 12)))
    print("\n".join(write_table(found)))
    for row in summarise(found):
        print(f"{row.what}: {row.ours:.2f} {row.unit} ({row.goal}; {row.note})")


if __name__ == "__main__":
    main()
