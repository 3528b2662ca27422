"""The page of loops: whole, needing nothing from elsewhere, and holding exactly the sounds that were rendered."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gamemusic import Composer, InputError, MissingError, Phrase
from gamemusic.arranger.arranger import arrange
from gamemusic.audio.soundfont import find_soundfont
from gamemusic.audio.synth import fluidsynth_version
from gamemusic.audio.wavfile import decode_wav, encode_wav
from gamemusic.packs.library import find_pack
from gamemusic.units import loop_frames

ROOT = Path(__file__).parents[1]
TINY = ROOT / "tests" / "data" / "tiny_pack"
SCRIPT = ROOT / "examples" / "02_demo_page.py"

sys.path.insert(0, str(SCRIPT.parent))  # as Python does for a script that is started there
from demo_page.blind import Source, find_sources, make_clips, write_blind_page, write_key  # noqa: E402
from demo_page.loops import SAMPLE_RATE, Mood, Take, choose_intensities, describe_take, find_moods  # noqa: E402
from demo_page.page import write_page  # noqa: E402
from demo_page.picture import LEFT, WIDTH, draw_roll, short_chord  # noqa: E402
from demo_page.sound import pack_wav, sound_of_script, sound_script, unpack_wav  # noqa: E402

VOID = {"meta", "link", "input", "br", "img", "hr"}
SHAPES = {"line", "rect", "path"}


class Walk(HTMLParser):
    """Reads a page and notes what it holds and what is wrong with it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.found: Counter[str] = Counter()
        self.labels: list[str] = []
        self.feed(page)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self.open]
        self.faults += [f"id {name} stands {count} times" for name, count in self.ids.items() if count > 1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.note(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.note(tag, attrs)
        if tag not in SHAPES:
            self.faults.append(f"<{tag}/> does not close itself in HTML")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")

    def note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[tag] += 1
        for name, value in attrs:
            if name == "id":
                self.ids[value or ""] += 1
            if name in ("src", "href"):
                self.links.append(value or "")
            if name == "class" and value:
                self.labels += value.split()


def dead_links(walk: Walk, folder: Path) -> list[str]:
    """Return links that lead nowhere in the page or beside it."""
    inside = [link[1:] for link in walk.links if link.startswith("#")]
    beside = [link for link in walk.links if not link.startswith(("#", "data:"))]
    return [name for name in inside if name not in walk.ids] + [
        path for path in beside if not (folder / path).is_file()
    ]


def data_of(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="takes">(.*?)</script>', page)
    assert found is not None
    takes = json.loads(found[1])["takes"]
    assert isinstance(takes, dict)
    return takes


def need_sound() -> None:
    try:
        fluidsynth_version()
        find_soundfont()
    except MissingError as error:
        pytest.skip(str(error))


def run(*words: object, code: str = "") -> subprocess.CompletedProcess[str]:
    start = ["-c", code] if code else [str(SCRIPT)]
    return subprocess.run(
        [sys.executable, "-W", "error", *start, *map(str, words)], capture_output=True, text=True, check=False
    )


def without(module: str) -> str:
    """Return code that runs the example as if a module were not installed."""
    return (
        f"import runpy, sys\nsys.modules[{module!r}] = None\nsys.path.insert(0, {str(SCRIPT.parent)!r})\n"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_sound()
    folder = tmp_path_factory.mktemp("page")
    done = run(folder, "--moods", TINY, "--all", "--wav", "--seed", 5, "--jobs", 2)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # progress is for terminals
    assert "1 moods, 4 loops" in done.stdout
    return folder


@pytest.fixture(scope="module")
def tiny() -> Mood:
    (mood,), _ = find_moods([str(TINY)])
    return mood


@pytest.fixture(scope="module")
def phrase() -> Phrase:
    return Composer(find_pack(TINY)).compose(style="rock", bars=8, seed=3, intensity=0.9)


def test_the_page_is_well_formed(folder: Path) -> None:
    page = (folder / "index.html").read_text(encoding="utf-8")
    walk = Walk(page)
    assert walk.faults == []
    assert dead_links(walk, folder) == []
    assert walk.found["svg"] == walk.labels.count("take") == 4
    assert walk.labels.count("play") == 2
    assert walk.found["article"] == 2


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("<p><b>x</p></b>", "closes something else"),
        ("<div><p>x</p>", "never closed"),
        ('<p id="a">x</p><p id="a">y</p>', "stands 2 times"),
        ("<p/>", "does not close itself"),
    ],
)
def test_the_walk_finds_faults(page: str, fault: str) -> None:
    assert any(fault in each for each in Walk(page).faults)


def test_the_walk_finds_dead_links(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("", encoding="utf-8")
    page = '<p id="here"><a href="#here">x</a><a href="#there">y</a><a href="a.js">z</a><a href="b.js">z</a></p>'
    assert dead_links(Walk(page), tmp_path) == ["there", "b.js"]


def test_nothing_comes_from_elsewhere(folder: Path) -> None:
    page = (folder / "index.html").read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"https?://|url\(|@import|\bfetch\(|XMLHttpRequest", page) == []


def test_pictures_are_xml(folder: Path) -> None:
    pictures = re.findall(r"<svg.*?</svg>", (folder / "index.html").read_text(encoding="utf-8"), re.DOTALL)
    assert len(pictures) == 4
    for picture in pictures:
        assert ET.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"


def test_sounds_are_what_was_rendered(folder: Path) -> None:
    takes = data_of((folder / "index.html").read_text(encoding="utf-8"))
    assert set(takes) == {"tiny-chamber-20", "tiny-chamber-50", "tiny-chamber-90", "tiny-rock-50"}
    for name in ("tiny-chamber-90", "tiny-rock-50"):
        take = takes[name]
        assert isinstance(take, dict)
        told, sound = sound_of_script((folder / take["sound"]).read_bytes())
        assert told == name
        written = (folder / "wav" / f"{name}.wav").read_bytes()
        assert unpack_wav(sound) == written
        wav = decode_wav(written)
        frames = loop_frames(take["bars"] * _bar_ticks(take), 60 * take["beats"] / take["seconds"], SAMPLE_RATE)
        assert (sound.frames, sound.sample_rate, wav.loop) == (frames, SAMPLE_RATE, (0, frames - 1))
        assert np.max(np.abs(wav.audio)) > 0.01


def _bar_ticks(take: dict[str, float]) -> int:
    return round(12 * take["beats"] / take["bars"])


def test_intensities_are_of_one_length(folder: Path) -> None:
    takes = data_of((folder / "index.html").read_text(encoding="utf-8"))
    group = [take for take in takes.values() if isinstance(take, dict) and take["group"] == "tiny-chamber"]
    assert len(group) == 3
    assert len({(take["seconds"], take["bars"], str(take["chords"])) for take in group}) == 1


def test_the_browser_unpacks_the_same(folder: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("the browser's code is run by Node.js, which is not installed")
    code = """
const [library, script] = process.argv.slice(1).map((path) => require("fs").readFileSync(path, "utf8"));
const read = new Function("demoSound", library + script.replace("demoSound(", "return demoSound("));
const { unpack, wav } = new Function(library + "; return { unpack: unpackSound, wav: wavParts };")();
unpack(read((fields) => fields)).then(async (sound) => {
  process.stdout.write(Buffer.from(await new Blob(wav(sound)).arrayBuffer()));
});
"""
    library = ROOT / "examples" / "demo_page" / "assets" / "sound.js"
    for path in sorted((folder / "sounds").glob("*.js")):
        done = subprocess.run([node, "-e", code, str(library), str(path)], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout == (folder / "wav" / f"{path.stem}.wav").read_bytes()


@given(
    frames=st.integers(1, 9000),
    seed=st.integers(0, 2**32),
    shape=st.sampled_from(["noise", "extremes", "silence", "tone", "opposite"]),
)
@settings(max_examples=25, deadline=None)
def test_packing_loses_nothing(frames: int, seed: int, shape: str) -> None:
    chance = np.random.Generator(np.random.Philox(seed))
    noise = chance.integers(-(2**15), 2**15, (frames, 2))
    tone = np.rint(20000 * np.sin(np.arange(frames) * 0.05))
    samples = {
        "noise": noise,
        "extremes": np.where(noise < 0, -(2**15), 2**15 - 1),
        "silence": np.zeros((frames, 2)),
        "tone": np.stack([tone, tone], 1),
        "opposite": np.stack([tone, -tone - 1], 1),
    }[shape]
    content = encode_wav((samples / 2**15).astype(np.float32), 32000, loop=(0, len(samples)), title="x")
    name, sound = sound_of_script(sound_script("x-1", pack_wav(content)))
    assert name == "x-1"
    assert sound.frames == frames
    assert unpack_wav(sound) == content


def test_packing_saves_room() -> None:
    time = np.arange(60000) / 32000
    audio = sum(0.1 * np.sin(2 * np.pi * pitch * time) for pitch in (220, 277.2, 329.6))
    content = encode_wav(np.stack([audio, 0.8 * audio], 1).astype(np.float32), 32000)
    assert len(pack_wav(content).data) < 0.4 * len(content)
    chance = np.random.Generator(np.random.Philox(1))
    noise = encode_wav(chance.uniform(-0.99, 0.99, (60000, 2)).astype(np.float32), 32000)
    assert len(pack_wav(noise).data) > 0.9 * len(noise)


def test_other_wav_files_are_refused() -> None:
    for channels, depth in ((1, "16"), (2, "24")):
        with pytest.raises(ValueError, match="stereo"):
            pack_wav(encode_wav(np.zeros((10, channels), np.float32), 32000, bit_depth=depth))


def test_a_picture_shows_every_note(phrase: Phrase) -> None:
    arrangement = arrange(phrase)
    picture = ET.fromstring(draw_roll(phrase, arrangement, name="<a & b>"))
    assert picture.get("aria-label") == "<a & b>"
    boxes = Counter[str]()
    for path in picture.iter("{http://www.w3.org/2000/svg}path"):
        data = path.get("d") or ""
        boxes[(path.get("class") or "").split()[0]] += data.count("M")
        for left, width in re.findall(r"M([\d.]+) [-\d.]+h([\d.]+)", data):
            assert LEFT <= float(left) < float(left) + float(width) <= WIDTH + 1.5
    assert boxes == {str(part.role): len(part.notes) for part in arrangement.parts}
    kinds = Counter(line.get("class") for line in picture.iter("{http://www.w3.org/2000/svg}line"))
    assert kinds["bar"] + kinds["edge"] == phrase.bars + 1 + 1  # and the floor above the drums
    assert kinds["playhead"] == 1


def test_sections_are_named(phrase: Phrase) -> None:
    formed = phrase.replace(form=("A", "A'", "B", "A"))
    picture = ET.fromstring(draw_roll(formed, arrange(formed), name="x"))
    texts = list(picture.iter("{http://www.w3.org/2000/svg}text"))
    assert [text.text for text in texts if text.get("class") == "section"] == ["A", "A'", "B", "A"]
    chords = [text.text for text in texts if text.get("class") == "chord"]
    assert chords
    assert set(chords) <= {short_chord(chord.root, chord.quality) for chord in phrase.chords}


def test_a_phrase_without_notes_has_a_picture(phrase: Phrase) -> None:
    empty = phrase.replace(tracks=(), chords=(), orchestration=None)
    ET.fromstring(draw_roll(empty, arrange(empty), name="silence"))


@given(st.floats(0, 1))
def test_intensities_hold_the_moods_own(own: float) -> None:
    levels = choose_intensities(own)
    assert own in levels
    assert len(levels) == 3
    assert list(levels) == sorted(levels)
    assert min(high - low for low, high in itertools.pairwise(levels)) > 0.15


def test_texts_of_a_pack_stay_texts(tiny: Mood, phrase: Phrase) -> None:
    nasty = '</p><script>alert("1")</script>&'
    mood = dataclasses.replace(
        tiny, title=nasty, description=nasty, measures={nasty: {nasty: [1, nasty]}}, notes=[nasty]
    )
    take = describe_take(phrase.replace(mood="tiny"), "tiny-rock-90", sound="s.js", midi="m.mid")
    page = write_page([mood], [take], version=nasty, size=1, faults=[nasty])
    walk = Walk(page)
    assert walk.faults == []
    assert "<script>alert" not in page
    assert walk.found["script"] == 3


def test_figures_of_the_card_are_shown(tiny: Mood, phrase: Phrase) -> None:
    mood = dataclasses.replace(tiny, measures={"bits_per_note": 5.39, "notes": {"chamber": {"lead": 54230}}})
    page = write_page([mood], [describe_take(phrase, "tiny-rock-90", sound="")], version="1", size=1, faults=[])
    assert "bits per note</th><td>5.39" in page
    assert "notes, chamber, lead</th><td>54,230" in page


def test_without_sound_there_are_pictures_and_midi(tmp_path: Path) -> None:
    done = run(tmp_path, "--moods", TINY, "--jobs", 1, code=without("fluidsynth"))
    assert done.returncode == 0, done.stderr
    assert "no audio: " in done.stdout
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    walk = Walk(page)
    assert walk.faults == []
    assert dead_links(walk, tmp_path) == []
    assert walk.found["svg"] == 3
    assert "play" not in walk.labels
    assert "This page has no sound: " in page
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".html", ".mid"}


def test_unknown_mood(tmp_path: Path) -> None:
    done = run(tmp_path, "--moods", "explor")
    assert done.returncode == 1
    assert done.stderr.startswith("error: mood 'explor' is not installed")
    assert not (tmp_path / "index.html").exists()


def test_a_mood_named_twice() -> None:
    with pytest.raises(InputError, match="more than once"):
        find_moods([str(TINY), f"{TINY}/"])


@pytest.mark.parametrize(("file", "content"), [("card.json", b"{}"), ("preset.yaml", b"no preset")])
def test_broken_moods_are_left_out(file: str, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("broken", "whole"):
        shutil.copytree(TINY, tmp_path / name)
    monkeypatch.setenv("GAMEMUSIC_PATH", str(tmp_path / "broken"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))  # what whoever runs this has installed
    monkeypatch.setattr("gamemusic.packs.library.shipped_dir", lambda: None)
    assert [mood.name for mood in find_moods()[0]] == ["tiny"]
    (tmp_path / "broken" / file).write_bytes(content)
    with pytest.raises(InputError, match="no mood is installed"):
        find_moods()
    preset = tmp_path / "whole" / "preset.yaml"
    preset.write_text(preset.read_text("utf-8").replace("name: tiny", "name: whole"), "utf-8")
    monkeypatch.setenv("GAMEMUSIC_PATH", str(tmp_path))  # a broken one costs another nothing
    moods, (fault,) = find_moods()
    assert [mood.path.name for mood in moods] == ["whole"]
    assert "was left out: " in fault


def composing(bars: int = 2) -> Source:
    composer = Composer(find_pack(TINY))
    return lambda mood, style, seed: composer.compose(style=style, bars=bars, seed=seed)


def test_the_blind_page_tells_nothing(tiny: Mood, tmp_path: Path) -> None:
    need_sound()
    sources = {"trained model": composing(), "5-gram": composing(), "random weights": composing()}
    clips = make_clips([tiny], sources, tmp_path, seed=11, tell=lambda done, name: None)
    page = write_blind_page([tiny], clips, seed=11, version="1.0")
    (tmp_path / "blind.html").write_text(page, encoding="utf-8")
    walk = Walk(page)
    assert walk.faults == []
    assert dead_links(walk, tmp_path) == []
    assert walk.labels.count("play") == 3
    assert walk.labels.count("votes") == 3
    assert walk.found["svg"] == 0  # whoever can read sees what is heard
    files = "".join(path.name for path in tmp_path.rglob("*"))
    for source in sources:
        assert source not in page
        assert source not in files
    key = json.loads(write_key(clips, seed=11, version="1.0"))
    assert sorted(clip["source"] for clip in key["clips"].values()) == sorted(sources)
    assert set(key["clips"]) == set(data_of(page))
    assert key["page"] in page


def test_the_order_is_drawn(tiny: Mood, phrase: Phrase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo_page.blind.save_sound", lambda *args: None)
    sources: dict[str, Source] = dict.fromkeys("abc", lambda mood, style, seed: phrase)

    def order(seed: int) -> str:
        return "".join(clip.source for clip in make_clips([tiny], sources, tmp_path, seed=seed, tell=lambda *_: None))

    orders = [order(seed) for seed in range(40)]
    assert set(orders) == {"abc", "acb", "bac", "bca", "cab", "cba"}
    assert orders[:5] == [order(seed) for seed in range(5)]


def test_composers_that_can_be_told(tiny: Mood, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="disagree"):
        make_clips([tiny], {"a": composing(2), "b": composing(3)}, tmp_path, seed=1, tell=lambda *_: None)


def test_blind_needs_the_training_tools(tmp_path: Path) -> None:
    done = run(tmp_path, "--moods", TINY, "--blind", code=without("gamemusic_export"))
    assert done.returncode == 1
    assert done.stderr.startswith("error: --blind compares with models")
    assert "gamemusic[train]" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_blind_compares_three() -> None:
    pytest.importorskip("torch")
    assert list(find_sources()) == ["trained model", "5-gram", "random weights"]


def test_random_weights_compose_the_same_frame(tiny: Mood) -> None:
    pytest.importorskip("torch")
    sources = find_sources()
    first, second = (sources[name](tiny, "chamber", 4) for name in ("trained model", "random weights"))
    assert (first.key, first.tempo_bpm, first.bars) == (second.key, second.tempo_bpm, second.bars)
    assert first.tracks != second.tracks


def test_a_take_without_seam_or_form(phrase: Phrase) -> None:
    take: Take = describe_take(phrase.replace(form=(), seam_bits=None, ending="cadence"), "x", sound="")
    assert (take.form, take.seam_bits, take.loops) == ((), None, False)
