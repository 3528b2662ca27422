"""What workers do in tests that is not to happen."""

from __future__ import annotations

import os
import signal

from gamemusic.soundtrack import workers
from gamemusic.soundtrack.maker import Made
from gamemusic.soundtrack.order import Order


def attempt_but_die_at_night(order: Order) -> Made | workers.Failure:
    if order.name == "night":
        os.kill(os.getpid(), signal.SIGKILL)
    return workers.attempt(order)


def attempt_but_fail_at_night(order: Order) -> Made | workers.Failure:
    if order.name == "night":
        raise ZeroDivisionError("what went wrong")
    return workers.make(order)  # type: ignore[attr-defined]
