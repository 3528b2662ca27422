"""The catalogue of bad models, rows O10, O11, O25, O26, O28 and O29: what models do once they are loaded."""

from __future__ import annotations

import dataclasses
import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

onnx = pytest.importorskip("onnx")

import onnxruntime  # noqa: E402  # onnx may be missing
from modelbytes import FILE, MODEL, Change, edited, put, refuse, replace  # noqa: E402
from pickles import payloads  # noqa: E402

from gamemusic.composer.composer import Composer  # noqa: E402
from gamemusic.composer.session import LOGIT_LIMIT, Memory, Session  # noqa: E402
from gamemusic.errors import MissingError, PackError  # noqa: E402
from gamemusic.packs.members import FolderMembers  # noqa: E402
from gamemusic.packs.pack import Pack, open_pack  # noqa: E402
from gamemusic.score.midi import read_midi  # noqa: E402
from gamemusic.score.phrase import Phrase  # noqa: E402
from gamemusic.tokens.codec import decode, encode  # noqa: E402
from gamemusic.tokens.grammar import TOKENS_PER_BAR  # noqa: E402
from gamemusic.tokens.vocabulary import (  # noqa: E402
    BAR,
    CHORD,
    DURATION,
    END,
    FEATURES,
    NOTE,
    POSITION,
    SAME,
    START,
    VELOCITY,
    VOCABULARY_SIZE,
    describe,
)


class Watching(Session):
    """A session that checks every step's numbers and counts the steps."""

    def __init__(self, model: bytes) -> None:
        self.steps = 0
        super().__init__(model)
        self.steps = 0

    def step(self, features: npt.NDArray[np.int64], memory: Memory) -> tuple[npt.NDArray[np.int32], Memory]:
        logits, memory = super().step(features, memory)
        assert np.abs(logits).max() <= LOGIT_LIMIT
        assert all(np.isfinite(value).all() for value in memory.values())
        self.steps += 1
        return logits, memory


@pytest.fixture(scope="module")
def pack(tiny_pack: Path) -> Pack:
    return open_pack(tiny_pack)


def check_phrase(pack: Pack, model: bytes, folder: Path, bars: int = 2) -> None:
    """Compose with a model: what comes is music, after so many steps at most, and the same again."""
    session = Watching(model)
    composer = Composer(dataclasses.replace(pack, members={**pack.members, "model.onnx": model}), session)
    # chords and notes; three batches of notes at most; each phrase's seam is played once more
    most = 2 * (1 + 3) * bars * (TOKENS_PER_BAR + 64)
    for style in pack.preset.styles:
        session.steps = 0
        phrase = composer.compose(style=style, bars=bars, seed=3)
        assert 2 * bars < session.steps < most
        assert phrase.bars == bars
        assert phrase.chords
        _check_written(phrase, folder)
    assert phrase == composer.compose(style=style, bars=bars, seed=3)


def _check_written(phrase: Phrase, folder: Path) -> None:
    """It is a phrase of our language, token by token, and a MIDI file that can be read."""
    assert decode(encode(phrase), phrase.replace(tracks=(), chords=())) == phrase
    song = read_midi(phrase.save(folder / "phrase.mid").read_bytes())
    assert any(track.notes for track in song.tracks)


TINY = 1e-40  # which is denormal
FLOATS: dict[str, tuple[float, ...]] = {
    **dict.fromkeys(("layer0_scale", "layer1_scale", "head_scale"), (0.0, -0.0, TINY, 1e4, -1e4)),
    **dict.fromkeys(("layer0_bias", "layer1_bias"), (0.0, -0.0, TINY, 1e9, -1e9)),
    "head_bias": (0.0, -0.0, TINY, 1000.0),
    "sigmoid": (0.0, -0.0, TINY, 1.0),
    "tanh": (0.0, -0.0, TINY, 1.0, -1.0),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in FLOATS.items() for value in values])
def test_o10_odd_numbers_that_are_allowed_compose(pack: Pack, tmp_path: Path, name: str, value: float) -> None:
    assert np.float32(TINY) > 0
    check_phrase(pack, edited(put(name, value)), tmp_path)


@pytest.mark.parametrize("value", [0, 1, 63, -64])
@pytest.mark.parametrize("name", ["layer0_weight", "layer1_weight", "head_weight"])
def test_o10_weights_that_are_all_alike_compose(pack: Pack, tmp_path: Path, name: str, value: int) -> None:
    check_phrase(pack, edited(put(name, value)), tmp_path)


WRONG = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf"), "1e38": 1e38, "-1e38": -1e38}


@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("name", FLOATS)
def test_o10_numbers_that_are_not_allowed(name: str, value: float) -> None:
    """One of many suffices; it never reaches a step."""
    refuse(edited(put(name, value)), f"the constant {name} has values outside")
    refuse(edited(put(name, value, index=-1)), f"the constant {name} has values outside")


@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize(
    "name", ["index_steps", "activation_steps", "zero_float", "byte_low", "byte_high", "index_low", "logit_high"]
)
def test_o10_fixed_numbers_stay_what_they_are(name: str, value: float) -> None:
    refuse(edited(put(name, value)), f"the constant {name} is ")


def test_o10_all_at_their_limits_for_long(pack: Pack, tmp_path: Path) -> None:
    """Gates that never close: cells grow with every step, and stay numbers."""
    limits = [put(name, 1.0) for name in ("sigmoid", "tanh")]
    limits += [put(f"{part}_scale", 1e4) for part in ("layer0", "layer1", "head")]
    limits += [put(f"layer{number}_bias", 1e9) for number in (0, 1)]
    limits += [put(f"{part}_weight", 63) for part in ("layer0", "layer1")]
    check_phrase(pack, edited(*limits), tmp_path, bars=16)


def test_o10_a_model_that_says_nothing() -> None:
    for value in (0.0, 1e9, -1e9):
        with pytest.raises(PackError, match=r"^mine/model\.onnx: the model gives no usable numbers"):
            Session(edited(put("head_scale", 0.0), put("head_bias", value)), file=FILE)


def _prefer(token: int, much: float = 1e9) -> Change:
    """Return the change after which one token is always likelier, or unlikelier, than all others by the widest gap."""

    def make(array: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        array[...] = -much
        array[token] = much
        return array

    return replace("head_bias", make)


TOKENS = [START, BAR, END, SAME, POSITION - 1, POSITION, CHORD - 1, CHORD, VELOCITY - 1, VELOCITY, DURATION]
TOKENS += [*(first for first in NOTE.values()), *(first - 1 for first in NOTE.values()), VOCABULARY_SIZE - 1]


@pytest.mark.parametrize("token", TOKENS, ids=describe)
def test_o11_always_the_same_token(pack: Pack, tmp_path: Path, token: int) -> None:
    check_phrase(pack, edited(_prefer(token)), tmp_path)


@pytest.mark.parametrize("token", [BAR, END, POSITION, DURATION + 5], ids=describe)
def test_o11_never_a_certain_token(pack: Pack, tmp_path: Path, token: int) -> None:
    """A model that never wants to end a bar, or a phrase: the grammar ends it."""
    check_phrase(pack, edited(_prefer(token, -1e9)), tmp_path)


@pytest.mark.slow
def test_o11_always_any_one_token(pack: Pack, tmp_path: Path) -> None:
    for token in range(VOCABULARY_SIZE):
        check_phrase(pack, edited(_prefer(token)), tmp_path)


def _copy(pack: Path, folder: Path) -> Path:
    folder.mkdir()
    for path in pack.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_o25_a_model_replaced_after_it_was_read(tiny_pack: Path, tmp_path: Path) -> None:
    """What was checked is what is loaded: the pack holds its bytes."""
    folder = _copy(tiny_pack, tmp_path / "mine")
    pack = open_pack(folder)
    (folder / "model.onnx").write_bytes(edited(put("head_bias", 0.0)))
    assert pack.model == MODEL
    assert Composer(pack).compose(seed=5) == Composer(open_pack(tiny_pack)).compose(seed=5)
    (folder / "model.onnx").unlink()
    assert Composer(pack).compose(seed=5).seed == 5


def test_o25_a_zip_replaced_after_it_was_opened(
    tiny_pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in tiny_pack.iterdir():
            archive.writestr(file.name, file.read_bytes())
    opened = zipfile.ZipFile.infolist

    def replaced(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
        path.write_bytes(b"something else")
        return opened(archive)

    monkeypatch.setattr(zipfile.ZipFile, "infolist", replaced)
    assert open_pack(path).model == MODEL
    assert path.read_bytes() == b"something else"


SWAPS: dict[str, tuple[Callable[[Path], object], str]] = {
    "other": (lambda path: path.write_bytes(edited(put("head_bias", 0.0))), "is not the file that card.json describes"),
    "longer": (lambda path: path.write_bytes(MODEL + MODEL), "is not the file that card.json describes"),
    "shorter": (lambda path: path.write_bytes(MODEL[:-1]), "is not the file that card.json describes"),
    "gone": (lambda path: path.unlink(), "cannot be read: No such file"),
}


@pytest.mark.parametrize(("swap", "words"), SWAPS.values(), ids=SWAPS.keys())
def test_o25_a_model_replaced_while_the_pack_is_opened(
    tiny_pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swap: Callable[[Path], object], words: str
) -> None:
    """Between the look at its size and the reading; the bytes that are read are those that are hashed."""
    folder = _copy(tiny_pack, tmp_path / "mine")
    usual = FolderMembers.read

    def read(members: FolderMembers, name: str, most: int) -> bytes:
        if name == "model.onnx":
            swap(folder / name)
        return usual(members, name, most)

    monkeypatch.setattr(FolderMembers, "read", read)
    with pytest.raises(PackError, match=rf"model\.onnx {words}"):
        open_pack(folder, origin="user")


def test_o26_pickles_as_a_model(tmp_path: Path) -> None:
    mark = tmp_path / "was here"
    for data in payloads(mark).values():
        refuse(data, "which is not allowed there|of which .* are there|a number of more than|cut off")
    assert not mark.exists()
    pickle.loads(payloads(mark)["pickle"])
    assert mark.is_dir(), "the control"


def test_o28_providers_are_not_chosen_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other programs set for ONNX Runtime changes no bit, and no provider but the processor is ever asked for."""
    features = np.ones((1, len(FEATURES)), np.int64)
    before = Session(MODEL).step(features, Session(MODEL).start(1))[0]
    asked: list[Any] = []
    usual = onnxruntime.InferenceSession

    def watched(*given: Any, **named: Any) -> Any:
        asked.append(named["providers"])
        return usual(*given, **named)

    monkeypatch.setattr(onnxruntime, "InferenceSession", watched)
    for name, value in {
        "ORT_DEFAULT_PROVIDERS": "CUDAExecutionProvider",
        "ONNXRUNTIME_EXECUTION_PROVIDERS": "TensorrtExecutionProvider",
        "ORT_TENSORRT_ENGINE_CACHE_ENABLE": "1",
        "ORT_TENSORRT_CACHE_PATH": "/no/such/place",
        "CUDA_VISIBLE_DEVICES": "99",
        "OMP_NUM_THREADS": "64",
        "ORT_DISABLE_ALL_OPTIMIZATION": "1",
    }.items():
        monkeypatch.setenv(name, value)
    session = Session(MODEL)
    assert asked == [["CPUExecutionProvider"]]
    assert np.array_equal(session.step(features, session.start(1))[0], before)


def test_o28_a_runtime_without_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*given: object, **named: object) -> None:
        raise ValueError("Specified provider 'CPUExecutionProvider' is unavailable.\nmore")

    monkeypatch.setattr(onnxruntime, "InferenceSession", missing)
    with pytest.raises(PackError, match=r"^mine/model\.onnx: not a usable model: Specified provider .* unavailable\.;"):
        Session(MODEL, file=FILE)


RAISES = {
    "missing": "raise ImportError('No module named onnxruntime')",
    "library": "raise ImportError('DLL load failed while importing onnxruntime_pybind11_state')",
    "glibc": "raise OSError('version `GLIBC_2.38 not found')",
    "numpy of another version": "raise AttributeError('_ARRAY_API not found')",
    "numpy of another interface": "raise RuntimeError('module compiled against API version 0x10')",
    "system": "raise SystemError('initialization of onnxruntime raised unreported exception')",
    "written for another Python": "this is no Python",
}


@pytest.mark.parametrize("line", RAISES.values(), ids=RAISES.keys())
def test_o29_onnx_runtime_cannot_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """Whatever it raises: the package raises again what its library did."""
    (tmp_path / "onnxruntime").mkdir()
    (tmp_path / "onnxruntime" / "__init__.py").write_text(line)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "onnxruntime")
    with pytest.raises(MissingError, match=r"ONNX Runtime cannot be imported \(.+\); .* pip install onnxruntime"):
        Session(MODEL)


def test_o29_onnx_runtime_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingError, match="ONNX Runtime cannot be imported"):
        Session(MODEL)
    # what is left of it when one of its packages was removed beside another: a folder without content
    monkeypatch.setitem(sys.modules, "onnxruntime", ModuleType("onnxruntime"))
    with pytest.raises(MissingError, match="has no attribute 'SessionOptions'"):
        Session(MODEL)
