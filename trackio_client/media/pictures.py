"""Image: a picture from a path, Pillow, an array, a tensor or a figure, with boxes and masks."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from trackio_client.blobs import mime_of
from trackio_client.media.figures import is_figure, png_of
from trackio_client.media.keeping import Keeper, Media, NotKept, as_array, as_path, is_tensor, own_copy

MAX_PIXELS: Final = 50_000_000
MAX_BOXES: Final = 1_000
FORMATS: Final = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "bmp": "BMP", "gif": "GIF", "webp": "WEBP"}
_MODES: Final = {1: "L", 3: "RGB", 4: "RGBA"}
_COLOR_TYPES: Final = {1: 0, 3: 2, 4: 6}


class Classes:
    """Names of classes: `Classes([{"id": 0, "name": "cat"}])`, or {0: "cat"}."""

    def __init__(self, class_set: Any = ()) -> None:
        self.names: dict[str, str] = {}
        if isinstance(class_set, Classes):
            self.names = dict(class_set.names)
        elif isinstance(class_set, Mapping):
            self.names = {str(key): str(name) for key, name in class_set.items()}
        else:
            for one in class_set:
                if isinstance(one, Mapping):
                    self.names[str(one.get("id"))] = str(one.get("name"))


class Image(Media):
    """A picture.

    Args:
        data_or_path: a path; a Pillow image; bytes of an image file; a matplotlib figure; an array or tensor (h, w),
            (h, w, c) or (c, h, w) with c of 1, 3 or 4, or several of them (n, c, h, w), which become one grid. Floats
            between 0 and 1 are stretched to 255, others are cut to 0…255.
        mode: Pillow's mode to convert to, "L", "RGB" …
        caption: a line under it.
        grouping: how many pictures of a list belong together.
        classes: names of classes for boxes and masks.
        boxes: {set: {"box_data": [{"position": {"minX", "maxX", "minY", "maxY"} or {"middle", "width", "height"},
            "domain": "pixel" or absent for fractions, "class_id", "box_caption", "scores"}], "class_labels": {…}}}.
        masks: {set: {"mask_data": (h, w) of class ids, or "path", "class_labels": {…}}}.
        file_type: "png" (the default), "jpg", "bmp", "gif" or "webp".
        normalize: False takes floats as they are, between 0 and 255.
    """

    kind: ClassVar[str] = "image"

    def __init__(
        self,
        data_or_path: Any = None,
        mode: str | None = None,
        caption: str | None = None,
        grouping: int | None = None,
        classes: Any = None,
        boxes: Mapping[str, Any] | None = None,
        masks: Mapping[str, Any] | None = None,
        file_type: str | None = None,
        normalize: bool = True,
        *,
        value: Any = None,
    ) -> None:
        given = value if data_or_path is None else data_or_path
        if isinstance(given, Image):
            other, given = given, given._given
            mode, caption = mode or other._mode, caption if caption is not None else other.caption
            classes, boxes, masks = classes or other._classes, boxes or other._boxes, masks or other._masks
        if mode is not None and caption is None and mode not in _PILLOW_MODES:  # Trackio's second argument
            mode, caption = None, mode
        self.caption = caption
        self._mode: str | None = mode
        self._grouping = grouping
        self._classes: Any = classes
        self._boxes: Mapping[str, Any] | None = boxes
        self._masks: Mapping[str, Any] | None = masks
        self._type = str(file_type).lower().lstrip(".") if file_type else None
        self._normalize = normalize
        self._given: Any = _own(given)

    def known(self) -> dict[str, Any]:
        path = as_path(self._given)
        return {} if path is None else {"path": path.name}

    def kept(self, keeper: Keeper) -> dict[str, Any]:
        item, size = self._picture(keeper)
        if size is not None:
            item["width"], item["height"] = size
        if self._grouping is not None:
            item["grouping"] = self._grouping
        if self._classes is not None:
            item["classes"] = Classes(self._classes).names
        if self._boxes:
            item["boxes"] = self._kept_boxes(keeper, size)
        if self._masks:
            item["masks"] = self._kept_masks(keeper)
        return item

    def _picture(self, keeper: Keeper) -> tuple[dict[str, Any], tuple[int, int] | None]:
        given = self._given
        if given is None:
            raise NotKept("it holds nothing: give a path, a Pillow image or an array")
        if is_figure(given):
            content = png_of(given)
            return {**keeper.file(content, "image/png"), "source": "matplotlib"}, _png_size(content)
        if isinstance(given, bytes):
            return self._file(given, keeper)
        path = as_path(given)
        if path is not None:
            if not path.is_file():
                raise NotKept(f"there is no file {path}")
            return self._file(path, keeper)
        if hasattr(given, "save") and hasattr(given, "convert"):
            return self._encoded(given, keeper)
        return self._array(as_array(given), keeper)

    def _file(self, content: bytes | Path, keeper: Keeper) -> tuple[dict[str, Any], tuple[int, int] | None]:
        mime = mime_of(content) if isinstance(content, Path) else "application/octet-stream"
        if mime == "image/svg+xml":
            return keeper.file(content, mime), None
        pillow = _pillow()
        if pillow is None:
            return keeper.file(content, mime), None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, of odd files: what cannot be read raises
            try:
                with pillow.open(io.BytesIO(content) if isinstance(content, bytes) else content) as opened:
                    size, mime = opened.size, opened.get_format_mimetype() or mime
                    if size[0] * size[1] <= MAX_PIXELS:
                        opened.load()  # a file that was cut is found here, not on the page
                    if self._mode is not None or self._type is not None:
                        return self._encoded(opened, keeper)
            except (OSError, SyntaxError, ValueError, pillow.DecompressionBombError) as error:
                raise NotKept(f"Pillow cannot read it ({error})") from error
        return keeper.file(content, mime), size

    def _encoded(self, image: Any, keeper: Keeper) -> tuple[dict[str, Any], tuple[int, int]]:
        kind = FORMATS.get(self._type or "png")
        if kind is None:
            keeper.tell("file_type", f"file_type {self._type!r} is none of {', '.join(FORMATS)}: png is taken")
            kind = "PNG"
        if self._mode is not None:
            image = image.convert(self._mode)
        if image.mode not in (("L", "RGB", "CMYK") if kind == "JPEG" else ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")):
            image = image.convert("RGB")
        out = io.BytesIO()
        image.save(out, format=kind, **({"compress_level": 3} if kind == "PNG" else {}))
        return keeper.file(out.getvalue(), f"image/{kind.lower()}"), image.size

    def _array(self, array: Any, keeper: Keeper) -> tuple[dict[str, Any], tuple[int, int]]:
        pixels = as_pixels(array, normalize=self._normalize, channels_first=is_tensor(self._given))
        height, width = pixels.shape[:2]
        if height * width > MAX_PIXELS:
            raise NotKept(f"it has {width:,} × {height:,} pixels, at most {MAX_PIXELS:,} are taken")
        if self._mode is None and self._type in (None, "png"):
            return keeper.file(png(pixels), "image/png"), (width, height)
        pillow = _pillow()
        if pillow is None:
            keeper.tell("pillow", "mode and file_type need Pillow (pip install pillow): a PNG of the array is kept")
            return keeper.file(png(pixels), "image/png"), (width, height)
        channels = pixels.shape[2]
        return self._encoded(pillow.fromarray(pixels[:, :, 0] if channels == 1 else pixels), keeper)

    # --- what lies over it ----------------------------------------------------------------------------------------

    def _kept_boxes(self, keeper: Keeper, size: tuple[int, int] | None) -> dict[str, Any]:
        """{set: {"boxes": [{"box": [left, top, right, bottom], …}], "classes": {}}}; fractions of the picture."""
        kept = {}
        for name, group in dict(self._boxes or {}).items():
            data = list(group.get("box_data") or ())
            if len(data) > MAX_BOXES:
                keeper.tell("boxes", f"{len(data):,} boxes are too many: the first {MAX_BOXES:,} are kept")
            boxes = [_box(one, size) for one in data[:MAX_BOXES]]
            kept[str(name)] = {
                "boxes": [box for box in boxes if box is not None],
                "classes": Classes(group.get("class_labels") or self._classes or {}).names,
            }
            if None in boxes:
                keeper.tell("box", "a box without a position that can be read is left out")
        return kept

    def _kept_masks(self, keeper: Keeper) -> dict[str, Any]:
        """{set: {"file", "mime", "bytes", "classes"}}: a grey PNG whose values are class ids."""
        kept = {}
        for name, group in dict(self._masks or {}).items():
            if group.get("path") is not None:
                found = keeper.file(Path(group["path"]), mime_of(group["path"], "image/png"))
            else:
                ids = as_array(group.get("mask_data"))
                if ids.ndim != 2 or ids.size == 0:
                    raise NotKept(f"mask {name!r} must have the shape (h, w), got {ids.shape}")
                if ids.min() < 0 or ids.max() > 255:
                    keeper.tell("mask", f"mask {name!r} has class ids outside 0…255: they are cut")
                found = keeper.file(png(ids.clip(0, 255).astype("uint8")[:, :, None]), "image/png")
            kept[str(name)] = {**found, "classes": Classes(group.get("class_labels") or self._classes or {}).names}
        return kept


_PILLOW_MODES: Final = (
    "1",
    "L",
    "P",
    "RGB",
    "RGBA",
    "CMYK",
    "YCbCr",
    "LAB",
    "HSV",
    "I",
    "F",
    "LA",
    "PA",
    "RGBX",
    "I;16",
)


def as_pixels(array: Any, *, normalize: bool = True, channels_first: bool = False) -> Any:
    """(h, w, c) uint8 of an array (h, w), (h, w, c), (c, h, w) or (n, c, h, w). Raises NotKept.

    Where the shape fits both orders, `channels_first` decides: torch has them first, everybody else last.
    """
    import numpy as np

    if array.size == 0:
        raise NotKept(f"an array of shape {array.shape} is no picture")
    if array.ndim == 4:
        array = _grid([_channels_last(one, channels_first) for one in array[:64]])
    else:
        array = _channels_last(array, channels_first)
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == "f":
        array = np.nan_to_num(array.astype(np.float64), nan=0.0, posinf=1.0, neginf=0.0)
        if normalize:
            low, high = float(array.min()), float(array.max())
            if low < 0:
                array = (array - low) / ((high - low) or 1.0)
                high = 1.0
            if high <= 1.0:
                array = array * 255
        array = array.round()
    return array.clip(0, 255).astype(np.uint8)


def _channels_last(array: Any, first: bool = False) -> Any:
    """(h, w, c) of (h, w), (h, w, c) or (c, h, w)."""
    if array.ndim == 2:
        return array[:, :, None]
    if array.ndim == 3:
        if array.shape[2] in _MODES and not (first and array.shape[0] in _MODES):
            return array
        if array.shape[0] in _MODES:
            return array.transpose(1, 2, 0)
        if array.shape[2] == 2:  # grey with alpha: the grey
            return array[:, :, :1]
    raise NotKept(f"an array of shape {array.shape} is no picture: (h, w), (h, w, c) or (c, h, w), c of 1, 3 or 4")


def _grid(pictures: list[Any], columns: int = 8, gap: int = 2) -> Any:
    """Several pictures of one size as one, 8 in a row."""
    import numpy as np

    height, width, channels = pictures[0].shape
    across = min(columns, len(pictures))
    down = -(-len(pictures) // across)
    whole = np.zeros((down * (height + gap) - gap, across * (width + gap) - gap, channels), pictures[0].dtype)
    for at, picture in enumerate(pictures):
        top, left = at // across * (height + gap), at % across * (width + gap)
        whole[top : top + height, left : left + width] = picture
    return whole


def png(pixels: Any) -> bytes:
    """A PNG of (h, w, c) uint8, c of 1, 3 or 4, without Pillow (PNG specification, colour types 0, 2 and 6)."""
    import numpy as np

    height, width, channels = pixels.shape
    rows = np.empty((height, 1 + width * channels), np.uint8)
    rows[:, 0] = 0  # filter "none" of each row
    rows[:, 1:] = np.ascontiguousarray(pixels).reshape(height, width * channels)
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOR_TYPES[channels], 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 3)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )


def _png_size(content: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", content[16:24])
    return int(width), int(height)


def _box(one: Mapping[str, Any], size: tuple[int, int] | None) -> dict[str, Any] | None:
    """One box as fractions of the picture; None without a position."""
    try:
        at = one["position"]
        if "middle" in at:
            (x, y), width, height = at["middle"], float(at["width"]), float(at["height"])
            corners = [float(x) - width / 2, float(y) - height / 2, float(x) + width / 2, float(y) + height / 2]
        else:
            corners = [float(at[key]) for key in ("minX", "minY", "maxX", "maxY")]
    except (KeyError, TypeError, ValueError):
        return None
    box: dict[str, Any] = {"box": corners}
    if one.get("domain") == "pixel":
        if size is None:
            box["unit"] = "pixel"
        else:
            box["box"] = [value / size[at % 2] for at, value in enumerate(corners)]
    if one.get("class_id") is not None:
        box["class_id"] = one["class_id"]
    if one.get("box_caption"):
        box["caption"] = str(one["box_caption"])[:500]
    if isinstance(one.get("scores"), Mapping):
        box["scores"] = {str(key): float(value) for key, value in list(one["scores"].items())[:20]}
    return box


def _own(given: Any) -> Any:
    """A copy of what the caller may change before it is logged; a path stays one."""
    if isinstance(given, (bytes, bytearray, memoryview)):
        return bytes(given)
    if is_figure(given):
        return given
    copy = getattr(given, "clone", None) or getattr(given, "copy", None)
    if copy is not None and not isinstance(given, (str, Path)) and not isinstance(given, Iterable | type):
        return copy()  # a Pillow image
    return own_copy(given)


def _pillow() -> Any:
    """PIL.Image, or None."""
    try:
        import PIL.Image
    except ImportError:
        return None
    return PIL.Image
