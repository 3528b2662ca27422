"""Workers: processes that carry orders out, each of which may die without taking the others along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gamemusic.errors import GameMusicError
from gamemusic.processes import share
from gamemusic.soundtrack.maker import Made, make
from gamemusic.soundtrack.order import Order

__all__ = ["Failure", "attempt", "carry_out"]


@dataclass(frozen=True, slots=True)
class Failure:
    """An order that could not be carried out."""

    name: str
    reason: str


def carry_out(orders: Iterable[Order], jobs: int) -> Iterator[Made | Failure]:
    """Yield what came of each order, as it comes.

    Args:
        orders: What is wanted.
        jobs: How many processes; with 1 everything happens in this one.

    Raises:
        GameMusicError: A process could not begin; the message says what it raised.
    """
    for outcome in share(attempt, orders, jobs):
        yield outcome.result or Failure(outcome.item.name, outcome.error)


def attempt(order: Order) -> Made | Failure:
    """Carry an order out, or say why not."""
    try:
        return make(order)
    except GameMusicError as error:
        return Failure(order.name, str(error))
    except MemoryError:
        return Failure(order.name, "there was not enough memory; bake with fewer jobs")
