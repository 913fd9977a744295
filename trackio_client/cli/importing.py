"""`trackio-client import PATH`: runs that other tools recorded."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackio_client.cli.output import clean, print_json
from trackio_client.errors import HubAway, HubRefused, UsageError

if TYPE_CHECKING:
    from trackio_client.exchange.past import Destination, Imported, PastRun
    from trackio_client.exchange.reading import Reading
    from trackio_client.settings import Settings

KINDS = "trainer, experiments, dataset, monitor or trackio"
"""Of `exchange.kinds.KINDS`, which `--help` must not load."""


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "import",
        parents=[common],
        help="bring in runs that other tools recorded",
        description="Brings in runs that other tools recorded; what it is, is told by its content. To import again "
        "changes nothing; a log that has grown goes on. See docs/importing.md for all kinds.",
    )
    parser.add_argument("path", help="a file or folder, or a dataset repo on the Hub as owner/name")
    parser.add_argument("--kind", metavar="KIND", help=f"read it as this kind only: {KINDS}")
    parser.add_argument(
        "--project", help="the project to put them in (else the one that the file names, TRACKIO_PROJECT, this folder)"
    )
    parser.add_argument("--name", help="name of the experiment, when the path holds one run (else its own)")
    parser.add_argument("--dry-run", action="store_true", help="say what would come in, and bring nothing")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Bring in one run after the other; what cannot be read is named, and the rest comes in."""
    from trackio_client.cli.destinations import destination
    from trackio_client.exchange.kinds import readings_at
    from trackio_client.settings import settings_from
    from trackio_client.wire.events import checked_name

    settings = settings_from()
    project = checked_name(asked.project, "project") if asked.project else None
    fallback = checked_name(settings.project or Path.cwd().name or "imported", "project")
    name = checked_name(asked.name, "name") if asked.name else None
    with _place(asked.path, settings) as (path, repo):
        readings = readings_at(path, asked.kind, name=name)
        _check_name(name, readings, asked.path)
        report = Report(asked.json, repo, path)
        if asked.dry_run:
            for reading, one in _runs(readings, report):
                report.found(reading, one, project or one.project or fallback)
            report.end(None)
            return report.code(asked.path)
        with destination(settings) as there:
            for reading, one in _runs(readings, report):
                report.bring(reading, one, project or one.project or fallback, there)
            report.end(str(there.address))
        return report.code(asked.path)


@contextmanager
def _place(text: str, settings: Settings) -> Iterator[tuple[Path, str | None]]:
    """Where the files lie: the path itself, or a folder with what was fetched from a repo of the Hub, and its name."""
    path = Path(text)
    repo = None if path.exists() else _repo(text)
    if repo is None:
        yield path, None
        return
    from trackio_client.cli.repos import repo_at
    from trackio_client.hub.foreign import fetch_data

    target = repo_at(repo, settings, "import")
    missing = f"there is no file or folder {text}, and as a dataset repo"
    with tempfile.TemporaryDirectory(prefix="trackio-import-") as folder:
        try:
            fetched = fetch_data(target, Path(folder))
        except HubRefused as error:
            raise UsageError(f"{missing}: {error}") from None
        except HubAway as error:
            raise HubAway(f"{missing}: {error}") from None
        try:
            yield Path(folder), f"{fetched.repo} at commit {fetched.commit[:8]}"
        except UsageError as error:  # names files by where they were for a moment
            raise UsageError(str(error).replace(folder, repo)) from None


def _repo(text: str) -> str | None:
    """The repo that a text names, or None if it can only be a path. Raises UsageError for a wrong address."""
    from trackio_client.hub.names import repo_of

    if "://" in text:
        return repo_of(text, "the repo to import")
    if text.count("/") != 1 or text.startswith((".", "~", "/")):
        return None
    try:
        return repo_of(text)
    except UsageError:
        return None


def _check_name(name: str | None, readings: list[Reading], path: str) -> None:
    if name and (count := sum(one.count if one.count is not None else 2 for one in readings)) > 1:
        raise UsageError(f"--name fits one run, and {path} holds {count} or more. Import them one by one")


def _runs(readings: list[Reading], report: Report) -> Iterator[tuple[Reading, PastRun]]:
    for reading in readings:
        try:
            for one in reading.runs:
                yield reading, one
        except UsageError as error:  # damage in the middle: what came before it is in
            report.left_out([f"left out the rest of {reading.path}: {error}"])
        report.left_out(list(reading.skipped))


class Report:
    """What came of it, for people as it happens, or as one JSON object at the end."""

    def __init__(self, as_json: bool, repo: str | None, path: Path) -> None:
        self._as_json = as_json
        self._repo = repo
        self._path = str(path)
        if repo is not None and not as_json:
            print(f"From {repo}:")
        self._imported: list[dict[str, Any]] = []
        self._skipped: list[str] = []
        self._told: list[Imported] = []

    def bring(self, reading: Reading, run: PastRun, project: str, there: Destination) -> None:
        from trackio_client.exchange.past import deliver

        try:
            one = deliver(run, project, there)
        except UsageError as error:
            self.left_out([f"left out {clean(run.name)}: {error}"])
            return
        self._add(reading, one)

    def found(self, reading: Reading, run: PastRun, project: str) -> None:
        from trackio_client.exchange.past import Imported, identity_of

        entries = points = 0
        for entry in run.entries:
            entries += 1
            points += len(entry.values)
        for more in run.more.values():
            points += sum(len(entry.values) for entry in more)
        one = Imported(
            experiment_id=identity_of(run, project), project=project, name=run.name, evidence=run.evidence,
            state="paused" if run.is_paused else run.state, entries=entries, points=points, added_events=0,
            notes=tuple(run.notes),
        )  # fmt: skip
        self._add(reading, one, is_dry=True)

    def _add(self, reading: Reading, one: Imported, *, is_dry: bool = False) -> None:
        self._told.append(one)
        if self._as_json:
            said = {name: getattr(one, name) for name in one.__slots__}
            self._imported.append({**said, "kind": reading.kind})
            return
        new = "" if is_dry else f", {_many(one.added_events, 'new event')}" if one.added_events else ", nothing new"
        holds = f"{_many(one.entries, 'entry', 'entries')}, {_many(one.points, 'value')}"
        print(f"{one.experiment_id}  {clean(one.name)}: {holds}{new}")
        print(f"  {one.state}: {clean(one.evidence)}")
        for note in one.notes:
            print(f"  {clean(note)}")

    def left_out(self, texts: list[str]) -> None:
        if self._repo is not None:
            texts = [text.replace(self._path, self._repo.partition(" ")[0]) for text in texts]
        self._skipped += texts
        if not self._as_json:
            for text in texts:
                print(f"! {clean(text)}")

    def end(self, where: str | None) -> None:
        """The last line. `where` it went, or None when nothing was to be brought."""
        if self._as_json:
            said = {"imported": self._imported, "skipped": self._skipped, "to": where, "from": self._repo}
            print_json(said)
            return
        count, added = len(self._told), sum(one.added_events for one in self._told)
        projects = sorted({one.project for one in self._told})
        into = f" in project{'s' * (len(projects) > 1)} {', '.join(map(repr, projects))}" if projects else ""
        runs = f"{_many(count, 'run')}{clean(into)}, {_many(sum(one.points for one in self._told), 'value')}"
        left = f"; {len(self._skipped)} left out, named above" if self._skipped else ""
        if where is None:
            print(f"Found {runs}{left}. Nothing was imported (--dry-run).")
            return
        print(f"{clean(where)}: {runs}, {_many(added, 'new event')}{left}.")
        if count:
            print("To look at them: trackio-client ui")

    def code(self, path: str) -> int:
        """0, or 2 when there was something and none of it could be read."""
        if not self._told:
            reason = self._skipped[0] if self._skipped else "it holds no run"
            raise UsageError(f"nothing of {path} was imported: {reason}")
        return 0


def _many(count: int, one: str, more: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"
