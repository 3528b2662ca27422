"""``gamemusic doctor``: what works on this machine, and how to mend what does not."""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import platform
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from gamemusic.cli.releases import find_faults
from gamemusic.cli.train import TRAIN_REMEDY, missing_extra
from gamemusic.errors import GameMusicError, MissingError
from gamemusic.values import reason_of

__all__ = ["add_to"]


_NEEDED = {
    "numpy": "numpy",
    "onnxruntime": "onnxruntime",
    "mido": "mido",
    "PyYAML": "yaml",
    "platformdirs": "platformdirs",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    works: bool
    needed: bool
    """Whether composing to MIDI needs it."""
    detail: str
    """What was found, or what to do."""
    warning: str = ""
    """Why to be careful with what works."""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("doctor", help="say what works on this machine and how to mend what does not")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the findings; the status is 1 only when not even MIDI can be composed."""
    findings = list(_examine())
    if options.json:
        print(json.dumps({"findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        for finding in findings:
            word = "ok" if finding.works else "MISSING" if finding.needed else "missing"
            print(f"{'careful' if finding.warning else word:8} {finding.name}: {finding.detail}")
            if finding.warning:
                print(f"{'':8} {finding.warning}")
    return int(any(finding.needed and not finding.works for finding in findings))


def _examine() -> Iterable[Finding]:
    yield Finding("Python", sys.version_info >= (3, 10), True, f"{platform.python_version()} on {platform.platform()}")
    for package, module in _NEEDED.items():
        yield _look(package, True, functools.partial(_import, package, module), f"pip install {package}")
    fluidsynth = _look("FluidSynth", False, _find_fluidsynth, "")
    warning = _look("", False, _warn_of_fluidsynth, "")
    yield replace(fluidsynth, warning=warning.detail) if fluidsynth.works else fluidsynth
    yield _look("soundfont", False, _find_soundfont, "")
    yield from _find_moods()
    yield _look("output", False, _find_writable, "")
    yield _look("training extra", False, _find_extra, "")
    from importlib.metadata import version  # late: slow to import

    for fault, found in find_faults(version):
        what = f"known to break with this version: {fault.what}; {fault.remedy}"
        yield Finding(fault.package, True, False, f"version {found}", warning=what)


def _look(name: str, needed: bool, find: Callable[[], str], remedy: str) -> Finding:
    """Return what ``find`` finds, or how to mend that it does not."""
    try:
        return Finding(name, True, needed, find())
    except GameMusicError as error:
        return Finding(name, False, needed, str(error))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever an import raises, SystemExit too: it must not stop the report
        reason = reason_of(error)
        return Finding(name, False, needed, f"{reason}; {remedy}" if remedy else reason)


def _import(package: str, module: str) -> str:
    # what is installed may still fail to load
    if module == "onnxruntime":
        from gamemusic.composer.session import load_runtime

        load_runtime()  # it has one importer, which switches its telemetry off
    else:
        importlib.import_module(module)
    from importlib.metadata import version  # late: slow to import

    return version(package)


def _find_fluidsynth() -> str:
    from gamemusic.audio.synth import fluidsynth_version

    return f"version {fluidsynth_version()}"


def _warn_of_fluidsynth() -> str:
    from gamemusic.audio.advisories import known_faults
    from gamemusic.audio.synth import fluidsynth_version

    mended, faults = known_faults(fluidsynth_version())
    if not faults:
        return ""
    return (
        f"this version has faults that a damaged soundfont could use ({', '.join(faults)}), mended in {mended}, unless "
        "your system has mended them itself: play soundfonts of people you trust, or update FluidSynth"
    )


def _find_soundfont() -> str:
    from gamemusic.audio.soundfont import check_soundfont, find_soundfont

    return str(check_soundfont(find_soundfont()))


def _find_writable() -> str:
    from gamemusic.files import check_writable

    check_writable(Path.cwd() / "loop.mid")
    return f"files can be written to {Path.cwd()}"


def _find_extra() -> str:
    if missing_extra():
        raise MissingError(f"only for making moods: {TRAIN_REMEDY}")
    return "installed"


def _find_moods() -> Iterable[Finding]:
    from gamemusic.packs.library import list_packs

    try:
        listings = list_packs()
    except GameMusicError as error:
        yield Finding("moods", False, True, str(error))
        return
    usable = [listing.name for listing in listings if listing.error is None and listing.shadowed_by is None]
    detail = ", ".join(usable) or "none; reinstall gamemusic, or set GAMEMUSIC_PATH to a folder of mood packs"
    yield Finding("moods", bool(usable), True, detail)
    for listing in listings:
        if listing.error is not None:
            yield Finding(f"mood {listing.name}", False, False, str(listing.error))
