"""Files that run code in whatever unpickles them: they make a folder, by which one sees that it happened."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np


class Payload:
    """An object whose pickle makes a file when it is read."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def payloads(mark: Path) -> dict[str, bytes]:
    """Return files that run code in a reader that unpickles."""
    pickled = pickle.dumps(Payload(mark))
    array, arrays = io.BytesIO(), io.BytesIO()
    np.save(array, np.array([Payload(mark)], dtype=object), allow_pickle=True)
    np.savez(arrays, w=np.array([Payload(mark)], dtype=object))
    checkpoint = io.BytesIO()
    with zipfile.ZipFile(checkpoint, "w") as archive:  # what torch.save writes
        archive.writestr("model/data.pkl", pickled)
        archive.writestr("model/version", "3\n")
    found = {"pickle": pickled, "npy": array.getvalue(), "npz": arrays.getvalue(), "pt": checkpoint.getvalue()}
    return {**found, "pickle, protocol 0": pickle.dumps(Payload(mark), 0)}
