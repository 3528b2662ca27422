"""Any MIDI file -> sound, to be listened to: no loop, no stems, General MIDI instruments as the file names them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gamemusic.audio.loudness import db_to_amplitude, peak
from gamemusic.audio.reverb import add_wet, impulse_response
from gamemusic.audio.synth import DRUM_BANK, Synth, check_sample_rate
from gamemusic.errors import MidiError
from gamemusic.score.midi import MidiSong
from gamemusic.score.orchestration import Room
from gamemusic.units import BLOCK_FRAMES

__all__ = ["render_song"]

_CHANNELS = 16
_PROGRAMS = 128
_TAIL_SECONDS = 4.0
_SEND = 0.25
_USUAL_TEMPO = 120.0
_MOST_SECONDS = 3600.0
"""Longest song, which takes 2.1 GB at 48 kHz; a file of a few bytes may say that it lasts for weeks."""


def render_song(song: MidiSong, soundfont: Path, sample_rate: int) -> npt.NDArray[np.float32]:
    """Return a song's sound, float32, (frames, 2), its highest sample at -1 dB.

    Args:
        song: From `gamemusic.score.midi.read_midi`.
        soundfont: From `find_soundfont`.
        sample_rate: In hertz, 8000..96000.

    Raises:
        MidiError: It lasts more than an hour.
        InputError, MissingError, FormatError: See `Synth`.
    """
    check_sample_rate(sample_rate)
    events = sorted(_events(song, sample_rate))
    end = (events[-1][0] if events else 0) + round(_TAIL_SECONDS * sample_rate)
    if end > _MOST_SECONDS * sample_rate:
        raise MidiError(f"it lasts {end / sample_rate:,.0f} seconds, of which at most {_MOST_SECONDS:,.0f} are played")
    frames = -(-end // BLOCK_FRAMES) * BLOCK_FRAMES
    mono = np.zeros(frames, np.float32)
    playing = [-1] * _CHANNELS
    with Synth(soundfont, sample_rate=sample_rate, channels=_CHANNELS) as synth:
        at: dict[int, list[tuple[int, int, int, int, int]]] = {}
        for event in events:
            at.setdefault(event[0], []).append(event)
        borders = sorted({0, frames, *at, *range(0, frames, 64 * BLOCK_FRAMES)})
        rows = np.zeros((_CHANNELS, 64 * BLOCK_FRAMES), np.float32)
        for start, stop in pairwise(borders):
            for _, channel, pitch, velocity, timbre in at.get(start, ()):
                if velocity and playing[channel] != timbre:
                    synth.select(channel, DRUM_BANK if timbre >= _PROGRAMS else 0, timbre % _PROGRAMS)
                    playing[channel] = timbre
                if velocity:
                    synth.note_on(channel, pitch, velocity)
                else:
                    synth.note_off(channel, pitch)
            synth.render(rows, 0, stop - start)
            mono[start:stop] = rows[:, : stop - start].sum(axis=0)
    room = Room()
    sound = np.zeros((frames + impulse_response(room, sample_rate).shape[1] - 1, 2), np.float32)
    sound[:frames] = mono[:, None]
    mono *= np.float32(_SEND)
    add_wet(sound, mono, room, sample_rate, wraps=False)
    sound *= np.float32(db_to_amplitude(-1.0) / max(peak(sound), 1e-9))
    return sound


def _events(song: MidiSong, sample_rate: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield (frame, channel, pitch, velocity, timbre); velocity 0 ends a note, and sorts before what begins there.

    A timbre is a program, or `_PROGRAMS` more for a drum kit.
    """
    seconds = _seconds_at(song)

    def frame(tick: int) -> int:
        return round(seconds(tick) * sample_rate / BLOCK_FRAMES) * BLOCK_FRAMES

    for track in song.tracks:
        for note in track.notes:
            start, timbre = frame(note.start), note.program + _PROGRAMS * note.drums
            yield start, note.channel, note.pitch, note.velocity, timbre
            yield max(start + BLOCK_FRAMES, frame(note.end)), note.channel, note.pitch, 0, timbre


def _seconds_at(song: MidiSong) -> Callable[[int], float]:
    """Return the song's clock: ticks -> seconds."""
    changes = [(0, _USUAL_TEMPO), *song.tempos]
    ticks, sums = [0], [0.0]
    for (before, tempo), (tick, _) in pairwise(changes):
        sums.append(sums[-1] + (tick - before) * 60.0 / (tempo * song.ticks_per_beat))
        ticks.append(tick)

    def seconds(tick: int) -> float:
        place = bisect_right(ticks, tick) - 1
        return sums[place] + (tick - ticks[place]) * 60.0 / (changes[place][1] * song.ticks_per_beat)

    return seconds
