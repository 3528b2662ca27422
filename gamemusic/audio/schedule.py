"""From parts to synthesizer events on the 64-frame grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from gamemusic.score.parts import Part
from gamemusic.units import BLOCK_FRAMES, subticks_to_frames

__all__ = ["Event", "EventKind", "schedule"]

MIXER_CONTROLLERS = frozenset({0, 7, 8, 10, 32, 91, 93})
"""Controllers by which MIDI files say bank, level, pan and sends. In audio the mixer does that, in float and linear."""

FIRST_MODE_CONTROLLER = 120
"""Controllers from here on are commands such as 'all notes off'; a part has no use for them."""

CONTROLLER_DEFAULTS = {11: 127}
"""Values that a channel starts with; 0 for all others that a part may use."""


class EventKind(IntEnum):
    """What happens; at one frame in this order, so that a note may follow another of its pitch at once."""

    NOTE_OFF = 0
    CONTROL = 1
    NOTE_ON = 2


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """One call to the synthesizer."""

    frame: int
    """Frame of the pass, a multiple of 64."""
    kind: EventKind
    channel: int
    """The part's place in the arrangement."""
    number: int
    """Pitch or controller, 0..127."""
    value: int
    """Velocity or value, 0..127; 0 for note-offs."""


def schedule(parts: Sequence[Part], *, total_subticks: int, total_frames: int, loops: bool) -> tuple[Event, ...]:
    """Return the events of one pass, sorted.

    In a loop, the note-offs of notes that end with the pass stand at its head: they end the notes of the pass before.
    Otherwise they stand at ``total_frames``.
    """
    events: list[Event] = []
    for channel, part in enumerate(parts):
        events += _controls(part, channel, total_subticks, total_frames)
        events += _notes(part, channel, total_subticks, total_frames, loops)
    return tuple(sorted(events))


def _controls(part: Part, channel: int, total_subticks: int, total_frames: int) -> list[Event]:
    # keyed by place: of two changes on one block the later counts, whatever their values
    found: dict[tuple[int, int], int] = {}
    for control in part.controls:
        if control.controller not in MIXER_CONTROLLERS and control.controller < FIRST_MODE_CONTROLLER:
            frame = _on_grid(control.start, total_subticks, total_frames)
            found[frame, control.controller] = control.value
    for controller in {controller for _, controller in found}:
        # every pass begins alike, also when the part only says something later on
        found.setdefault((0, controller), CONTROLLER_DEFAULTS.get(controller, 0))
    return [Event(frame, EventKind.CONTROL, channel, controller, value) for (frame, controller), value in found.items()]


def _notes(part: Part, channel: int, total_subticks: int, total_frames: int, loops: bool) -> list[Event]:
    # keyed by place: two notes of a pitch within one block (1.3 ms at 48 kHz) cannot be told apart; the longer stays
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for note in part.notes:
        start = _on_grid(note.start, total_subticks, total_frames)
        end = subticks_to_frames(note.start + note.duration, total_subticks, total_frames)
        end = min(total_frames, max(end, start + BLOCK_FRAMES))  # a note of no block would never be ended
        if end >= found.get((start, note.pitch), (0, 0))[0]:
            found[start, note.pitch] = (end, note.velocity)
    events: list[Event] = []
    for (start, pitch), (end, velocity) in found.items():
        events.append(Event(start, EventKind.NOTE_ON, channel, pitch, velocity))
        stop = 0 if loops and end >= total_frames else end
        events.append(Event(stop, EventKind.NOTE_OFF, channel, pitch, 0))
    return events


def _on_grid(start: int, total_subticks: int, total_frames: int) -> int:
    # the last half block would round to the next pass
    frame = subticks_to_frames(start, total_subticks, total_frames)
    return max(0, min(frame, total_frames - BLOCK_FRAMES))
