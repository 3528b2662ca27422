"""Cluster: the same orders carried out on machines that a Dask scheduler knows. The only module that imports Dask.

A cluster runs whatever its clients send, so it has to be one's own; Dask's TLS settings keep others out. Workers need
gamemusic in the same version, the packs and the soundfonts; they return bytes, and this process alone writes files.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from gamemusic.audio.soundfont import CHIP_SOUNDFONT, find_soundfont, installed_soundfonts, soundfont_sha256
from gamemusic.errors import GameMusicError, InputError, MissingError
from gamemusic.packs.fontstore import font_dir
from gamemusic.packs.library import find_pack
from gamemusic.packs.pack import open_pack
from gamemusic.soundtrack.maker import Made
from gamemusic.soundtrack.order import Order, Origin
from gamemusic.soundtrack.workers import Failure, attempt

__all__ = ["carry_out_on", "make_here"]

_AHEAD = 2
"""Orders under way for each of the cluster's threads; more would only wait there and hold memory when they are done."""
_CONNECT_SECONDS = 10.0


def carry_out_on(address: str, orders: Iterable[Order]) -> Iterator[Made | Failure]:
    """Yield what came of each order, as it comes; the bytes of few are held at a time.

    Args:
        address: Of the scheduler, such as ``tcp://10.0.0.1:8786`` or ``tls://10.0.0.1:8786``.
        orders: What is wanted.

    Raises:
        MissingError: ``dask.distributed`` is not installed.
        InputError: There is no scheduler, or it has no workers.
    """
    distributed = _import()
    try:
        client = distributed.Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"no Dask scheduler answers at {address} ({error}); start one, or use --jobs") from error
    with client, client.as_current():
        threads = sum(client.nthreads().values())
        if not threads:
            raise InputError(f"the cluster at {address} has no workers; start some")
        waiting = iter(orders)
        names: dict[Any, str] = {}

        def submit(order: Order) -> Any:
            # without a key of its own Dask would not make an order a second time that it thinks it knows
            future = client.submit(make_here, order, pure=False, retries=1)
            names[future.key] = order.name
            return future

        under_way = distributed.as_completed([submit(one) for one in itertools.islice(waiting, _AHEAD * threads)])
        for future in under_way:
            name = names.pop(future.key)
            try:
                yield future.result()
            except GameMusicError as error:
                yield Failure(name, str(error))
            except Exception as error:  # whatever a machine far away may do takes its own piece along
                yield Failure(name, f"its worker failed: {type(error).__name__}: {error}")
            future.release()
            following = next(waiting, None)
            if following is not None:
                under_way.add(submit(following))


def make_here(order: Order) -> Made | Failure:
    """Carry an order out on this machine, whose packs and soundfonts may lie elsewhere than where it was given."""
    try:
        here = replace(order, origin=_local(order.origin), left=None if order.left is None else _local(order.left))
        if order.soundfont:
            here = replace(here, soundfont=str(_find_soundfont(order)))
    except GameMusicError as error:
        return Failure(order.name, str(error))
    return attempt(here)


def _local(origin: Origin) -> Origin:
    harmony = None if origin.harmony is None else _local(origin.harmony)
    for path in (origin.theme, origin.source):
        if path and not Path(path).is_file():
            raise InputError(f"this worker cannot see {path}; put it where all workers can")
    return replace(origin, pack=_find_pack(origin.mood, origin.pack, origin.digest), harmony=harmony)


@functools.lru_cache(maxsize=64)  # a pack's every byte is hashed when it is opened
def _find_pack(mood: str, path: str, digest: str) -> str:
    if Path(path).exists() and open_pack(path).digest == digest:
        return path
    found = find_pack(mood)
    if found.digest != digest:
        raise InputError(
            f"this worker's mood {mood} is another one ({found.digest[:12]}, {digest[:12]} is wanted); "
            "install the same packs on all workers"
        )
    return str(found.path)


def _find_soundfont(order: Order) -> Path:
    for kept in sorted(font_dir().glob(f"{order.soundfont_digest}.sf[23]")):  # of packs that this worker opened
        return find_soundfont(style=f"pack:{kept.name}")
    for path in (Path(order.soundfont), CHIP_SOUNDFONT, *installed_soundfonts()):
        if path.is_file() and soundfont_sha256(path) == order.soundfont_digest:
            return path
    raise InputError(
        f"this worker has no soundfont {Path(order.soundfont).name} ({order.soundfont_digest[:12]}); install the same "
        "soundfonts on all workers"
    )


def _import() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise MissingError(
            "baking on a cluster needs dask.distributed; run: pip install 'gamemusic[cluster]'"
        ) from error
    return distributed
