"""Video: a film from a file or from frames, encoded with what is there."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, ClassVar, Final

from trackio_client.blobs import mime_of
from trackio_client.media.keeping import Keeper, Media, NotKept, as_array, as_path, own_copy
from trackio_client.media.pictures import as_pixels

MAX_FRAMES: Final = 10_000
ENCODING_S: Final = 120.0
"""Longest time for encoding: a training waits for it."""
_CODECS: Final = {
    "mp4": ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-movflags", "+faststart"),
    "webm": ("-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p"),
}


class Video(Media):
    """A film.

    Args:
        data_or_path: a path (kept as it is), bytes of a film file, or frames (t, c, h, w), (t, h, w, c) or
            several films (n, t, c, h, w), which run beside each other.
        caption: a line under it.
        fps: frames a second.
        format: "mp4", "webm" (both by ffmpeg) or "gif" (by Pillow). Without ffmpeg a GIF is made, and that is said.
    """

    kind: ClassVar[str] = "video"

    def __init__(
        self,
        data_or_path: Any = None,
        caption: str | None = None,
        fps: int | float | None = None,
        format: str | None = None,
        *,
        value: Any = None,
    ) -> None:
        self.caption = caption
        self._fps = fps
        self._format = format
        given = value if data_or_path is None else data_or_path
        self._given = own_copy(given)

    def known(self) -> dict[str, Any]:
        path = as_path(self._given)
        if path is None:
            return {}
        return {"path": path.name, "bytes": path.stat().st_size} if path.is_file() else {"path": path.name}

    def kept(self, keeper: Keeper) -> dict[str, Any]:
        if self._given is None:
            raise NotKept("it holds nothing: give a path, or frames (t, c, h, w)")
        if isinstance(self._given, (bytes, bytearray)) or hasattr(self._given, "read"):
            content = bytes(self._given) if isinstance(self._given, (bytes, bytearray)) else self._given.read()
            return keeper.file(content, f"video/{self._format or 'mp4'}")
        path = as_path(self._given)
        if path is not None:
            if not path.is_file():
                raise NotKept(f"there is no file {path}")
            return keeper.file(path, mime_of(path))
        return self._encoded(frames_of(as_array(self._given)), keeper)

    def _encoded(self, frames: Any, keeper: Keeper) -> dict[str, Any]:
        """Keep frames (t, h, w, c) uint8 as a film, or as a GIF."""
        if len(frames) > MAX_FRAMES:
            keeper.tell("frames", f"{len(frames):,} frames are too many: the first {MAX_FRAMES:,} are kept")
            frames = frames[:MAX_FRAMES]
        fps = float(self._fps or 4)
        wanted = (self._format or "mp4").lower()
        facts = {"frames": len(frames), "fps": fps, "duration_s": len(frames) / fps}
        facts |= {"width": frames.shape[2], "height": frames.shape[1]}
        program = shutil.which("ffmpeg") if wanted in _CODECS else None
        if program is not None:
            content = by_ffmpeg(program, frames, fps, wanted)
            return {**keeper.file(content, f"video/{wanted}"), **facts}
        content = gif(frames, fps)
        if wanted != "gif":
            keeper.tell(
                "encoder",
                f"there is no ffmpeg to make {wanted} of frames: a GIF is kept (at most 50 frames a second, 256 "
                "colours). Install ffmpeg, or log the path of a file",
            )
        return {**keeper.file(content, "image/gif"), **facts}


def frames_of(array: Any) -> Any:
    """(t, h, w, c) uint8 of (t, c, h, w), (t, h, w, c) or (n, t, c, h, w). Raises NotKept."""
    import numpy as np

    if array.ndim == 5:
        array = np.concatenate([_last(film) for film in array[:16]], axis=2)
    if array.ndim == 3:
        array = array[:, :, :, None]
    if array.ndim != 4 or array.size == 0:
        raise NotKept(f"an array of shape {array.shape} is no film: (t, c, h, w)")
    array = _last(array)
    flat = as_pixels(array.reshape(-1, array.shape[2], array.shape[3]))  # scaled as a whole: films must not flicker
    return flat.reshape(array.shape)


def _last(array: Any) -> Any:
    if array.ndim == 4 and array.shape[1] in (1, 3, 4):
        return array.transpose(0, 2, 3, 1)
    if array.ndim == 4 and array.shape[3] in (1, 3, 4):
        return array
    raise NotKept(f"an array of shape {array.shape} is no film: (t, c, h, w), c of 1, 3 or 4")


def gif(frames: Any, fps: float) -> bytes:
    """An animated GIF of (t, h, w, c) uint8. Raises NotKept without Pillow."""
    try:
        import PIL.Image
    except ImportError:
        raise NotKept("frames need ffmpeg or Pillow: pip install pillow") from None
    pictures = [PIL.Image.fromarray(one[:, :, 0] if one.shape[2] == 1 else one).convert("RGB") for one in frames]
    out = io.BytesIO()
    duration = max(20, round(1000 / fps))  # browsers slow down what is under 20 ms
    pictures[0].save(out, format="GIF", save_all=True, append_images=pictures[1:], duration=duration, loop=0)
    return out.getvalue()


def by_ffmpeg(program: str, frames: Any, fps: float, kind: str) -> bytes:
    """A film of (t, h, w, c) uint8, made by ffmpeg, which reads the frames from its input. Raises NotKept."""
    count, height, width, channels = frames.shape
    pixels = {1: "gray", 3: "rgb24", 4: "rgba"}[channels]
    even = ("-vf", f"pad={width + width % 2}:{height + height % 2}")  # yuv420p halves the colour's sides
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / f"film.{kind}"
        source = ("-f", "rawvideo", "-pix_fmt", pixels, "-s", f"{width}x{height}", "-r", f"{fps}", "-i", "-")
        try:
            done = subprocess.run(
                [program, "-y", "-loglevel", "error", *source, *even, *_CODECS[kind], str(out)],
                input=frames.tobytes(), capture_output=True, timeout=ENCODING_S, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotKept(f"ffmpeg did not make a film of {count} frames ({error})") from error
        if done.returncode != 0 or not out.is_file():
            raise NotKept(f"ffmpeg did not make a film: {done.stderr.decode(errors='replace').strip()[-300:]}")
        return out.read_bytes()
