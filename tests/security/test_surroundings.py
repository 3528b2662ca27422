"""The catalogue of hostile surroundings, V6 to V10: no home, no rights, no streams, no memory, broken libraries."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest
from zipbytes import pack_of, put

from gamemusic.audio.soundfont import installed_soundfonts
from gamemusic.cli.main import main
from gamemusic.errors import InputError, MissingError, OutputError
from gamemusic.files import check_writable, user_folder
from gamemusic.packs import library
from gamemusic.packs.fontstore import keep_font, kept_font
from gamemusic.packs.install import install_pack
from gamemusic.packs.library import find_pack, list_packs, search_path

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "tests" / "data" / "tiny_pack"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="these homes, limits and signals are those of POSIX")


def run(
    code: str, *words: str, folder: Path, changed: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with what is imported there found first."""
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT))), **(changed or {})}
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


COMMAND = "import sys; from gamemusic.__main__ import main; sys.exit(main())"

# no home -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def homeless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user whom the system does not know, without a HOME, in a folder of its own."""
    for name in ("HOME", "USERPROFILE", "XDG_DATA_HOME", "XDG_CACHE_HOME", library.PATH_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    # the session's own stand-in hides what whoever runs the tests has installed
    monkeypatch.setattr(library, "user_dir", lambda: user_folder("data") / "moods")

    def unknown(_: object) -> NoReturn:
        raise KeyError("getpwuid(): uid not found")

    pwd = pytest.importorskip("pwd")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@POSIX
def test_v06_without_a_home_folder_what_needs_none_works(homeless: Path) -> None:
    assert [origin for _, origin in search_path()] == ["shipped"]
    assert find_pack("explore").name == "explore"
    assert {one.name for one in list_packs()} >= {"explore", "boss"}
    assert all(path.is_absolute() for path in installed_soundfonts())
    assert main(["compose", str(TINY), "--bars", "1", "-o", str(homeless / "a.mid")]) == 0
    assert [one.name for one in homeless.iterdir()] == ["a.mid"]


@POSIX
def test_v06_without_a_home_folder_nothing_is_installed_elsewhere(homeless: Path) -> None:
    with pytest.raises(MissingError, match="no home folder for this user; set HOME or XDG_DATA_HOME"):
        install_pack(put(homeless / "in", pack_of()))
    token = keep_font(b"not really a soundfont", ".sf2")
    with pytest.raises(MissingError, match="no home folder for this user; set HOME or XDG_CACHE_HOME"):
        kept_font(token)
    assert [one.name for one in homeless.iterdir()] == ["in"]


@POSIX
def test_v06_a_relative_home_is_none(homeless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", ".")
    assert [origin for _, origin in search_path()] == ["shipped"]


# no rights, names that are too long ----------------------------------------------------------------------------------


def test_v07_a_folder_that_may_not_be_read_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "calm", pack_of())
    (tmp_path / "closed" / "mood").mkdir(parents=True)
    closed = {tmp_path / "closed" / "mood", tmp_path / "shut"}
    stat = Path.stat

    def refusing(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if self.parent in closed:
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return stat(self, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", refusing)
    places = (tmp_path / "shut", tmp_path / "closed", tmp_path / ("a" * 300), tmp_path)
    monkeypatch.setenv(library.PATH_VARIABLE, os.pathsep.join(map(str, places)))
    with pytest.raises(PermissionError):
        (tmp_path / "shut" / "preset.yaml").stat()
    assert find_pack("calm").path == tmp_path / "calm"
    assert [one.name for one in list_packs() if one.origin == library.PATH_VARIABLE] == ["calm"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="who may do everything is refused nothing")
def test_v07_a_folder_that_the_system_keeps_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "calm", pack_of())
    for name in ("shut", "closed/mood"):
        (tmp_path / name).mkdir(parents=True, mode=0o000)
    monkeypatch.setenv(library.PATH_VARIABLE, os.pathsep.join(str(tmp_path / one) for one in ("shut", "closed", "")))
    assert find_pack("calm").path == tmp_path / "calm"


def test_v07_names_that_are_too_long(tmp_path: Path) -> None:
    long = tmp_path / ("a" * 300 + ".mid")
    with pytest.raises(OutputError, match="cannot write"):
        check_writable(long)
    for name in (str(long.with_suffix(".zip")), f"./{'a/' * 3000}"):
        with pytest.raises(InputError):
            find_pack(name)


# no streams ----------------------------------------------------------------------------------------------------------

SILENT = """
import sys
sys.stdout = sys.stderr = sys.stdin = None
from gamemusic.__main__ import main
sys.exit(main())
"""
CLOSED = SILENT.replace("sys.stdout = sys.stderr = sys.stdin = None", "sys.stdout.close(); sys.stderr.close()")


@pytest.mark.parametrize("streams", [SILENT, CLOSED], ids=["none", "closed"])
def test_v08_commands_without_streams(tmp_path: Path, streams: str) -> None:
    (tmp_path / "music.yaml").write_text(f"formats: [midi]\ncues:\n  a: {{mood: {TINY}/, bars: 1}}\n", encoding="utf-8")
    for words, status in (
        (["compose", str(TINY), "--bars", "1", "-o", "a.mid"], 0),
        (["bake", "music.yaml", "-o", "out"], 0),
        (["compose", "nix", "-o", "b.mid"], 1),
        (["compose"], 2),
        (["--help"], 0),
    ):
        done = run(streams, *words, folder=tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (status, "", ""), words
    assert (tmp_path / "a.mid").stat().st_size > 100
    assert (tmp_path / "out" / "a.mid").stat().st_size > 100


def test_v08_streams_are_put_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["compose", "nix", "-o", str(tmp_path / "b.mid")]) == 1
    assert sys.stdout is None


# stopped -------------------------------------------------------------------------------------------------------------

STOPPING = """
import sys
class Stop:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Stop())
from gamemusic.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize(
    "module",
    [
        "gamemusic.cli",
        "gamemusic.cli.main",
        "gamemusic.errors",
        "argparse",
        "gamemusic.cli.play",
        "numpy",
        "onnxruntime",
    ]
    + ["gamemusic.composer.composer", "yaml", "mido"],
)
def test_v09_stopped_while_modules_are_imported(tmp_path: Path, module: str) -> None:
    words = ["compose", str(TINY), "--bars", "1", "-o", "a.mid"]
    done = run(STOPPING.format(module=module), *words, folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "gamemusic: stopped\n")
    assert list(tmp_path.iterdir()) == []


# libraries that break, little memory ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [
        "raise RuntimeError('no luck')",
        "raise SystemExit(3)",
        "raise BaseException('odd')",
        "raise ValueError",
        "1 / 0",
        "def (",
        "import nothing_like_this",
        "raise UnicodeDecodeError('utf-8', b'x', 0, 1, 'bad')",
        "raise MemoryError",
        "raise RuntimeError('a\\nb' * 9000)",
    ],
)
@pytest.mark.parametrize("module", ["fluidsynth", "onnxruntime"])
def test_v10_a_library_that_raises_anything(tmp_path: Path, module: str, broken: str) -> None:
    """What doctor reports on does not stop it; what needs the library says so in one line."""
    (tmp_path / f"{module}.py").write_text(broken + "\n", encoding="utf-8")
    (tmp_path / "sound.sf2").write_bytes((ROOT / "gamemusic" / "audio" / "chip.sf2").read_bytes())
    words = ["compose", str(TINY), "--bars", "1", "--soundfont", "sound.sf2", "-o", "a.wav"]
    code = "import sys, json; from gamemusic.cli.main import main\n"
    code += "one = main(['doctor', '--json']); print(); two = main(json.loads(sys.argv[1])); print(one, two)"
    done = run(code, json.dumps(words), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    report, _, statuses = done.stdout.rstrip("\n").rpartition("\n")
    found = {one["name"]: one for one in json.loads(report)["findings"]}
    name = "FluidSynth" if module == "fluidsynth" else module
    assert not found[name]["works"]
    assert len(found[name]["detail"]) > 10
    assert "\n" not in found[name]["detail"]
    assert found["output"]["works"]
    assert statuses == ("0 1" if module == "fluidsynth" else "1 1")
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("gamemusic: error: ")


LITTLE = """
import resource, sys
import numpy, gamemusic, gamemusic.cli.main, gamemusic.composer.composer, gamemusic.output
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (int(sys.argv.pop()) << 20),) * 2)
from gamemusic.__main__ import main
sys.exit(main())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of memory are those of Linux")
@pytest.mark.parametrize("megabytes", [1, 4, 10, 20])
def test_v10_little_memory(tmp_path: Path, megabytes: int) -> None:
    done = run(LITTLE, "compose", str(TINY), "--bars", "1", "-o", "a.mid", str(megabytes), folder=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "()" not in done.stderr
    assert "memory" in done.stderr
    assert list(tmp_path.iterdir()) == []
