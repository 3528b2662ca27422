"""The catalogue of hostile values, rows V3 to V5: whatever is passed in, nothing but a `GameMusicError` comes of it."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import gamemusic
from gamemusic import Director, Limits, Settings
from gamemusic.audio.soundfont import find_soundfont
from gamemusic.composer.composer import Composer
from gamemusic.composer.stinger import find_stinger
from gamemusic.errors import GameMusicError, InputError
from gamemusic.packs.library import find_pack
from gamemusic.score.phrase import Phrase
from gamemusic.soundtrack.bake import bake
from gamemusic.values import check_choice, check_number, check_path, check_whole, shown

TINY = Path(__file__).parents[1] / "data" / "tiny_pack"


class Rude:
    """What cannot even say what it is."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


HOSTILE: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 64, 65, 1 << 63, 1 << 64, 10**400, -(10**400), 10**5000),
    *(0.0, -0.0, 0.5, 1e-320, 1e308, float("inf"), float("-inf"), float("nan"), 1 + 2j, Fraction(1, 3)),
    *(np.int8(4), np.int64(7), np.uint64(2**64 - 1), np.float16(0.5), np.float32(0.25), np.float64(100)),
    *(np.array(3), np.array([1, 2]), np.float64("nan"), np.datetime64("now"), np.zeros(()), np.bool_(True)),
    *("", "x", "4", "4/4", "é", "\0", "\ud800", "\udcff", "a" * 300, "a" * 100_000, "~nosuchuser/x.mid", "~", "/"),
    *("a/" * 3000, "con", "x.mid", "x.wav", "\n", "\x1b[31m", "loop", "bar", "D minor", "./\ud800", "\ud800.zip"),
    *(b"x", b"\xff", bytearray(b"x"), (), [], {}, set(), [[]], {"a": 1}, [1, 2], ("tiny", "chamber"), {1: []}),
    *(Path(), Path("\0"), Path("\ud800"), Path("a" * 300), Path("~nosuchuser"), Path("/dev/zero"), Path("/")),
    *(object(), Rude(), Rude, print, ..., NotImplemented, range(3), iter(()), Exception("x"), Limits(), Settings()),
]
ANY = st.one_of(
    st.sampled_from(HOSTILE),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=()), max_size=30),
    st.binary(max_size=10),
    st.lists(st.integers(), max_size=3),
)
MANY = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)


def arguments_of(function: Callable[..., object], *without: str) -> list[str]:
    """Return the names of a function's arguments, from its signature, so that a new one is tried as well."""
    found = inspect.signature(function).parameters.values()
    loose = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [one.name for one in found if one.kind not in loose and one.name not in ("self", *without)]


def one_wrong(function: Callable[..., object], *without: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return one or two hostile arguments by name."""
    names = arguments_of(function, *without)
    return st.dictionaries(st.sampled_from(names), ANY, min_size=1, max_size=2)


def each(function: Callable[..., object], *without: str) -> list[tuple[str, Any]]:
    """Return every argument with every hostile value."""
    return [(name, value) for name in arguments_of(function, *without) for value in HOSTILE]


def call(function: Callable[..., object], /, *positional: Any, **named: Any) -> None:
    """Call; a `GameMusicError` is what may come, and its message can be printed."""
    try:
        function(*positional, **named)
    except GameMusicError as error:
        str(error).encode("utf-8", "backslashreplace")
        assert len(str(error)) < 120_000


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer(find_pack(TINY))


@pytest.fixture(scope="module")
def phrase(composer: Composer) -> Phrase:
    return composer.compose(bars=2, seed=1)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# composing -----------------------------------------------------------------------------------------------------------


def test_v03_every_hostile_value_of_compose(composer: Composer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the first step of the model, which all that is wrong must be said before."""

    def draw(*_: object) -> NoReturn:
        raise GameMusicError("far enough")

    monkeypatch.setattr(Composer, "_draw", draw)
    for name, value in each(Composer.compose):
        call(composer.compose, **{"bars": 1, "seed": 1, name: value})


@MANY
@given(given_=one_wrong(Composer.compose))
@example(given_={"tempo": 10**400})
@example(given_={"theme": "\ud800"})
@example(given_={"meter": 4})
def test_v03_compose(composer: Composer, given_: dict[str, Any]) -> None:
    call(composer.hurried().compose, **{"bars": 1, "seed": 1, **given_})


@pytest.mark.parametrize("name", ["mood", "limits"])
def test_v03_what_a_mood_is_called(name: str) -> None:
    for value in HOSTILE:
        call(gamemusic.compose, **{"mood": "nix", name: value})
        call(find_pack, value)


def test_v03_saving_and_rendering(phrase: Phrase) -> None:
    """Nothing is rendered: what is wrong is said before, or that the soundfont is none."""
    for name, value in each(gamemusic.save, "phrase", "soundfont"):
        call(phrase.save, **{"path": "x.mid", "soundfont": "none.sf2", name: value})
    for name, value in each(gamemusic.render, "phrase", "soundfont"):
        call(phrase.render, **{"soundfont": "none.sf2", name: value})


def test_v03_soundfonts() -> None:
    for value in HOSTILE:
        call(find_soundfont, value)
        if isinstance(value, str):
            with contextlib.suppress(TypeError):
                call(find_soundfont, environment={"GAMEMUSIC_SOUNDFONT": value, "HOME": value})


# playing -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def director() -> Iterator[Director]:
    with Director(sample_rate=8000, seed=1, soundfont="chip") as made:
        yield made


METHODS = ["play", "prepare", "stinger", "stop", "duck", "set_stem", "read", "on_bar", "on_phrase", "load_state"]


def usual(method: str) -> dict[str, Any]:
    wanted: dict[str, dict[str, Any]] = {
        "play": {"mood": "nix"},
        "prepare": {"mood": "nix"},
        "stinger": {"name": "nix"},
        "duck": {"db": -3},
        "set_stem": {"role": "lead", "gain": 1},
        "read": {"frames": 1},
        "on_bar": {"function": print},
        "on_phrase": {"function": print},
        "load_state": {"state": {}},
    }
    return wanted.get(method, {})


def test_v03_all_methods_of_the_director_are_tried() -> None:
    public = {name for name, _ in inspect.getmembers(Director, inspect.isfunction) if not name.startswith("_")}
    quiet = {"close", "pause", "resume", "save_state"}  # have no arguments
    late = {"wait_ready", "start"}  # see below
    assert public - quiet - late == set(METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_v03_the_director(director: Director, method: str) -> None:
    function = getattr(director, method)
    for name, value in each(function):
        if not (method in ("on_bar", "on_phrase") and callable(value)):
            call(function, **{**usual(method), name: value})


def test_v03_what_the_director_waits_for(director: Director) -> None:
    for value in HOSTILE:
        if not (isinstance(value, int | float) and 1 < value < 1e6):
            call(director.wait_ready, value)
        with contextlib.suppress(GameMusicError):
            director.intensity = value
        if value is not None:
            call(director.start, None, value if not isinstance(value, float | int) else -1)


def test_v03_stingers(composer: Composer) -> None:
    for value in HOSTILE:
        call(find_stinger, composer.pack.preset, value)


def test_v03_making_a_director() -> None:
    for name, value in each(Director.__init__):
        try:
            made = Director(**{"soundfont": "chip", "sample_rate": 8000, "seed": 1, name: value})
        except GameMusicError:
            continue
        made.close()


@pytest.mark.parametrize("cls", [Settings, Limits])
def test_v03_settings_and_limits(cls: Any) -> None:
    for name, value in each(cls.__init__):
        call(cls, **{name: value})


# baking --------------------------------------------------------------------------------------------------------------


def test_v03_baking(tmp_path: Path) -> None:
    soundtrack = tmp_path / "music.yaml"
    soundtrack.write_text(f"formats: [midi]\ncues:\n  a: {{mood: {TINY}/, bars: 1}}\n", encoding="utf-8")
    for name, value in each(bake, "progress", "cluster")[::3]:  # every value comes, with one argument or another
        if name in ("jobs", "takes") and isinstance(value, int | np.integer) and value > 1:
            continue  # so many would be at work
        call(bake, **{"path": soundtrack, "target": tmp_path / "out", "dry_run": True, name: value})


def as_any(value: Any) -> Any:
    """Return a value as one whose type is not known, as most that come from NumPy are."""
    return value


# numbers of NumPy ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint64])
def test_v04_numbers_of_numpy_are_numbers(composer: Composer, director: Director, kind: Any) -> None:
    plain = composer.compose(bars=2, seed=7, intensity=1, tempo=100)
    found = composer.compose(bars=kind(2), seed=kind(7), intensity=kind(1), tempo=kind(100))
    assert found == plain
    assert {type(found.bars), type(found.seed)} == {int}
    assert {type(found.tempo_bpm), type(found.intensity)} == {float}
    assert director.read(kind(64)).shape == (64, 2)
    director.duck(kind(0), kind(1))
    made = Settings(phrases_ahead=kind(2), ahead_seconds=kind(1))
    assert made == Settings(phrases_ahead=2, ahead_seconds=1)
    assert type(made.phrases_ahead) is int


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_v04_decimal_numbers_of_numpy(composer: Composer, director: Director, kind: Any) -> None:
    plain = composer.compose(bars=1, seed=7, intensity=0.5, tempo=100)
    assert composer.compose(bars=1, seed=as_any(np.uint32(7)), intensity=kind(0.5), tempo=kind(100)) == plain
    director.intensity = kind(0.5)
    director.duck(kind(0))
    director.set_stem("lead", kind(0.5))
    for wrong in (kind("nan"), kind("inf")):
        with pytest.raises(InputError, match=r"intensity must be 0 to 1 \(received .*(nan|inf)"):
            composer.compose(intensity=wrong)
    with pytest.raises(InputError, match="bars must be a whole number"):
        composer.compose(bars=kind(2))
    with Director(sample_rate=as_any(np.int64(8000)), seed=as_any(np.uint64(2**64 - 1)), soundfont="chip") as made:
        assert (made.sample_rate, made.seed) == (8000, 2**64 - 1)


# what checks them ----------------------------------------------------------------------------------------------------


@MANY
@given(ANY)
def test_v05_a_value_is_taken_or_refused(value: Any) -> None:
    for check in (
        lambda: check_number(value, "x", 0, 1),
        lambda: check_whole(value, "x", 0, 1),
        lambda: check_choice(value, "x", ("a", "b")),
        lambda: check_path(value),
    ):
        call(check)
    assert shown(value).isprintable()
    assert len(shown(value)) <= 83


def test_v05_messages_say_what_was_wrong() -> None:
    for value, words in (
        (10**400, "x must be 0 to 1 (received 10000"),
        (10**5000, "x must be 0 to 1 (received a value of the type int)"),
        (Rude(), "x must be 0 to 1 (received a value of the type Rude)"),
        (True, "x must be 0 to 1 (received True)"),
        ("a\nb", r"x must be 0 to 1 (received 'a\nb')"),
    ):
        with pytest.raises(InputError) as caught:
            check_number(value, "x", 0, 1)
        assert str(caught.value).startswith(words)
    with pytest.raises(InputError, match=r"at must be one of beat, bar \(received 'baz'\); did you mean 'bar'\?"):
        check_choice("baz", "at", ("beat", "bar"))
    with pytest.raises(InputError, match=r"theme '~nosuchuser/a.mid': there is no user 'nosuchuser'; write the whole"):
        check_path("~nosuchuser/a.mid", "theme")
