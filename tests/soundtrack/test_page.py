"""The page of a baked folder: nothing comes from outside; in a browser it plays, loops and complains of nothing."""

from __future__ import annotations

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from browser import Page, open_page

from gamemusic.soundtrack import page
from gamemusic.soundtrack.bake import bake
from gamemusic.soundtrack.folder import Folder, lock_folder
from gamemusic.soundtrack.manifest import read_manifest
from gamemusic.soundtrack.page import draw_page

YAML = """\
title: Grey & <b>water</b>
author: Ann
formats: [ogg, wav, midi]
sample_rate: 22050
soundfont: chip
defaults: {mood: MOOD, bars: 1, tempo: 180}
groups:
  fights: {stems: true}
  silent: {formats: [midi]}
cues:
  day: {style: chamber, intensity: [0.3, 0.9]}
  fight: {style: rock, group: fights}
  march: {style: rock, intro: 1, intro_inside: true}
  end: {ending: cadence}
  quiet: {group: silent}
transitions:
  alarm: {start: day, end: fight}
stingers:
  chest: {cue: day, kind: found}
"""


@pytest.fixture(scope="module")
def baked(tiny_pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    (folder / "track.yaml").write_text(YAML.replace("MOOD", str(tiny_pack)), encoding="utf-8")
    assert bake(folder / "track.yaml", folder / "out", takes=2).failed == []
    return folder / "out"


def draw(baked: Path, **changes: Any) -> str:
    manifest = {**read_manifest(baked), **changes}
    with lock_folder(baked):
        folder = Folder(baked)
        sketches = {piece["name"]: folder.sketch(piece["name"]) for piece in manifest["pieces"]}
    return draw_page(manifest, sketches, baked).decode()


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.identifiers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            if name == "id" and value:
                self.identifiers.append(value)


def test_the_bake_writes_it_and_it_is_always_the_same(baked: Path) -> None:
    assert (baked / "index.html").read_text(encoding="utf-8") == draw(baked) == draw(baked)


def test_links_lead_to_files_that_are_there(baked: Path) -> None:
    found = Links()
    found.feed(draw(baked))
    files = [unquote(link) for link in found.links if not link.startswith(("#", "data:"))]
    named = [file["file"] for piece in read_manifest(baked)["pieces"] for file in piece["files"]]
    assert sorted(files) == sorted(named)
    assert all((baked / file).is_file() for file in files)
    assert all(link[1:] in found.identifiers for link in found.links if link.startswith("#"))
    assert len(set(found.identifiers)) == len(found.identifiers)


def test_nothing_comes_from_outside(baked: Path) -> None:
    text = draw(baked)
    assert not re.search(r"(?i)https?://(?!www\.w3\.org)", re.sub(r'"disclosure[^\n]*', "", text))
    assert "<link" not in text.replace('<link rel="icon" href="data:,">', "")


def test_names_cannot_become_markup(baked: Path) -> None:
    evil = '</script><script>alert(1)</script><img src=x onerror=alert(1)>"'
    pieces = [
        {**piece, "name": evil, "mood": evil, "key": evil, "take_of": ""} for piece in read_manifest(baked)["pieces"]
    ]
    clean, dirty = Links(), Links()
    clean.feed(draw(baked))
    dirty.feed(draw_page({"title": evil, "author": evil, "pieces": pieces}, {}, baked).decode())
    assert dirty.tags.count("script") == clean.tags.count("script") == 2
    assert "img" not in dirty.tags


def test_what_is_too_large_stays_outside(baked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = draw(baked)
    monkeypatch.setattr(page, "MOST_EMBEDDED", 9000)
    part = draw(baked)
    assert '"data":null' in part
    assert '"data":null' not in whole
    assert "too large to be inside this page" in part
    assert len(part) < len(whole)


@pytest.mark.parametrize("name", ["../secret.ogg", "/secret.ogg", "//evil.example/a.ogg", "javascript:alert(1)", ".."])
def test_files_elsewhere_are_neither_read_nor_linked(name: str, tmp_path: Path, baked: Path) -> None:
    (tmp_path / "secret.ogg").write_bytes(b"secret" * 9)
    (tmp_path / "in").mkdir()
    piece = next(piece for piece in read_manifest(baked)["pieces"] if piece["name"] == "fight")
    for wanted in (name, str(tmp_path / "secret.ogg")):
        files = [{**file, "file": wanted} for file in piece["files"]]
        text = draw_page({"pieces": [{**piece, "files": files}]}, {}, tmp_path / "in").decode()
        assert '"data":' not in text
        assert " download>" not in text
    files = [file for file in piece["files"] if file["format"] == "ogg"]  # as it is, for comparison
    assert '"data":"' in draw_page({"pieces": [{**piece, "files": files}]}, {}, baked).decode()


def test_a_command_to_copy_is_one_word_a_name(baked: Path) -> None:
    piece = {**read_manifest(baked)["pieces"][0], "take_of": "a; rm -rf ~", "take": 2}
    assert "gamemusic pick &#x27;a; rm -rf ~&#x27; 2<" in draw_page({"pieces": [piece]}, {}, baked).decode()


def article(text: str, name: str) -> str:
    return next(part for part in text.split("<article ") if f">{name} <small>" in part)


def test_facts_are_said(baked: Path) -> None:
    text = draw(baked)
    day, chest, quiet = (article(text, name) for name in ("day", "chest", "quiet"))
    for term in ("mood", "key", "tempo", "bars", "intensity", "seed", "seam", "loudness", "true peak"):
        assert f"<dt>{term}</dt>" in day
    assert "lower is smoother" in day
    assert "<dd>0.3, 0.9</dd>" in day
    assert "<dt>seam</dt>" not in chest  # it is heard once
    assert "<small>stinger</small>" in chest
    assert "Only MIDI was baked." in quiet
    assert "data-play" not in quiet
    assert "Only MIDI was baked." not in day


def test_takes_say_how_they_are_picked(baked: Path) -> None:
    assert "gamemusic pick fight 2" in draw(baked)


# in a browser ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["file", "http"])
def address(request: pytest.FixtureRequest, baked: Path) -> Iterator[str]:
    if request.param == "file":
        yield (baked / "index.html").as_uri()
        return
    handler = functools.partial(_Quiet, directory=str(baked))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def press(tab: Page, name: str, selector: str) -> None:
    tab.run(
        "[...document.querySelectorAll('article')].find((one) => one.querySelector('h2').firstChild.textContent.trim() "
        f"=== '{name}').querySelector('{selector}').click()"
    )


def test_it_plays_and_loops_without_a_complaint(address: str, tmp_path: Path) -> None:
    with open_page(address, tmp_path) as tab:
        press(tab, "fight", "[data-play]")
        tab.wait("gamemusic.state().name === 'fight' && gamemusic.state().peak > 0.001")
        tab.wait("gamemusic.state().passes >= 2 && gamemusic.state().peak > 0.001")
        assert tab.run("gamemusic.state().position") < 1.34  # a bar at 180
        press(tab, "fight", "[data-play]")
        tab.wait("gamemusic.state().name === null")
        assert tab.errors == []


STARTS = """(() => {
  window.starts = [];
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (when, offset) {
    window.starts.push({ when, offset, loop: this.loop, end: this.loopEnd });
    start.call(this, when, offset);
  };
})()"""


def test_levels_change_in_place_and_endings_end(address: str, baked: Path, tmp_path: Path) -> None:
    files = {file["file"]: file for piece in read_manifest(baked)["pieces"] for file in piece["files"]}
    with open_page(address, tmp_path) as tab:
        tab.run(STARTS)
        press(tab, "day", "[data-play]")
        tab.wait("gamemusic.state().passes >= 1")
        press(tab, "day", '[data-level="0"]')
        tab.wait("gamemusic.state().level === 0")
        assert tab.run("gamemusic.state().passes") >= 1
        first, second = tab.run("window.starts")
        assert first["loop"]
        assert second["loop"]
        assert first["end"] == second["end"] == pytest.approx(files["day-i90.ogg"]["loop"]["end_seconds"], abs=1e-9)
        assert second["offset"] == pytest.approx((second["when"] - first["when"]) % first["end"], abs=1e-6)
        press(tab, "march", "[data-play]")
        tab.wait(
            "gamemusic.state().name === 'march' && gamemusic.state().passes >= 1 && gamemusic.state().peak > 0.001", 30
        )
        press(tab, "end", "[data-play]")
        tab.wait("gamemusic.state().name === 'end'")
        assert not tab.run("window.starts.at(-1).loop")
        tab.wait("gamemusic.state().name === null", 30)
        assert tab.errors == []


LENGTHS = """(async () => {
  const wrong = [];
  for (const piece of JSON.parse(document.getElementById("pieces").textContent)) for (const sound of piece.sounds) {
    const bytes = Uint8Array.from(atob(sound.data), (letter) => letter.charCodeAt(0)).buffer;
    const buffer = await new OfflineAudioContext(2, 1, sound.rate).decodeAudioData(bytes);
    if (buffer.length !== Math.round(sound.seconds * sound.rate)) wrong.push(sound.file);
  }
  return wrong;
})()"""


def test_the_browser_decodes_as_many_frames_as_were_written(baked: Path, tmp_path: Path) -> None:
    with open_page((baked / "index.html").as_uri(), tmp_path) as tab:
        assert tab.run(LENGTHS) == []  # so a loop's end is where the manifest says


DRAWN = """(() => {
  const c = document.querySelector("canvas");
  return c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some((value) => value > 0);
})()"""
FILTER = """(() => {
  const field = document.getElementById("filter");
  field.value = "fight";
  field.dispatchEvent(new Event("input"));
})()"""


def test_the_filter_and_the_pictures(address: str, tmp_path: Path) -> None:
    with open_page(address, tmp_path, width=400) as tab:
        tab.wait("document.querySelector('canvas').width > 100")
        assert tab.wait(DRAWN)
        tab.run(FILTER)
        shown = tab.run("[...document.querySelectorAll('article')].filter((one) => !one.hidden).length")
        assert 0 < shown < 9
        assert tab.run("document.documentElement.scrollWidth") <= 400
        assert tab.errors == []


def test_damage_is_noticed(baked: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.html"
    text = (baked / "index.html").read_text(encoding="utf-8")
    broken.write_text(re.sub(r'"data":"[^"]{40}', '"data":"' + "A" * 40, text), encoding="utf-8")
    with open_page(broken.as_uri(), tmp_path / "profile") as tab:
        press(tab, "fight", "[data-play]")
        tab.wait("gamemusic.state().error !== ''")
        assert tab.errors


def test_what_is_outside_is_played_from_its_file(
    baked: Path, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "MOST_EMBEDDED", 0)
    (baked / "outside.html").write_text(draw(baked), encoding="utf-8")
    try:
        with open_page(address.replace("index.html", "outside.html"), tmp_path) as tab:
            press(tab, "day", "[data-play]")
            tab.wait("gamemusic.state().name === 'day' && gamemusic.state().position > 0.5")
            press(tab, "day", '[data-level="0"]')
            tab.wait("gamemusic.state().level === 0")
            tab.wait("gamemusic.state().passes >= 1")
            press(tab, "march", "[data-play]")  # its loop is not the whole file
            tab.wait("gamemusic.state().name === 'march' && gamemusic.state().passes >= 1", 40)
            press(tab, "end", "[data-play]")
            tab.wait("gamemusic.state().name === 'end'")
            tab.wait("gamemusic.state().name === null", 30)
            assert tab.errors == []
    finally:
        (baked / "outside.html").unlink()


def test_a_file_that_is_gone_is_named(baked: Path, address: str, tmp_path: Path) -> None:
    text = draw(baked)
    (baked / "gone.html").write_text(
        re.sub(r'"file":"fight.ogg"(.*?)"data":"[^"]*"', r'"file":"gone.ogg"\1"data":null', text), encoding="utf-8"
    )
    try:
        with open_page(address.replace("index.html", "gone.html"), tmp_path) as tab:
            press(tab, "fight", "[data-play]")
            tab.wait("gamemusic.state().error !== ''")
            assert "fight cannot be played" in tab.run("document.getElementById('now').textContent")
            assert tab.run("gamemusic.state().name") is None
    finally:
        (baked / "gone.html").unlink()


def test_a_hostile_manifest_runs_nothing(baked: Path, tmp_path: Path) -> None:
    evil = '</script><script>window.ran = 1</script><img src=x onerror="window.ran = 1">'
    pieces = [{**piece, "name": f"{evil}{index}"} for index, piece in enumerate(read_manifest(baked)["pieces"])]
    hostile = baked / "hostile.html"
    hostile.write_bytes(draw_page({"title": evil, "author": evil, "pieces": pieces}, {}, baked))
    try:
        with open_page(hostile.as_uri(), tmp_path) as tab:
            assert tab.run("document.title") == evil
            tab.run("document.querySelector('[data-play]').click()")
            tab.wait("gamemusic.state().peak > 0.001")
            assert tab.run("window.ran === undefined")
            assert tab.errors == []
            # and were one mark not escaped, the page's policy would still not let it run
            tab.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">')")
            tab.wait("document.images.length === 1")
            assert tab.run("new Promise((done) => setTimeout(() => done(window.ran === undefined), 200))")
            assert any("Content Security Policy" in error for error in tab.errors)
    finally:
        hostile.unlink()


SCROLL = """(async () => {
  const drawn = () => [...document.querySelectorAll("canvas")].filter((one) => one.width > 300).length;
  let most = 0;
  for (let y = 0; y < document.body.scrollHeight; y += 20000) {
    scrollTo(0, y);
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    most = Math.max(most, drawn());
  }
  return most;
})()"""


def test_a_thousand_pieces(baked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "MOST_EMBEDDED", 1 << 20)
    with lock_folder(baked):
        sketch = Folder(baked).sketch("fight")
    fight = next(piece for piece in read_manifest(baked)["pieces"] if piece["name"] == "fight")
    pieces = [{**fight, "name": f"piece_{number:03d}"} for number in range(1000)]
    path = tmp_path / "many.html"
    path.write_bytes(draw_page({"pieces": pieces}, {piece["name"]: sketch for piece in pieces}, baked))
    with open_page(path.as_uri(), tmp_path / "profile") as tab:
        assert 0 < tab.run(SCROLL) < 40  # pictures that are far away take no memory
        tab.run(FILTER.replace("fight", "piece_77"))
        assert tab.run("[...document.querySelectorAll('article')].filter((one) => !one.hidden).length") == 10
        assert tab.run("document.getElementById('found').textContent") == "10 of 1000"
        press(tab, "piece_000", "[data-play]")
        tab.wait("gamemusic.state().peak > 0.001")
        assert tab.errors == []
