"""What `make` installs is written down to the version, and is what pyproject.toml asks for."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PINNED, LOWEST = "constraints.txt", "constraints-lowest.txt"
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
SYSTEMS = (("linux", "posix", "Linux"), ("win32", "nt", "Windows"), ("darwin", "posix", "Darwin"))
REMADE = "run: make constraints"


def read_project(root: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    project: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    return project


def read_lines(path: Path) -> list[Requirement]:
    lines = path.read_text("utf-8").splitlines()
    return [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]


def required(root: Path) -> list[Requirement]:
    """Return what anything of this repository asks for, but torch, which the Makefile pins."""
    project = read_project(root)
    extras = itertools.chain(*project["project"]["optional-dependencies"].values())
    texts = [*project["project"]["dependencies"], *extras, *project["build-system"]["requires"]]
    found = [Requirement(text) for text in texts]
    found += read_lines(root / "benchmarks" / "requirements.txt") + read_lines(root / ".ci" / "build.txt")
    return [one for one in found if one.name != "torch"]


def machines() -> Iterator[dict[str, str]]:
    for python, (platform, name, system) in itertools.product(PYTHONS, SYSTEMS):
        yield {
            "python_version": python,
            "python_full_version": f"{python}.1",
            "sys_platform": platform,
            "os_name": name,
            "platform_system": system,
            "platform_machine": "x86_64",
            "platform_python_implementation": "CPython",
            "implementation_name": "cpython",
        }


def versions(lines: list[Requirement], machine: dict[str, str]) -> dict[str, str]:
    """Return the version of each package there."""
    found: dict[str, str] = {}
    for line in lines:
        if line.marker is None or line.marker.evaluate({**machine, "extra": ""}):
            (exact,) = line.specifier
            assert exact.operator == "==", line
            assert canonicalize_name(line.name) not in found, line
            found[canonicalize_name(line.name)] = exact.version
    return found


@pytest.mark.parametrize("file", [PINNED, LOWEST])
def test_every_requirement_has_one_version_everywhere(file: str, root: Path) -> None:
    lines, asked = read_lines(root / ".ci" / file), required(root)
    for machine in machines():
        given = versions(lines, machine)
        for one in asked:
            assert canonicalize_name(one.name) in given, f"{one.name} has no version in {file}; {REMADE}"
            version = given[canonicalize_name(one.name)]
            assert one.specifier.contains(version, prereleases=True), f"{one} is not {version} in {file}; {REMADE}"


def test_the_lowest_are_the_lower_bounds(root: Path) -> None:
    """So that no bound is lower than what was run; where two differ, as for an extra and the tests, the higher one."""
    lines = read_lines(root / ".ci" / LOWEST)
    for one in required(root):
        bounds = [spec.version for spec in one.specifier if spec.operator == ">="]
        assert bounds, f"{one} has no lower bound"
        for machine in machines():
            given = Requirement(f"x=={versions(lines, machine)[canonicalize_name(one.name)]}").specifier
            assert given.contains(bounds[0]), f"{one} is{given} in {LOWEST}; {REMADE}, or raise the bound"


@pytest.mark.parametrize("file", [PINNED, LOWEST])
def test_the_files_name_no_place_and_bring_no_cuda(file: str, root: Path) -> None:
    text = (root / ".ci" / file).read_text("utf-8")
    assert re.search(r"://|--|sha256| @ ", text) is None
    assert re.search(r"(?m)^(torch|triton|nvidia|cuda)", text) is None


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
@pytest.mark.parametrize(
    ("mode", "folder", "file"),
    [("", ".venv", PINNED), ("LOWEST=1", ".venv-lowest", LOWEST), ("LATEST=1", ".venv-latest", "")],
)
def test_make_installs_by_them(mode: str, folder: str, file: str, root: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not re.match("PIP_|MAKE|LATEST|LOWEST", name)}
    command = ["make", "-pn", f"PYTHON={sys.executable}", *mode.split(), "clean"]
    done = subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True, text=True)
    values = dict(re.findall(r"(?m)^(PIP\w*|VENV|TORCH) :?\??= (.*)$", done.stdout))
    assert values["VENV"] == folder
    assert re.fullmatch(r"torch==[\d.]+", values["TORCH"])
    for name in ("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"):
        if file:
            assert Path(unquote(urlsplit(values[name]).path)) == root / ".ci" / file
        else:
            assert name not in values


@pytest.mark.skipif(not os.environ.get("PIP_CONSTRAINT", "").startswith("file:"), reason="not started by make")
def test_what_is_installed_is_what_they_say() -> None:
    path = Path(unquote(urlsplit(os.environ["PIP_CONSTRAINT"]).path))
    here = [line for line in read_lines(path) if line.marker is None or line.marker.evaluate()]
    given = {canonicalize_name(line.name): line.specifier for line in here}
    found = {canonicalize_name(one.metadata["Name"]): one.version for one in distributions()}
    ours = {name: version for name, version in found.items() if name in given and name != "setuptools"}
    assert len(ours) > 20
    assert {name: version for name, version in ours.items() if not given[name].contains(version)} == {}
