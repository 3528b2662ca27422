"""Benchmarks run, and no table of theirs is older than it says."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # they are in no package that is installed

from benchmarks.common import NOT_RUN, Row  # noqa: E402
from benchmarks.fingerprint import PARTS, changed_parts, fingerprint  # noqa: E402
from benchmarks.run import BENCHMARKS, describe_machine, run_one, write_page  # noqa: E402
from benchmarks.steps import BareLoop, open_composer  # noqa: E402
from benchmarks.tables import PAGES, find_missed, read_results, update_page, write_section  # noqa: E402
from gamemusic.tokens.vocabulary import FEATURES  # noqa: E402

QUICK = ("compose", "keras_predict", "coldstart", "memory", "training")
RESULTS = {"README.md": ["results.md", "results-live.md"], "docs/bake.md": ["results-bake.md"]}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in BENCHMARKS]
)
def test_every_benchmark_runs(name: str) -> None:
    rows = run_one(name, quick=True)
    assert rows
    for row in rows:
        assert row.benchmark == name
        assert not row.note.startswith("failed"), row.note
        assert row.ours is not None or row.note.startswith(NOT_RUN), row


def test_the_bare_loop_takes_batches_of_several_sizes() -> None:
    # as composing does: harmony is planned in a smaller batch than notes are composed in
    composer, _ = open_composer()
    BareLoop(composer.pack.model).run([np.zeros((size, len(FEATURES)), np.int64) for size in (4, 4, 8, 8, 1)])


@pytest.mark.parametrize("name", PAGES)
def test_the_documents_show_what_was_measured_and_say_what_changed_since(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    for results in RESULTS[name]:
        assert page.count(f"<!-- benchmarks/{results} -->\nMeasured on ") == 1
    assert update_page(page, ROOT, fingerprint(ROOT)) == page, (
        "what these figures depend on has changed; run: python -m benchmarks.tables (it measures nothing, and takes a "
        "second), and commit what it writes"
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what figures depend on."""
    for patterns in PARTS.values():
        for path in {path for pattern in patterns for path in ROOT.glob(pattern)}:
            target = tmp_path / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "part"),
    [
        ("gamemusic/composer/judge.py", "the composer"),
        ("gamemusic/tokens/grammar.py", "the composer"),
        ("gamemusic/arranger/figures.py", "the arranger"),
        ("gamemusic/audio/loops.py", "rendering"),
        ("gamemusic/director/deck.py", "the director"),
        ("gamemusic/soundtrack/maker.py", "baking"),
        ("presets/tavern/preset.yaml", "the moods"),
        ("presets/tavern/model.onnx", "the moods"),
    ],
)
def test_what_changed_is_named(checkout: Path, file: str, part: str) -> None:
    before = fingerprint(checkout)
    assert before == fingerprint(ROOT)
    assert changed_parts(before, before) == []
    (checkout / file).write_bytes((checkout / file).read_bytes() + b"#\n")
    assert changed_parts(before, fingerprint(checkout)) == [part]


def test_a_new_file_and_the_vocabulary_are_noticed(checkout: Path) -> None:
    before = fingerprint(checkout)
    (checkout / "gamemusic/arranger/extra.py").write_bytes(b"")
    assert changed_parts(before, fingerprint(checkout)) == ["the arranger"]
    vocabulary = checkout / "gamemusic/tokens/vocabulary.py"
    vocabulary.write_bytes(vocabulary.read_bytes().replace(b"\n", b"\r\n"))  # as checkouts on Windows have it
    assert changed_parts(before, fingerprint(checkout)) == ["the arranger"]
    vocabulary.write_bytes(b"")
    assert changed_parts(before, fingerprint(checkout)) == ["the vocabulary", "the composer", "the arranger"]


def test_a_page_that_was_measured_just_now_is_not_called_older() -> None:
    row = Row(benchmark="x", what="a thing", unit="ms", ours=2.0, reference=1.0, ratio=2.0, goal="<= 1.5", note="n")
    results = read_results(write_page([row], describe_machine()))
    now = fingerprint(ROOT)
    section = write_section(results, now)
    assert section.startswith(f"Measured on {results.date} at commit {results.commit}.\n")
    assert "Older than the product" not in section
    assert "| a thing | 2.00 ms |" in section
    assert section.endswith("Missed: a thing (2.00, goal ≤ 1.5).\n")
    older = write_section(results, {**now, "the moods": "0" * 12, "rendering": "1" * 12})
    assert "**Older than the product: rendering and the moods have changed since" in older


def test_missed_goals_are_found() -> None:
    def row(ours: str, ratio: str, goal: str) -> dict[str, str]:
        return {"what": f"{ours} {ratio} {goal}", "ours": ours, "ratio": ratio, "goal": goal}

    met = [row("1,325 µs", "**1.25**", "≤ 1.25"), row("198 MB", "", "≤ 200 MB"), row("-17.4 MB an hour", "", "≤ 1")]
    met += [
        row("0.87 s", "", "< 2"),
        row("100 %", "", "≥ 99 %"),
        row("0", "", "0"),
        row("5", "", ""),
        row("", "", "≤ 1"),
    ]
    missed = [row("1 µs", "**1.39**", "≤ 1.25"), row("1,300 MB", "", "≤ 200 MB"), row("2.00 s", "", "< 2")]
    missed += [row("98 %", "", "≥ 99 %"), row("2.00", "", "0")]
    assert find_missed(met) == []
    assert len(find_missed(missed)) == len(missed)


@pytest.mark.parametrize("lost", ["# Measured on", "At commit", "<!-- fingerprint"])
def test_a_page_that_does_not_say_where_it_is_from_is_refused(lost: str) -> None:
    page = write_page([], describe_machine())
    read_results(page)
    with pytest.raises(ValueError, match="measure again"):
        read_results("\n".join(line for line in page.splitlines() if not line.startswith(lost)))
