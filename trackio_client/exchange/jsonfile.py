"""JSON and JSONL files of other programs, read with an eye on size and on what may be wrong with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from trackio_client.errors import UsageError
from trackio_client.exchange.texts import Remarks

MAX_FILE_BYTES: Final = 1024**3
"""JSON of this size takes about ten times as much memory to read; a real log of a million steps has 150 MB."""
HEAD_BYTES: Final = 65_536


def head_of(path: Path) -> bytes:
    """The first bytes of a file, without a byte order mark and blanks; b"" if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError:
        return b""


def load(path: Path) -> Any:
    """The content of a JSON file. Raises UsageError, which says where it breaks off."""
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise UsageError(f"{path} has {size:,} bytes; at most {MAX_FILE_BYTES:,} are read at once. Cut it in parts")
        if not size:
            raise UsageError(f"{path} is empty")
        return json.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no JSON: it is no text in UTF-8 ({error.reason} at byte {error.start})") from None
    except json.JSONDecodeError as error:
        cut = " The file seems to be cut off: whatever wrote it did not finish." if error.pos >= size - 2 else ""
        where = f"line {error.lineno}, column {error.colno}"
        raise UsageError(f"{path} is no JSON: {error.msg} at {where}.{cut}") from None
    except RecursionError:
        raise UsageError(f"{path} is nested too deeply to be a log of experiments") from None
    except ValueError as error:  # a whole number of more than 4,300 digits
        raise UsageError(f"{path} is no JSON that can be read: {error}") from None


def lines(path: Path, skipped: Remarks) -> Iterator[tuple[str, Any]]:
    """The objects of a JSONL file with their places. A line that is no JSON is named and left out."""
    try:
        if (size := path.stat().st_size) > MAX_FILE_BYTES:
            raise UsageError(f"{path} has {size:,} bytes; at most {MAX_FILE_BYTES:,} are read at once. Cut it in parts")
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
                if not text:
                    continue
                place = f"line {number:,} of {path.name}"
                try:
                    yield place, json.loads(text)
                except (ValueError, RecursionError) as error:
                    cut = " (the last one, cut off)" if not line.endswith(b"\n") else ""
                    skipped.add(f"left out a line that is no JSON{cut}: {error!s:.80}", place)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
