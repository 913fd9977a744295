"""Spaces: what a plan allows, secrets, variables, runtime and hardware."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.hub.standin.access import repo_to_read, repo_to_write
from tests.hub.standin.answers import Refusal, host
from tests.hub.standin.state import State
from tests.hub.standin.things import Repo, User, iso

_NEEDS_PRO = (
    "Static Spaces are free for everyone, but hosting Gradio and Docker Spaces on free cpu-basic requires a PRO"
    " subscription. Subscribe at https://huggingface.co/pro"
)


def check_plan(state: State, user: User | None, said: dict[str, Any], visibility: str) -> None:
    """402 where a free account asks for what it may not have; the first text is the Hub's own, the others are ours."""
    if user is None:
        return
    hardware = said.get("hardware") or "cpu-basic"
    if visibility == "protected" and not user.is_pro:
        raise Refusal(402, "Protected Spaces require a PRO subscription.")
    if said["sdk"] == "static":
        return
    if hardware == "zero-a10g":
        mine = [r for r in state.repos.values() if r.owner == user.name and r.space.get("hardware") == hardware]
        if len(mine) >= (10 if user.is_pro else 2):
            raise Refusal(402, f"You reached the limit of {len(mine)} ZeroGPU Spaces.")
    elif hardware == "cpu-basic" and not user.is_pro:
        raise Refusal(402, _NEEDS_PRO)
    elif hardware != "cpu-basic" and not user.can_pay:
        raise Refusal(402, "Payment required: add a payment method to use paid hardware.")


def new_space(state: State, said: dict[str, Any]) -> dict[str, Any]:
    if said.get("volumes") or said.get("template"):
        raise Refusal(501, "the stand-in has no volumes and no templates")
    noted = {"updatedAt": iso(state.now_s())}
    return {
        "sdk": said["sdk"],
        "hardware": said.get("hardware") or "cpu-basic",
        "sleep_s": said.get("sleepTimeSeconds"),
        "secrets": {s["key"]: {**s, **noted} for s in said.get("secrets") or ()},
        "variables": {v["key"]: {**v, **noted} for v in said.get("variables") or ()},
        "stages": ["RUNNING"],
        "restarts": 0,
    }


async def settings(state: State, request: Request) -> Response:
    """Secrets and variables. What a secret holds is never told again; a public Space's variables are told to all."""
    what = request.path_params["what"]
    repo = repo_to_write(state, request)[0] if request.method != "GET" else repo_to_read(state, request)
    if what == "secrets":
        repo_to_write(state, request)
    held = repo.space[what]
    if request.method != "GET":
        said = await request.json()
        if request.method == "DELETE":
            if held.pop(said["key"], None) is None:
                raise Refusal(404, f"{said['key']} is not among the {what}")
        else:
            held[said["key"]] = {**said, "updatedAt": iso(state.now_s())}
        state.save_repo(repo)
    hidden = {"value"} if what == "secrets" else set()
    return JSONResponse({key: {k: v for k, v in entry.items() if k not in hidden} for key, entry in held.items()})


def runtime_json(state: State, repo: Repo) -> dict[str, Any]:
    """Where a Space is on its way. Tests give a list of stages: each question takes one, the last stays."""
    stages = repo.space["stages"]
    stage = stages.pop(0) if len(stages) > 1 else stages[0]
    return {
        "stage": stage,
        **({"sha": repo.space["sha"]} if "sha" in repo.space else {}),  # the commit that runs
        "hardware": {"current": repo.space["hardware"], "requested": repo.space["hardware"]},
        "storage": None,
        "gcTimeout": repo.space["sleep_s"] or 172_800,
        "replicas": {"current": 1, "requested": 1},
        "devMode": False,
        "domains": [{"domain": host(state, repo).split("//")[1], "stage": "READY"}],
    }


def runtime(state: State, request: Request) -> Response:
    repo = repo_to_read(state, request)
    said = runtime_json(state, repo)
    state.save_repo(repo)
    return JSONResponse(said)


async def order(state: State, request: Request) -> Response:
    """Hardware, sleep time, pause, restart."""
    (repo, user), what = repo_to_write(state, request), request.path_params["order"]
    if repo.space["sdk"] == "static":
        raise Refusal(400, "Static Spaces are always running")
    if what == "hardware":
        said = await request.json()
        check_plan(state, state.users[user], {"sdk": repo.space["sdk"], "hardware": said["flavor"]}, "public")
        repo.space["hardware"] = said["flavor"]
        repo.space["sleep_s"] = said.get("sleepTimeSeconds", repo.space["sleep_s"])
    elif what == "sleeptime":
        repo.space["sleep_s"] = (await request.json())["seconds"]
    elif what == "pause":
        repo.space["stages"] = ["PAUSED"]
    else:
        repo.space["stages"] = ["BUILDING" if request.query_params.get("factory") else "APP_STARTING", "RUNNING"]
        repo.space["restarts"] += 1
    said = runtime_json(state, Repo(**{**vars(repo), "space": {**repo.space, "stages": list(repo.space["stages"])}}))
    state.save_repo(repo)
    return JSONResponse(said)
