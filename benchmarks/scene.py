"""The pygame scene's recording as a picture: python -m benchmarks.scene docs/scene.png

A spectrogram of what was heard, with every bar line, and the mood that played.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.common import ROOT, child_environment

COLOURS = {"town": "#5a9e5f", "dungeon": "#7a6aa8", "combat": "#c8553d"}


def main() -> int:
    """Record the scene and draw it."""
    parser = argparse.ArgumentParser(prog="benchmarks.scene", description="Draw what is heard in the pygame scene.")
    parser.add_argument("picture", type=Path, help="PNG file to write")
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "heard.wav"
        command = [sys.executable, str(ROOT / "examples" / "03_pygame_scene.py")]
        command += ["--seconds", str(options.seconds), "--wav", str(wav)]
        printed = subprocess.run(command, env=child_environment(), capture_output=True, text=True, check=True).stdout
        draw(wav, printed, options.picture)
    return 0


def draw(wav: Path, printed: str, picture: Path) -> None:
    """Draw a recording with the bar lines that were printed while it was made."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    from gamemusic.audio.wavfile import read_wav

    file = read_wav(wav)
    length = len(file.audio) / file.sample_rate
    lines = [line.split() for line in printed.splitlines()]
    bars = [line for line in lines if line[3] != "stinger"]
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(14, 6), sharex=True, height_ratios=(4, 1), layout="constrained")
    top.specgram(file.audio.mean(axis=1) + 1e-9, NFFT=4096, noverlap=3072, Fs=file.sample_rate, cmap="magma", vmin=-140)
    top.set(ylim=(40, 8000), yscale="log", ylabel="hertz", title="A walk from town to dungeon, fights, and home")
    bottom.plot([place / file.sample_rate for place in range(0, len(file.audio), 64)], file.audio[::64, 0], lw=0.3)
    bottom.set(ylim=(-1, 1), xlim=(0, length), xlabel="seconds; a line is a bar line, dotted where a bridge plays")
    ends = [float(bar[0]) for bar in bars[1:]] + [length]
    for (begin, mood, _, kind, _), end in zip(bars, ends, strict=True):
        bottom.axvspan(float(begin), end, color=COLOURS.get(mood, "#888888"), alpha=0.35, lw=0)
        for axis in (top, bottom):
            axis.axvline(
                float(begin), color="white" if axis is top else "black", lw=0.5, ls=":" if kind == "bridge" else "-"
            )
    for begin, _, bar, kind, _ in lines:
        if kind == "stinger" and bar == "0":
            bottom.text(float(begin), -0.9, "win", size=8)
    heard = ""
    for begin, mood, _, _, _ in bars:
        if mood != heard:
            bottom.text(float(begin), 0.78, f" {mood}", size=9)
        heard = mood
    figure.savefig(picture, dpi=80)


if __name__ == "__main__":
    sys.exit(main())
