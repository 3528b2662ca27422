"""Compose one loop for every installed mood, as MIDI and as WAV.

python examples/01_loop_per_mood.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import gamemusic
from gamemusic.packs.library import list_packs


def main(folder: Path) -> int:
    """Write the loops to ``folder`` and say where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    audio = True
    for listing in list_packs():
        if listing.error is not None or listing.shadowed_by is not None:
            continue
        phrase = gamemusic.compose(listing.name, seed=7)
        written = [phrase.save(folder / f"{listing.name}.mid")]
        if audio:
            try:
                written.append(phrase.save(folder / f"{listing.name}.wav"))
            except gamemusic.MissingError as error:
                audio = False
                print(f"no audio: {error}")
        files = " and ".join(str(path) for path in written)
        print(f"{listing.name}: {phrase.seconds:.0f} s in {phrase.key} at {phrase.tempo_bpm:g} bpm: {files}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "out")))
