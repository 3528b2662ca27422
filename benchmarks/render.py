"""Rendering against the ``fluidsynth`` command: the same music, the same soundfont, 48 kHz, no reverb in FluidSynth.

Each side renders the music once over and several times over, and the figure is the difference by second of audio. So
all that is done once a rendering falls out on both sides: the process's start, loading the soundfont, measuring the
presets' loudness, and our pre-roll, which is as long for a long loop as for a short one.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import numpy.typing as npt

from benchmarks.common import NOT_RUN, Row, report, seconds
from benchmarks.steps import open_composer
from gamemusic.audio.soundfont import find_soundfont
from gamemusic.audio.synth import Synth
from gamemusic.errors import MissingError
from gamemusic.score.phrase import Phrase, Track

__all__ = ["measure"]

RATE = 48000
AGAINST = f"`fluidsynth -ni -F out.wav -r {RATE} -R 0 -C 0`"
SECOND, WHOLE = "rendering, a second of audio", "rendering, a whole loop"


@dataclass(frozen=True, slots=True)
class _Timing:
    """How long each side took for the short and the long music, in seconds."""

    ours: tuple[float, float]
    reference: tuple[float, float]


def measure(quick: bool) -> list[Row]:
    """Return a row by second of audio, and one of a whole loop with everything in it."""
    program = shutil.which("fluidsynth")
    try:
        font = find_soundfont()
    except MissingError:
        font = None
    if program is None or font is None:
        note = f"{NOT_RUN} (needs the fluidsynth command and a soundfont)"
        return [Row(benchmark="render", what=what, against=AGAINST, note=note) for what in (SECOND, WHOLE)]
    composer, note = open_composer()
    short = composer.compose(bars=4 if quick else 8, seed=1)
    long = _repeat(short, 2 if quick else 8)
    first = seconds(lambda: short.render(soundfont=font, sample_rate=RATE))
    pre_roll = _count_pre_roll(short, font)
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "out.wav"
        options = ["-ni", "-F", str(wav), "-r", str(RATE), "-R", "0", "-C", "0", str(font)]
        files = [phrase.save(Path(folder) / f"{phrase.bars}.mid") for phrase in (short, long)]
        commands = [[program, *options, str(file)] for file in files]
        timings, lengths = [], []
        for command in commands:
            subprocess.run(command, check=True, capture_output=True)
            lengths.append((wav.stat().st_size - 44) / 4 / RATE)  # 16 bits, stereo
        for _ in range(1 if quick else 7):
            times = [
                (
                    seconds(lambda phrase=phrase: phrase.render(soundfont=font, sample_rate=RATE)),  # type: ignore[misc]
                    seconds(lambda command=command: subprocess.run(command, check=True, capture_output=True)),  # type: ignore[misc]
                )
                for phrase, command in zip((short, long), commands, strict=True)
            ]
            timings.append(_Timing((times[0][0], times[1][0]), (times[0][1], times[1][1])))
    ours = [(timing.ours[1] - timing.ours[0]) / (long.seconds - short.seconds) for timing in timings]
    theirs = [(timing.reference[1] - timing.reference[0]) / (lengths[1] - lengths[0]) for timing in timings]
    cost = pre_roll * statistics.median(ours)
    told = f"{font.name}, {len(short.tracks)} roles; less a pre-roll of {pre_roll:.1f} s of audio ({cost * 1e3:.0f} ms)"
    whole = f"{short.seconds:.0f} s, all included: soundfont, pre-roll, reverb, the command's start; "
    return [
        Row(
            benchmark="render",
            what=SECOND,
            unit="ms",
            ours=statistics.median(ours) * 1e3,
            reference=statistics.median(theirs) * 1e3,
            against=AGAINST,
            ratio=statistics.median(a / b for a, b in zip(ours, theirs, strict=True)),
            goal="<= 1.1",
            note="; ".join(filter(None, [told, note])),
        ),
        Row(
            benchmark="render",
            what=WHOLE,
            unit="ms",
            ours=statistics.median(timing.ours[0] for timing in timings) * 1e3,
            reference=statistics.median(timing.reference[0] for timing in timings) * 1e3,
            against=AGAINST,
            ratio=statistics.median(timing.ours[0] / timing.reference[0] for timing in timings),
            note=whole + f"a process's first one takes {first * 1e3:.0f} ms",
        ),
    ]


def _repeat(phrase: Phrase, times: int) -> Phrase:
    """Return a phrase played ``times`` over, as one long loop."""
    tracks = tuple(
        Track(
            track.role,
            tuple(
                type(note)(note.start + number * phrase.ticks, note.pitch, note.duration, note.velocity)
                for number in range(times)
                for note in track.notes
            ),
        )
        for track in phrase.tracks
    )
    chords = tuple(
        type(chord)(chord.start + number * phrase.ticks, chord.root, chord.quality)
        for number in range(times)
        for chord in phrase.chords
    )
    return phrase.replace(bars=phrase.bars * times, tracks=tracks, chords=chords)


def _count_pre_roll(phrase: Phrase, font: Path) -> float:
    """Return how many seconds of audio are rendered before the loop that is kept."""
    rendered: list[int] = []
    render = Synth.render

    def counted(self: Synth, rows: npt.NDArray[np.float32], start: int, frames: int) -> None:
        rendered.append(frames)
        render(self, rows, start, frames)

    with mock.patch.object(Synth, "render", counted):
        audio = phrase.render(soundfont=font, sample_rate=RATE)
    return (sum(rendered) - len(audio)) / RATE


if __name__ == "__main__":
    report(measure)
