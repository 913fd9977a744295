"""`trackio.json`: says in a checkpoint's or a model's folder which experiment filled it.

A training that goes on from the folder finds its experiment by it, and so does whoever is handed the folder.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from trackio_client.experiment import Experiment

SIGNATURE: Final = "trackio.json"


def sign(folder: Path, experiment: Experiment) -> None:
    """Write the experiment's id, project and name into a folder that is there. Raises OSError."""
    if folder.is_dir():
        said = {"experiment_id": experiment.experiment_id, "project": experiment.project, "name": experiment.name}
        partly = folder / f"{SIGNATURE}.part"
        partly.write_text(json.dumps(said), encoding="utf-8")
        partly.replace(folder / SIGNATURE)


def signed_by(folder: Path) -> dict[str, str] | None:
    """{"experiment_id", "project"} of the experiment that filled a folder; None if it was filled without us."""
    try:
        said = json.loads((folder / SIGNATURE).read_text(encoding="utf-8"))
        return {name: str(said[name]) for name in ("experiment_id", "project")}
    except (OSError, ValueError, KeyError, TypeError):
        return None
