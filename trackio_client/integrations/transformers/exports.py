"""An export names its experiment, and the experiment its exports (S4.31).

Each checkpoint and each folder of `save_model` holds `trackio.json` with the experiment's id (signature.py), written
before the folder is filled, so that a push takes it along. A model card that is there gets a line between markers,
and a second save replaces it. Naming is all: nothing of the experiment is published by pushing a model.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar, Final

from trackio_client.integrations.transformers.checkpoints import size_of
from trackio_client.integrations.transformers.groups import Group, Run

_BEGIN: Final = "<!-- trackio: the training of this model -->"
_END: Final = "<!-- /trackio -->"
_OURS: Final = re.compile(re.escape(_BEGIN) + r".*?" + re.escape(_END) + r"\n?", re.S)


class Exports(Group):
    """Records `export` for each folder that the model was saved to."""

    name: ClassVar[str] = "exports"

    def saved(self, run: Run, folder: Path) -> None:
        sign_card(run, folder)

    def carded(self, run: Run, folder: Path) -> None:
        sign_card(run, folder)

    def exported(self, run: Run, folder: Path) -> None:
        size, files = size_of(folder)
        told: dict[str, Any] = {
            "path": str(folder),
            "absolute_path": str(folder.absolute()),
            "bytes": size,
            "files": files,
            "card": sign_card(run, folder),
            "hub_model_id": getattr(run.trainer, "hub_model_id", None),
        }
        run.record("export", {name: value for name, value in told.items() if value is not None})


def sign_card(run: Run, folder: Path) -> str | None:
    """Name the experiment in a model card that is there. Returns its path, None when there is none."""
    card = folder / "README.md"
    if not card.is_file():
        return None
    text = card.read_text(encoding="utf-8")
    experiment = run.experiment
    name, project = _plain(experiment.name), _plain(experiment.project)
    line = f"Trained in experiment `{experiment.experiment_id}` ({name}) of project `{project}`."
    signed = f"{_BEGIN}\n{line}\n{_END}\n"
    bare = _OURS.sub("", text)
    card.write_text(bare.rstrip("\n") + "\n\n" + signed, encoding="utf-8")
    return str(card)


def _plain(name: str) -> str:
    """A name as text in Markdown: what would be markup is left out."""
    return re.sub(r"[`<>\[\]|*_]", " ", name).strip()
