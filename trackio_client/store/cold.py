"""What is held and still lies in files of a repo: per experiment the files, and per writer the seqs to take from them.

A file of metrics and one of events may cover the same seqs, so a seq is here when no listed file covers it any more.
What no file covers stands under the path "": it is not waited for, but a file that brings it after all is taken.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from trackio_client.store.holdings import Cold
from trackio_client.store.spans import common, minus
from trackio_client.wire.batches import Ranges, ranges

Windows = dict[str, Ranges]
"""Writer id → seqs."""
NOWHERE = ""
"""The path of what no file covers."""


def windows_of(text: str) -> Windows:
    """From the text in a row."""
    return {writer: tuple((low, high) for low, high in pairs) for writer, pairs in json.loads(text).items()}


def text_of(windows: Mapping[str, Ranges]) -> str:
    """For a row; writers without seqs are left out."""
    return json.dumps({writer: pairs for writer, pairs in windows.items() if pairs}, separators=(",", ":"))


def joined(some: Iterable[Mapping[str, Ranges]]) -> Windows:
    """All of them together."""
    found: Windows = {}
    for windows in some:
        for writer, pairs in windows.items():
            found[writer] = ranges([*found.get(writer, ()), *pairs]) if writer in found else pairs
    return found


def listed(sql: sqlite3.Connection, experiments: Sequence[str] | None) -> list[Cold]:
    """As contract.Store.cold."""
    query = (
        "SELECT e.experiment_id, c.path, c.windows, c.rows FROM cold c JOIN experiment e ON e.id = c.experiment "
        f"WHERE c.windows != '{{}}' AND c.path != '{NOWHERE}' "
    )
    order = "ORDER BY e.created_us DESC, e.id DESC, c.place"
    if experiments is None:
        rows = sql.execute(query + order).fetchall()
    else:
        each = (sql.execute(query + "AND e.experiment_id = ? " + order, (name,)) for name in dict.fromkeys(experiments))
        rows = [row for some in each for row in some]
    return [Cold(name, path, windows_of(windows), count) for name, path, windows, count in rows]


def is_waited_for(sql: sqlite3.Connection, experiment: int, writer_id: str = "") -> bool:
    """Whether a file is still to be loaded for an experiment, or for one writer of it."""
    # Ids need no escapes in JSON, so a writer with seqs is found as its key without parsing.
    query = f"SELECT 1 FROM cold WHERE experiment = ? AND path != '{NOWHERE}' AND instr(windows, ?) LIMIT 1"
    return sql.execute(query, (experiment, f'"{writer_id}":' if writer_id else ":")).fetchone() is not None


def of_writer(sql: sqlite3.Connection, experiment: int, writer_id: str) -> Ranges:
    """The seqs of a writer that are held and not here."""
    rows = sql.execute("SELECT windows FROM cold WHERE experiment = ?", (experiment,))
    return joined(windows_of(text) for (text,) in rows).get(writer_id, ())


def relist(sql: sqlite3.Connection, experiment: int, new: Windows, files: Sequence[Cold]) -> None:
    """List what was cold and what became it under these files, instead of those of before."""
    rows = sql.execute("SELECT * FROM cold WHERE experiment = ?", (experiment,)).fetchall()
    if not rows and not new:
        return
    loaded = {path: windows_of(text) for _, path, _, _, _, text in rows}
    missing = joined([new, *(windows_of(text) for *_, text, _ in rows)])
    found, covered = [], []
    in_order = sorted(
        files, key=lambda file: (min((low for w in file.windows.values() for low, _ in w), default=0), file.path)
    )
    for place, file in enumerate(in_order):
        before = loaded.get(file.path, {})
        windows = {w: common(missing.get(w, ()), minus(pairs, before.get(w, ()))) for w, pairs in file.windows.items()}
        if any(windows.values()) or before:
            found.append((experiment, file.path, place, file.rows, text_of(windows), text_of(before)))
            covered.append(windows)
    here = joined(covered)
    nowhere = text_of({writer: minus(pairs, here.get(writer, ())) for writer, pairs in missing.items()})
    if nowhere != "{}":
        found.append((experiment, NOWHERE, len(files), 0, nowhere, "{}"))
    if sorted(found) == sorted(rows):
        return
    sql.execute("DELETE FROM cold WHERE experiment = ?", (experiment,))
    sql.executemany("INSERT INTO cold VALUES (?, ?, ?, ?, ?, ?)", found)


def taken(sql: sqlite3.Connection, experiment: int, path: str, windows: Windows) -> None:
    """Note that these windows of a file were loaded."""
    row = sql.execute(
        "SELECT windows, loaded FROM cold WHERE experiment = ? AND path = ?", (experiment, path)
    ).fetchone()
    left = {writer: minus(pairs, windows.get(writer, ())) for writer, pairs in windows_of(row[0]).items()}
    sql.execute(
        "UPDATE cold SET windows = ?, loaded = ? WHERE experiment = ? AND path = ?",
        (text_of(left), text_of(joined([windows_of(row[1]), windows])), experiment, path),
    )
