"""What a deployment will do, found out by looking only: who asks, what is there, what the account's plan allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from trackio_client import clientfile
from trackio_client.clientfile import KnownSpace
from trackio_client.errors import HubRefused, UsageError
from trackio_client.hub.names import DEFAULT_NAME, repo_of, space_of
from trackio_client.hub.spaces.account import (
    Account,
    Plan,
    account_of,
    broad,
    too_narrow,
    what_the_token_needs,
)
from trackio_client.hub.spaces.api import Found, SpaceHub
from trackio_client.hub.spaces.card import TAG, card_of_space, updated
from trackio_client.hub.spaces.files import CARD, PACKAGES, REQUIREMENTS, changes, files_of_space, gradio_of

ZERO_GPU: Final = "zero-a10g"
FREE: Final = ("cpu-basic", ZERO_GPU)
WRITE_TOKEN, HUB_TOKEN, DATASET = "TRACKIO_WRITE_TOKEN", "HF_TOKEN", "TRACKIO_DATASET_REPO"
VISIBILITY: Final = "TRACKIO_SPACE_VISIBILITY"


class NeedsChoice(UsageError):
    """A person has to choose. The text says why, `choices` what there is: (what to write, what it means)."""

    def __init__(
        self,
        text: str,
        choices: list[tuple[str, str]],
        *,
        offers_static: bool = False,
        visibilities: tuple[str, ...] = (),
    ) -> None:
        super().__init__(text)
        self.choices = choices
        self.offers_static = offers_static
        """A static Space would do, and is free."""
        self.visibilities = visibilities
        """Those that the plan allows, if this is what has to be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for. None and "" are "not said"."""

    name: str
    visibility: str | None = None
    dataset: str | None = None
    hardware: str | None = None
    is_static: bool = False
    zero_gpu: bool = False
    token: str | None = field(default=None, repr=False)
    """For the Space: fine-grained, may read and write the dataset."""
    public_dataset: bool = False
    force_broad_token: bool = False
    new_write_token: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What will be done. Nothing has been changed yet."""

    space: str
    account: Account
    found: Found | None
    sdk: str
    visibility: str
    hardware: str | None
    dataset: str | None
    """None: the one that the Space keeps as a secret."""
    dataset_was: str | None
    """Its visibility; None if it is still to be made."""
    public_dataset: bool
    dataset_is_new: bool
    """The Space does not know it yet, or knows another."""
    secrets: frozenset[str]
    variables: Mapping[str, str]
    write_token: str
    """`make`, `keep` (it is there), `renew`."""
    known: KnownSpace | None
    hub_token: str
    """`given`, `ask`, `keep`; "" where a Space needs none."""
    add: Mapping[str, bytes]
    delete: tuple[str, ...]

    @property
    def is_new(self) -> bool:
        return self.found is None

    def lines(self) -> list[str]:
        """Each step in words, in the order in which they are done."""
        steps = []
        kind = "static Space" if self.sdk == "static" else "Space"
        on = f" on {self.hardware}" if self.hardware else ""
        if self.found is None:
            steps.append(f"make the {self.visibility} {kind} {self.space}{on}")
        else:
            steps.append(f"bring the {self.found.visibility} {kind} {self.space} up to date")
            if self.visibility != self.found.visibility:
                steps.append(f"make it {self.visibility}")
            if self.hardware:
                steps.append(f"ask for the hardware {self.hardware}")
        if self.dataset is None:
            steps.append("leave its dataset as it is")
        elif self.dataset_was is None:
            what = "public" if self.public_dataset else "private"
            steps.append(f"make the {what} dataset {self.dataset}, where the experiments live")
        else:
            steps.append(f"use the dataset {self.dataset}, which is {self.dataset_was} and stays so")
        if self.sdk != "static":
            steps += self._secrets_lines()
        size = sum(map(len, self.add.values()))
        if self.add or self.delete:
            gone = f", delete {len(self.delete)} that are no more" if self.delete else ""
            steps.append(f"upload {_files(len(self.add))} ({size / 1000:,.0f} kB) in one commit{gone}")
        else:
            steps.append("upload nothing: its files are what they should be")
        steps.append("wait until it answers" if self.sdk != "static" else "look whether its page is there")
        return steps

    def _secrets_lines(self) -> list[str]:
        token = {
            "make": f"make a write token and set it as the secret {WRITE_TOKEN}",
            "keep": f"keep the secret {WRITE_TOKEN}",
            "renew": f"make a new write token in place of the old one ({WRITE_TOKEN})",
        }[self.write_token]
        hub = {
            "given": f"try the given token at the dataset, and set it as the secret {HUB_TOKEN}",
            "ask": f"ask for a fine-grained token, and set it as the secret {HUB_TOKEN}",
            "keep": f"keep the secret {HUB_TOKEN}",
        }[self.hub_token]
        steps = [token, hub]
        if self.dataset is not None and (self.dataset_is_new or self.dataset_is_public):
            steps.append(f"set {DATASET} as a {'variable' if self.dataset_is_public else 'secret'}")
        steps.append(f"keep the write token in {clientfile.file_of(self.space)}, for this machine's trainings")
        return steps

    @property
    def dataset_is_public(self) -> bool:
        return (self.dataset_was or ("public" if self.public_dataset else "private")) == "public"


def look(wish: Wish, hub: SpaceHub, *, can_ask: bool) -> Intent:
    """Find out what a wish means. Asks the Hub, changes nothing.

    Raises:
        NeedsChoice: the plan does not allow it, or something must be said that was not.
        UsageError: a name that cannot be, taken, somebody else's; a token that is not fit. HubError.
    """
    if wish.is_static and (wish.zero_gpu or wish.hardware or wish.token):
        raise UsageError("--static needs neither hardware nor a token: a static Space has no server, and no secrets")
    if wish.zero_gpu and wish.hardware not in (None, ZERO_GPU):
        raise UsageError(f"--zero-gpu is the hardware {ZERO_GPU}; --hardware {wish.hardware} is another")
    if "/" in wish.name:
        space_of(wish.name)  # told before anyone has to log in
    asked_for = repo_of(wish.dataset, "--dataset")
    account = account_of(hub.whoami())
    space = space_of(wish.name, account.name)
    plan = account.plan_for(space.split("/")[0])
    if account.role == "read":
        raise UsageError(
            "the token you are logged in with may only read. Making a Space takes one of the role 'write': log in with "
            "one of those (hf auth login). It stays on this machine"
        )
    found = hub.find(space)
    sdk = "static" if wish.is_static else "gradio"
    check_ours(space, found, sdk)
    hardware = ZERO_GPU if wish.zero_gpu else wish.hardware
    if found is None:
        _check_plan(plan, space, sdk, hardware)
    secrets = frozenset(hub.secrets(space)) if found is not None and sdk != "static" else frozenset()
    variables = hub.variables(space) if found is not None else {}
    if found is not None and not found.visibility:  # a Hub that only says whether it is private: as we noted then
        plain = "private" if found.is_private else "public"
        found = replace(found, visibility=variables.get(VISIBILITY) or plain)
    visibility = _visibility(wish, found, plan, space)
    known = _known(space)
    dataset = asked_for or variables.get(DATASET)
    if dataset is None and known is not None and found is not None:
        dataset = known.dataset or None
    if dataset is None and not (DATASET in secrets and sdk != "static"):
        dataset = f"{space.split('/')[0]}/{DEFAULT_NAME}"
    intent = Intent(
        space=space,
        account=account,
        found=found,
        sdk=sdk,
        visibility=visibility,
        hardware=None if found is not None and wish.hardware is None else hardware,
        dataset=dataset,
        dataset_was=None if dataset is None else hub.dataset_visibility(dataset),
        public_dataset=wish.public_dataset,
        dataset_is_new=not (known is not None and dataset == known.dataset and DATASET in secrets),
        secrets=secrets,
        variables=variables,
        write_token="make" if WRITE_TOKEN not in secrets else "renew" if wish.new_write_token else "keep",
        known=known,
        hub_token="" if sdk == "static" else _hub_token(wish, hub, space, secrets, dataset, can_ask=can_ask),
        add={},
        delete=(),
    )
    return with_files(intent, hub, wants_zero=hardware == ZERO_GPU)


def with_files(intent: Intent, hub: SpaceHub, *, wants_zero: bool = False) -> Intent:
    """The intent with what is to be uploaded, by what is there now."""
    found = intent.found
    if intent.sdk == "static":
        wanted = static_files(intent, hub)
    else:
        wanted = files_of_space()
        gradio, python = gradio_of(wanted), "3.12.12" if wants_zero else "3.12"
        if wants_zero:
            wanted[REQUIREMENTS] += b"spaces>=0.50\n"  # beside what the platform brings for ZeroGPU
        card = card_of_space(intent.space, gradio=gradio, python=python)
        if found is not None and not found.is_empty:  # its owner may have given it another title: only ours is replaced
            there = hub.read_card(intent.space, found.head)
            card = updated(there, {"sdk_version": gradio}) or card
        wanted[CARD] = card.encode()
    folders = ("view",) if intent.sdk == "static" else PACKAGES
    add, delete = changes(wanted, {} if found is None else found.files, folders)
    return replace(intent, add=add, delete=tuple(delete))


def static_files(intent: Intent, hub: SpaceHub) -> dict[str, bytes]:
    """The page without a server, and its card."""
    from trackio_client.hub.spaces.static import files_of_static_space

    if intent.dataset is None:
        raise UsageError("say whose experiments the page shows: --dataset owner/name")
    return files_of_static_space(intent.dataset, private=not intent.dataset_is_public, endpoint=hub.endpoint)


def check_ours(space: str, found: Found | None, sdk: str) -> None:
    """Raises UsageError if a Space was not made by us, or is of another kind."""
    if found is None:
        return
    if not found.is_empty and (TAG not in found.tags or not _holds_our_files(found)):
        raise UsageError(
            f"the name {space} is taken by a Space that Trackio did not make; it is left as it is. Choose another name"
        )
    if found.sdk != sdk:
        raise UsageError(
            f"{space} is a {found.sdk} Space already, and would have to become a {sdk} one. Choose another name, or "
            f"take it away first: trackio-client undeploy {space}"
        )


def _holds_our_files(found: Found) -> bool:
    """The tag alone says little: other trackers use it too."""
    marks = ("index.html",) if found.sdk == "static" else ("space/server.py", "trackio_client/__init__.py")
    return all(path in found.files for path in marks)


def _check_plan(plan: Plan, space: str, sdk: str, hardware: str | None) -> None:
    if sdk == "static" or hardware == ZERO_GPU:
        return
    is_paid = hardware is not None and hardware not in FREE
    if is_paid and not plan.can_pay:
        raise NeedsChoice(
            f"the hardware {hardware} costs money, and {plan.owner!r} has no means of payment on the Hub "
            "(https://huggingface.co/settings/billing)",
            ways(space),
            offers_static=True,
        )
    if not is_paid and plan.may_host is False:
        raise NeedsChoice(
            f"a free account cannot make a Gradio Space: the Hub wants PRO for that, and {plan.owner!r} has none",
            ways(space),
            offers_static=True,
        )


def ways(space: str) -> list[tuple[str, str]]:
    """What is left to an account whose plan has no Gradio Spaces."""
    return [
        (f"trackio-client deploy {space} --static", "a page without a server, free: trainers push to the dataset"),
        ("docker compose up", "on a machine of your own, with a disk that stays: docs/self-hosting.md"),
        (
            f"trackio-client deploy {space} --zero-gpu --visibility private",
            "a free account has two ZeroGPU Spaces; untried on the real Hub",
        ),
        ("https://huggingface.co/pro", "PRO (for organisations Team or Enterprise), then the same command again"),
    ]


def _visibility(wish: Wish, found: Found | None, plan: Plan, space: str) -> str:
    wanted = wish.visibility or (found.visibility if found is not None else None)
    if found is not None and wanted == found.visibility:
        return wanted
    if wanted in (None, "protected") and plan.may_protect is not False:
        return "protected"
    if wanted in ("public", "private"):
        return wanted
    flags = " --static" if wish.is_static else " --zero-gpu" if wish.zero_gpu else ""
    again = f"trackio-client deploy {space}{flags} --visibility"
    raise NeedsChoice(
        "visibility 'protected' (the code is yours alone, the page is reachable and our own log-in guards it) needs "
        f"PRO, Team or Enterprise, and {plan.owner!r} has none of them",
        [
            (
                f"{again} private",
                "only you (and your organisation) can open it; share links cannot work, the Hub answers strangers 404",
            ),
            (
                f"{again} public",
                "everybody can see its code and variables (not its secrets), and open the page"
                + (": it names the dataset" if wish.is_static else ", where our log-in stands before the experiments"),
            ),
        ],
        visibilities=("private", "public"),
    )


def _hub_token(
    wish: Wish, hub: SpaceHub, space: str, secrets: frozenset[str], dataset: str | None, *, can_ask: bool
) -> str:
    if wish.token is None:
        if HUB_TOKEN in secrets:
            return "keep"
        if not can_ask:
            raise NeedsChoice(
                "the Space needs a token of its own. " + what_the_token_needs(dataset or "owner/name"),
                [
                    ("TRACKIO_SPACE_HF_TOKEN=hf_… trackio-client deploy …", "the token in the environment"),
                    ("trackio-client deploy … --token-for-space -", "the token on standard input"),
                ],
            )
        return "ask"
    if dataset is None:
        raise UsageError(
            f"say which dataset the token is for (--dataset): {space} keeps its {DATASET} as a secret, which this "
            "machine does not know"
        )
    if wrong := unfit(wish.token, hub, force=wish.force_broad_token):
        raise UsageError(f"{wrong}. {what_the_token_needs(dataset)}")
    return "given"


def unfit(token: str, hub: SpaceHub, *, force: bool = False) -> str | None:
    """Why a token is not fit for a Space; None if it is. Raises HubBusy, HubAway."""
    if not token.startswith("hf_"):
        return "this is no token of the Hub: those begin with hf_"
    try:
        account = account_of(hub.whoami(token))
    except HubRefused as error:
        return f"the Hub does not know this token ({error})"
    if narrow := too_narrow(account):
        return narrow
    wide = broad(token, hub.token, account)
    return None if wide is None or force else f"{wide} (--force-broad-token gives it to the Space all the same)"


def _known(space: str) -> KnownSpace | None:
    try:
        return clientfile.find(space)
    except UsageError:  # damaged: it is written anew
        return None


def _files(count: int) -> str:
    return f"{count} file{'s' * (count != 1)}"
