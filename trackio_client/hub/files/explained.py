"""What a repo's card tells people: what is in it, how to load it, what opens it."""

from __future__ import annotations

from collections.abc import Sequence

_COLUMNS = {
    "experiments": (
        "One row an experiment. Replaced as it goes on.",
        {
            "experiment_id": "its name for ever, `exp_YYYYMMDD_HHMMSS_…`",
            "project": "what it belongs to",
            "name": "its name for people",
            "group": "experiments that belong together, or empty",
            "job_type": "such as `train` or `eval`, or empty",
            "tags": "list of words",
            "notes": "what somebody wrote about it",
            "state": "`running`, `finished`, `failed`, `interrupted` or `paused`, as last told",
            "created_s": "when it began: seconds since 1970 UTC, as all times here",
            "last_event_s": "when it last logged something",
            "generation": "how often it was resumed",
            "last_step": "highest step logged",
            "points": "how many single values were logged",
            "events": "how many calls and other events",
            "parameters": "JSON: its configuration",
            "summary": "JSON: the last value of each metric, and what was set by hand",
            "trackio": "JSON for the program itself",
        },
    ),
    "metrics": (
        "One row a value. Each file stays as it is once it is here, until files are merged.",
        {
            "experiment_id": "which experiment",
            "writer_id": "which process logged it",
            "seq": "the number of the `log()` call in that process, 0, 1, 2 …: (`writer_id`, `seq`) names a call",
            "metric": "its name as logged, such as `train/loss`",
            "step": "the step it was logged at",
            "time_s": "when, by the clock of the process",
            "value": "64-bit float; NaN and ±inf are kept",
        },
    ),
    "events": (
        "One row an event that is not numbers: start, configuration, console lines, texts, end.",
        {
            "experiment_id": "which experiment",
            "writer_id": "which process told it",
            "seq": "its number in that process, counted together with the calls of `metrics`",
            "kind": "`start`, `config`, `console`, `text`, `mark`, `error`, `end` …",
            "time_s": "when, by the clock of the process",
            "content": "JSON: the event as it was written",
        },
    ),
    "blobs": (
        "One row a file that events cite: pictures, sounds, tables, small artifacts. Files from 4 MiB on lie beside "
        "these tables as they are, `blobs/<2>/<sha256>`.",
        {
            "sha256": "what events call it",
            "bytes": "its length",
            "mime": "its media type, as it was logged",
            "experiments": "those that cite it",
            "content": "the file",
        },
    ),
    "samples": ("Samples of evaluations, one row each.", {}),
}


def body_of(repo: str, configs: Sequence[str], projects: Sequence[str] = (), *, by_name: bool = True) -> str:
    """Markdown for a repo with these tables; `by_name`: each is a configuration of that name."""
    return "\n\n".join(
        [
            "## Experiments, kept by Trackio",
            "Training runs and what they logged. The page that draws them: "
            f"`pip install 'trackio-client[space,hub]'`, then `trackio-client pull {repo}` and `trackio-client ui`.",
            *([_projects(projects)] if projects else []),
            *(["### Load it", _loading(repo, configs, by_name)] if configs else []),
            *(_table(name) for name in configs if name in _COLUMNS),
            "### Good to know",
            "- Of a step that was logged twice the later value counts: the one with the higher `seq`.\n"
            "- `index/` says what of each process is here, `view/` is what a page without a server draws from. "
            "Deleting or editing files by hand can lose data: `trackio-client` deletes experiments.\n"
            "- This text and the front matter are rewritten between their `trackio:begin` and `trackio:end`, and "
            "nowhere else. Who may see this repo is never changed.",
        ]
    )


def _projects(projects: Sequence[str]) -> str:
    shown = ", ".join(f"`{name.replace('`', '′')}`" for name in projects[:20])
    more = f" and {len(projects) - 20} more" if len(projects) > 20 else ""
    return f"Projects: {shown}{more}."


def _loading(repo: str, configs: Sequence[str], by_name: bool) -> str:
    def call(name: str, more: str = "") -> str:
        if by_name:
            return f'load_dataset("{repo}", "{name}", split="train"{more})'
        files = f"hf://datasets/{repo}/{name}/**/*.parquet"
        return f'load_dataset("parquet", data_files="{files}", split="train"{more})'

    lines = ["```python", "from datasets import load_dataset", "", *(f"{name} = {call(name)}" for name in configs)]
    if "metrics" in configs:
        lines += ["", "# Without a download of all of it:", f"for row in {call('metrics', ', streaming=True')}:"]
        lines.append('    print(row["experiment_id"], row["metric"], row["step"], row["value"])')
    return "\n".join([*lines, "```"])


def _table(name: str) -> str:
    text, columns = _COLUMNS[name]
    rows = [f"| `{column}` | {meaning} |" for column, meaning in columns.items()]
    return "\n".join([f"### `{name}`", "", text, *(["", "| column | |", "|---|---|", *rows] if rows else [])])
