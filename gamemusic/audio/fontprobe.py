"""A soundfont from a pack is loaded once in a process of its own, which may crash or hang where a game must not.

FluidSynth and the decoder of compressed samples are written in C, and damaged soundfonts have found faults in them
before. The structure of the file was checked already (`gamemusic.packs.fontfile`); here every preset plays a note.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path

from gamemusic.errors import FormatError, MissingError
from gamemusic.limits import LIMITS

__all__ = ["probe_font"]

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from gamemusic.audio import fontprobe; fontprobe.play()"
)
_MOST_MEMORY = 2 << 30
"""Bytes of address space that the process may use, where the system can say so."""
_NOTES = (36, 60, 84)
_FRAMES = 1024
_MOST_PRESETS = 1024
_PASSED = "every preset plays"


def probe_font(path: Path, *, seconds: float = LIMITS.soundfont_seconds) -> None:
    """Load a soundfont in a process of its own and play every preset.

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
            words, capture_output=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL
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
    from gamemusic.packs.fontfile import check_font

    presets = check_font(path.read_bytes(), file=path.name).presets
    rows = np.zeros((1, _FRAMES), np.float32)
    with Synth(path, sample_rate=22_050, channels=1) as synth:
        for bank, program in presets[:_MOST_PRESETS]:
            synth.select(0, bank, program)
            for pitch in _NOTES:
                synth.note_on(0, pitch, 100)
            synth.render(rows, 0, _FRAMES)
            if not np.isfinite(rows).all():
                raise ValueError(f"preset {bank}:{program} gives no numbers")
            for pitch in _NOTES:
                synth.note_off(0, pitch)
            synth.render(rows, 0, _FRAMES)
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
    name = Path(executable or "").name.lower()
    return name.startswith(("python", "pypy"))
