"""Media: what is kept of pictures, sounds, films, shapes and documents, and what becomes of broken and huge ones."""

from __future__ import annotations

import io
import json
import math
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trackio_client.blobs import BlobFolder
from trackio_client.media import (
    Audio,
    Classes,
    Histogram,
    Html,
    Image,
    Markdown,
    Molecule,
    Object3D,
    Plotly,
    Trace,
    Video,
)
from trackio_client.media.keeping import MAX_ITEMS, Bounds, Keeper, events_of
from trackio_client.media.recognising import as_media

PIL_Image = pytest.importorskip("PIL.Image")


class Shelf:
    """Keeps media in a folder, and reads it again."""

    def __init__(self, folder: Path) -> None:
        self.told: list[str] = []
        self.folder = BlobFolder(folder)
        self.keeper = self.with_bounds()

    def with_bounds(self, **bounds: int) -> Keeper:
        return Keeper(
            self.folder.put,
            bounds=Bounds(**bounds),
            tell=lambda kind, text: self.told.append(text),
            mask=lambda text: text.replace("hunter2secret", "***"),
        )

    def item(self, media: Any, keeper: Keeper | None = None) -> dict[str, Any]:
        [event] = events_of("name", [media], keeper or self.keeper)
        assert {blob["sha256"] for blob in event["blobs"]} >= {i["file"] for i in event["items"] if "file" in i}
        [item] = event["items"]
        return item

    def content(self, item: dict[str, Any]) -> bytes:
        path = self.folder.path(item["file"])
        assert path is not None
        assert path.stat().st_size == item["bytes"]
        return path.read_bytes()

    def picture(self, item: dict[str, Any]) -> Any:
        return np.asarray(PIL_Image.open(io.BytesIO(self.content(item))))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "blobs")


# --- pictures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_an_array_becomes_a_png_with_exactly_its_pixels(shelf: Shelf, channels: int) -> None:
    pixels = np.random.default_rng(channels).integers(0, 256, (7, 5, channels), dtype=np.uint8)
    item = shelf.item(Image(pixels, caption="seven"))
    assert (item["caption"], item["width"], item["height"], item["mime"]) == ("seven", 5, 7, "image/png")
    assert np.array_equal(shelf.picture(item).reshape(7, 5, channels), pixels)
    first = shelf.item(Image(pixels.transpose(2, 0, 1)))
    assert first["file"] == item["file"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[0.0, 1.0]], [[0, 255]]),
        ([[0.0, 200.0]], [[0, 200]]),
        ([[-1.0, 1.0]], [[0, 255]]),
        ([[0.0, math.nan]], [[0, 0]]),
        ([[0, 300]], [[0, 255]]),
        ([[True, False]], [[255, 0]]),
    ],
)
def test_numbers_are_stretched_to_pixels_as_wandb_does(shelf: Shelf, values: Any, expected: Any) -> None:
    assert shelf.picture(shelf.item(Image(np.array(values)))).tolist() == expected


def test_a_tensor_has_its_channels_first_also_where_both_orders_fit(shelf: Shelf) -> None:
    torch = pytest.importorskip("torch")
    item = shelf.item(Image(torch.rand(3, 4, 4, dtype=torch.bfloat16, requires_grad=True)))
    assert (item["width"], item["height"]) == (4, 4)
    batch = shelf.item(Image(torch.zeros(10, 3, 4, 4)))
    assert (batch["width"], batch["height"]) == (8 * 6 - 2, 2 * 6 - 2)


def test_what_is_logged_is_what_it_was_when_it_was_made(shelf: Shelf) -> None:
    pixels = np.zeros((2, 2), np.uint8)
    image = Image(pixels)
    pixels[:] = 255
    assert shelf.picture(shelf.item(image)).max() == 0


def test_a_picture_by_path_is_kept_as_it_is(shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    PIL_Image.new("RGB", (6, 4), "red").save(path)
    item = shelf.item(Image(str(path)))
    assert (item["mime"], item["width"], item["height"]) == ("image/jpeg", 6, 4)
    assert shelf.content(item) == path.read_bytes()
    as_png = shelf.item(Image(path, mode="L", file_type="png"))
    assert as_png["mime"] == "image/png"
    assert shelf.picture(as_png).shape == (4, 6)


def cut(tmp_path: Path) -> Path:
    whole = io.BytesIO()
    PIL_Image.effect_noise((64, 64), 50).save(whole, format="PNG")
    path = tmp_path / "cut.png"
    path.write_bytes(whole.getvalue()[:1000])
    return path


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda folder: Image(cut(folder)), "Pillow cannot read it"),
        (lambda folder: Image(folder / "missing.png"), "there is no file"),
        (lambda folder: Image(folder), "there is no file"),
        (lambda folder: Image(), "holds nothing"),
        (lambda folder: Image(np.zeros((2, 2, 7))), "is no picture"),
        (lambda folder: Image(np.zeros((0, 3))), "is no picture"),
        (lambda folder: Image(object()), "not numbers"),
        (lambda folder: Image(np.lib.stride_tricks.as_strided(np.zeros(1, np.uint8), (9000, 9000), (0, 0))), "pixels"),
        (lambda folder: Image(np.zeros((2, 2)), masks={"p": {"mask_data": np.zeros(3)}}), "mask"),
        (lambda folder: Audio(np.zeros(5)), "sample_rate"),
        (lambda folder: Audio(np.zeros((2, 2, 2)), sample_rate=1), "is no sound"),
        (lambda folder: Audio("missing.wav"), "there is no file"),
        (lambda folder: Video(np.zeros((2, 2))), "is no film"),
        (lambda folder: Video(), "holds nothing"),
        (lambda folder: Histogram(), "holds nothing"),
        (lambda folder: Histogram(["a"]), "not numbers"),
        (lambda folder: Histogram(np_histogram=([1], [1])), "one edge more"),
        (lambda folder: Histogram(np_histogram=(np.ones(600), np.arange(601))), "too many"),
        (lambda folder: Object3D("shape.docx"), "none of the formats"),
        (lambda folder: Object3D(np.zeros((3, 5))), "no cloud"),
        (lambda folder: Molecule("x.txt"), "none of the formats"),
        (lambda folder: Trace("no list"), "list of dicts"),
        (lambda folder: Markdown(5), "takes a text"),  # type: ignore[arg-type]
        (lambda folder: Html(5), "is no HTML"),
        (lambda folder: Plotly({"a": 1}), "no figure"),
    ],
)
def test_what_cannot_be_kept_is_said_and_its_place_is(
    shelf: Shelf, tmp_path: Path, made: Callable[[Path], Any], why: str
) -> None:
    item = shelf.item(made(tmp_path))
    assert why in item["not_kept"]
    assert "file" not in item
    assert len(shelf.told) == 1
    assert why in shelf.told[0]


def test_a_file_of_too_many_bytes_is_named_with_its_size_and_not_read(shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with path.open("wb") as file:
        file.truncate(10 * 1024**3)  # no bytes on the disk
    item = shelf.item(Video(str(path)))
    assert (item["path"], item["bytes"]) == ("film.mp4", 10 * 1024**3)
    assert "TRACKIO_FILE_BYTES" in item["not_kept"]


def test_boxes_are_fractions_and_masks_hold_class_ids(shelf: Shelf) -> None:
    mask = np.arange(12).reshape(3, 4)
    boxes = [
        {
            "position": {"minX": 1, "maxX": 2, "minY": 0, "maxY": 3},
            "domain": "pixel",
            "class_id": 1,
            "scores": {"p": 0.5},
        },
        {"position": {"middle": [0.5, 0.5], "width": 0.5, "height": 1.0}, "box_caption": "cat"},
        {"nothing": 1},
    ]
    item = shelf.item(
        Image(
            np.zeros((3, 4)),
            boxes={"said": {"box_data": boxes, "class_labels": {1: "cat"}}},
            masks={"truth": {"mask_data": mask}},
            classes=Classes([{"id": 5, "name": "sky"}]),
        )
    )
    said = item["boxes"]["said"]
    assert [box["box"] for box in said["boxes"]] == [[0.25, 0.0, 0.5, 1.0], [0.25, 0.0, 0.75, 1.0]]
    assert (said["boxes"][0]["class_id"], said["boxes"][0]["scores"], said["boxes"][1]["caption"]) == (
        1,
        {"p": 0.5},
        "cat",
    )
    assert said["classes"] == {"1": "cat"}
    assert np.array_equal(shelf.picture(item["masks"]["truth"]), mask)
    assert item["masks"]["truth"]["classes"] == {"5": "sky"}
    assert len(shelf.told) == 1


# --- sounds and films ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "int16", "int32", "uint8", "int8"])
def test_samples_become_a_wav_of_the_same_shape_and_sign(shelf: Shelf, dtype: str) -> None:
    tone = np.sin(np.arange(800) / 10)
    top = 1.0 if dtype == "float32" else np.iinfo(dtype).max
    samples = (tone * top).astype(dtype) if dtype != "uint8" else ((tone + 1) * 127).astype(dtype)
    item = shelf.item(Audio(np.stack([samples, samples], axis=1), sample_rate=8000, caption="tone"))
    assert (item["channels"], item["sample_rate"], item["duration_s"]) == (2, 8000, 0.1)
    with wave.open(io.BytesIO(shelf.content(item))) as file:
        heard = np.frombuffer(file.readframes(800), "<i2").reshape(-1, 2)[:, 0]
    assert np.corrcoef(heard, tone)[0, 1] > 0.999
    assert np.abs(heard).max() > 30_000


def test_loud_floats_are_made_smaller_as_a_whole_and_nan_is_silence(shelf: Shelf) -> None:
    item = shelf.item(Audio(np.array([4.0, -2.0, math.nan, math.inf]), sample_rate=4))
    with wave.open(io.BytesIO(shelf.content(item))) as file:
        assert np.frombuffer(file.readframes(4), "<i2").tolist() == [32767, -16384, 0, 8192]


def test_trackios_order_of_an_audios_arguments_is_understood(shelf: Shelf) -> None:
    assert shelf.item(Audio(np.zeros(4), "silence", 4))["caption"] == "silence"  # type: ignore[arg-type]


def test_frames_become_a_film_or_a_gif_that_is_said(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    frames = np.zeros((3, 3, 8, 6), np.uint8)
    frames[1, 0], frames[2, 1] = 255, 255
    item = shelf.item(Video(frames, fps=10))
    assert (item["mime"], item["frames"], item["width"], item["height"]) == ("image/gif", 3, 6, 8)
    assert "ffmpeg" in shelf.told[0]
    gif = PIL_Image.open(io.BytesIO(shelf.content(item)))
    assert (gif.n_frames, gif.info["duration"]) == (3, 100)
    gif.seek(1)
    assert gif.convert("RGB").getpixel((0, 0)) == (255, 0, 0)
    shelf.told.clear()
    shelf.item(Video(frames.transpose(0, 2, 3, 1), fps=10, format="gif"))
    assert shelf.told == []


# --- histograms ---------------------------------------------------------------------------------------------------


def test_a_histogram_counts_what_numpy_counts_and_nan_apart(shelf: Shelf) -> None:
    values = np.random.default_rng(0).normal(size=1000)
    item = shelf.item(Histogram([*values, math.nan, math.inf], num_bins=20))
    counts, edges = np.histogram(values, bins=20)
    assert item["counts"] == counts.tolist()
    assert item["bins"] == pytest.approx(edges.tolist())
    assert item["bad"] == 2
    assert len(shelf.item(Histogram(values, num_bins=10_000))["counts"]) == 512
    assert "512" in shelf.told[0]


@pytest.mark.parametrize("values", [[], [math.nan], [5.0], [1e308, 1.0], np.zeros((2, 3, 4)), [True, False]])
def test_odd_values_make_a_histogram_too(shelf: Shelf, values: Any) -> None:
    item = shelf.item(Histogram(values))
    assert sum(item["counts"]) + item.get("bad", 0) == np.size(values)


# --- shapes and documents -----------------------------------------------------------------------------------------


def test_points_become_a_ply_file_with_colours_and_are_thinned(shelf: Shelf) -> None:
    cloud = np.random.default_rng(0).random((400_000, 6))
    item = shelf.item(Object3D(cloud))
    head, _, body = shelf.content(item).partition(b"end_header\n")
    assert item["points"] == 300_000
    assert b"element vertex 300000" in head
    assert len(body) == 300_000 * 15
    assert np.frombuffer(body[:12], "<f4").tolist() == pytest.approx(cloud[0, :3].tolist())
    assert "too many" in shelf.told[0]


def test_files_of_shapes_and_molecules_are_kept_as_they_are(shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "cube.obj"
    path.write_text("v 0 0 0\n")
    assert shelf.content(shelf.item(Object3D(str(path)))) == b"v 0 0 0\n"
    with path.open() as file:
        assert shelf.item(Object3D(file))["format"] == "obj"
    assert shelf.content(shelf.item(Molecule.from_smiles("CCO"))) == b"CCO"


def test_html_is_put_into_a_document_unless_it_is_one(shelf: Shelf, tmp_path: Path) -> None:
    assert shelf.content(shelf.item(Html("<b>x</b>"))).startswith(b"<!doctype html>")
    assert shelf.content(shelf.item(Html("<b>x</b>", inject=False))) == b"<b>x</b>"
    page = tmp_path / "page.html"
    page.write_text("<html>whole</html>")
    assert shelf.content(shelf.item(Html(str(page)))) == b"<html>whole</html>"
    assert shelf.content(shelf.item(Html(str(page), data_is_not_path=True, inject=False))) == str(page).encode()
    assert shelf.content(shelf.item(Html(io.StringIO("<i>y</i>"), inject=False))) == b"<i>y</i>"


def test_a_long_text_is_a_file_and_secrets_in_it_are_masked(shelf: Shelf) -> None:
    assert shelf.item(Markdown("# short")) == {"text": "# short"}
    item = shelf.item(Markdown("hunter2secret " * 5_000))
    assert (item["mime"], b"hunter2" in shelf.content(item)) == ("text/markdown", False)


def test_a_trace_tells_tokens_cost_and_status_and_keeps_pictures_inside(shelf: Shelf) -> None:
    picture = Image(np.zeros((2, 2)))
    spans = [
        {
            "id": "1",
            "kind": "generation",
            "usage": {"prompt_tokens": 3, "completion_tokens": 2},
            "cost_usd": 0.25,
            "duration_ms": 9,
        },
        {
            "id": "2",
            "parent_id": "1",
            "kind": "tool",
            "error": "timeout",
            "usage": {"input_tokens": 1},
            "duration_ms": 4,
        },
    ]
    item = shelf.item(Trace([{"role": "user", "content": [picture]}], {"session_id": "s"}, spans))
    told = {key: item[key] for key in ("message_count", "span_count", "input_tokens", "output_tokens", "cost_usd")}
    assert told == {"message_count": 1, "span_count": 2, "input_tokens": 4, "output_tokens": 2, "cost_usd": 0.25}
    assert (item["duration_ms"], item["status"]) == (9, "error")
    assert item["messages"][0]["content"][0]["$media"] == "image"
    long = shelf.item(Trace([{"role": "user", "content": "hunter2secret" * 3_000}]))
    assert "messages" not in long
    assert json.loads(shelf.content(long))["messages"][0]["content"].startswith("***")


# --- figures ------------------------------------------------------------------------------------------------------


def test_figures_and_pillow_images_and_frames_are_known_without_a_wrapper(shelf: Shelf) -> None:
    figures = pytest.importorskip("matplotlib.figure")
    objects = pytest.importorskip("plotly.graph_objects")
    pandas = pytest.importorskip("pandas")
    figure = figures.Figure(figsize=(2, 1))
    figure.subplots().plot([1, 2])
    drawn = objects.Figure(data=[{"y": [1, 2]}], layout={"title": "hunter2secret"})
    found = [as_media(each) for each in (figure, drawn, PIL_Image.new("L", (2, 2)), pandas.DataFrame({"a": [1]}))]
    kinds = [None if media is None else media[0].kind for media in found]
    assert kinds == ["image", "plotly", "image", "table"]
    picture, plot = (shelf.item(media[0]) for media in found[:2] if media)
    assert picture["source"] == "matplotlib"
    assert shelf.picture(picture).shape[:2] == (picture["height"], picture["width"])
    assert json.loads(shelf.content(plot))["layout"]["title"]["text"] == "***"
    assert [as_media(each) for each in (5, "text", [1, 2], [], [Image(), 5], object(), None)] == [None] * 7


def test_too_many_pictures_of_one_step_are_cut_and_said(shelf: Shelf) -> None:
    images = [Image(np.full((1, 1), at % 256, np.uint8)) for at in range(MAX_ITEMS + 5)]
    [event] = events_of("many", images, shelf.keeper)
    assert len(event["items"]) == MAX_ITEMS
    assert len(shelf.told) == 1


@pytest.mark.requirement("S1.59")
def test_without_pillow_arrays_are_still_pictures(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"anything")
    monkeypatch.setattr("trackio_client.media.pictures._pillow", lambda: None)
    item = shelf.item(Image(np.full((2, 3), 0.5), file_type="jpg"))
    assert (item["mime"], item["width"]) == ("image/png", 3)
    assert "pip install pillow" in shelf.told[0]
    assert shelf.content(shelf.item(Image(path))) == b"anything"


def test_a_disk_that_takes_no_file_is_said_and_nothing_raises(shelf: Shelf) -> None:
    def full(content: Any, mime: str) -> Any:
        raise OSError(28, "No space left on device")

    keeper = Keeper(full, tell=lambda kind, text: shelf.told.append(text))
    assert "No space" in shelf.item(Image(np.zeros((2, 2))), keeper)["not_kept"]
    assert "cannot be kept" in shelf.item(Html("x"), Keeper(lambda content, mime: None))["not_kept"]
