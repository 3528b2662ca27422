"""A soundfont from a pack is loaded once in a process of its own, which may crash or hang where a game must not.

FluidSynth and the decoder of compressed samples are written in C, and damaged soundfonts have found faults in them
before. The structure of the file was checked already (`gamemusic.packs.fontfile`); here every key of every preset is
played.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

from gamemusic.errors import FormatError, MissingError
from gamemusic.limits import Limits

__all__ = ["probe_font"]

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from gamemusic.audio import fontprobe; fontprobe.play()"
)
_MOST_MEMORY = 2 << 30
"""Bytes of address space that the process may use, where the system can say so."""
_SECONDS = 30.0
"""How long it may take; the largest soundfont that a pack may bring takes a few."""
_RATE, _FRAMES = 8_000, 2_048
"""The lowest rate, at which most of a sample passes in a frame."""
_AT_ONCE = 32
_PASSED = "every key of every preset plays"


def probe_font(path: Path, *, seconds: float = _SECONDS) -> None:
    """Load a soundfont in a process of its own and play every key of every preset, loud and softly.

    Args:
        path: The file.
        seconds: How long that may take.

    Raises:
        FormatError: The process crashed, hung, or could not play it.
        MissingError: No process can be started here, as in a frozen game.
    """
    if getattr(sys, "frozen", False) or not _is_python(sys.executable):
        raise MissingError(
            f"{path.name}: a soundfont that a mood brings is tested in a process of its own before it is played, and "
            "this program cannot start one. Play the mood once with the gamemusic command on this machine, or give the "
            "game a soundfont itself (Director(soundfont=...))"
        )
    # isolated, so that no module of the current folder or of PYTHONPATH is taken for one of Python's own
    words = [sys.executable, "-I", "-c", _START, json.dumps(_module_path()), str(path.resolve())]
    try:
        # ourselves, with the path as one word
        done = subprocess.run(  # noqa: S603
            words,
            cwd=path.parent,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            capture_output=True,
            timeout=seconds,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise FormatError(
            f"the soundfont was not played within {seconds:g} s; it may be made to hang", file=path
        ) from None
    except OSError as error:
        raise MissingError(f"{path.name}: the process that tests it cannot be started: {error.strerror}") from None
    if done.returncode != 0 or done.stdout.decode("utf-8", "replace").strip() != _PASSED:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"status {done.returncode}"
        reason = f": {said[-1][:200]}" if said else ""
        raise FormatError(f"the soundfont failed its test in a process of its own ({how}{reason})", file=path)


def play() -> None:
    """Play every preset of the soundfont that the command line names; the process that `probe_font` starts."""
    _limit()
    path = Path(sys.argv[2])
    import numpy as np

    from gamemusic.audio.synth import Synth
    from gamemusic.files import read_file
    from gamemusic.packs.fontfile import check_font
    from gamemusic.packs.fontnotes import PROBED

    any_size = Limits(  # whoever opened the pack looked at that
        soundfont_bytes=1 << 31,
        soundfont_records=1 << 24,
        soundfont_zones=1 << 24,
        soundfont_key_zones=1 << 24,
        soundfont_voices=1 << 40,
    )
    presets = check_font(read_file(path), file=path.name, limits=any_size).presets
    rows = np.zeros((1, _FRAMES), np.float32)
    with Synth(path, sample_rate=_RATE, channels=1) as synth:
        loud, soft = PROBED
        for (bank, program), lowest in itertools.product(presets, range(0, 128, _AT_ONCE)):
            synth.select(0, bank, program)
            for velocity, frames in ((loud, _FRAMES), (soft, 256)):
                for pitch in range(lowest, lowest + _AT_ONCE):
                    synth.note_on(0, pitch, velocity)
                synth.render(rows, 0, frames)
                synth.silence(0)
            if not np.isfinite(rows).all():
                raise ValueError(f"preset {bank}:{program} gives no numbers")
        if complaint := synth.complaint:
            raise ValueError(complaint)  # such as a sample that cannot be decoded, which would only be silent
    sys.stdout.write(_PASSED)


def _limit() -> None:
    """Let this process use no more than a font can need, and leave no dump behind."""
    try:
        import resource
    except ImportError:  # Windows; the time is limited there, too
        return
    for kind, most in ((resource.RLIMIT_AS, _MOST_MEMORY), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def _module_path() -> list[str]:
    """Return where modules are looked for: as in this process, but never in the current folder before elsewhere."""
    own, here = Path(__file__).resolve().parents[2], Path.cwd()
    places = [Path(place).resolve() for place in sys.path if place]
    return [str(place) for place in dict.fromkeys((own, *(place for place in places if place != here)))]


def _is_python(executable: str | None) -> bool:
    return re.fullmatch(r"(python|pypy)w?[\d.]*(\.exe)?", Path(executable or "").name.lower()) is not None
