"""``gamemusic compose``: a mood becomes a file."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gamemusic.errors import GameMusicError, GameMusicWarning, InputError
from gamemusic.score.phrase import Phrase

if TYPE_CHECKING:
    from gamemusic.composer.theme import Theme

__all__ = ["add_to"]

_LOOK_SECONDS = 0.2
_MOST_VOICES = 4
"""Of a theme's file, that are named."""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("compose", help="compose a phrase and write it as MIDI or audio")
    parser.add_argument("mood", metavar="MOOD", help="an installed mood, or the path of a mood pack")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="FILE.mid, .wav, .flac or .ogg"
    )
    parser.add_argument("--style", metavar="S", help="one of the mood's styles (default: its first)")
    parser.add_argument("--bars", type=int, metavar="N", help="length, 1 to 64")
    parser.add_argument("--key", metavar="K", help="such as 'D minor' or 'Bb'")
    parser.add_argument("--tempo", type=float, metavar="T", help="quarter notes a minute, 20 to 400")
    parser.add_argument("--meter", metavar="M", help="4/4, 3/4, 6/8 or 2/4")
    parser.add_argument("--intensity", type=float, metavar="X", help="0 (calm) to 1 (full)")
    parser.add_argument("--seed", type=int, metavar="N", help="the same seed gives the same notes (default: drawn)")
    parser.add_argument("--ending", choices=("loop", "cadence"), help="lead back to the beginning, or come to rest")
    parser.add_argument("--theme", type=Path, metavar="F.mid", help="a melody that the first section plays")
    parser.add_argument("--quantise", action="store_true", help="find the beats of a theme that was played freely")
    parser.add_argument(
        "--chords", metavar="C", help="chords to compose over, a bar each ('Am F C G'), or with bar lines ('Am | F G')"
    )
    parser.add_argument("--stems", action="store_true", help="write each role to a file of its own, too")
    parser.add_argument("--soundfont", type=Path, metavar="F", help="SF2 or SF3 file, or chip (default: the style's)")
    parser.add_argument("--sample-rate", type=int, default=48000, metavar="R", help="hertz (default: 48000)")
    parser.add_argument("--bit-depth", choices=("16", "24", "32f"), default="16", help="of WAV files (default: 16)")
    parser.add_argument("--watch", action="store_true", help="write it again whenever the mood's preset is saved")
    parser.add_argument("--json", action="store_true", help="print what was written as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compose and write, and say with which seed."""
    from gamemusic.output import check_output

    # before the work, not after it
    check_output(options.output, sample_rate=options.sample_rate, bit_depth=options.bit_depth)
    seed = random.SystemRandom().getrandbits(32) if options.seed is None else options.seed
    return _watch(options, seed) if options.watch else _write(options, seed)


def _watch(options: argparse.Namespace, seed: int) -> int:
    """Write the same seed again after each edit, until somebody stops it; what is wrong is said."""
    preset = Path(options.mood) / "preset.yaml"
    if not preset.is_file():
        raise InputError(f"{preset} is not there; --watch needs the folder of a mood, such as ./haunted")
    before = 0
    while True:
        try:
            stamp = preset.stat().st_mtime_ns
        except OSError:  # an editor may be in the middle of replacing it
            stamp = before
        if stamp != before:
            before = stamp
            try:
                _write(options, seed)
            except GameMusicError as error:
                print(f"gamemusic: error: {error}", file=sys.stderr)
            sys.stdout.flush()
        time.sleep(_LOOK_SECONDS)


def _write(options: argparse.Namespace, seed: int) -> int:
    from gamemusic.composer.composer import compose
    from gamemusic.composer.judge import describe_faults
    from gamemusic.composer.themefile import read_theme
    from gamemusic.output import save

    theme = None if options.theme is None else read_theme(options.theme, quantise=options.quantise)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GameMusicWarning)  # it is said below
        phrase = compose(
            options.mood,
            style=options.style,
            bars=options.bars,
            key=options.key,
            tempo=options.tempo,
            meter=options.meter,
            intensity=options.intensity,
            seed=seed,
            ending=options.ending,
            theme=theme,
            chords=options.chords,
        )
    if phrase.faults:
        print(f"gamemusic: warning: {describe_faults(phrase)}", file=sys.stderr)
    path = save(
        phrase,
        options.output,
        soundfont=options.soundfont,
        sample_rate=options.sample_rate,
        bit_depth=options.bit_depth,
        stems=options.stems,
    )
    if options.json:
        print(json.dumps(_describe(phrase, path, theme)))
    else:
        seam = "" if phrase.seam_bits is None else f", seam {phrase.seam_bits:+.2f} bits"
        print(
            f"{path}: {phrase.mood} ({phrase.style}), seed {phrase.seed}, {phrase.key}, {phrase.tempo_bpm:g} bpm, "
            f"{phrase.bars} bars of {phrase.meter}, {phrase.seconds:.1f} s{seam}"
        )
        if theme is not None:
            print(f"theme: {_describe_theme(theme)}")
            if theme.moved:
                print(f"theme: {theme.moved}")
    return 0


def _describe_theme(theme: Theme) -> str:
    """Return which voice the theme is, how much of it was taken, and what was left out, in words."""
    count, bars, others = len(theme.notes), theme.bars, len(theme.left_out)
    said = (
        f"{theme.voice}, {count:,} of its {theme.voice_notes:,} notes, in {bars} bar{'s' * (bars != 1)} "
        f"of {theme.meter}, read as {theme.key}"
    )
    if others:
        more = f" and {others - _MOST_VOICES} more" if others > _MOST_VOICES else ""
        said += f"; left out: {', '.join(theme.left_out[:_MOST_VOICES])}{more}"
    return said


def _describe(phrase: Phrase, path: Path, theme: Theme | None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "file": str(path),
        "mood": phrase.mood,
        "style": phrase.style,
        "seed": phrase.seed,
        "key": str(phrase.key),
        "tempo_bpm": phrase.tempo_bpm,
        "meter": str(phrase.meter),
        "bars": phrase.bars,
        "seconds": phrase.seconds,
        "intensity": phrase.intensity,
        "ending": phrase.ending,
        "form": list(phrase.form),
        "seam_bits": phrase.seam_bits,
        "candidates": phrase.candidates,
        "rejected": dict(phrase.rejected),
        "judgement": [
            {
                "place": one.place,
                "faults": list(one.faults),
                "seam_bits": one.seam_bits,
                "likeness": one.likeness,
                "pace": one.pace,
                "sections": [dict(figures) for figures in one.heard],
            }
            for one in sorted(phrase.judgement, key=lambda one: one.place)
        ],
        "faults": list(phrase.faults),
        "notes": {track.role.value: len(track.notes) for track in phrase.tracks},
    }
    if theme is not None:
        facts["theme"] = {
            "voice": theme.voice,
            "notes": len(theme.notes),
            "voice_notes": theme.voice_notes,
            "bars": theme.bars,
            "meter": str(theme.meter),
            "key": str(theme.key),
            "left_out": list(theme.left_out),
            "moved": theme.moved,
        }
    return facts
