"""Director: the object that a running game holds."""

from __future__ import annotations

import math
import secrets
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from gamemusic.audio.loudness import db_to_amplitude
from gamemusic.audio.soundfont import find_soundfont
from gamemusic.audio.synth import check_sample_rate
from gamemusic.composer.stinger import find_stinger
from gamemusic.director.conductor import Cue
from gamemusic.director.engine import Engine
from gamemusic.director.forks import check_process, count_forks
from gamemusic.director.mixer import STEP_FRAMES
from gamemusic.director.notifier import Listeners, Moment
from gamemusic.director.output import check_latency
from gamemusic.director.saving import read_state, write_state
from gamemusic.director.settings import Settings, check_gain_db, check_seconds
from gamemusic.errors import InputError
from gamemusic.score.phrase import Role
from gamemusic.units import check_intensity, check_seed
from gamemusic.values import check_choice, check_number, check_truth, check_whole, shown

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Director"]

_MOST_READ = 1 << 20
_CLOSE_SECONDS = 0.03
"""How long `Director.close` waits for threads, most of which end within that; the others end by themselves."""


class Director:
    """Plays moods, composed while they play, and moves between them.

    Every method may be called from any thread, `read` by one at a time. Reading never waits for the composer: while the
    next phrase is not ready, the last one is repeated.

    Args:
        sample_rate: In hertz, 8000 to 96000.
        seed: The same seed gives each mood the same phrases; without one a seed is drawn, see `seed`.
        soundfont: SF2 or SF3 file, or ``'chip'``; default: what each style asks for, or the system's.
        settings: See `Settings`.

    Raises:
        InputError: For a value that is not allowed.
        MissingError: FluidSynth or a soundfont is not installed.
    """

    channels = 2

    def __init__(
        self,
        *,
        sample_rate: int = 48000,
        seed: int | None = None,
        soundfont: str | Path | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.sample_rate = check_sample_rate(sample_rate)
        if settings is not None and not isinstance(settings, Settings):
            raise InputError(f"settings must be a gamemusic.Settings (received {shown(settings)})")
        self.settings = settings or Settings()
        seed = check_seed(secrets.randbits(32) if seed is None else seed)
        find_soundfont(soundfont)  # a missing one is better told now than by silence
        self._process = count_forks()
        self._listeners = Listeners()
        self._engine = engine = Engine(self.sample_rate, seed, soundfont, self.settings, self._listeners)
        self._mixer, self._conductor, self._studio = engine.mixer, engine.conductor, engine.studio
        self._notifier = engine.notifier
        # a director that nobody has any more ends as by `close`
        self._end = weakref.finalize(self, engine.shut)
        self._end.atexit = False  # the engine sees to that, and waits a little for its threads
        try:
            engine.start()
        except BaseException:
            engine.shut()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # asking for music -----------------------------------------------------------------------------------------------

    def play(
        self,
        mood: str | Path,
        style: str | None = None,
        intensity: float | None = None,
        *,
        at: str = "bar",
        by: str = "bridge",
        resume: bool = True,
    ) -> None:
        """Ask for a mood; returns at once.

        It begins at the first boundary that was asked for at which its first phrase is ready, and until then the music
        goes on as it is. Where nothing plays it begins as soon as it is ready.

        Args:
            mood: Name of an installed mood, or path of a pack.
            style: One of its styles; default its first.
            intensity: 0 to 1; default: unchanged.
            at: ``'beat'``, ``'bar'`` or ``'phrase'``: where the old music ends.
            by: ``'bridge'``: a bar or two that the mood's model composes lead there; ``'cut'``; ``'crossfade'``.
            resume: Go on where the mood was left, if it was played before; else from its first bar.

        Raises:
            InputError: For a mood or style that does not exist, or another value that is not allowed.
            PackError, FormatError: When the pack is damaged.
        """
        self._check_open()
        Cue.check(at, by)
        resume = check_truth(resume, "resume")
        if intensity is not None:
            intensity = check_intensity(intensity)
        program = self._studio.program(mood, style)
        if intensity is not None:
            self.intensity = intensity
        self._studio.play(Cue(program, at, by), resume=resume)

    def prepare(self, mood: str | Path, style: str | None = None) -> None:
        """Load a mood and compose its first phrase ahead, so that `play` finds it ready; returns at once.

        Raises: as `play`.
        """
        self._check_open()
        self._studio.prepare(self._studio.program(mood, style))

    def stinger(self, name: str, at: str = "beat") -> None:
        """Play a one-shot of the mood that plays over the music, in its key and chord; returns at once.

        Asked for before the first music is ready, it waits for that.

        Args:
            name: One of the stingers of the mood's preset, or of those that every mood has.
            at: ``'beat'``, ``'bar'`` or ``'phrase'``.

        Raises:
            InputError: For a name that does not exist, or when no music was asked for.
        """
        self._check_open()
        Cue.check(at, "bridge")
        cue = self._studio.cue
        program = self._conductor.playing or (None if cue is None else cue.program)
        if program is None:
            raise InputError("a stinger needs music that it sounds in; call play() first")
        find_stinger(program.preset, name)
        self._studio.sting(name, at)

    @property
    def seed(self) -> int:
        """From which the seeds of all phrases are derived."""
        return self._studio.seed

    @property
    def intensity(self) -> float:
        """0 to 1: layers follow at the next beat, notes from the next phrase on.

        Setting raises InputError for any other value.
        """
        return self._engine.wishes.intensity

    @intensity.setter
    def intensity(self, intensity: float) -> None:
        check_process(self._process)
        self._engine.wishes.intensity = check_intensity(intensity)
        self._studio.follow_intensity()

    def pause(self) -> None:
        """Fade out within 10 ms and stand still until `resume`."""
        self._check_open()
        self._mixer.pause()

    def resume(self) -> None:
        """Go on where the music was paused."""
        self._check_open()
        self._mixer.resume()

    @property
    def paused(self) -> bool:
        """Whether the music stands still, or is about to."""
        return self._mixer.paused

    def stop(self, fade: float = 2.0) -> None:
        """Fade the music out within ``fade`` seconds, 0 to 60; `play` begins anew, where each mood was left."""
        self._check_open()
        frames = max(64, round(check_seconds(fade, "fade") * self.sample_rate))
        with self._studio.lock:
            self._studio.cue = None
            self._conductor.stop(frames)

    def duck(self, db: float, seconds: float = 0.3) -> None:
        """Turn the music down to ``db`` (-96 to 0) within ``seconds``, as under speech; ``duck(0)`` takes it back."""
        self._check_open()
        gain = db_to_amplitude(check_gain_db(db))
        self._mixer.ducking.go(gain, max(64, round(check_seconds(seconds, "seconds") * self.sample_rate)))

    def set_stem(self, role: Role | str, gain: float, seconds: float = 0.05) -> None:
        """Turn one role up or down by a factor, 0 to 1, in all music: any subset of roles is music.

        Raises:
            InputError: For an unknown role or a gain out of range.
        """
        self._check_open()
        part = Role(check_choice(role, "role", [one.value for one in Role]))
        self._engine.wishes.stems[part] = gain = check_number(gain, "gain", 0, 1)
        frames = max(1, round(check_seconds(seconds, "seconds") * self.sample_rate))
        for deck in self._mixer.decks:
            deck.stems[part].go(gain, frames)

    # hearing it -----------------------------------------------------------------------------------------------------

    def read(self, frames: int, dtype: Literal["float32", "int16"] = "float32") -> npt.NDArray[Any]:
        """Return the next sound, shape (frames, 2), and let the music's time pass by it.

        Silence until the first phrase is ready, in a pause, and after `close`. Never waits for the composer, a disk or
        the network.

        Args:
            frames: 1 to 1,048,576.
            dtype: ``'float32'``, within -1..1, or ``'int16'``.

        Raises:
            InputError: For another number or type.
            GameMusicError: In a forked child.
        """
        check_process(self._process)
        frames = check_whole(frames, "frames", 1, _MOST_READ)
        check_choice(dtype, "dtype", ("float32", "int16"))
        sound = self._mixer.read(int(frames))
        if dtype == "int16":
            whole = np.empty(sound.shape, np.int16)
            for first in range(0, len(sound), STEP_FRAMES):
                part = slice(first, first + STEP_FRAMES)
                whole[part] = np.rint(sound[part] * np.float32(32767.0))
            return whole
        return sound

    def start(self, device: int | str | None = None, latency: float = 0.2) -> None:
        """Feed a sound card until `close`; needs the extra ``gamemusic[sounddevice]``.

        A card that is pulled out is opened again as soon as it is there, which is tried every second, and at once by
        another call; `errors` says so, and the music stands still meanwhile. Another device or latency takes the place
        of what plays.

        Args:
            device: Number or name of the device; default the system's.
            latency: Seconds of sound that the card holds: what the interpreter may be held up without being heard.

        Raises:
            InputError: ``latency`` is out of range.
            MissingError: sounddevice or PortAudio is not installed, or there is no device.
        """
        self._check_open()
        self._engine.start_card(device, check_latency(latency))

    def on_bar(self, function: Callable[[Moment], object]) -> None:
        """Call ``function`` with a `Moment` at every bar line that is heard, on a thread of its own.

        What it raises, whatever it is, is told in `errors`, and it goes on being called.

        Raises:
            InputError: It cannot be called.
        """
        self._listen(self._listeners.bar, function)

    def on_phrase(self, function: Callable[[Moment], object]) -> None:
        """Call ``function`` with a `Moment` whenever a phrase, bridge or stinger begins; else as `on_bar`."""
        self._listen(self._listeners.phrase, function)

    @property
    def now(self) -> Moment | None:
        """The bar that was heard last; None before the first."""
        mark = self._mixer.now
        return None if mark is None else self._engine.moment(mark)

    @property
    def counters(self) -> Mapping[str, int]:
        """What happened so far: frames read, blocks made late, phrases composed, late repeats, moves, bridges ..."""
        check_process(self._process)
        self._conductor.settle(wait=False)
        counters = self._mixer.counters
        return {name: value for name in counters.__slots__ if isinstance(value := getattr(counters, name), int)}

    @property
    def errors(self) -> tuple[str, ...]:
        """The latest errors in words, each once: of composing, of the game's callbacks, of the sound card.

        The music went on without what failed.
        """
        return tuple(self._mixer.counters.errors)

    def wait_ready(self, timeout: float = 10.0) -> bool:
        """Wait until the mood that was asked for last is ready to be read; return whether it is.

        Not for a game's loop; for loading screens, recordings and tests.

        Raises:
            InputError: ``timeout`` is no number of seconds, 0 or more.
        """
        check_process(self._process)
        timeout = check_number(timeout, "timeout", 0, math.inf, "seconds")
        if self._engine.closed:
            return False
        until = time.monotonic() + timeout
        while not self._studio.ready():
            if not self._studio.can_wait or time.monotonic() >= until:
                return False
            time.sleep(0.005)
        return True

    # a saved game ---------------------------------------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Return what a saved game needs to take its music up again: plain values, fit for JSON."""
        check_process(self._process)
        wishes = self._engine.wishes
        with self._studio.lock, self._mixer.lock:
            playing, heard = self._conductor.playing, self._conductor.heard()
            if playing is not None and heard is not None and heard[0].take is playing.current:
                playing.bar = heard[1]
            wanted = self._studio.cue.program if self._studio.cue is not None else None
            programs = self._studio.programs.values()
            return write_state(self.seed, wishes.intensity, wanted, programs, wishes.stems)

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take up the music of a saved game; returns at once. What plays is left as by `play`.

        Raises:
            InputError: When it is no state that `save_state` gave.
            InputError, PackError: When a mood of it is not installed any more.
        """
        self._check_open()
        saved = read_state(state)
        programs = []
        for one in saved.programs:
            program = self._studio.new_program(one.mood, one.style, saved.seed)
            program.theme, program.variation, program.bar = one.theme, one.variation, one.bar
            programs.append(program)
        if saved.playing is not None:
            self._studio.new_program(*saved.playing, saved.seed)  # what is refused is refused before anything changes
        self._studio.exchange(saved.seed, programs)
        for role, gain in saved.stems.items():
            self.set_stem(role, gain)
        self.intensity = saved.intensity
        if saved.playing is not None:
            self.play(*saved.playing)

    def close(self) -> None:
        """Stop and free everything, within a tenth of a second; further reads give silence.

        From any thread, also inside a callback, a signal's handler or ``__del__``; a second call does nothing. What is
        being composed ends at its next step. A director that nobody refers to any more closes itself.
        """
        self._engine.shut()
        self._engine.join(_CLOSE_SECONDS)

    def _listen(self, functions: list[Callable[[Moment], object]], function: Callable[[Moment], object]) -> None:
        self._check_open()
        if not callable(function):
            raise InputError(f"a function is needed that takes a Moment (received {shown(function)})")
        self._notifier.start()
        functions.append(function)

    def _check_open(self) -> None:
        check_process(self._process)
        if self._engine.closed:
            raise InputError("this director is closed; make a new one")
