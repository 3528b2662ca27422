"""The chip soundfont: made as committed, in tune, without alias, level, and exact in loops."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from arrangements import BAR, arrangement, one_part
from hypothesis import given, settings
from hypothesis import strategies as st
from sf2reader import INSTRUMENT, SAMPLE_ID, SAMPLE_MODES, Font, key_range, read_soundfont

from gamemusic.audio import synth
from gamemusic.audio.loops import render_mix
from gamemusic.audio.loudness import peak, short_loudness
from gamemusic.audio.soundfont import CHIP_SOUNDFONT, SOUNDFONT_VARIABLE, check_soundfont, find_soundfont
from gamemusic.audio.synth import Synth, fluidsynth_version
from gamemusic.errors import InputError, MissingError, OutputError
from gamemusic.output import render
from gamemusic.packs.style import Player, Style
from gamemusic.programs import DRUM_KITS, DRUM_NAMES
from gamemusic.score.orchestration import DEFAULT_ORCHESTRATION, Instrument
from gamemusic.score.phrase import Note, Phrase, Role, Track
from gamemusic.theory import Key
from gamemusic.units import METERS
from gamemusic_export.chipfont import PLAIN, make_chipfont, write_chipfont
from gamemusic_export.chipwaves import WAVES, key_groups, make_wave, shift_register
from gamemusic_export.sf2 import GUARD_POINTS, Generator, Preset, Sample, Zone, time_cents, write_soundfont
from gamemusic_export.sf2 import Instrument as FontInstrument

Audio = npt.NDArray[np.float64]

RATE = 48000
LSB = 1.0 / 32768.0
LARGEST_BYTES = 400_000
PITCHED = tuple((program, name) for program, name in enumerate(PLAIN) if name != "noise")
FRAMES = 32768


@pytest.fixture(scope="module")
def font() -> Font:
    return read_soundfont(CHIP_SOUNDFONT.read_bytes())


@pytest.fixture(scope="module", autouse=True)
def _needs_fluidsynth() -> None:
    try:
        fluidsynth_version()
    except MissingError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def player() -> Iterator[Synth]:
    with Synth(CHIP_SOUNDFONT, sample_rate=RATE, channels=1) as player:
        yield player


def play(player: Synth, key: int, *, seconds: float, held: float | None = None, velocity: int = 100) -> Audio:
    """Return a note of the chosen preset and let the synthesizer fall silent."""
    frames = [round(length * RATE / 64) * 64 for length in (seconds if held is None else held, seconds)]
    rows = np.zeros((1, frames[1]), np.float32)
    player.note_on(0, key, velocity)
    player.render(rows, 0, frames[0])
    player.note_off(0, key)
    player.render(rows, frames[0], frames[1] - frames[0])
    rest = np.zeros((1, 4096), np.float32)
    for _ in range(2000):
        if not player.sounding():
            break
        player.render(rest, 0, 4096)
    return np.asarray(rows[0], np.float64)


def heard(sound: Audio) -> float:
    """Return the loudest 400 ms, in LUFS."""
    stereo = np.repeat(sound[:, None].astype(np.float32), 2, axis=1)
    return float(np.max(short_loudness(stereo, RATE)))


def hertz(key: float) -> float:
    return 440.0 * math.pow(2.0, (key - 69) / 12)


def cents_off(sound: Audio, frequency: float) -> float:
    """Return how far a steady tone lies from a frequency, by what its phase turns in a sixth of a second."""
    size, step = 16384, 8192
    window = np.hanning(size) * np.exp(-2j * np.pi * frequency * np.arange(size) / RATE)
    first, second = (np.sum(sound[at : at + size] * window) for at in (4096, 4096 + step))
    turned = np.angle(second / first * np.exp(-2j * np.pi * frequency * step / RATE))
    return 1200.0 * math.log2(1.0 + turned * RATE / (2.0 * np.pi * step * frequency))


def strays_db(sound: Audio, frequency: float) -> float:
    """Return the strongest thing from 20 Hz up that is no harmonic, in dB against the fundamental."""
    found = np.abs(np.fft.rfft(sound[8192 : 8192 + FRAMES] * np.kaiser(FRAMES, 16.0)))
    bins = np.arange(len(found)) * RATE / FRAMES
    harmonic = np.abs((bins + frequency / 2) % frequency - frequency / 2) < 12
    fundamental = np.max(found[np.abs(bins - frequency) < 12])
    return float(20.0 * np.log10(np.max(found[~harmonic & (bins > 20)]) / fundamental))


def test_the_committed_file_is_what_the_maker_makes(tmp_path: Path) -> None:
    assert CHIP_SOUNDFONT.read_bytes() == make_chipfont()
    assert write_chipfont(tmp_path / "again.sf2").read_bytes() == make_chipfont()
    assert check_soundfont(CHIP_SOUNDFONT).stat().st_size <= LARGEST_BYTES
    with pytest.raises(OutputError):
        write_chipfont(tmp_path / "none" / "chip.sf2")


def test_every_program_and_drum_is_there(font: Font) -> None:
    assert font.info["ifil"] == b"\x02\0\x04\0"
    wanted = {(0, program) for program in range(128)} | {(1, program) for program in range(len(PLAIN))}
    assert set(font.presets) == wanted | {(128, kit) for kit in DRUM_KITS.values()}
    assert [font.presets[1, program][0] for program in range(6)] == [
        "pulse_12", "pulse_25", "pulse_50", "triangle", "saw", "noise"
    ]  # fmt: skip
    for (bank, program), (_, (zone,)) in font.presets.items():
        name, (_, *zones) = font.instruments[zone[INSTRUMENT]]
        assert name, (bank, program)
        keys = [key for each in zones for key in key_range(each)]
        assert set(keys) == (set(DRUM_NAMES) if bank == 128 else set(range(128))), name


def test_samples_keep_the_rules_of_the_format(font: Font) -> None:
    looped = set()
    for _, (common, *zones) in font.instruments:
        looped |= {zone[SAMPLE_ID] for zone in zones if (common | zone).get(SAMPLE_MODES)}
    for index, sample in enumerate(font.samples):
        assert 400 <= sample.rate <= 50000 and abs(sample.correction) <= 50
        assert not font.points[sample.end : sample.end + 46].any()
        points = font.points[sample.start : sample.end].astype(int)
        assert 1000 < np.max(np.abs(points)) < 32767
        if index in looped:
            first, last = sample.loop_start - sample.start, sample.loop_end - sample.start
            assert last - first >= 32 and first >= 8 and len(points) - last >= 8
            # around both ends of the loop stands the same, so that interpolation goes on without a step
            assert np.array_equal(points[first - 8 : first + 8], points[last - 8 : last + 8])
            if not sample.name.endswith("noise"):
                assert abs(points[first:last].mean()) < 1.0


def test_fluidsynth_plays_every_preset(player: Synth, font: Font) -> None:
    for bank, program in font.presets:
        assert player.select(0, bank, program) == (bank, program)
        for key in DRUM_NAMES if bank == 128 and program == 0 else (28, 60, 96) if bank < 128 else (36, 38, 42):
            sound = play(player, key, seconds=0.25)
            assert LSB * 30 < np.max(np.abs(sound)) < 1.0, (bank, program, key)


@pytest.mark.parametrize(("program", "name"), PITCHED)
def test_in_tune_within_two_cents(player: Synth, program: int, name: str) -> None:
    player.select(0, 1, program)
    for key in range(36, 97, 3):
        assert abs(cents_off(play(player, key, seconds=0.7), hertz(key))) < 2.0, (name, key)


def test_two_cents_are_noticed() -> None:
    # the control of the test above
    time = np.arange(RATE) / RATE
    for cents in (-3.0, 3.0):
        assert cents_off(np.sin(2 * np.pi * hertz(72 + cents / 100) * time), hertz(72)) == pytest.approx(cents, abs=0.1)


@pytest.mark.parametrize(("program", "name"), PITCHED)
def test_nothing_folds_back(player: Synth, program: int, name: str) -> None:
    player.select(0, 1, program)
    for key in (75, 84, 88, 90, 93, 96, 99, 103, 108):
        assert strays_db(play(player, key, seconds=1.0), hertz(key)) < -50.0, (name, key)


def test_waves_made_without_a_limit_fold_back() -> None:
    # the control of the test above: the same pulse, switched and not summed
    time = np.arange(RATE) / RATE
    for key in (75, 84, 96):
        assert strays_db(np.where(hertz(key) * time % 1.0 < 0.25, 0.75, -0.25), hertz(key)) > -40.0


def test_waves_are_equally_loud_and_drums_balanced(player: Synth) -> None:
    levels = []
    for program, _ in PITCHED:
        player.select(0, 1, program)
        levels.append(np.mean([heard(play(player, key, seconds=0.6)) for key in (52, 60, 67, 76)]))
    assert max(levels) - min(levels) < 1.0
    held = []
    for program in (16, 21, 40, 48, 52, 58, 64, 68, 73, 80, 81, 84):
        player.select(0, 0, program)
        held.append(heard(play(player, 67, seconds=1.0)))
    assert max(held) - min(held) < 2.0
    player.select(0, 128, 0)
    drums = {DRUM_NAMES[key]: heard(play(player, key, seconds=1.0, held=0.1)) for key in DRUM_NAMES}
    assert max(drums.values()) - drums["kick"] < 2.0
    assert min(drums.values()) - drums["kick"] > -14.0
    for name in ("closed_hat", "open_hat", "pedal_hat", "maracas", "cabasa"):
        assert drums[name] < drums["snare"] - 3.0, name


def test_notes_begin_and_end_softly_and_soon(player: Synth) -> None:
    player.select(0, 1, PLAIN.index("pulse_50"))
    sound = np.abs(play(player, 69, seconds=0.5, held=0.3))
    loud = np.max(sound)
    assert sound[0] < 0.1 * loud and np.max(sound[: RATE // 200]) > 0.8 * loud
    assert np.max(sound[round(0.34 * RATE) :]) < 0.001 * loud


def test_hats_end_each_other_and_so_do_triangles(font: Font) -> None:
    ((_, (_, *zones)),) = [each for each in font.instruments if each[0] == "kit"]
    groups: dict[int, set[int]] = {}
    for zone in zones:
        groups.setdefault(zone.get(Generator.EXCLUSIVE_CLASS, 0), set()).update(key_range(zone))
    del groups[0]
    assert sorted(groups.values(), key=min) == [{42, 44, 46}, {80, 81}]


def test_vibrato_comes_late(player: Synth) -> None:
    player.select(0, 0, 80)
    sound = play(player, 69, seconds=1.5)
    analytic = np.fft.ifft(np.fft.fft(sound) * np.exp(-(((np.fft.fftfreq(len(sound), 1 / RATE) - 440) / 60) ** 2)))
    cents = 1200 * np.log2(np.diff(np.unwrap(np.angle(analytic))) * RATE / (2 * np.pi * 440))
    early, late = (cents[round(a * RATE) : round(b * RATE)] for a, b in ((0.1, 0.3), (0.6, 1.3)))
    assert np.ptp(early) < 2.0
    assert 10.0 < np.ptp(late) < 30.0
    assert abs(np.mean(late)) < 3.0


@pytest.mark.parametrize(("tempo_bpm", "bars"), list(itertools.product((90, 97, 133), (1, 8))))
def test_the_following_pass_is_the_same(tempo_bpm: int, bars: int) -> None:
    music = arrangement(bars=bars, tempo_bpm=tempo_bpm)
    loop = render_mix(music, CHIP_SOUNDFONT, RATE)
    assert 0.1 < peak(loop) <= 10 ** (-1 / 20) + 1e-6
    assert peak(loop - render_mix(music, CHIP_SOUNDFONT, RATE, extra_passes=1)) <= LSB


@pytest.mark.parametrize("program", [48, 80, 84, 44, 47, 122, 123, 125])
def test_what_moves_in_a_sound_moves_alike_in_each_pass(program: int) -> None:
    # vibrato, tremolo, sweeps and noise, on notes longer than a pass is
    music = one_part(Role.LEAD, [(0, 72, BAR, 90), (240, 60, BAR - 300, 70), (960, 76, 900, 90)])
    part = dataclasses.replace(music.parts[0], instrument=Instrument(program=program))
    music = dataclasses.replace(music, parts=(part,))
    loop = render_mix(music, CHIP_SOUNDFONT, RATE)
    assert peak(loop) > 0.02
    assert peak(loop - render_mix(music, CHIP_SOUNDFONT, RATE, extra_passes=1)) <= LSB


def test_a_vibrato_that_ran_free_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    # the control of the two tests above: each pass a little later for the same events
    music = one_part(Role.LEAD, [(0, 72, BAR, 90)])
    plain = Synth.note_off
    count = itertools.count()

    def drifting(self: Synth, channel: int, pitch: int) -> None:
        synth._load().module.fluid_synth_pitch_bend(self._synth, channel, next(count) % 16)
        plain(self, channel, pitch)

    monkeypatch.setattr(Synth, "note_off", drifting)
    difference = render_mix(music, CHIP_SOUNDFONT, RATE) - render_mix(music, CHIP_SOUNDFONT, RATE, extra_passes=1)
    assert peak(difference) > 10 * LSB


def test_who_chooses_the_soundfont(tmp_path: Path) -> None:
    other = tmp_path / "other.sf2"
    other.write_bytes(CHIP_SOUNDFONT.read_bytes())
    variables = {SOUNDFONT_VARIABLE: str(other)}
    assert find_soundfont("chip") == find_soundfont(style="chip", environment=variables) == CHIP_SOUNDFONT
    assert find_soundfont(other, style="chip") == other
    assert find_soundfont(environment=variables) == other


def test_a_style_names_its_soundfont(tmp_path: Path) -> None:
    players = {Role.LEAD: Player(program=80)}
    chip = Style(name="chiptune", token="rock", learned=(Role.LEAD,), instruments=players, soundfont="chip")
    assert chip.orchestration().soundfont == "chip"
    assert dataclasses.replace(chip, soundfont="").orchestration().soundfont == ""
    phrase = Phrase(
        bars=1,
        meter=METERS["4/4"],
        tempo_bpm=120.0,
        key=Key(0, "major"),
        tracks=(Track(Role.LEAD, (Note(0, 72, 24),)),),
        orchestration=chip.orchestration(),
    )
    assert np.array_equal(render(phrase, sample_rate=8000), render(phrase, soundfont="chip", sample_rate=8000))
    assert DEFAULT_ORCHESTRATION.soundfont == ""
    with pytest.raises(InputError, match="does not exist"):
        render(phrase, soundfont=tmp_path / "none.sf2")


def test_key_groups_leave_no_key_out_and_are_no_wider_than_an_octave() -> None:
    groups = key_groups()
    assert [key for low, high in groups for key in range(low, high + 1)] == list(range(128))
    # from C1 to C8
    assert all(high - low < 12 for low, high in groups if low > 24 and high < 108)


@pytest.mark.parametrize("name", WAVES)
def test_periods_are_longer_than_any_step_through_them(name: str) -> None:
    for sample, (_, high) in zip(make_wave(name), key_groups(), strict=True):
        step = hertz(high) / hertz(sample.pitch) * RATE / 8000  # at the lowest sample rate that is offered
        assert len(sample.points) > 1.5 * step


def test_the_shift_register_runs_through_all_its_values() -> None:
    long = shift_register(1, 2 * 32767)
    assert np.array_equal(long[:32767], long[32767:])
    assert long[:32767].sum() == 16384
    short = shift_register(6, 2 * 93)
    assert np.array_equal(short[:93], short[93:])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(32, 200), st.floats(0, 127), st.booleans()), min_size=1, max_size=5),
    st.integers(0, 127),
    st.integers(0, 127),
)
def test_what_is_written_can_be_read(sounds: list[tuple[int, float, bool]], first: int, second: int) -> None:
    noise = np.random.Generator(np.random.Philox(7))
    samples = [
        Sample(f"sample {index}", noise.integers(-32768, 32768, size).astype(np.int16), 44100, pitch, loops)
        for index, (size, pitch, loops) in enumerate(sounds)
    ]
    keys = (min(first, second), max(first, second))
    zones = tuple(Zone(sample.name, keys, {Generator.ATTENUATION: 25}) for sample in samples)
    data = write_soundfont(
        samples,
        [FontInstrument("one", zones, {Generator.ATTACK: -9000})],
        [Preset("one", "one", bank=3, program=4)],
        info={"isng": "EMU8000", "INAM": "odd"},
    )
    font = read_soundfont(data)
    assert font.info["INAM"] == b"odd\0"
    assert set(font.presets) == {(3, 4)}
    for sample, header in zip(samples, font.samples, strict=True):
        guard = GUARD_POINTS if sample.loops else 0
        assert header.start + guard == header.loop_start and header.end - guard == header.loop_end
        assert np.array_equal(font.points[header.loop_start : header.loop_end], sample.points)
        assert abs(header.key - header.correction / 100 - sample.pitch) <= 0.0051
    ((_, (common, *found)),) = font.instruments
    assert common == {34: 65536 - 9000}
    assert [zone[SAMPLE_ID] for zone in found] == list(range(len(samples)))
    assert all(key_range(zone) == range(keys[0], keys[1] + 1) and zone[48] == 25 for zone in found)


def test_soundfonts_that_cannot_be_written() -> None:
    tone = Sample("tone", np.zeros(64, np.int16), RATE, 60.0)
    short = dataclasses.replace(tone, points=np.zeros(31, np.int16))
    for samples, zone, name, message in (
        ([tone, tone], "tone", "a", "there twice"),
        ([short], "tone", "a", "31 points, needs 32"),
        ([tone], "flute", "a", "no sample 'flute'; use one of tone"),
        ([tone], "tone", "n" * 21, "21 characters, at most 20"),
    ):
        with pytest.raises(InputError, match=message):
            write_soundfont(
                samples, [FontInstrument(name, (Zone(zone),))], [Preset("p", name, bank=0, program=0)], info={}
            )


@given(st.floats(0.001, 100.0))
def test_times_are_told_within_a_thousandth(seconds: float) -> None:
    assert 2 ** (time_cents(seconds) / 1200) == pytest.approx(seconds, rel=1e-3)
