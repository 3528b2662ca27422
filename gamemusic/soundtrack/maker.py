"""Maker: an order -> the bytes of its files and what the manifest says of them. A pure function, for any process."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gamemusic.arranger.arranger import arrange
from gamemusic.audio.loops import render_level, render_stems
from gamemusic.audio.loudness import SILENCE_LUFS, amplitude_to_db, db_to_amplitude, loudness, true_peak
from gamemusic.audio.wavfile import encode_wav
from gamemusic.composer.bridge import compose_bridge
from gamemusic.composer.composer import Composer
from gamemusic.composer.stinger import compose_stinger
from gamemusic.errors import InputError, PackError
from gamemusic.packs.pack import open_pack
from gamemusic.score.midi import MidiSong, write_midi
from gamemusic.score.parts import Arrangement
from gamemusic.score.phrase import Phrase
from gamemusic.soundtrack.order import Order, Origin
from gamemusic.soundtrack.schema import file_stems
from gamemusic.soundtrack.sketch import draw_sketch
from gamemusic.soundtrack.source import arrange_source, read_source
from gamemusic.theory import chord_name
from gamemusic.units import TICKS_PER_BEAT

__all__ = ["TRUE_PEAK_DB", "Made", "make"]

Audio = npt.NDArray[np.float32]

TRUE_PEAK_DB = -1.0
"""Highest true peak allowed, in dBTP."""
SUFFIXES = {"midi": ".mid", "wav": ".wav", "ogg": ".ogg", "flac": ".flac"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What came of an order."""

    name: str
    key: str
    """`Order.key`."""
    files: Mapping[str, bytes] = field(repr=False)
    """By file name."""
    facts: Mapping[str, Any] = field(repr=False)
    """The manifest's entry."""
    sketch: Mapping[str, Any] = field(repr=False)
    """What the page draws: see `gamemusic.soundtrack.sketch.draw_sketch`."""


@dataclass(frozen=True, slots=True, eq=False)
class _Take:
    """One level, as it is heard."""

    level: float
    phrase: Phrase
    arrangement: Arrangement
    mix: Audio | None
    """Before the gain; None where only MIDI is asked for."""
    stems: Mapping[str, Audio]


def make(order: Order) -> Made:
    """Compose, arrange, render, level and encode.

    Raises:
        GameMusicError: Whatever is wrong with the pack, the soundfont or the request.
    """
    phrases = _compose(order)
    takes = [_play(order, level, phrase) for level, phrase in zip(order.levels, phrases, strict=True)]
    gain_db, levelling = _level(order, takes)
    files: dict[str, bytes] = {}
    described: list[dict[str, Any]] = []
    for take in takes:
        _write(order, take, gain_db, files, described)
    first, played = phrases[0], order.kind == "cue" and bool(order.origin.source)
    facts = {
        "name": order.name,
        "kind": order.kind,
        **dict(order.around),
        **({"take_of": order.take_of, "take": order.take} if order.take_of else {}),
        "key_of_order": order.key,
        "mood": first.mood,
        "style": first.style,
        "seed": None if played else first.seed,
        "source": {"file": Path(order.origin.source).name, "sha256": order.origin.source_digest} if played else None,
        "tempo_bpm": first.tempo_bpm,
        "meter": str(first.meter),
        "bars": first.bars,
        "key": str(first.key),
        "form": list(first.form),
        "chords": [[chord.start / TICKS_PER_BEAT, chord_name(chord.root, chord.quality)] for chord in first.chords],
        "ending": first.ending,
        "levels": list(order.levels),
        "seam_bits": first.seam_bits,
        "pack": {"name": first.mood, "digest": order.origin.digest},
        "soundfont": {"file": Path(order.soundfont).name, "sha256": order.soundfont_digest}
        if order.soundfont
        else None,
        **levelling,
        "files": described,
    }
    return Made(
        name=order.name, key=order.key, files=files, facts=facts, sketch=draw_sketch(takes[-1].phrase, takes[-1].mix)
    )


def _compose(order: Order) -> list[Phrase]:
    composer = _composer(order.origin.pack, order.origin.digest)
    if order.kind == "cue":
        return [_phrase(order.origin, level) for level in order.levels]
    over = _phrase(order.origin, order.levels[-1])
    if order.kind == "stinger":
        chord = over.chord_at(0)
        made = compose_stinger(
            composer,
            order.sting,
            key=over.key,
            chord=chord,
            tempo_bpm=over.tempo_bpm,
            meter=over.meter,
            seed=order.seed,
            style=over.style,
        )
        return [made]
    assert order.left is not None
    old = _phrase(order.left, order.left.intensity)
    # it is heard once, between two loops, so it rings out into the second one
    return [compose_bridge(composer, old, over, bars=order.bars, seed=order.seed).replace(ending="cadence")]


def _phrase(origin: Origin, intensity: float) -> Phrase:
    if origin.source:
        phrase, _ = _source(origin)
        return phrase.replace(intensity=intensity)
    donor = None if origin.harmony is None else _phrase(origin.harmony, origin.harmony.intensity)
    return _composer(origin.pack, origin.digest).compose(
        style=origin.style,
        bars=origin.bars,
        key=origin.key if origin.key is not None or donor is None else str(donor.key),
        tempo=origin.tempo,
        meter=origin.meter,
        intensity=intensity,
        seed=origin.seed,
        ending=origin.ending,
        theme=origin.theme or None,
        harmony=donor,
    )


@functools.lru_cache(maxsize=1)
def _source(origin: Origin) -> tuple[Phrase, MidiSong]:
    style = _composer(origin.pack, origin.digest).pack.preset.style(origin.style)
    try:
        data = Path(origin.source).read_bytes()
    except OSError as error:
        raise InputError(f"the source {origin.source} cannot be read: {error.strerror}") from None
    if hashlib.sha256(data).hexdigest() != origin.source_digest:
        raise InputError(f"the source {origin.source} changed while the soundtrack was baked; bake again")
    phrase, song = read_source(data, style.orchestration(), file=Path(origin.source).name)
    return phrase.replace(mood=origin.mood, style=origin.style, ending=origin.ending or "loop"), song


@functools.lru_cache(maxsize=4)
def _composer(path: str, digest: str) -> Composer:
    pack = open_pack(path)
    if pack.digest != digest:
        raise PackError("the pack changed while the soundtrack was baked; bake again", file=path)
    return Composer(pack)


def _play(order: Order, level: float, phrase: Phrase) -> _Take:
    if order.origin.source and order.kind == "cue":
        _, song = _source(order.origin)
        arrangement = arrange_source(phrase, song, everything=level == order.levels[-1])
    else:
        arrangement = arrange(phrase)
    if not order.soundfont:
        return _Take(level, phrase, arrangement, None, {})
    font = Path(order.soundfont)
    if not order.stems:
        mix, gain_db = render_level(arrangement, font, order.sample_rate)
        return _Take(level, phrase, arrangement, mix * np.float32(db_to_amplitude(-gain_db)), {})
    rendered = render_stems(arrangement, font, order.sample_rate)
    back = np.float32(db_to_amplitude(-rendered.gain_db))
    stems = {str(role): stem * back for role, stem in rendered.stems.items()}
    return _Take(level, phrase, arrangement, rendered.mix * back, stems)


def _level(order: Order, takes: list[_Take]) -> tuple[float, dict[str, Any]]:
    """Return the gain that all levels and stems share, and what the manifest says of it.

    The loudest level comes to the target, unless a true peak of any file would then pass `TRUE_PEAK_DB`.
    """
    mixes = [take.mix for take in takes if take.mix is not None]
    if not mixes:
        return 0.0, {}
    loudest = max(loudness(mix, order.sample_rate) for mix in mixes)
    if loudest <= SILENCE_LUFS:
        return 0.0, {"loudness_lufs": None, "target_lufs": order.loudness, "gain_db": 0.0}
    everything = [*mixes, *(stem for take in takes for stem in take.stems.values())]
    highest = amplitude_to_db(max(true_peak(audio) for audio in everything))
    wanted = order.loudness - loudest
    gain = min(wanted, TRUE_PEAK_DB - highest)
    return gain, {
        "loudness_lufs": round(loudest + gain, 2),
        "target_lufs": order.loudness,
        "missed_by_lu": round(max(0.0, wanted - gain), 2),
        "gain_db": round(gain, 4),
        "true_peak_dbtp": round(highest + gain, 2),
    }


def _write(order: Order, take: _Take, gain_db: float, files: dict[str, bytes], described: list[dict[str, Any]]) -> None:
    base = file_stems(order.name, order.levels)[order.levels.index(take.level)]
    loops = take.phrase.ending == "loop"
    shared = {"level": take.level} if len(order.levels) > 1 else {}
    gain = np.float32(db_to_amplitude(gain_db))
    for kind in order.formats:
        if kind == "midi":
            content = write_midi(take.arrangement)
            facts = {"ticks": take.phrase.ticks, "loops": loops}
            _add(files, described, base + ".mid", content, {"format": kind, "role": None, **shared, **facts})
            continue
        assert take.mix is not None
        for role, audio in ((None, take.mix), *take.stems.items()):
            sound = audio * gain
            name = f"{base}{'' if role is None else '.' + role}{SUFFIXES[kind]}"
            heard = {
                "format": kind,
                "role": role,
                **shared,
                "sample_rate": order.sample_rate,
                "frames": len(sound),
                "seconds": len(sound) / order.sample_rate,
                "loop": {
                    "start": 0,
                    "end": len(sound),
                    "start_seconds": 0.0,
                    "end_seconds": len(sound) / order.sample_rate,
                }
                if loops
                else None,
            }
            if role is None:
                heard["loudness_lufs"] = round(loudness(sound, order.sample_rate), 2)
            _add(files, described, name, _encode(order, kind, sound, take.arrangement, loops), heard)


def _encode(order: Order, kind: str, sound: Audio, arrangement: Arrangement, loops: bool) -> bytes:
    rate, comment = order.sample_rate, arrangement.comment
    if kind == "wav":
        return encode_wav(sound, rate, bit_depth=order.bit_depth, loops=loops, title=order.title, comment=comment)
    from gamemusic.audio.compressed import encode

    return encode(
        sound,
        rate,
        SUFFIXES[kind],
        loop=(0, len(sound)) if loops else None,
        title=order.title,
        comment=comment,
        bit_depth=order.bit_depth,
        quality=order.quality,
    )


def _add(
    files: dict[str, bytes], described: list[dict[str, Any]], name: str, content: bytes, facts: dict[str, Any]
) -> None:
    files[name] = content
    described.append({"file": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), **facts})
