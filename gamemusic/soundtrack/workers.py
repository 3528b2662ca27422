"""Workers: processes that carry orders out, each of which may die without taking the others along."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

from gamemusic.errors import GameMusicError
from gamemusic.soundtrack.maker import Made, make
from gamemusic.soundtrack.order import Order

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

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
    """
    if jobs == 1:
        for order in orders:
            yield attempt(order)
        return
    yield from _Pool(jobs).run(orders)


def attempt(order: Order) -> Made | Failure:
    """Carry an order out, or say why not."""
    try:
        return make(order)
    except GameMusicError as error:
        return Failure(order.name, str(error))
    except MemoryError:
        return Failure(order.name, "there was not enough memory; bake with fewer jobs")


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    order: Order | None = None


class _Pool:
    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._context = multiprocessing.get_context("spawn")  # a fork would copy locks of libraries' threads
        self._workers: list[_Worker] = []

    def run(self, orders: Iterable[Order]) -> Iterator[Made | Failure]:
        waiting = iter(orders)
        try:
            for order in waiting:
                worker = self._start()
                self._give(worker, order)
                if len(self._workers) == self._jobs:
                    break
            while busy := [worker for worker in self._workers if worker.order is not None]:
                ready = set(wait([worker.pipe for worker in busy]))
                for worker in busy:
                    if worker.pipe in ready:
                        yield self._take(worker)
                        following = next(waiting, None)
                        if following is not None:
                            self._give(worker if worker in self._workers else self._start(), following)
        finally:
            for worker in self._workers:
                worker.pipe.close()
            for worker in self._workers:
                worker.process.join(5.0)
                if worker.process.is_alive():
                    worker.process.kill()

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs,), daemon=True, name="gamemusic bake")
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _take(self, worker: _Worker) -> Made | Failure:
        """Return what a worker has made; one that died is let go."""
        order, worker.order = worker.order, None
        assert order is not None
        try:
            result: Made | Failure = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join()
            worker.pipe.close()
            self._workers.remove(worker)
            return Failure(order.name, f"its process died (exit code {worker.process.exitcode})")
        return result

    @staticmethod
    def _give(worker: _Worker, order: Order) -> None:
        worker.order = order
        worker.pipe.send(order)


def _work(pipe: Connection) -> None:
    while True:
        try:
            order = pipe.recv()
        except (EOFError, OSError, KeyboardInterrupt):
            return
        try:
            result = attempt(order)
        except KeyboardInterrupt:
            return
        pipe.send(result)
