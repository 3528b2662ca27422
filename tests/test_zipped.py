"""The package inside a zip: what needs no file works, and what does says in one error what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SAYS = "gamemusic lies in a zip"
"""Words of the one message."""
TO_DO = "unpack it into a folder"


@pytest.fixture(scope="module")
def zipped(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and two of its moods in a zip, as a wheel or zipapp holds them."""
    path = tmp_path_factory.mktemp("zipped") / "app.pyz"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted((root / "gamemusic").rglob("*")):
            if file.is_file() and file.suffix != ".pyc":
                archive.write(file, file.relative_to(root))
        for mood in ("town", "combat"):
            for file in sorted((root / "presets" / mood).rglob("*")):
                archive.write(file, Path("gamemusic", file.relative_to(root)))
        archive.writestr("__main__.py", "import sys\nfrom gamemusic.cli.main import main\nsys.exit(main())\n")
    return path


def run(zipped: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the zip in the place of the installed package, far from the checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GAMEMUSIC"))}
    environment |= {"PYTHONPATH": str(zipped), "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, check=False, capture_output=True, text=True
    )


def test_music_of_a_mood_that_is_a_file_is_composed(zipped: Path, tmp_path: Path, tiny_pack: Path) -> None:
    code = (
        "import sys, gamemusic\n"
        "gamemusic.compose(sys.argv[1], bars=2, seed=1).save(sys.argv[2])\n"
        "assert '.pyz' in gamemusic.__file__"
    )
    done = run(zipped, tmp_path, "-c", code, str(tiny_pack), "zipped.mid")
    assert done.returncode == 0, done.stderr
    import gamemusic

    gamemusic.compose(tiny_pack, bars=2, seed=1).save(tmp_path / "plain.mid")
    assert (tmp_path / "zipped.mid").read_bytes() == (tmp_path / "plain.mid").read_bytes()


@pytest.mark.parametrize(
    "words",
    [
        ("compose", "town", "-o", "a.mid"),
        ("compose", "nowhere", "-o", "a.mid"),
        ("compose", "{tiny}", "-o", "a.wav", "--soundfont", "chip"),
        ("moods",),
        ("list",),
        ("play", "town", "--seconds", "1"),
        ("new", "haunted", "--from", "town"),
    ],
    ids=lambda words: words[0],
)
def test_what_needs_its_own_files_says_so(
    words: tuple[str, ...], zipped: Path, tmp_path: Path, tiny_pack: Path
) -> None:
    done = run(zipped, tmp_path, str(zipped), *(word.format(tiny=tiny_pack) for word in words))
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith(f"gamemusic: error: {SAYS} ({zipped})"), done.stderr
    assert TO_DO in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == []


def test_the_library_raises_one_kind(zipped: Path, tmp_path: Path, tiny_pack: Path) -> None:
    code = (
        "import sys, gamemusic\n"
        "for name in ('town', 'nowhere'):\n"
        "    try: gamemusic.compose(name)\n"
        "    except gamemusic.MissingError as error: print(error)\n"
        "from gamemusic.packs.library import list_packs\n"
        "try: list_packs()\n"
        "except gamemusic.MissingError as error: print(error)\n"
        "phrase = gamemusic.compose(sys.argv[1], bars=1, seed=1)\n"
        "try: phrase.render(soundfont='chip')\n"
        "except gamemusic.MissingError as error: print(error)\n"
    )
    done = run(zipped, tmp_path, "-c", code, str(tiny_pack))
    assert done.returncode == 0, done.stderr
    assert [line.startswith(SAYS) and TO_DO in line for line in done.stdout.splitlines()] == [True] * 4, done.stdout


def test_the_doctor_survives_what_it_reports_on(zipped: Path, tmp_path: Path) -> None:
    done = run(zipped, tmp_path, str(zipped), "doctor", "--json")
    assert done.returncode == 1, done.stderr
    findings = {one["name"]: one for one in json.loads(done.stdout)["findings"]}
    assert findings["onnxruntime"]["works"]
    assert not findings["moods"]["works"]
    assert SAYS in findings["moods"]["detail"]
