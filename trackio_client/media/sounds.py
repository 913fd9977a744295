"""Audio: a sound from a file or from samples."""

from __future__ import annotations

import contextlib
import io
import struct
import wave
from pathlib import Path
from typing import Any, ClassVar

from trackio_client.blobs import mime_of
from trackio_client.media.keeping import Keeper, Media, NotKept, as_array, as_path, own_copy


class Audio(Media):
    """A sound.

    Args:
        data_or_path: a path (kept as it is), bytes of a sound file, or samples: (n,) or (n, channels). Integers are
            scaled by their type; floats are taken between −1 and 1, and made smaller as a whole if they exceed that.
        sample_rate: samples a second; wanted with samples.
        caption: a line under it.
        format: "wav". Samples of another format are kept as WAV, and that is said.
    """

    kind: ClassVar[str] = "audio"

    def __init__(
        self,
        data_or_path: Any = None,
        sample_rate: int | str | None = None,
        caption: str | int | None = None,
        format: str | None = None,
        *,
        value: Any = None,
    ) -> None:
        if isinstance(sample_rate, str):  # Trackio's order: value, caption, sample_rate
            sample_rate, caption = caption if isinstance(caption, int) else None, sample_rate
        self.caption = None if caption is None else str(caption)
        self._rate = sample_rate
        self._format = format
        given = value if data_or_path is None else data_or_path
        self._given = own_copy(given)

    def known(self) -> dict[str, Any]:
        path = as_path(self._given)
        return {} if path is None else {"path": path.name}

    def kept(self, keeper: Keeper) -> dict[str, Any]:
        if self._given is None:
            raise NotKept("it holds nothing: give a path, or samples with sample_rate")
        if isinstance(self._given, (bytes, bytearray)):
            content = bytes(self._given)
            return {**keeper.file(content, "audio/wav" if content[:4] == b"RIFF" else "audio/mpeg"), **_told(content)}
        path = as_path(self._given)
        if path is not None:
            mime = mime_of(path)
            if not path.is_file():
                raise NotKept(f"there is no file {path}")
            return {**keeper.file(path, "audio/wav" if mime == "audio/x-wav" else mime), **_told(path)}
        if not isinstance(self._rate, (int, float)) or not 0 < self._rate < 10_000_000:
            raise NotKept(f"samples need a sample_rate in samples a second, got {self._rate!r}")
        if self._format not in (None, "wav"):
            keeper.tell("format", f"samples are kept as WAV, not as {self._format!r}")
        samples = as_samples(as_array(self._given))
        rate = int(self._rate)
        return {
            **keeper.file(wav(samples, rate), "audio/wav"),
            "sample_rate": rate,
            "channels": samples.shape[1],
            "duration_s": samples.shape[0] / rate,
        }


def as_samples(array: Any) -> Any:
    """(n, channels) int16 of (n,), (n, channels) or (channels, n). Raises NotKept."""
    import numpy as np

    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.size == 0:
        raise NotKept(f"an array of shape {array.shape} is no sound: (n,) or (n, channels)")
    if array.shape[1] > 32 and array.shape[0] <= 32:
        array = array.T
    if array.shape[1] > 32:
        raise NotKept(f"{array.shape[1]} channels are too many, at most 32 are taken")
    if array.dtype.kind == "f":
        array = np.nan_to_num(array.astype(np.float64), nan=0.0, posinf=1.0, neginf=-1.0)
        peak = float(np.abs(array).max())
        return (array / max(1.0, peak) * 32767).round().astype(np.int16)
    if array.dtype == np.int16:
        return array
    if array.dtype == bool:
        array = array.astype(np.uint8) * np.uint8(255)
    bits = array.dtype.itemsize * 8
    wide = array.astype(np.int64) - (1 << (bits - 1) if array.dtype.kind == "u" and bits < 64 else 0)
    return (wide >> (bits - 16) if bits > 16 else wide << (16 - bits)).clip(-32768, 32767).astype(np.int16)


def wav(samples: Any, rate: int) -> bytes:
    """A WAV file of (n, channels) int16."""
    out = io.BytesIO()
    with contextlib.closing(wave.open(out, "wb")) as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return out.getvalue()


def _told(content: bytes | Path) -> dict[str, Any]:
    """What a WAV file tells of itself; nothing of other formats."""
    try:
        with contextlib.closing(wave.open(io.BytesIO(content) if isinstance(content, bytes) else str(content))) as file:
            rate, frames = file.getframerate(), file.getnframes()
            return {"sample_rate": rate, "channels": file.getnchannels(), "duration_s": frames / rate if rate else 0.0}
    except (wave.Error, EOFError, OSError, struct.error):  # not a WAV file, or a broken one: it is kept as it is
        return {}
