"""Does it work? A look at a Space with a token, as a trainer would: needs no package of the Hub."""

from __future__ import annotations

from dataclasses import dataclass

from trackio_client.hub.spaces.asking import ask

_A = {"owner": "an owner", "writer": "a writer", "viewer": "a viewer", "nobody": "nobody in particular"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a look found. Nothing in it is a token."""

    works: bool
    lines: tuple[str, ...]
    """For people, the verdict first."""
    experiments: int | None = None
    """How many lie there; None if that was not to be learned."""
    is_missing: bool = False
    """There is no such dataset (or the token may not see it): it could be made."""


def check_space(address: str, token: str | None, hub_token: str | None) -> Finding:
    """Look at a Space as a trainer would: is it ours, does it take the token, what does it hold."""
    health = ask(f"{address}/v1/health", token=token, hub_token=hub_token)
    if not health.is_ours:
        why = (
            f"nobody answers ({health.said})"
            if not health.status
            else f"it is not Trackio that answers ({health.said})"
        )
        return Finding(works=False, lines=(f"{address}: {why}",))
    if health.status != 200 or health.content is None:
        return Finding(works=False, lines=(f"{address}: {health.said}",))
    version = f"{address} answers, version {health.content.get('version')}"
    role = str(((ask(f"{address}/v1/session", token=token, hub_token=hub_token).content) or {}).get("role") or "nobody")
    what = f"the token makes {_A.get(role, role)}" if token else f"without a token: {role}"
    may_log = role in ("writer", "owner")
    if role == "nobody":
        hint = "set TRACKIO_TOKEN" if token is None else "the token is not one of this Space's"
        return Finding(works=False, lines=(version, f"{what}: {hint}"))
    lines, experiments = [version, what if may_log else f"{what}: reading only, not logging"], None
    listed = ask(f"{address}/v1/projects", token=token, hub_token=hub_token)
    if listed.status == 200 and listed.content is not None:
        projects = listed.content.get("projects") or []
        experiments = sum(int(one.get("experiments") or 0) for one in projects)
        lines.append(f"{experiments:,} experiments in {len(projects):,} projects")
    repo, disk = health.content.get("repo"), health.content.get("disk")
    if repo:
        lines.append(f"its experiments live in the dataset {repo}")
    elif disk == "ephemeral":
        lines.append("its disk does not stay and it pushes to no dataset: trainers keep everything, nothing is durable")
    return Finding(works=may_log, lines=tuple(lines), experiments=experiments)
