"""Whether this runs in a container, in which, and of which image (S3.41).

A container does not know its image's name unless somebody tells it: Podman and Singularity do, others by a variable.
TRACKIO_IMAGE=name@sha256:… tells it for all of them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from trackio_client.capture.environment.found import Found

IMAGE_VARIABLES: Final = (
    "TRACKIO_IMAGE", "CONTAINER_IMAGE", "DOCKER_IMAGE", "IMAGE_NAME", "WANDB_DOCKER", "AZUREML_IMAGE",
    "TRAINING_IMAGE", "SLURM_CONTAINER_IMAGE",
)  # fmt: skip
DOCKERFILES: Final = ("Dockerfile", "Containerfile", "dockerfile", "docker/Dockerfile", ".devcontainer/Dockerfile")
MOST_DOCKERFILE_BYTES: Final = 8 * 1024
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def container(environ: Mapping[str, str], root: Path = Path("/")) -> Found:
    """`container.kind` and, where it can be known, `container.image` and `container.digest`."""
    found = Found()
    kind, image = _kind(environ, root)
    found.put("container.kind", kind)
    if "KUBERNETES_SERVICE_HOST" in environ:
        found.put("container.orchestrator", "kubernetes")
    if environ.get("SPACE_ID", "").strip():
        found.put("container.space", environ["SPACE_ID"].strip())
    if kind == "none":
        return found
    image = image or next((environ[name].strip() for name in IMAGE_VARIABLES if environ.get(name, "").strip()), "")
    if image:
        found.put("container.image", image)
    else:
        found.lacks("container.image", "a container does not know its image; TRACKIO_IMAGE=name@sha256:… tells it")
    if digest := _DIGEST.search(image) or _DIGEST.search(_text(root / "run/.containerenv")):
        found.put("container.digest", digest[0])
    else:
        found.lacks("container.digest", "the image's name holds none; TRACKIO_IMAGE=name@sha256:… tells it")
    return found


def _kind(environ: Mapping[str, str], root: Path) -> tuple[str, str]:
    """("docker", "podman", "singularity", "kubernetes", "lxc", another word or "none"; the image if it tells it)."""
    for prefix in ("APPTAINER", "SINGULARITY"):
        if environ.get(f"{prefix}_CONTAINER") or environ.get(f"{prefix}_NAME"):
            return "singularity", environ.get(f"{prefix}_CONTAINER", "")
    if (root / ".singularity.d").is_dir():
        return "singularity", ""
    told = root / "run/.containerenv"
    if told.exists():
        image = re.search(r'^image="(.*)"', _text(told), re.MULTILINE)
        return "podman", image[1] if image else ""
    if (root / ".dockerenv").exists():
        return ("kubernetes" if "KUBERNETES_SERVICE_HOST" in environ else "docker"), ""
    groups = _text(root / "proc/1/cgroup") + _text(root / "proc/self/cgroup")
    for word, kind in (("kubepods", "kubernetes"), ("docker", "docker"), ("libpod", "podman"), ("lxc", "lxc")):
        if word in groups:
            return kind, ""
    if "KUBERNETES_SERVICE_HOST" in environ:
        return "kubernetes", ""
    return environ.get("container", "").strip() or "none", ""


def dockerfile(folders: list[Path]) -> Found:
    """The Dockerfile beside the script or at the root of its repository, with its hash."""
    found = Found()
    for folder in folders:
        for name in DOCKERFILES:
            file = folder / name
            try:
                if not file.is_file():
                    continue
                content = file.read_bytes()
            except OSError as error:
                found.lacks("container.dockerfile", f"{file} cannot be read ({error.strerror or error})")
                return found
            found.put("container.dockerfile", str(file))
            found.put("container.dockerfile_sha256", hashlib.sha256(content).hexdigest())
            if len(content) <= MOST_DOCKERFILE_BYTES:
                found.put("container.dockerfile_text", content.decode("utf-8", "replace"))
            return found
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")[:100_000]
    except OSError:
        return ""
