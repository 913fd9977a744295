"""A Space on the Hub as `deploy` needs it, through huggingface_hub and without git. Raises our errors only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants, get_token
from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

from trackio_client.errors import HubError, HubMoved, HubRefused, UsageError
from trackio_client.hub.failures import clean, hub_error
from trackio_client.hub.session import USER_AGENT, quietly, ready

Visibility = Literal["public", "protected", "private"]
VISIBILITIES: Final[tuple[Visibility, ...]] = ("protected", "private", "public")


class PaymentNeeded(HubRefused):
    """402: the plan of the account does not include this."""


@dataclass(frozen=True, slots=True)
class Found:
    """A Space that is there."""

    sdk: str
    visibility: str
    """public, protected, private; "" if the Hub does not say it in these words."""
    is_private: bool
    head: str
    """Its newest commit."""
    host: str
    """Its address."""
    tags: tuple[str, ...]
    files: Mapping[str, str] = field(repr=False)
    """Path → git's name for the content."""

    @property
    def is_empty(self) -> bool:
        """It holds nothing but what the Hub itself puts into a new one."""
        return set(self.files) <= {".gitattributes", "README.md"}


class SpaceHub:
    """The Hub, by one user's token."""

    def __init__(self, token: str | None = None) -> None:
        self.token = token or get_token()
        self._api = HfApi(self.endpoint, token=self.token, headers={"user-agent": USER_AGENT})

    @property
    def endpoint(self) -> str:
        return str(constants.ENDPOINT).rstrip("/")

    def whoami(self, token: str | None = None) -> dict[str, Any]:
        """Whose a token is (default: the log-in's), and what it may. Raises HubRefused, HubAway, UsageError."""
        with self._asking("whoami", "asking whose token this is for"):
            return dict(self._api.whoami(token=token or self.token))

    def find(self, space: str) -> Found | None:
        """A Space, None if there is none that this token sees."""
        with self._asking(space, "looking at"):
            try:
                info = self._api.space_info(space)
                tree = self._api.list_repo_tree(space, recursive=True, repo_type="space")
                files = {entry.path: str(entry.blob_id) for entry in tree if hasattr(entry, "blob_id")}
            except HfHubHTTPError as error:
                if _is_missing(error, space):
                    return None
                raise
        card = (info.card_data or {}) if isinstance(info.card_data, Mapping) else vars(info.card_data or object())
        word = str(getattr(info, "visibility", None) or "")
        tags = tuple(str(tag) for tag in (card.get("tags") or info.tags or ()))
        told = word if word in VISIBILITIES else ""
        private = bool(info.private)
        return Found(str(info.sdk or ""), told, private, str(info.sha or ""), host_of(info, space), tags, files)

    def address(self, space: str) -> str:
        """Where a Space answers."""
        with self._asking(space, "asking for the address of"):
            return host_of(self._api.space_info(space), space)

    def create(
        self,
        space: str,
        *,
        sdk: str,
        visibility: str,
        hardware: str | None = None,
        secrets: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Make a Space. Raises PaymentNeeded, HubRefused (also: the name is taken), HubBusy, HubAway."""
        try:
            with self._asking(space, "creating"):
                self._api.create_repo(
                    space,
                    repo_type="space",
                    space_sdk=sdk,
                    visibility=visibility,  # type: ignore[arg-type]
                    space_hardware=hardware,  # type: ignore[arg-type]
                    space_secrets=[{"key": key, "value": value} for key, value in (secrets or {}).items()] or None,
                    space_variables=[{"key": key, "value": value} for key, value in (variables or {}).items()] or None,
                )
        except HubMoved:
            raise HubRefused(
                f"the name {space} is taken by a Space that your token may not see. Choose another name", status=409
            ) from None

    def secrets(self, space: str) -> set[str]:
        """The names of its secrets: what they hold is told to nobody."""
        with self._asking(space, "reading the secrets' names of"):
            return set(self._api.get_space_secrets(space))

    def variables(self, space: str) -> dict[str, str]:
        with self._asking(space, "reading the variables of"):
            return {key: entry.value for key, entry in self._api.get_space_variables(space).items()}

    def set_secret(self, space: str, name: str, value: str, description: str) -> None:
        with self._asking(space, f"setting {name} of"):
            self._api.add_space_secret(space, name, value, description=description)

    def set_variable(self, space: str, name: str, value: str, description: str) -> None:
        with self._asking(space, f"setting {name} of"):
            self._api.add_space_variable(space, name, value, description=description)

    def drop(self, space: str, *, secret: str | None = None, variable: str | None = None) -> None:
        """Remove a secret or a variable."""
        with self._asking(space, f"removing {secret or variable} of"):
            if secret is not None:
                self._api.delete_space_secret(space, secret)
            if variable is not None:
                self._api.delete_space_variable(space, variable)

    def commit(self, space: str, head: str, add: Mapping[str, bytes], delete: Sequence[str], title: str) -> str:
        """Upload and delete files in one commit on `head`; returns it. Raises HubMoved, HubRefused, HubAway."""
        operations = [CommitOperationAdd(path, content) for path, content in add.items()]
        with self._asking(space, "uploading to"):
            done = self._api.create_commit(
                space,
                [*operations, *(CommitOperationDelete(path, is_folder=False) for path in delete)],
                repo_type="space",
                commit_message=title,
                parent_commit=head or None,
            )
        return str(done.oid)

    def read_card(self, space: str, head: str) -> str:
        """The README of a Space, as it is there."""
        with self._asking(space, "reading the card of"):
            address = f"{self.endpoint}/spaces/{space}/resolve/{head}/README.md"
            answer = ready().get(
                address,
                headers={"user-agent": USER_AGENT, "authorization": f"Bearer {self.token}"},
                follow_redirects=True,
            )
            answer.raise_for_status()
            return str(answer.text)

    def set_visibility(self, space: str, visibility: str) -> None:
        with self._asking(space, "changing the visibility of"):
            self._api.update_repo_settings(space, visibility=visibility, repo_type="space")  # type: ignore[arg-type]

    def set_hardware(self, space: str, hardware: str) -> None:
        with self._asking(space, "changing the hardware of"):
            self._api.request_space_hardware(space, hardware)  # type: ignore[arg-type]

    def runtime(self, space: str) -> dict[str, Any]:
        """Stage, hardware and what else the Hub says of the running Space."""
        with self._asking(space, "asking after"):
            return dict(self._api.get_space_runtime(space).raw)

    def restart(self, space: str) -> None:
        with self._asking(space, "restarting"):
            self._api.restart_space(space)

    def delete(self, space: str) -> None:
        with self._asking(space, "deleting"):
            self._api.delete_repo(space, repo_type="space")

    def may_write(self, dataset: str, token: str) -> str | None:
        """Why a token cannot read and write a dataset repo; None if it can. Raises HubBusy, HubAway."""
        for write, word in ((False, "read"), (True, "write")):
            try:
                with self._asking(dataset, "trying the token at"):
                    self._api.auth_check(dataset, repo_type="dataset", token=token, write=write)
            except HubRefused as error:
                return f"it may not {word} the dataset {dataset} ({error})"
        return None

    def dataset_visibility(self, dataset: str) -> str | None:
        """private, public, or None if there is no such repo that this token sees."""
        with self._asking(dataset, "looking at"):
            try:
                info = self._api.dataset_info(dataset)
            except HfHubHTTPError as error:
                if _is_missing(error, dataset):
                    return None
                raise
        return "private" if info.private else "public"

    @contextmanager
    def _asking(self, repo: str, doing: str) -> Iterator[None]:
        """Whatever goes wrong becomes one of our errors, without a token and with what to do."""
        try:
            with quietly():
                yield
        except (HubError, UsageError):
            raise
        except LocalTokenNotFoundError:
            raise UsageError(
                "nobody is logged in to the Hub here. Log in with a token of the role 'write': hf auth login (or set "
                "HF_TOKEN). It makes the Space, and is never given to it"
            ) from None
        except Exception as error:  # huggingface_hub and its HTTP client raise dozens, and others in each version
            raise _ours(error, repo, doing) from None


def _is_missing(error: HfHubHTTPError, repo: str) -> bool:
    """Whether the Hub itself says that there is no such repo: a proxy's 404 says nothing about it."""
    return error.response.status_code in (401, 404) and isinstance(hub_error(error, repo, "looking at"), HubRefused)


def host_of(info: Any, space: str) -> str:
    """A Space's address: what the Hub says, else as the Hub makes it."""
    told = getattr(info, "host", None)
    if told:
        return str(told).rstrip("/")
    from trackio_client.delivery.address import address_of

    return address_of(space)


def _ours(error: Exception, repo: str, doing: str) -> HubError:
    """As failures.hub_error, which speaks of dataset repos; here a Space refuses for other reasons."""
    found = hub_error(error, repo, doing)
    if not isinstance(error, HfHubHTTPError) or not isinstance(found, HubRefused):
        return found
    status = found.status
    said = clean(error.server_message) if error.server_message else ""
    said = f" The Hub says: {said}." if said and "<" not in said else ""
    if status == 402:
        return PaymentNeeded(f"the plan does not include this.{said}", status=status)
    if status == 401:
        return HubRefused(
            f"the Hub does not accept the token while {doing} {repo}: it is wrong, has ended or was revoked. "
            f"Log in anew: hf auth login.{said}",
            status=status,
        )
    if status == 403:
        return HubRefused(
            f"the token may not do this while {doing} {repo}.{said} It takes one of the role 'write' (or a "
            f"fine-grained one that may): https://huggingface.co/settings/tokens",
            status=status,
        )
    if status == 404:
        return HubRefused(f"there is no {repo} on the Hub that this token may see, while {doing} it.{said}", status=404)
    return HubRefused(f"the Hub refused {doing} {repo} (status {status}).{said}", status=status)
