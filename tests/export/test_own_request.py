"""What is asked of training is checked before any of it is begun; the command shows what can be asked."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

pytest.importorskip("torch")

from gamemusic.cli.main import main, make_parser

ROOT = Path(__file__).parents[2]
STAGES = ("prepare", "judge", "ngram", "trials", "notice", "--recipes", "--work")


def _command(name: str) -> argparse.ArgumentParser:
    commands = next(action for action in make_parser()._actions if isinstance(action, argparse._SubParsersAction))
    parser: argparse.ArgumentParser = commands.choices[name]
    return parser


def test_help_shows_what_a_modder_can_ask(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["train", "haunted", "--help"])
    assert left.value.code == 0
    said = capsys.readouterr().out
    for option in (
        "FOLDER",
        "--midi DIR",
        "--style NAME",
        "--token KIND",
        "--roles FILE",
        "--updates N",
        "--threads N",
    ):
        assert option in said
    assert not [word for word in STAGES if word in said]
    assert "python -m gamemusic_export" in said


def test_all_options_stand_in_the_docs() -> None:
    text = (ROOT / "docs" / "modding.md").read_text("utf-8")
    for action in _command("train")._actions:
        for option in action.option_strings:
            assert option in ("-h", "--help") or f"`{option}" in text, f"{option} is not in docs/modding.md"


def test_stages_of_shipped_moods_are_another_command(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["train", "prepare", "corpus"])
    assert left.value.code == 2
    assert "--midi" in capsys.readouterr().err
    from gamemusic_export.command import main as stages

    with pytest.raises(SystemExit) as left:
        stages(["haunted", "--midi", "my_midis"])
    assert left.value.code == 2


@pytest.mark.parametrize(
    ("words", "option", "reason"),
    [
        (["--style", "Gothic"], "--style", "'Gothic' is no name of a style, expected a name of small letters"),
        (["--style", "null"], "--style", "null"),
        (["--style", "true"], "--style", "means something else in YAML"),
        (["--style", "1e3"], "--style", "is no name of a style"),
        (["--style", "x:y"], "--style", "is no name of a style"),
        (["--style", "a: {b"], "--style", "is no name of a style"),
        (["--style", "a\n  b"], "--style", "is no name of a style"),
        (["--style", "a" * 33], "--style", "at most 32"),
        (["--style", "\udc80"], "--style", "is no name of a style"),
        (["--style", "gothic", "--keep-preset"], "--style", "lets none be added"),
        (["--style", "gothic", "--token", "polka"], "--token", "it is one of chamber, early"),
        (["--style", "chamber", "--token", "rock"], "--token", "leave --token out"),
        (["--author", "x" * 3000], "--author", "text of 0 to 200 characters"),
        (["--author", "Ann\nBob"], "--author", "in one line"),
        (["--author", "\udcff"], "--author", "cannot be written into the mood's card"),
        (["--licence", "x" * 201], "--licence", "text of 0 to 200 characters"),
        (["--licence", "CC0 AND " * 24], "--licence", "text of 0 to 200 characters"),
        (["--show-roles", "nowhere/roles.yaml"], "folder nowhere", "does not exist"),
    ],
)
def test_what_cannot_be_written_is_refused_before_work(
    words: list[str],
    option: str,
    reason: str,
    small: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def work(*_: object, **__: object) -> None:
        raise AssertionError("something was read or trained")

    monkeypatch.setattr("gamemusic_export.own_command.study", work)
    before = {path.name: path.read_bytes() for path in small.iterdir()}
    assert main(["train", "small", "--midi", ".", *words]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"gamemusic: error: {option}")
    assert reason in said
    assert {path.name: path.read_bytes() for path in small.iterdir()} == before


def test_a_preset_with_no_room_for_a_style(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    preset = small / "preset.yaml"
    text = preset.read_text("utf-8")
    last = text[text.index("  rock:") :]
    preset.write_text(text + "".join(last.replace("rock:", f"rock_{n}:\n    token: rock") for n in range(14)), "utf-8")
    assert main(["train", "small", "--midi", ".", "--style", "gothic"]) == 1
    assert "--style: 'gothic' cannot be added" in capsys.readouterr().err


def test_a_card_that_is_full_already(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = small / "card.json"
    content = json.loads(card.read_text("utf-8"))
    content["attribution"] = [{"name": f"source {number}"} for number in range(500)]
    card.write_text(json.dumps(content), "utf-8")
    assert main(["train", "small", "--midi", "."]) == 1
    assert "the card: this cannot be written into the mood's card" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--updates", "0"),
        ("--updates", "-5"),
        ("--updates", "1e3"),
        ("--updates", "9" * 30),
        ("--seed", "-1"),
        ("--seed", "\u0663"),
        ("--threads", "-1"),
        ("--threads", "1.5"),
    ],
)
def test_numbers_have_a_range(option: str, value: str, alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["train", "x", "--midi", ".", option, value])
    assert left.value.code == 2
    assert f"argument {option}: found" in capsys.readouterr().err
