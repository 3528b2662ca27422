"""`gamemusic evaluate`: figures, references, tables and the report."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gamemusic.cli.main import main
from gamemusic.errors import InputError
from gamemusic.packs.library import find_pack
from gamemusic_export.evaluation.figures import Figure, figures_to_dict, print_table
from gamemusic_export.evaluation.references import load_reference
from gamemusic_export.evaluation.summary import summarise_cards

ROOT = Path(__file__).parents[3]
MOODS = sorted(path.name for path in (ROOT / "presets").iterdir())
MEASURES = (
    "prediction",
    "style token",
    "likeness",
    "can a machine tell",
    "structure",
    "harmony",
    "seam, by the model",
    "seam, by the judge",
    "originality",
    "variety",
    "intensity, notes",
    "intensity, velocity",
    "mood recognised",
    "style recognised",
)


@pytest.mark.parametrize("mood", MOODS)
def test_every_shipped_mood_has_a_reference_and_a_measured_card(mood: str) -> None:
    reference, pack = load_reference(mood), find_pack(mood)
    tokens = {style.token for style in pack.preset.styles.values()}
    assert len(reference.real) >= 20 and len(reference.ngram) == len(reference.asks) >= 100
    assert {ask.style for ask in reference.asks} <= tokens
    assert set(reference.real.styles) <= tokens and set(reference.real.moods) == {mood}
    figures = pack.card.measures["evaluation"]
    for name in MEASURES:
        assert isinstance(figures[name]["value"], float | int), name
        assert figures[name]["goal"]
    assert set(figures["prediction"]["details"]) == {"model", "base", "5-gram", "5-gram of tokens alone"}
    # the control of all of it: what was never trained does worse
    for name in ("likeness", "harmony"):
        assert figures[name]["value"] > figures[name]["random"] + 0.1
    assert figures["likeness"]["value"] > figures["likeness"]["5-gram"]


def test_the_readme_shows_what_the_cards_say() -> None:
    table = summarise_cards([find_pack(mood) for mood in MOODS])
    assert table in (ROOT / "README.md").read_text(encoding="utf-8")
    assert table.count("\n") == len(MOODS) + 1


def test_the_summary_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--summary", "explore"]) == 0
    assert capsys.readouterr().out.splitlines()[2].startswith("| explore | ")


def test_a_mood_without_a_reference_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="no reference for 'explore'; make one with: gamemusic evaluate explore --corpus"
    ):
        load_reference("explore", tmp_path)


def test_figures_are_rounded_and_told() -> None:
    figures = [
        Figure(
            name="a", value=0.123456, goal="more", reached=False, baselines={"random": 1.0}, details={"x": [0.55556]}
        ),
        Figure(name="b", value=None, note="void"),
    ]
    assert figures_to_dict(figures) == {
        "a": {"value": 0.1235, "goal": "more", "reached": False, "random": 1.0, "details": {"x": [0.5556]}},
        "b": {"value": None, "note": "void"},
    }
    lines = print_table(figures).splitlines()
    assert lines[1].split() == ["a", "0.123", "-", "1.000", "-", "more", "no"]
    assert lines[2].split() == ["b", "-", "-", "-", "-", "-", "void"]


@pytest.mark.slow
def test_a_mood_is_measured_from_the_commit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Few phrases, but all of it: sets, baselines, figures, JSON, pictures and page."""
    for library in ("torch", "sklearn", "matplotlib"):
        pytest.importorskip(library)
    assert main(["evaluate", "sorrow", "--phrases", "24", "--json", "-o", str(tmp_path / "report")]) == 0
    figures = json.loads(capsys.readouterr().out)["sorrow"]
    assert set(MEASURES) <= set(figures)
    kept = find_pack("sorrow").card.measures["evaluation"]
    assert figures["prediction"] == kept["prediction"]  # from the card: it needs the corpus
    assert figures["likeness"]["5-gram"] == kept["likeness"]["5-gram"]  # from the committed reference
    assert figures["likeness"]["value"] > figures["likeness"]["random"]
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    HTMLParser().feed(page)
    assert "sorrow" in page and (tmp_path / "report" / "sorrow-0.png").read_bytes().startswith(b"\x89PNG")
    clues = figures["can a machine tell"]["details"]["clues"]
    assert len(clues) == 10 and clues[0]["feature"] in page and clues[0]["model has"] in ("more", "less")
    assert sum(figures["mood recognised"]["details"]["taken for"]["sorrow"].values()) == 24
    for picture in ("goals", "distributions", "recognised"):
        assert (tmp_path / "report" / f"sorrow-{picture}.png").read_bytes().startswith(b"\x89PNG")


def test_too_few_phrases_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for library in ("torch", "sklearn", "matplotlib"):
        pytest.importorskip(library)
    assert main(["evaluate", "sorrow", "--phrases", "3"]) == 1
    assert "at least 10 phrases" in capsys.readouterr().err
