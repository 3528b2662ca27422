"""FluidSynth, offline and dry: the only module that loads it.

Everything that would make two passes of a loop differ is off: FluidSynth's own reverb and chorus (their modulators run
free), the dither of its 16-bit output, and stealing of voices. Each channel renders into its own pair of rows, so one
run gives every stem; that costs about a tenth more than one mixed pair.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import io
import itertools
import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gamemusic.errors import FormatError, MissingError
from gamemusic.programs import PROGRAM_NAMES
from gamemusic.values import check_whole, reason_of

if TYPE_CHECKING:
    from typing_extensions import Self  # for mypy, which brings it along; Python has it from 3.11 on

__all__ = ["DRUM_BANK", "SAMPLE_RATES", "Synth", "check_sample_rate", "fluidsynth_version"]

logger = logging.getLogger(__name__)

SAMPLE_RATES = (8000, 96000)
"""Lowest and highest sample rate that FluidSynth offers, in hertz, closed."""

DRUM_BANK = 128
"""Bank of percussion presets in a soundfont."""

POLYPHONY = 1024
"""Voices at once. Six roles use about a hundred; a stolen voice would make one pass differ from the next."""

PAN_GENERATOR = 17
"""The soundfont format's number for a voice's panning."""

HARD_RIGHT = 1000.0
"""Panning in tenths of a percent, added to what the soundfont says; the sum is cut at 500, all the way right.

A voice that takes over from another glides from the other's panning for 64 frames, and which voice that is changes from
pass to pass. So every voice is panned alike and a part is mono until the mixer places it.
"""

GAIN = 1.0
"""FluidSynth's output gain. Its value is of no account, since every stem is levelled afterwards in float."""

FLUIDSYNTH_HINT = (
    "Install it: Debian and Ubuntu 'apt install libfluidsynth3', Fedora 'dnf install fluidsynth-libs', Arch 'pacman -S "
    "fluidsynth', macOS 'brew install fluid-synth', Windows: unzip a release from "
    "https://github.com/FluidSynth/fluidsynth/releases into C:\\tools\\fluidsynth. Then 'pip install pyfluidsynth'. "
    "Writing MIDI files needs neither."
)


def check_sample_rate(sample_rate: int) -> int:
    """Return ``sample_rate`` (hertz) when it is a whole number in `SAMPLE_RATES`.

    Raises:
        InputError: For any other value.
    """
    return check_whole(sample_rate, "sample rate", *SAMPLE_RATES, "hertz")


def fluidsynth_version() -> str:
    """Return the version of the installed FluidSynth library, such as ``'2.3.1'``.

    Raises:
        MissingError: FluidSynth or pyfluidsynth is not installed.
    """
    return str(_load().version)


class Synth:
    """A synthesizer with one soundfont and one mono output a channel; a context manager.

    Args:
        soundfont: A file that `check_soundfont` has passed.
        sample_rate: In hertz, in `SAMPLE_RATES`.
        channels: How many parts play, 1..16.
        polyphony: Most voices at once, 16..4096. The voice that sounds least gives way to one more.
        keep_interpreter: Keep the interpreter's lock while FluidSynth works. Live this is what to do: whoever gives the
            lock back for a microsecond waits behind every busy thread of the game to get it again.

    Raises:
        MissingError: FluidSynth is not installed.
        FormatError: FluidSynth refused the soundfont.
    """

    _synth: Any = None
    _settings: Any = None

    def __init__(
        self,
        soundfont: Path,
        *,
        sample_rate: int,
        channels: int,
        polyphony: int = POLYPHONY,
        keep_interpreter: bool = False,
    ) -> None:
        self._process = os.getpid()
        self._library = _load()
        self._calls = self._library.keeping if keep_interpreter else self._library.yielding
        self.polyphony = polyphony
        self.sample_rate = check_sample_rate(sample_rate)
        self.soundfont = soundfont
        self.channels = channels
        fluid = self._library.module
        self._settings = fluid.new_fluid_settings()
        self._voices = (ctypes.c_void_p * polyphony)()
        try:
            self._configure()
            self._synth = fluid.new_fluid_synth(self._settings)
            if not self._synth:
                raise MissingError(f"FluidSynth {self._library.version} would not start: {self._library.last_words()}")
            self._font_id = self._load_font()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __del__(self, getpid: Callable[[], int] = os.getpid) -> None:
        # in a forked child a lock of FluidSynth's may be held by a thread that is not there
        if (self._synth or self._settings) and getpid() == self._process:
            self.close()

    def close(self) -> None:
        """Free the synthesizer and its samples; a second call does nothing."""
        fluid = self._library.module
        if self._synth:
            fluid.delete_fluid_synth(self._synth)
            self._synth = None
        if self._settings:
            fluid.delete_fluid_settings(self._settings)
            self._settings = None

    def select(self, channel: int, bank: int, program: int) -> tuple[int, int]:
        """Give ``channel`` a preset and return the (bank, program) that it got.

        A preset that the soundfont lacks is replaced, with a warning in the log: by the same program of bank 0, then by
        the first program of its General MIDI family of eight; a drum kit by the standard kit.

        Raises:
            FormatError: The soundfont has none of them.
        """
        drums = bank == DRUM_BANK
        self._library.set_channel_type(self._synth, channel, 1 if drums else 0)
        choices = [(bank, program), (bank, 0)] if drums else [(bank, program), (0, program), (0, program // 8 * 8)]
        for choice in dict.fromkeys(choices):
            # asked first, since FluidSynth mutes the channel and writes to its log when a preset is missing
            if self._has_preset(*choice):
                code = self._library.module.fluid_synth_program_select(self._synth, channel, self._font_id, *choice)
                if code == 0:
                    if choice != (bank, program):
                        logger.warning(
                            "%s has no preset %d:%d, playing %d:%d", self.soundfont.name, bank, program, *choice
                        )
                    # past the end of its range, so that a sample's own panning has no say
                    self.offset_generator(channel, PAN_GENERATOR, HARD_RIGHT)
                    return choice
        name = "drum kit" if drums else PROGRAM_NAMES[program]
        raise FormatError(
            f"the soundfont has no preset {bank}:{program} ({name}) and nothing near it; use a General MIDI soundfont",
            file=self.soundfont,
        )

    def note_on(self, channel: int, pitch: int, velocity: int) -> None:
        """Start a note."""
        self._calls.note_on(self._synth, channel, pitch, velocity)

    def note_off(self, channel: int, pitch: int) -> None:
        """End a note; nothing happens when it does not sound."""
        self._calls.note_off(self._synth, channel, pitch)

    def control(self, channel: int, controller: int, value: int) -> None:
        """Change a controller."""
        self._calls.control(self._synth, channel, controller, value)

    def silence(self, channel: int) -> None:
        """End all notes of a channel at once."""
        self._library.module.fluid_synth_all_sounds_off(self._synth, channel)

    def offset_generator(self, channel: int, generator: int, offset: float) -> None:
        """Add ``offset`` to what the soundfont says of a generator (SoundFont 2.04, 8.1.2), in the generator's unit."""
        self._library.set_generator(self._synth, channel, generator, offset)

    def count_voices(self) -> int:
        """Return how many voices are in use."""
        return int(self._library.module.fluid_synth_get_active_voice_count(self._synth))

    @property
    def complaint(self) -> str:
        """FluidSynth's last error in this process; empty when there was none."""
        return self._library.complaint

    def sounding(self) -> set[int]:
        """Return an identity for every note that still has a voice, also after its note-off; never used twice."""
        return {int(self._library.get_voice_id(voice)) for voice in self._active_voices()}

    def render(self, rows: npt.NDArray[np.float32], start: int, frames: int) -> None:
        """Write the next ``frames`` frames to ``rows[:, start : start + frames]``.

        Args:
            rows: Shape (channels, any length), each row contiguous: one mono row a channel, see `HARD_RIGHT`.
            start: First frame of ``rows`` to write.
            frames: How many. Notes begin at multiples of 64 frames of the synth's life, whatever is asked here.
        """
        if rows.shape[0] != self.channels or start < 0 or start + frames > rows.shape[1]:
            raise ValueError(f"cannot render {frames} frames at {start} into rows of shape {rows.shape}")
        rows[:, start : start + frames] = 0.0  # FluidSynth adds to what is there
        silent = np.zeros(frames, np.float32)  # every channel's left side
        stride, first = rows.strides[0], rows.ctypes.data + start * rows.itemsize
        sides = (side for row in range(self.channels) for side in (silent.ctypes.data, first + row * stride))
        pointers = (ctypes.c_void_p * (2 * self.channels))(*sides)
        self._calls.process(self._synth, frames, 0, None, 2 * self.channels, pointers)

    def _active_voices(self) -> list[int]:
        self._library.get_voicelist(self._synth, self._voices, self.polyphony, -1)
        return list(itertools.takewhile(bool, self._voices))  # the list ends with NULL

    def _configure(self) -> None:
        fluid = self._library.module
        fluid.fluid_settings_setnum(self._settings, b"synth.sample-rate", float(self.sample_rate))
        fluid.fluid_settings_setnum(self._settings, b"synth.gain", GAIN)
        for name, value in {
            "synth.reverb.active": 0,
            "synth.chorus.active": 0,
            "synth.polyphony": self.polyphony,
            "synth.cpu-cores": 1,
            "synth.dynamic-sample-loading": 1,  # only the presets that play: a tenth of the loading time
            "synth.lock-memory": 0,
            "synth.threadsafe-api": 0,  # a Synth belongs to one thread
            "synth.audio-channels": self.channels,
            "synth.audio-groups": self.channels,
        }.items():
            fluid.fluid_settings_setint(self._settings, name.encode(), value)

    def _load_font(self) -> int:
        name = str(self.soundfont)
        encoded = name.encode("utf-8") if sys.platform == "win32" else os.fsencode(name)
        font_id = int(self._library.module.fluid_synth_sfload(self._synth, encoded, 0))
        if font_id < 0:
            raise FormatError(
                f"FluidSynth cannot read this soundfont ({self._library.last_words()}); download or install it again",
                file=self.soundfont,
            )
        return font_id

    def _has_preset(self, bank: int, program: int) -> bool:
        fluid = self._library.module
        font = fluid.fluid_synth_get_sfont_by_id(self._synth, self._font_id)
        return bool(font and fluid.fluid_sfont_get_preset(font, bank, program))


class _Calls:
    """What is called while music sounds, with or without the interpreter's lock given back meanwhile."""

    def __init__(self, handle: Any, kind: Any) -> None:
        pointer, integer = ctypes.c_void_p, ctypes.c_int
        event = kind(integer, pointer, integer, integer, integer)
        self.note_on = event(("fluid_synth_noteon", handle))
        self.control = event(("fluid_synth_cc", handle))
        self.note_off = kind(integer, pointer, integer, integer)(("fluid_synth_noteoff", handle))
        self.process = kind(integer, pointer, integer, integer, pointer, integer, pointer)(
            ("fluid_synth_process", handle)
        )


class _Library:
    """The bindings of pyfluidsynth, and those that it lacks."""

    def __init__(self, module: Any) -> None:
        self.module = module
        handle = module._fl
        pointer, integer = ctypes.c_void_p, ctypes.c_int
        version = ctypes.CFUNCTYPE(ctypes.c_char_p)(("fluid_version_str", handle))
        self.version = (version() or b"?").decode("ascii", "replace")
        self.yielding = _Calls(handle, ctypes.CFUNCTYPE)
        self.keeping = _Calls(handle, ctypes.PYFUNCTYPE)
        self.set_channel_type = ctypes.CFUNCTYPE(integer, pointer, integer, integer)(
            ("fluid_synth_set_channel_type", handle)
        )
        self.get_voicelist = ctypes.CFUNCTYPE(None, pointer, pointer, integer, integer)(
            ("fluid_synth_get_voicelist", handle)
        )
        self.get_voice_id = ctypes.CFUNCTYPE(ctypes.c_uint, pointer)(("fluid_voice_get_id", handle))
        # generators are 'float' in the interface, whatever FluidSynth calculates with
        self.set_generator = ctypes.CFUNCTYPE(integer, pointer, integer, integer, ctypes.c_float)(
            ("fluid_synth_set_gen", handle)
        )
        log_function = ctypes.CFUNCTYPE(None, integer, ctypes.c_char_p, pointer)
        set_log = ctypes.CFUNCTYPE(pointer, integer, log_function, pointer)(("fluid_set_log_function", handle))
        self._words = ""
        self._log = log_function(self._hear)  # kept: ctypes does not own callbacks
        for level in range(5):  # panic, error, warning, information, debug
            set_log(level, self._log, None)

    @property
    def complaint(self) -> str:
        """FluidSynth's last error; empty when there was none."""
        return self._words

    def last_words(self) -> str:
        """Return FluidSynth's last complaint."""
        return self._words or "no reason given"

    def _hear(self, level: int, message: bytes | None, _data: object) -> None:
        # FluidSynth writes to stderr by itself; here it goes where the program wants its log
        text = (message or b"").decode("utf-8", "replace").strip()
        if level <= 1:
            self._words = text
        logger.debug("FluidSynth: %s", text)


@functools.lru_cache(maxsize=1)
def _load() -> _Library:
    try:
        with _quiet_import():
            import fluidsynth
        library = _Library(fluidsynth)
        first = int(library.version.partition(".")[0].strip() or 0)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # whatever an import may raise, SystemExit too: of the unrelated package 'fluidsynth' or FluidSynth 1 it is an
        # AttributeError, of a library that cannot be loaded an OSError, of a broken installation a SyntaxError
        said = f"audio needs FluidSynth 2 and pyfluidsynth ({reason_of(error)})"
        raise MissingError(f"{said}. {FLUIDSYNTH_HINT}") from error
    if first < 2:
        raise MissingError(f"audio needs FluidSynth 2 or later (found {library.version}). {FLUIDSYNTH_HINT}")
    return library


@contextlib.contextmanager
def _quiet_import() -> Iterator[None]:
    # where the variable CI is set, pyfluidsynth prints the library's place on stdout, which may be somebody's JSON
    if os.environ.get("CI"):
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    else:
        yield
