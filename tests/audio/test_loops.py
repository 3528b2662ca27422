"""Loops close, stems add up, nothing clips."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from arrangements import BAR, Rows, arrangement, one_part
from onetone import one_tone

from gamemusic.audio import priming, synth
from gamemusic.audio.balance import preset_of, stem_gain_db
from gamemusic.audio.loops import render_loop, render_mix, render_once, render_stems
from gamemusic.audio.loudness import loudness, peak
from gamemusic.audio.priming import prime
from gamemusic.audio.schedule import schedule
from gamemusic.audio.soundfont import CHIP_SOUNDFONT
from gamemusic.audio.synth import Synth
from gamemusic.errors import InputError
from gamemusic.score.orchestration import Instrument, Room
from gamemusic.score.parts import Arrangement, Part, PlayedNote
from gamemusic.score.phrase import Role
from gamemusic.units import BLOCK_FRAMES, loop_frames, ticks_to_seconds

Audio = npt.NDArray[np.float32]

LSB = 1.0 / 32768.0
RATE = 48000
CASES = list(itertools.product((90, 97, 133), (1, 8)))


def dry_loop(music: Arrangement, font: Path, *, frames: int | None = None, extra_passes: int = 0) -> Audio:
    """Return a loop before gains and room; of any length, to show what happens off the grid."""
    frames = frames or loop_frames(music.ticks, music.tempo_bpm, RATE)
    events = schedule(music.parts, total_subticks=music.subticks, total_frames=frames, loops=True)
    with Synth(font, sample_rate=RATE, channels=len(music.parts)) as player:
        for channel, part in enumerate(music.parts):
            player.select(channel, *preset_of(part.role, part.instrument))
        prime(player)
        played = Rows(len(music.parts), frames)
        render_loop(player, events, frames, played, tail_frames=30 * RATE, extra_passes=extra_passes)
    return played.rows


@pytest.mark.parametrize(("tempo_bpm", "bars"), CASES)
def test_the_following_pass_is_the_same(mono_font: Path, tempo_bpm: int, bars: int) -> None:
    music = arrangement(bars=bars, tempo_bpm=tempo_bpm)
    loop = render_mix(music, mono_font, RATE)
    following = render_mix(music, mono_font, RATE, extra_passes=1)
    assert peak(loop) > 0.1
    assert peak(loop - following) <= LSB


@pytest.mark.parametrize("font", ["chip", "mono_font"])
@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 64000, 88200, 96000])
def test_the_following_pass_is_the_same_at_every_rate(request: pytest.FixtureRequest, font: str, rate: int) -> None:
    music = arrangement(bars=1, tempo_bpm=133)
    path = CHIP_SOUNDFONT if font == "chip" else request.getfixturevalue(font)
    loop = render_mix(music, path, rate)
    assert peak(loop) > 0.1
    assert peak(loop - render_mix(music, path, rate, extra_passes=1)) <= LSB


@pytest.mark.parametrize("rate", [65537, 96000])
def test_one_part_alone_loops_above_64_khz(monkeypatch: pytest.MonkeyPatch, rate: int) -> None:
    music = arrangement(tempo_bpm=133, roles=(Role.LEAD,))
    loop = render_mix(music, CHIP_SOUNDFONT, rate)
    assert peak(loop) > 0.05
    assert peak(loop - render_mix(music, CHIP_SOUNDFONT, rate, extra_passes=1)) <= LSB
    # the control: there an envelope's shortest delay is a whole block, and one block is not enough to mix a voice
    monkeypatch.setattr(priming, "SHORTEST_DELAY_RATE", 10**6)
    monkeypatch.setattr(priming, "ROUNDS", 1)
    difference = render_mix(music, CHIP_SOUNDFONT, rate) - render_mix(music, CHIP_SOUNDFONT, rate, extra_passes=1)
    assert peak(difference) > 10 * LSB


def strike_twice(path: Path, rate: int) -> tuple[Audio, Audio]:
    """Return the same note twice, on the same voice, of a synthesizer that all keys fill at once."""
    struck = []
    with Synth(path, sample_rate=rate, channels=1, polyphony=64) as player:
        player.select(0, 0, 0)
        prime(player)
        for _ in range(2):
            rows = np.zeros((1, 4096), np.float32)
            player.note_on(0, 69, 100)
            player.render(rows, 0, 4096)
            struck.append(rows)
            while player.sounding():
                player.silence(0)
                player.render(np.zeros_like(rows), 0, 64)
    return struck[0], struck[1]


@pytest.mark.parametrize("rate", [8000, 48000, 96000])
def test_a_voice_sounds_alike_from_its_first_note_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate: int
) -> None:
    path = tmp_path / "tone.sf2"
    path.write_bytes(one_tone())
    first, second = strike_twice(path, rate)
    assert peak(second) > 0.01
    assert np.array_equal(first, second)
    # the control
    monkeypatch.setattr(priming, "ROUNDS", 0)
    first, second = strike_twice(path, rate)
    assert not np.array_equal(first, second)


def crashes() -> Arrangement:
    """Return a bar of crash cymbals so dense that more voices ring than the kit has keys."""
    return one_part(Role.DRUMS, [(20 * step, (49, 57, 51, 55)[step % 4], 20, 100) for step in range(96)])


@pytest.mark.parametrize("font", ["chip", "mono_font"])
def test_a_kit_that_rings_on_more_voices_than_it_has_keys_loops(request: pytest.FixtureRequest, font: str) -> None:
    path = CHIP_SOUNDFONT if font == "chip" else request.getfixturevalue(font)
    loop = render_mix(crashes(), path, RATE)
    assert peak(loop) > 0.1
    assert peak(loop - render_mix(crashes(), path, RATE, extra_passes=1)) <= LSB


def test_one_voice_a_key_is_not_enough_for_a_kit(monkeypatch: pytest.MonkeyPatch) -> None:
    # the control of the test above
    monkeypatch.setattr(priming, "ROUNDS", 1)
    difference = render_mix(crashes(), CHIP_SOUNDFONT, RATE) - render_mix(
        crashes(), CHIP_SOUNDFONT, RATE, extra_passes=1
    )
    assert peak(difference) > 100 * LSB


def test_priming_plays_keys_again_only_when_they_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # a soundfont of one key: without that its 127 silent ones would be asked for again with every voice
    path = tmp_path / "one.sf2"
    path.write_bytes(one_tone(only=69))
    played: list[int] = []
    plain = Synth.note_on

    def counted(self: Synth, channel: int, pitch: int, velocity: int) -> None:
        played.append(pitch)
        plain(self, channel, pitch, velocity)

    monkeypatch.setattr(Synth, "note_on", counted)
    with Synth(path, sample_rate=RATE, channels=1) as player:
        player.select(0, 0, 0)
        prime(player)
    assert played.count(69) == priming.ROUNDS
    assert len(played) == 127 + priming.ROUNDS


@pytest.mark.parametrize("delay_tc", [-12000, -4800, -3000])
def test_sounds_that_begin_late_loop(tmp_path: Path, delay_tc: int) -> None:
    path = tmp_path / "late.sf2"
    path.write_bytes(one_tone(delay_tc))
    music = late_music()
    loop = render_mix(music, path, RATE)
    assert peak(loop) > 0.05
    assert peak(loop - render_mix(music, path, RATE, extra_passes=1)) <= LSB


def test_voices_primed_with_the_delay_of_their_sound_do_not_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the control of the test above
    monkeypatch.setattr(priming, "HELD_GENERATORS", {})
    path = tmp_path / "late.sf2"
    path.write_bytes(one_tone(-4800))
    difference = render_mix(late_music(), path, RATE) - render_mix(late_music(), path, RATE, extra_passes=1)
    assert peak(difference) > 10 * LSB


def late_music() -> Arrangement:
    """Return eighths of a piano, whose voices ring on."""
    music = one_part(Role.LEAD, [(240 * step, 57 + step % 5, 240, 100) for step in range(8)])
    part = dataclasses.replace(music.parts[0], instrument=Instrument(program=0))
    return dataclasses.replace(music, parts=(part,))


def test_a_length_off_the_grid_is_another_performance(mono_font: Path) -> None:
    # the control of the test above: it can fail
    music = arrangement(bars=1)
    frames = loop_frames(music.ticks, music.tempo_bpm, RATE)
    on_grid = dry_loop(music, mono_font) - dry_loop(music, mono_font, extra_passes=1)
    off_grid = dry_loop(music, mono_font, frames=frames + 17) - dry_loop(
        music, mono_font, frames=frames + 17, extra_passes=1
    )
    assert peak(on_grid) <= LSB
    assert peak(off_grid) > 100 * LSB


@pytest.mark.parametrize(("tempo_bpm", "bars"), CASES)
def test_panned_soundfonts_loop_too(stereo_font: Path, tempo_bpm: int, bars: int) -> None:
    music = arrangement(bars=bars, tempo_bpm=tempo_bpm)
    loop = render_mix(music, stereo_font, RATE)
    assert peak(loop) > 0.1
    assert peak(loop - render_mix(music, stereo_font, RATE, extra_passes=1)) <= LSB


def test_samples_left_to_their_own_panning_do_not_loop(stereo_font: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # the control of the test above: voices glide from the panning of whatever they played before
    monkeypatch.setattr(synth, "HARD_RIGHT", 0.0)
    music = arrangement(bars=8, tempo_bpm=133)
    difference = render_mix(music, stereo_font, RATE) - render_mix(music, stereo_font, RATE, extra_passes=1)
    assert peak(difference) > 10 * LSB


@pytest.mark.parametrize(("tempo_bpm", "bars"), CASES)
def test_length_is_right_within_half_a_block(mono_font: Path, tempo_bpm: int, bars: int) -> None:
    music = arrangement(bars=bars, tempo_bpm=tempo_bpm, roles=(Role.LEAD,))
    frames = len(render_mix(music, mono_font, 44100))
    assert frames % BLOCK_FRAMES == 0
    assert abs(frames - ticks_to_seconds(music.ticks, tempo_bpm) * 44100) <= BLOCK_FRAMES / 2


@pytest.mark.parametrize("ending", ["loop", "cadence"])
def test_stems_add_up_to_the_mix(mono_font: Path, ending: str) -> None:
    music = arrangement(bars=2, ending=ending)
    stems = render_stems(music, mono_font, RATE)
    assert list(stems.stems) == [part.role for part in music.parts]
    assert stems.loops is (ending == "loop")
    assert peak(stems.mix - np.sum(list(stems.stems.values()), axis=0, dtype=np.float32)) <= LSB
    # the mix alone has one room for all, the stems one each
    alone = render_mix(music, mono_font, RATE)
    shared = min(len(alone), len(stems.mix))
    assert abs(len(alone) - len(stems.mix)) <= RATE // 10
    assert peak(alone[: shared - RATE // 10] - stems.mix[: shared - RATE // 10]) <= LSB


def test_loops_have_no_constant_offset(stereo_font: Path) -> None:
    music = arrangement(bars=2)
    for sound in (render_mix(music, stereo_font, RATE), *render_stems(music, stereo_font, RATE).stems.values()):
        assert np.max(np.abs(sound.mean(axis=0, dtype=np.float64))) < 1e-4


def test_no_step_at_the_seam(mono_font: Path) -> None:
    # one held chord: the largest step from sample to sample must not stand where the file's end meets its beginning
    music = one_part(Role.HARMONY, [(0, 55, BAR, 80), (0, 59, BAR, 80), (960, 62, 960, 80)])
    loop = render_mix(music, mono_font, RATE)
    inside = np.max(np.abs(np.diff(loop, axis=0)))
    assert np.max(np.abs(loop[0] - loop[-1])) <= inside


def test_tails_of_the_end_sound_at_the_beginning(mono_font: Path) -> None:
    music = one_part(Role.LEAD, [(1800, 84, 120, 120)], bars=2)
    late = one_part(Role.LEAD, [(2 * BAR - 120, 84, 120, 120)], bars=2)
    assert peak(render_mix(music, mono_font, RATE)[: RATE // 4]) < 1e-3
    assert peak(render_mix(late, mono_font, RATE)[: RATE // 4]) > 1e-2


def test_rooms_longer_than_the_loop_wrap(mono_font: Path) -> None:
    music = arrangement(tempo_bpm=240, roles=(Role.LEAD, Role.BASS), room=Room(seconds=6.0, level_db=0.0))
    loop = render_mix(music, mono_font, RATE)
    assert len(loop) == RATE
    assert peak(loop - render_mix(music, mono_font, RATE, extra_passes=2)) <= LSB


def test_cadence_rings_out_to_exact_silence(mono_font: Path) -> None:
    music = arrangement(bars=1, ending="cadence")
    sound = render_mix(music, mono_font, RATE)
    written = loop_frames(music.ticks, music.tempo_bpm, RATE)
    assert len(sound) % BLOCK_FRAMES == 0
    assert written + RATE // 2 < len(sound) < written + 20 * RATE
    assert not sound[-1].any()
    assert peak(sound[-RATE // 50 :]) < 1e-3


def test_endless_notes_are_faded_out(mono_font: Path) -> None:
    with Synth(mono_font, sample_rate=RATE, channels=1) as player:
        player.select(0, 0, 19)  # church organ
        player.note_on(0, 60, 100)
        played = Rows(1, 6400 + RATE)
        frames = render_once(player, (), 6400, played, tail_frames=RATE)
    assert 6400 < frames <= 6400 + RATE
    assert peak(played.rows[:, frames - RATE // 2 : frames]) > 1e-3
    assert not played.rows[:, frames - 1].any()


def test_nothing_clips_however_loud(mono_font: Path) -> None:
    music = arrangement(velocity=127, level_db=12.0, room=Room(level_db=0.0))
    stems = render_stems(music, mono_font, RATE)
    assert stems.gain_db < -0.1
    assert max(peak(sound) for sound in (stems.mix, *stems.stems.values())) <= 10 ** (-1 / 20) + 1e-6


def opposed(path: Path) -> Arrangement:
    """Return a lead and a counter that cancel each other but where they begin and end, of the soundfont ``path``."""
    # every second pulse points the other way, a block apart: what begins a block later is the same upside down
    period = np.zeros(2 * BLOCK_FRAMES)
    period[BLOCK_FRAMES // 2], period[BLOCK_FRAMES // 2 + BLOCK_FRAMES] = 1.0, -1.0
    path.write_bytes(one_tone(period=period, key=69))
    lead, counter = (Instrument(program=0, reverb=0.0, level_db=level) for level in (6.0, 0.0))
    off = stem_gain_db(Role.LEAD, lead, path) - stem_gain_db(Role.COUNTER, counter, path)
    parts = (
        Part(Role.LEAD, 0, lead, (PlayedNote(0, 69, BAR - 480, 127),)),
        Part(Role.COUNTER, 1, dataclasses.replace(counter, level_db=off), (PlayedNote(2, 69, BAR - 480, 127),)),
    )
    return dataclasses.replace(arrangement(tempo_bpm=150), parts=parts)


def test_stems_that_are_louder_than_their_sum_do_not_clip(tmp_path: Path) -> None:
    stems = render_stems(opposed(tmp_path / "pulses.sf2"), tmp_path / "pulses.sf2", RATE)
    limit = 10 ** (-1 / 20)
    loudest = max(peak(stem) for stem in stems.stems.values())
    # that the mix alone would have passed is what makes this a test of the stems
    assert peak(stems.mix) < 0.7 * loudest
    assert stems.gain_db < -3.0
    assert limit * 0.999 < loudest <= limit + 1e-6
    assert peak(stems.mix - np.sum(list(stems.stems.values()), axis=0, dtype=np.float32)) <= LSB


def test_velocity_survives_the_balance(mono_font: Path) -> None:
    loud, soft = (loudness(render_mix(arrangement(velocity=velocity), mono_font, RATE), RATE) for velocity in (100, 40))
    assert loud - soft > 6.0


def test_levels_are_as_heard(mono_font: Path) -> None:
    # flute, piano, trumpet and harp, whose presets lie 15 dB apart, end up alike
    heard = []
    for program in (73, 0, 56, 46):
        music = one_part(Role.LEAD, [(480 * beat, 72 + beat, 470, 80) for beat in range(4)])
        part = dataclasses.replace(music.parts[0], instrument=Instrument(program=program, reverb=0.0))
        heard.append(loudness(render_mix(dataclasses.replace(music, parts=(part,)), mono_font, RATE), RATE))
    assert max(heard) - min(heard) < 4.0
    assert abs(np.mean(heard) - -21.5) < 3.0


def test_usual_arrangement_lies_near_eighteen_lufs(mono_font: Path) -> None:
    assert abs(loudness(render_mix(arrangement(bars=2), mono_font, RATE), RATE) - -18.0) < 2.0


def test_same_bytes_again(mono_font: Path) -> None:
    music = arrangement(roles=(Role.HARMONY, Role.DRUMS))
    assert render_mix(music, mono_font, RATE).tobytes() == render_mix(music, mono_font, RATE).tobytes()


def test_nothing_to_play_is_silence_of_the_right_length(mono_font: Path) -> None:
    music = dataclasses.replace(arrangement(), parts=())
    stems = render_stems(music, mono_font, RATE)
    assert stems.mix.shape == (loop_frames(music.ticks, music.tempo_bpm, RATE), 2)
    assert not stems.mix.any()


@pytest.mark.parametrize("rate", [8000, 22050, 96000])
def test_every_sample_rate(mono_font: Path, rate: int) -> None:
    music = arrangement(roles=(Role.LEAD,))
    assert len(render_mix(music, mono_font, rate)) == loop_frames(music.ticks, music.tempo_bpm, rate)


@pytest.mark.parametrize("rate", [0, 7999, 96001, 44100.0, True])
def test_sample_rates_out_of_range(rate: int) -> None:
    with pytest.raises(InputError, match="8000 to 96000"):
        render_mix(arrangement(), Path("unused.sf2"), rate)
