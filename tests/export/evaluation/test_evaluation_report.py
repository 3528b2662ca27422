"""The evaluation's page: goals with numbers, names for all bins, pictures beside it and nothing that is not there."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from madephrases import noises, tunes

from gamemusic.packs.library import find_pack
from gamemusic_export.evaluation.asks import asks_of
from gamemusic_export.evaluation.distributions import DISTRIBUTIONS
from gamemusic_export.evaluation.features import FeatureSet, featurise
from gamemusic_export.evaluation.figures import Figure, hold_to_goal
from gamemusic_export.evaluation.goals import GOALS, Goal
from gamemusic_export.evaluation.labels import name_bins, name_column, name_feature
from gamemusic_export.evaluation.pictures import draw_recognition, make_panels, make_tables
from gamemusic_export.evaluation.plots import draw_goals
from gamemusic_export.evaluation.recognise import measure_recognition
from gamemusic_export.evaluation.references import Reference
from gamemusic_export.evaluation.report import MoodReport, write_report
from gamemusic_export.evaluation.sets import PhraseSet

ROOT = Path(__file__).parents[3]
MOODS = sorted(path.name for path in (ROOT / "presets").iterdir())


class Page(HTMLParser):
    """The pictures of a page, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.pictures: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            found = dict(attrs)
            assert found["alt"]
            self.pictures.append(found["src"] or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def sets() -> dict[str, FeatureSet]:
    made = {"model": tunes(12, first=500), "5-gram": noises(8), "random": noises(6, first=50), "real": tunes(12)}
    return {name: featurise(phrases) for name, phrases in made.items()}


def recognised(name: str, taken: dict[str, dict[str, int]], labels: list[str]) -> Figure:
    return Figure(name=name, value=0.5, details={"labels": labels, "taken for": taken, "real taken for": taken})


FIGURES = [
    hold_to_goal(Figure(name="likeness", value=0.95, baselines={"5-gram": 0.8, "random": 0.5, "real": 1.0})),
    hold_to_goal(Figure(name="seam, by the model", value=0.1)),
    hold_to_goal(
        Figure(
            name="can a machine tell",
            value=0.9,
            details={"clues": [{"feature": "<b>", "model has": "less", "area": 0.9, "model": 0.1, "real": 0.25}]},
        ),
        void=True,
    ),
    Figure(name="candidates with a fault", value=0.1),
    Figure(name="prediction", value=None, note="needs the corpus"),
    recognised("mood recognised", {"calm": {"calm": 3, "wild": 1}}, ["calm", "wild"]),
]


def test_a_goal_is_a_limit_on_either_side() -> None:
    least, most, times = Goal("", 0.9), Goal("", 0.75, at_most=True), Goal("", 0.6, at_most=True, of="5-gram")
    assert [least.is_met(value, {}) for value in (0.89, 0.9)] == [False, True]
    assert [most.is_met(value, {}) for value in (0.75, 0.76)] == [True, False]
    assert times.find_limit({"5-gram": 5.0}) == 3.0 and times.is_met(3.1, {"5-gram": 5.0}) is False
    assert times.find_limit({}) is times.is_met(1.0, {}) is None
    assert [figure.reached for figure in FIGURES[:4]] == [True, False, None, None]
    upper = hold_to_goal(Figure(name="can a machine tell", value=0.7), value=0.8)
    assert upper.reached is False


@pytest.mark.parametrize("mood", MOODS)
def test_the_cards_have_the_goals_words_and_met_them_as_they_say(mood: str) -> None:
    figures = find_pack(mood).card.measures["evaluation"]
    for name, goal in GOALS.items():
        kept = figures[name]
        assert kept["goal"] == goal.words
        decides = kept["details"]["upper"] if name == "can a machine tell" else kept["value"]
        baselines = {key: kept[key] for key in ("5-gram", "real") if key in kept}
        limit = goal.find_limit(baselines)
        assert (
            limit is None
            or abs(decides - limit) < 1e-4  # a card's figures are rounded
            or goal.is_met(decides, baselines) == kept["reached"]
            or (name == "can a machine tell" and kept["reached"] is None)
        )


def test_every_bin_and_column_has_a_name_of_its_own() -> None:
    for name, bins in DISTRIBUTIONS.items():
        assert len(set(name_bins(name))) == len(name_bins(name)) == bins
    columns = FeatureSet.columns()
    assert len({name_column(column) for column in columns}) == len(columns)
    assert name_column("interval_lead 12") == "interval, lead: 0"
    assert name_column("onset_upper 0") == "onset, lead and counter: 0"
    assert name_column("duration_bass 8") == "duration, bass: 1 1/3"
    assert name_column("pitch_class_bass 11") == "pitch class, bass: 7"
    assert name_feature("similar_pitch_1") == "pitches alike, 1 bar apart"
    assert name_feature("rate_lead") == "notes a quarter note, lead"
    assert name_feature("in_key") == "in key"


def test_panels_hold_shares_of_what_the_real_music_has(sets: dict[str, FeatureSet]) -> None:
    panels = {panel.title: panel for panel in make_panels(sets)}
    assert {"pitch class", "interval, lead", "duration, bass", "polyphony", "notes a quarter note"} <= set(panels)
    assert {"onset, bass", "rhythms alike, 1 bar apart"} <= set(panels)
    assert "onset, drums" not in panels  # nobody drums
    for panel in panels.values():
        assert list(panel.shares) == ["model", "5-gram", "random", "real"]
        for shares in panel.shares.values():
            assert len(shares) == len(panel.bins)
            assert shares.sum() == pytest.approx(1)
    lead = panels["interval, lead"].shares
    assert np.abs(lead["model"] - lead["real"]).sum() < np.abs(lead["random"] - lead["real"]).sum()


def test_what_several_moods_were_taken_for_is_one_table() -> None:
    figures = [
        recognised("mood recognised", {"wild": {"wild": 1, "calm": 1}}, ["calm", "wild"]),
        recognised("style recognised", {"folk": {"folk": 1}}, ["folk", "rock"]),
        recognised("mood recognised", {"calm": {"calm": 4}}, ["calm", "wild"]),
        recognised("style recognised", {"folk": {"rock": 3}}, ["folk", "rock"]),
    ]
    (moods, real), (styles, _) = make_tables(figures)
    assert (moods.rows, moods.columns) == (["calm", "wild"], ["calm", "wild"])
    assert moods.shares.tolist() == real.shares.tolist() == [[1.0, 0.0], [0.5, 0.5]]
    assert styles.shares.tolist() == [[0.25, 0.75]]
    assert "composed" in moods.title and "real" in real.title


def test_nothing_is_drawn_of_what_was_not_measured(tmp_path: Path) -> None:
    nothing = [Figure(name="mood recognised", value=None), Figure(name="variety of hats", value=1.0)]
    assert not draw_goals(nothing, tmp_path / "a.png") and not draw_recognition(nothing, tmp_path / "b.png")
    assert not list(tmp_path.iterdir())


def test_recognition_says_what_each_was_taken_for() -> None:
    pytest.importorskip("sklearn")
    made = {
        "calm": (tunes(12, each=2, style="slow"), tunes(5, first=300, style="slow")),
        "wild": (tunes(12, first=100, each=2, style="fast", busy=True), tunes(5, first=400, style="fast", busy=True)),
    }

    def features(phrases: PhraseSet) -> FeatureSet:
        return featurise(phrases).with_extra("run", [0] * len(phrases.phrases))

    references = {
        mood: Reference(features(real), features(fresh), tuple(asks_of(real.phrases)), "")
        for mood, (real, fresh) in made.items()
    }
    composed = {mood: features(fresh) for mood, (_, fresh) in made.items()}
    found = measure_recognition(composed, references, composed)
    mood, style = found["wild"]
    assert (mood.name, style.name) == ("mood recognised", "style recognised")
    assert mood.details["labels"] == ["calm", "wild"]
    assert mood.details["taken for"] == {"wild": {"wild": 5}} and mood.value == 1.0 and mood.reached
    assert sum(mood.details["real taken for"]["wild"].values()) == 24
    assert mood.note == "among 2; taken for wild 100%"
    assert style.details["taken for"] == {"fast": {"fast": 5}}
    (alone,) = measure_recognition({"wild": composed["wild"]}, {"wild": references["wild"]}, composed)["wild"]
    assert alone.value is None and "another mood" in alone.note


def test_the_page_shows_tables_clues_and_every_picture(tmp_path: Path, sets: dict[str, FeatureSet]) -> None:
    pytest.importorskip("matplotlib")
    rolls = {"the model": tunes(2).phrases, "random weights": noises(1).phrases}
    reports = [MoodReport(mood, FIGURES, sets, rolls) for mood in ("calm", "wild")]
    written = write_report(reports, tmp_path / "report", title="How <good>", about=["A & B"])
    page = Page(written.read_text(encoding="utf-8"))
    kinds = ("goals", "distributions", "recognised", "0", "1")
    assert page.pictures == ["recognised.png", *(f"{mood}-{kind}.png" for mood in ("calm", "wild") for kind in kinds)]
    for name in page.pictures:
        assert (written.parent / name).read_bytes().startswith(b"\x89PNG")
    assert {"How <good>", "A & B", "What gives it away", "<b>", "less", "0.250", "needs the corpus"} <= set(page.words)
    data = json.loads((written.parent / "figures.json").read_text(encoding="utf-8"))
    assert data["calm"]["can a machine tell"]["details"]["clues"][0]["area"] == 0.9
    assert {path.name for path in written.parent.iterdir()} == {*page.pictures, "index.html", "figures.json"}
    # one mood alone has no table of all
    alone = write_report(reports[:1], tmp_path / "alone", title="One", about=[])
    assert not (alone.parent / "recognised.png").exists()
