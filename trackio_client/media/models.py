"""Object3D and Molecule: shapes in space, kept as the files they are; clouds of points become PLY."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, ClassVar, Final

from trackio_client.media.keeping import Keeper, Media, NotKept, as_array, as_path, own_copy

FORMATS: Final = {
    "glb": "model/gltf-binary",
    "gltf": "model/gltf+json",
    "obj": "model/obj",
    "stl": "model/stl",
    "ply": "model/ply",
    "splat": "application/octet-stream",
    "babylon": "application/json",
    "pts.json": "application/json",
}
MOLECULES: Final = ("pdb", "pqr", "mmcif", "mcif", "cif", "sdf", "sd", "gro", "mol2", "mmtf", "smi")
MAX_POINTS: Final = 300_000
"""A cloud with more is thinned evenly: no page turns a million points smoothly."""
_COLORS: Final = ((31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189), (140, 86, 75),
                  (227, 119, 194), (127, 127, 127), (188, 189, 34), (23, 190, 207))  # fmt: skip


class Object3D(Media):
    """A shape in space.

    Args:
        data_or_path: the path of a glb, gltf, obj, stl, ply or splat file, an open file with `file_type`, or a cloud of
            points (n, 3), (n, 4) with a class in 1…14, or (n, 6) with colours in 0…255. A dict as W&B takes it, with
            "points" and "boxes", keeps its points, boxes and vectors.
        caption: a line under it.
        file_type: of an open file.
    """

    kind: ClassVar[str] = "object3d"

    def __init__(
        self, data_or_path: Any = None, caption: str | None = None, file_type: str | None = None, *, value: Any = None,
        **others: Any,
    ) -> None:  # fmt: skip
        self.caption = caption
        self._others = sorted(others)
        given = value if data_or_path is None else data_or_path
        self._type = file_type
        if hasattr(given, "read"):
            self._type = file_type or Path(str(getattr(given, "name", ""))).suffix.lstrip(".")
            given = given.read()
        self._given = own_copy(given)

    @classmethod
    def from_file(cls, data_or_path: Any, file_type: str | None = None) -> Object3D:
        """W&B's name for a shape from a file."""
        return cls(data_or_path, file_type=file_type)

    @classmethod
    def from_numpy(cls, data: Any) -> Object3D:
        """W&B's name for a cloud of points."""
        return cls(data)

    @classmethod
    def from_point_cloud(cls, points: Any, boxes: Any = (), vectors: Any = None, **others: Any) -> Object3D:
        """W&B's name for a cloud of points with boxes."""
        return cls({"points": points, "boxes": list(boxes), "vectors": list(vectors or ())}, **others)

    def known(self) -> dict[str, Any]:
        path = as_path(self._given)
        return {} if path is None else {"path": path.name}

    def kept(self, keeper: Keeper) -> dict[str, Any]:
        given = self._given
        if self._others:
            keeper.tell("arguments", f"Object3D does not know {', '.join(self._others)}; the shape is kept")
        if isinstance(given, (bytes, str)) and self._type is not None and (isinstance(given, bytes) or "\n" in given):
            kind = _format(f"x.{self._type}")
            return {**keeper.file(given if isinstance(given, bytes) else given.encode(), FORMATS[kind]), "format": kind}
        path = as_path(given)
        if path is not None:
            kind = _format(path.name)
            if not path.is_file():
                raise NotKept(f"there is no file {path}")
            return {**keeper.file(path, FORMATS[kind]), "format": kind}
        if isinstance(given, dict):
            cloud = as_array(given.get("points"))
            extra = {key: plain_list(given[key]) for key in ("boxes", "vectors") if given.get(key) is not None}
            return {**self._points(cloud, keeper), **({"overlay": keeper.data(extra)} if any(extra.values()) else {})}
        if given is None:
            raise NotKept("it holds nothing: give a path or points (n, 3)")
        return self._points(as_array(given), keeper)

    def _points(self, cloud: Any, keeper: Keeper) -> dict[str, Any]:
        content, count = ply(cloud)
        if count < len(cloud):
            keeper.tell("points", f"{len(cloud):,} points are too many: every {len(cloud) / count:.1f}th is kept")
        return {**keeper.file(content, FORMATS["ply"]), "format": "ply", "points": count}


def plain_list(value: Any) -> Any:
    """Nested lists of numbers and texts from arrays inside dicts and lists."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, dict):
        return {str(key): plain_list(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_list(item) for item in value][:10_000]
    return value


def ply(cloud: Any) -> tuple[bytes, int]:
    """A binary PLY file of points (n, 3), with a class (n, 4) or colours (n, 6), and how many it holds. NotKept."""
    import numpy as np

    if cloud.ndim != 2 or cloud.shape[1] not in (3, 4, 6) or not len(cloud):
        raise NotKept(f"an array of shape {cloud.shape} is no cloud of points: (n, 3), (n, 4) or (n, 6)")
    cloud = cloud[np.isfinite(cloud).all(axis=1)]
    if len(cloud) > MAX_POINTS:
        cloud = cloud[np.linspace(0, len(cloud) - 1, MAX_POINTS).astype(np.int64)]
    fields = [("x", "<f4"), ("y", "<f4"), ("z", "<f4")]
    if cloud.shape[1] > 3:
        fields += [("red", "u1"), ("green", "u1"), ("blue", "u1")]
    rows = np.empty(len(cloud), dtype=fields)
    for at, name in enumerate("xyz"):
        rows[name] = cloud[:, at]
    if cloud.shape[1] == 4:
        colors = np.asarray(_COLORS, np.uint8)[cloud[:, 3].astype(np.int64) % len(_COLORS)]
    else:
        colors = cloud[:, 3:].clip(0, 255).astype(np.uint8)
    for at, name in enumerate(("red", "green", "blue")[: colors.shape[1]]):
        rows[name] = colors[:, at]
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(rows)}"]
    lines += [f"property {'float' if kind == '<f4' else 'uchar'} {name}" for name, kind in fields]
    out = io.BytesIO()
    out.write(("\n".join([*lines, "end_header"]) + "\n").encode())
    out.write(rows.tobytes())
    return out.getvalue(), len(rows)


def _format(name: str) -> str:
    kind = next((kind for kind in FORMATS if name.lower().endswith(f".{kind}")), None)
    if kind is None:
        raise NotKept(f"{name!r} is none of the formats {', '.join(FORMATS)}")
    return kind


class Molecule(Media):
    """A molecule, kept as the file it is: pdb, mmcif, sdf, mol2 … `from_smiles` keeps the text."""

    kind: ClassVar[str] = "molecule"

    def __init__(self, data_or_path: Any = None, caption: str | None = None, file_type: str | None = None) -> None:
        self.caption = caption
        self._type = file_type
        if hasattr(data_or_path, "read"):
            self._type = file_type or Path(str(getattr(data_or_path, "name", ""))).suffix.lstrip(".")
            data_or_path = data_or_path.read()
        self._given = data_or_path

    @classmethod
    def from_smiles(cls, data: str, caption: str | None = None, **others: Any) -> Molecule:
        """A molecule as SMILES; no shape is reckoned from it."""
        return cls(str(data).encode(), caption=caption, file_type="smi")

    def known(self) -> dict[str, Any]:
        path = as_path(self._given)
        return {} if path is None else {"path": path.name}

    def kept(self, keeper: Keeper) -> dict[str, Any]:
        path = as_path(self._given)
        kind = (self._type or ("" if path is None else path.suffix)).lstrip(".").lower()
        if kind not in MOLECULES:
            raise NotKept(f"{kind or type(self._given).__name__!r} is none of the formats {', '.join(MOLECULES)}")
        content = self._given.encode() if self._type and isinstance(self._given, str) else path or self._given
        return {**keeper.file(content, "chemical/x-" + kind), "format": kind}
