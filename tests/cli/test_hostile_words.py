"""Every option of every command with hostile words: it works, or says in one line what is wrong; never a traceback."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from gamemusic.cli.main import main, make_parser

TINY = Path(__file__).parents[1] / "data" / "tiny_pack"
WORDS = [
    *(
        "",
        " ",
        "0",
        "-1",
        "1e400",
        "nan",
        "inf",
        "9" * 400,
        "9" * 5000,
        "1_0",
        "٣",
        "x",
        "a" * 300,
        "~nosuchuser/x.mid",
    ),
    *("\udcff", "\udcff.mid", "../..", "/dev/zero", "con.mid", "\n", "\x1b[31m", "--", "a/" * 3000, ".mid", "nul"),
]
USUAL: dict[str, list[str]] = {
    "compose": [str(TINY), "--bars", "1", "--seed", "1", "-o", "a.mid"],
    "bake": ["music.yaml", "-o", "out", "--dry-run"],
    "check": [str(TINY)],
    "pick": ["music.yaml", "a", "2"],
    "new": ["haunted", "--from", str(TINY)],
    "pack": ["mine"],
    "install": ["mine"],
    "remove": ["nix"],
    "list": [],
    "moods": [],
    "schema": [],
}
"""What each command is called with; those that train, play or evaluate have tests of their own."""
SLOW = {("bake", "--jobs"), ("bake", "--cluster"), ("compose", "--watch")}


def commands() -> dict[str, argparse.ArgumentParser]:
    parser = make_parser()
    choices = next(one for one in parser._actions if isinstance(one, argparse._SubParsersAction)).choices
    return dict(choices)


@pytest.fixture(autouse=True)
def _game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gamemusic.packs.library.user_dir", lambda: tmp_path / "moods")
    monkeypatch.setattr(
        "gamemusic.packs.library.shipped_dir", lambda: None
    )  # reading ten moods again and again is slow
    Path("music.yaml").write_text(f"formats: [midi]\ncues:\n  a: {{mood: {TINY}/, bars: 1}}\n", encoding="utf-8")


def run(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = main(words)
    except SystemExit as left:  # argparse's own
        status = int(left.code or 0)
    said = capsys.readouterr().err
    assert status in (0, 1, 2), words
    if status == 1 and said:
        assert said.startswith("gamemusic: error: "), said
        assert said.count("\n") == 1, said
        assert len(said) < 10_000


@pytest.mark.parametrize("command", USUAL)
def test_hostile_words_in_every_place(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = commands()[command]
    options = [one.option_strings[-1] for one in parser._actions if one.option_strings and one.nargs != 0]
    usual = USUAL[command]
    for word in WORDS:
        for option in options:
            if (command, option) not in SLOW:
                run([command, *usual, f"{option}={word}"], capsys)
        for place in range(len(usual)):
            if not usual[place].startswith("-") and (not place or not usual[place - 1].startswith("-")):
                run([command, *usual[:place], word, *usual[place + 1 :]], capsys)


def test_all_commands_are_tried_or_known_not_to_be() -> None:
    assert set(commands()) - set(USUAL) == {"play", "train", "evaluate", "doctor"}
