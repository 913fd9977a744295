"""Html and Markdown: documents that the page shows (HTML in a frame without rights)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from trackio_client.media.figures import is_figure, is_plotly
from trackio_client.media.keeping import Keeper, Media, NotKept

_STYLE = (
    '<!doctype html><html><head><meta charset="utf-8"><style>body{margin:12px;font:14px system-ui,sans-serif}'
    "img,svg{max-width:100%}</style></head><body>"
)


class Html(Media):
    """A document.

    Args:
        data: HTML as text, the path of an .html file, an open file, or a figure of plotly or matplotlib.
        inject: put a fragment into a document with our style; False keeps it as it is.
        data_is_not_path: never look for a file of that name.
        caption: a line under it.
    """

    kind: ClassVar[str] = "html"

    def __init__(
        self, data: Any, inject: bool = True, data_is_not_path: bool = False, *, caption: str | None = None
    ) -> None:
        self.caption = caption
        self._inject, self._is_text = inject, data_is_not_path
        self._given = data.read() if hasattr(data, "read") else data

    def known(self) -> dict[str, Any]:
        return {"path": self._given.name} if isinstance(self._given, Path) else {}

    def kept(self, keeper: Keeper) -> dict[str, Any]:
        text = self._text(keeper)
        if self._inject and not text.lstrip()[:200].lower().startswith(("<!doctype", "<html")):
            text = f"{_STYLE}{text}</body></html>"
        return keeper.file(keeper.mask(text).encode("utf-8", "replace"), "text/html")

    def _text(self, keeper: Keeper) -> str:
        given = self._given
        if isinstance(given, bytes):
            return given.decode("utf-8", "replace")
        if is_plotly(given):
            return str(given.to_html(full_html=True, include_plotlyjs="cdn"))
        if is_figure(given):
            import base64

            from trackio_client.media.figures import png_of

            return f'<img src="data:image/png;base64,{base64.b64encode(png_of(given)).decode()}">'
        if not isinstance(given, (str, Path)):
            raise NotKept(f"a {type(given).__name__} is no HTML: give text, a path or an open file")
        path = Path(given) if isinstance(given, Path) or _is_file_name(given) else None
        if path is None or (self._is_text and isinstance(given, str)):
            return str(given)
        try:
            if path.stat().st_size > keeper.bounds.file_bytes:
                raise NotKept(
                    f"{path} has {path.stat().st_size:,} bytes, at most {keeper.bounds.file_bytes:,} are kept"
                )
            return path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise NotKept(f"{path} cannot be read ({error.strerror or error})") from error


def _is_file_name(text: str) -> bool:
    if len(text) > 1_000 or "<" in text or not text.lower().endswith((".html", ".htm")):
        return False
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


class Markdown(Media):
    """A text in Markdown: a report, notes on a step."""

    kind: ClassVar[str] = "markdown"

    def __init__(self, text: str = "", *, caption: str | None = None) -> None:
        self.caption = caption
        self.text = text

    def kept(self, keeper: Keeper) -> dict[str, Any]:
        if not isinstance(self.text, str):
            raise NotKept(f"Markdown takes a text, got {type(self.text).__name__}")
        return keeper.text(self.text, "text/markdown")
