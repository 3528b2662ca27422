"""A WAV file packed into a script, without loss, at about half its size.

A page that is opened from a disk may not fetch files, but it may load scripts. So a loop's samples travel in one:
predicted from those before them by a filter for each block (Makhoul, "Linear prediction: a tutorial review", 1975),
what the filter missed deflated, and the whole in base64. The page's player.js undoes it to the bit.
"""

from __future__ import annotations

import base64
import io
import json
import wave
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Sound", "pack_wav", "sound_of_script", "sound_script", "unpack_wav"]

BLOCK = 4096
"""Frames that share a filter."""
ORDER = 12
"""Samples that the filter looks back at."""
SCALE = 1 << 12
"""What the filter's whole numbers are parts of."""
_LARGEST = 2**31 - 1
_CALL = "demoSound("

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A packed WAV file of 16 bits and two channels."""

    sample_rate: int
    """In hertz."""
    frames: int
    header: bytes
    """All of the file that stands before its samples."""
    data: bytes
    """The filters and what they missed, deflated."""


def pack_wav(content: bytes) -> Sound:
    """Return the packed form of a WAV file of 16 bits and two channels whose samples stand at its end."""
    with wave.open(io.BytesIO(content)) as file:
        sample_rate, frames = file.getframerate(), file.getnframes()
        if (file.getnchannels(), file.getsampwidth()) != (2, 2):
            raise ValueError("only stereo WAV files of 16 bits can be packed")
    size = 4 * frames
    samples = np.frombuffer(content[len(content) - size :], "<i2").reshape(-1, 2).astype(np.int64)
    # the second channel is much like the first; all sums are modulo 2**16, which loses nothing
    channels = np.stack([samples[:, 0], _wrap(samples[:, 1] - samples[:, 0])])
    blocks = -(-frames // BLOCK)
    padded = np.zeros((2, blocks * BLOCK), np.int64)
    padded[:, :frames] = channels
    filters = _find_filters(padded.reshape(2, blocks, BLOCK))
    missed = np.zeros((2, blocks * BLOCK), np.int64)
    for channel in range(2):
        missed[channel] = _wrap(padded[channel] - _predict(padded[channel], filters[channel]))
    folded = np.where(missed < 0, -2 * missed - 1, 2 * missed)[:, :frames].astype(np.uint16)
    planes = (folded >> 8).astype(np.uint8).tobytes() + (folded & 255).astype(np.uint8).tobytes()
    # what is left is noise of changing width: deflate's matches find nothing there, its Huffman codes do
    packer = zlib.compressobj(6, zlib.DEFLATED, 15, 9, zlib.Z_FILTERED)
    data = packer.compress(filters.astype("<i4").tobytes() + planes) + packer.flush()
    return Sound(sample_rate=sample_rate, frames=frames, header=content[: len(content) - size], data=data)


def unpack_wav(sound: Sound) -> bytes:
    """Return the WAV file that was packed; player.js does the same."""
    data, frames = zlib.decompress(sound.data), sound.frames
    count = 2 * -(-frames // BLOCK) * ORDER
    filters = np.frombuffer(data[: 4 * count], "<i4").astype(np.int64).reshape(2, -1, ORDER)
    high, low = np.frombuffer(data[4 * count :], np.uint8).astype(np.int64).reshape(2, 2, frames)
    folded = high << 8 | low
    missed = np.where(folded & 1, -(folded >> 1) - 1, folded >> 1)
    samples = np.zeros((frames, 2), "<i2")
    for channel in range(2):
        rebuilt = [0] * ORDER
        for frame, rest in enumerate(missed[channel].tolist()):
            if frame % BLOCK == 0:
                taps = filters[channel, frame // BLOCK].tolist()
            guess = sum(tap * sample for tap, sample in zip(taps, reversed(rebuilt[-ORDER:]), strict=True))
            rebuilt.append((rest + guess // SCALE + 2**15) % 2**16 - 2**15)
        samples[:, channel] = rebuilt[ORDER:]
    samples[:, 1] = _wrap(samples[:, 1].astype(np.int64) + samples[:, 0])
    return sound.header + samples.tobytes()


def sound_script(name: str, sound: Sound) -> bytes:
    """Return the script that hands a sound to the page under a name."""
    fields = {
        "name": name,
        "rate": sound.sample_rate,
        "frames": sound.frames,
        "block": BLOCK,
        "order": ORDER,
        "scale": SCALE,
        "header": base64.b64encode(sound.header).decode("ascii"),
        "data": base64.b64encode(sound.data).decode("ascii"),
    }
    return f"{_CALL}{json.dumps(fields)});\n".encode("ascii")


def sound_of_script(script: bytes) -> tuple[str, Sound]:
    """Return name and sound of what `sound_script` wrote."""
    fields = json.loads(script.decode("ascii").removeprefix(_CALL).removesuffix(");\n"))
    header, data = base64.b64decode(fields["header"]), base64.b64decode(fields["data"])
    return fields["name"], Sound(sample_rate=fields["rate"], frames=fields["frames"], header=header, data=data)


def _wrap(values: Ints) -> Ints:
    """Return values modulo 2**16, as signed numbers."""
    wrapped: Ints = (values + 2**15) % 2**16 - 2**15
    return wrapped


def _predict(samples: Ints, filters: Ints) -> Ints:
    """Return what each sample should be after those before it; ``filters`` has the shape (blocks, ORDER)."""
    history = np.concatenate([np.zeros(ORDER, np.int64), samples])
    total = np.zeros((len(filters), BLOCK), np.int64)
    for back in range(1, ORDER + 1):
        earlier = history[ORDER - back : len(history) - back].reshape(-1, BLOCK)
        total += filters[:, back - 1 : back] * earlier
    return (total // SCALE).reshape(-1)


def _find_filters(blocks: Ints) -> Ints:
    """Return the best filter of each block by Levinson's recursion; shapes (2, blocks, BLOCK), (2, blocks, ORDER)."""
    windowed = blocks * np.hanning(BLOCK)
    lags = np.stack(
        [np.einsum("cbn,cbn->cb", windowed[..., lag:], windowed[..., : BLOCK - lag]) for lag in range(ORDER + 1)], -1
    )
    lags[..., 0] = lags[..., 0] * (1 + 1e-9) + 1  # a silent block has no filter, and must not divide by zero
    taps = np.zeros((*lags.shape[:-1], ORDER))
    error = lags[..., 0].copy()
    for order in range(ORDER):
        rest = lags[..., order + 1] - np.sum(taps[..., :order] * lags[..., order:0:-1], -1)
        mirror = rest / error
        taps[..., :order] -= mirror[..., None] * taps[..., :order][..., ::-1]
        taps[..., order] = mirror
        error *= 1 - mirror**2
    # sums of all taps and samples stay below 2**53, so that JavaScript's numbers hold them
    filters: Ints = np.clip(np.rint(taps * SCALE), -_LARGEST, _LARGEST).astype(np.int64)
    return filters
