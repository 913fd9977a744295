"""What the configuration page says, as HTML. Everything that comes from elsewhere is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any, Final

from space.settings import SpaceSettings
from trackio_client.hub.spaces.checking import Finding
from trackio_client.inforce import InForce

_GROUPS: Final = (
    ("Dataset", ("dataset_repo", "hub_token", "push_interval_s", "commits_per_hour")),
    ("Who may what", ("token", "public", "hosts", "hub.visibility", "hub.owners", "hub.viewers")),
)


def settings_html(rows: Iterable[InForce]) -> str:
    """A table a group: variable and meaning, value, where it comes from."""
    left = {one.name: one for one in rows}
    groups = [(title, [left.pop(name) for name in names if name in left]) for title, names in _GROUPS]
    parts = []
    for title, ones in [*groups, ("This server", list(left.values()))]:
        body = "".join(_row(one) for one in ones)
        head = f'<tr><th scope="col">{title}</th><th scope="col">Value</th><th scope="col">From</th></tr>'
        parts.append(f'<table class="tc-settings"><thead>{head}</thead><tbody>{body}</tbody></table>')
    return "".join(parts)


def _row(one: InForce) -> str:
    kind, _, rest = one.source.partition(": ")
    source = kind if rest in ("", one.variables[0]) else f"{kind}: {rest}"
    value = (
        f'<span class="tc-none">{one.value}</span>' if one.value == "not set" else f"<code>{_text(one.value)}</code>"
    )
    return (
        f'<tr data-name="{one.name}"><td><code>{_text(one.variables[0])}</code><small>{_text(one.meaning)}</small></td>'
        f'<td data-label="Value">{value}</td><td data-label="From">{_text(source)}</td></tr>'
    )


def sync_html(status: dict[str, Any] | None, settings: SpaceSettings) -> str:
    """Where the push stands: newest commit, what is not in the dataset yet, when the next comes, what is wrong."""
    if status is None:
        if settings.persistent:
            return note("No dataset is set: experiments live on this machine's disk alone, which stays.")
        return note(
            "No dataset is set, and this disk does not stay: nothing is durable here, and trainers keep everything "
            "that they sent. Set TRACKIO_DATASET_REPO.",
            "bad",
        )
    facts = [("Dataset", f"<code>{_text(status.get('repo'))}</code>"), ("Newest commit", _commit(status))]
    facts += [
        ("Not in it yet", _behind(status)),
        ("Next push", _next(status, settings)),
        ("Commits", _commits(status, settings)),
    ]
    if loading := _loading(status.get("loading")):
        facts.append(("Read back", loading))
    rows = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    found = f'<dl class="tc-facts">{rows}</dl>'
    if problem := status.get("problem"):
        found = note(str(problem)[:1].upper() + str(problem)[1:], "bad") + found
    if not_ours := status.get("not_ours"):
        lines = [f"{one.get('path')}: {one.get('reason')}" for one in not_ours[:20]]
        found += _list("In the dataset, not ours, left as they are:", lines)
    if held_back := status.get("held_back"):
        found += _list("Held back:", [str(one) for one in held_back[:20]])
    return found


def _commit(status: dict[str, Any]) -> str:
    if not status.get("commit"):
        return "not read yet" if not status.get("ready") else "none"
    ago = status.get("committed_ago_s")
    when = f"pushed from here {duration(ago)} ago" if ago is not None else "nothing pushed from here since the start"
    return f"<code>{_text(str(status['commit'])[:8])}</code>, {when}"


def _behind(status: dict[str, Any]) -> str:
    events, values = int(status.get("behind_events") or 0), int(status.get("behind_values") or 0)
    return f"{events:,} events with about {values:,} values" if events else "nothing"


def _next(status: dict[str, Any], settings: SpaceSettings) -> str:
    seconds = status.get("next_in_s")
    often = f"every {duration(status.get('interval_s') or settings.push_interval_s)} at most"
    if seconds is None:
        return f"when there is something new, {often}"
    return f"in {duration(seconds)}" if seconds >= 1 else "now"


def _commits(status: dict[str, Any], settings: SpaceSettings) -> str:
    hour, pushers = status.get("commits_in_hour"), status.get("pushers")
    if hour is None:
        return "not read yet"
    by = "" if not pushers or pushers == 1 else f" by {pushers:,} who push to it"
    return f"{hour:,} in the last hour{by}; {settings.commits_per_hour:,} are the limit"


def _loading(status: object) -> str:
    """What is still to be read back from the dataset after a start on an empty disk."""
    if not isinstance(status, dict):
        return ""
    experiments, rows = int(status.get("experiments") or 0), int(status.get("rows") or 0)
    words = f"{experiments:,} experiments with {rows:,} rows are still to come" if experiments else ""
    problem = _text(status["problem"]) if status.get("problem") else ""
    return ": ".join(filter(None, (words, problem)))


def finding_html(finding: Finding) -> str:
    """What a test found, its verdict in a word and by colour."""
    first, *rest = finding.lines
    more = "".join(f"<li>{_text(line)}</li>" for line in rest)
    word = "Works" if finding.works else "Does not work"
    kind = "good" if finding.works else "bad"
    return f'<div class="tc-note {kind}" role="status"><b>{word}:</b> {_text(first)}<ul>{more}</ul></div>'


def note(text: str, kind: str = "plain") -> str:
    """A sentence in a box: plain, good or bad."""
    return f'<div class="tc-note {kind}" role="status">{_text(text)}</div>'


def duration(seconds: float) -> str:
    """Seconds for people."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _list(title: str, lines: Iterable[str]) -> str:
    return f"<p>{title}</p><ul class='tc-lines'>" + "".join(f"<li>{_text(line)}</li>" for line in lines) + "</ul>"


def _text(what: object) -> str:
    return html.escape(str(what))
