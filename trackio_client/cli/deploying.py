"""`trackio-client deploy` and `undeploy`: a Space of one's own on the Hub, with one command."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from typing import TYPE_CHECKING, Any, Final

from trackio_client.cli.output import clean_lines, print_json
from trackio_client.cli.repos import needs_hub
from trackio_client.errors import UsageError

if TYPE_CHECKING:
    from trackio_client.hub.spaces.deploy import Deployed
    from trackio_client.hub.spaces.plan import Intent, NeedsChoice, Wish

TOKEN_VARIABLE: Final = "TRACKIO_SPACE_HF_TOKEN"

_DEPLOY = """\
Make a Space, or bring it up to date: look at account and plan, make the dataset where the experiments live (private),
upload what the Space runs, set its secrets, and wait until it answers. It can be run again at any time: what is there
is kept. Your own Hub token stays on this machine; the Space gets one of its own, which it asks for.
"""
_EPILOG = """\
Examples:
  trackio-client deploy curves                     my own Space, protected where the plan allows it
  trackio-client deploy curves --dry-run           what it would do
  trackio-client deploy lab/curves --visibility private --dataset lab/experiments
  trackio-client deploy curves --static            a page without a server, free
The token for the Space is asked for, or taken from TRACKIO_SPACE_HF_TOKEN or standard input (--token-for-space -).
"""


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser(
        "deploy",
        parents=[common],
        help="make a Space of your own on the Hub, or update it",
        description=_DEPLOY,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="[OWNER/]NAME", help="the Space; without an owner it is yours")
    parser.add_argument(
        "--visibility",
        choices=("protected", "private", "public"),
        help="protected (default where the plan allows): code private, page reachable, our log-in before it; private: "
        "for you alone, no share links; public: code and variables open to all",
    )
    parser.add_argument(
        "--dataset", metavar="OWNER/NAME", help="where the experiments live (default: trackio-experiments)"
    )
    parser.add_argument(
        "--public-dataset", action="store_true", help="if the dataset is to be made: public, not private"
    )
    parser.add_argument("--hardware", metavar="FLAVOUR", help="cpu-basic, cpu-upgrade … (default: the free one)")
    parser.add_argument(
        "--token-for-space",
        metavar="TOKEN",
        help=f"a fine-grained Hub token that may read and write the dataset; - reads it from standard input (else "
        f"{TOKEN_VARIABLE}, else it is asked for). On the command line other users of this machine can see it",
    )
    parser.add_argument("--force-broad-token", action="store_true", help="give the Space a token that may do more")
    parser.add_argument(
        "--new-write-token", action="store_true", help="make a new write token; the old one is then void"
    )
    parser.add_argument("--static", action="store_true", help="a static Space: a page without a server, free")
    parser.add_argument(
        "--zero-gpu",
        action="store_true",
        help="on ZeroGPU, of which a free account has two; untried on the real Hub",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask whether to go on")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="longest wait for its first answer (900)")
    parser.set_defaults(run=run)

    parser = commands.add_parser(
        "undeploy",
        parents=[common],
        help="take a Space away; its dataset stays",
        description="Delete a Space that `deploy` made. The dataset, and with it the experiments, stays as it is.",
    )
    parser.add_argument("name", metavar="[OWNER/]NAME", help="the Space")
    parser.add_argument("--yes", action="store_true", help="do not ask for its name again")
    parser.set_defaults(run=run_undeploy)


class Terminal:
    """The person at the terminal; where there is none, nothing is asked and the first need of an answer ends it."""

    def __init__(self, *, is_sure: bool, is_quiet: bool) -> None:
        self.can_ask = sys.stdin.isatty() and sys.stderr.isatty() and not is_quiet
        self._is_sure = is_sure
        self._out = sys.stderr if is_quiet else sys.stdout

    def say(self, text: str) -> None:
        print(clean_lines(text), file=self._out, flush=True)

    def confirm(self, question: str) -> bool:
        """Yes by default. Not asked after --yes."""
        return self._is_sure or self.line(f"{question} [Y/n] ").strip().lower() in ("", "y", "yes")

    def secret(self, question: str) -> str:
        try:
            return getpass.getpass(question)
        except EOFError:
            return ""

    def line(self, question: str) -> str:
        try:
            return input(question)
        except EOFError:
            return "n"


def run(asked: argparse.Namespace) -> int:
    """Deploy. 0 when it answers (or after a dry run), 2 when something must be said first, 4 if it does not answer."""
    needs_hub("deploy")
    from trackio_client.hub.spaces.api import SpaceHub
    from trackio_client.hub.spaces.deploy import deploy
    from trackio_client.hub.spaces.plan import NeedsChoice
    from trackio_client.settings import settings_from

    terminal = Terminal(is_sure=asked.yes, is_quiet=asked.json)
    wish = _wish(asked)
    hub = SpaceHub(settings_from().hub_token)
    waiter = _waiter(hub, terminal, asked.timeout)
    while True:
        try:
            done = deploy(wish, hub, terminal, waiter, dry_run=asked.dry_run)
            break
        except NeedsChoice as choice:
            _tell_choices(choice)
            chosen = _chosen(choice, wish, terminal) if terminal.can_ask and not asked.yes else None
            if chosen is None:
                return 2
            wish = chosen
    if done is not None:
        _tell(done, asked, terminal)
    return 0


def _chosen(choice: NeedsChoice, wish: Wish, terminal: Terminal) -> Wish | None:
    """What the person makes of it; None if they leave it."""
    from dataclasses import replace

    if choice.offers_static:
        if terminal.line("Make the static one now? [y/N] ").strip().lower() not in ("y", "yes"):
            return None
        return replace(wish, is_static=True, hardware=None, zero_gpu=False, token=None)
    if choice.visibilities:
        said = terminal.line(f"{' or '.join(choice.visibilities)}? ").strip().lower()
        return replace(wish, visibility=said) if said in choice.visibilities else None
    return None


def _wish(asked: argparse.Namespace) -> Wish:
    from trackio_client.hub.spaces.plan import Wish

    token = asked.token_for_space or os.environ.get(TOKEN_VARIABLE, "")
    if token == "-":
        token = sys.stdin.readline()
    return Wish(
        name=asked.name,
        visibility=asked.visibility,
        dataset=asked.dataset,
        hardware=asked.hardware,
        is_static=asked.static,
        zero_gpu=asked.zero_gpu,
        token=None if asked.static and not asked.token_for_space else token.strip() or None,
        public_dataset=asked.public_dataset,
        force_broad_token=asked.force_broad_token,
        new_write_token=asked.new_write_token,
    )


def _waiter(hub: Any, terminal: Terminal, timeout_s: float | None) -> Any:
    from trackio_client.hub.spaces.waiting import TIMEOUT_S, wait_until_it_answers, wait_until_page

    limit = TIMEOUT_S if timeout_s is None else timeout_s
    if not limit > 0:
        raise UsageError(f"--timeout must be above 0 seconds, got {timeout_s}")

    def wait(intent: Intent, address: str, commit: str | None, token: str | None) -> None:
        if intent.sdk == "static":
            wait_until_page(hub, intent.space, timeout_s=min(limit, 120.0))
            return
        terminal.say(f"Waiting for {address} (some minutes the first time)")
        wait_until_it_answers(hub, intent.space, address, commit=commit, token=token, timeout_s=limit, say=terminal.say)

    return wait


def _tell_choices(choice: NeedsChoice) -> None:
    print(f"trackio-client: {clean_lines(str(choice)).rstrip('.')}.\nWhat can be done:", file=sys.stderr)
    for what, meaning in choice.choices:
        print(f"  {what}\n      {meaning}", file=sys.stderr)


def _tell(done: Deployed, asked: argparse.Namespace, terminal: Terminal) -> None:
    from trackio_client import clientfile

    is_static = done.sdk == "static"
    where = f"hf://datasets/{done.dataset}" if is_static else done.space
    if asked.json:
        print_json(
            {
                "space": done.space,
                "address": done.address,
                "visibility": done.visibility,
                "dataset": done.dataset,
                "changed": done.changed,
                "trackio_url": where,
                "token_file": str(clientfile.file_of(done.space)) if done.token_is_known else None,
            }
        )
        return
    say = terminal.say
    say(
        f"{done.address} {'is there' if is_static else 'answers'}"
        + ("" if done.changed else "; nothing had to be changed")
    )
    say(f'In a training:  trackio_url="{where}"   (or TRACKIO_URL={where})')
    if is_static:
        say("It needs a token that may write the dataset: HF_TOKEN, or hf auth login.")
    elif done.token_is_known:
        say(f"The write token is kept in {clientfile.file_of(done.space)}: trainings on this machine find it there.")
        say("On other machines set TRACKIO_TOKEN to it; to open the page, give it there.")
    else:
        say("Its write token is not known on this machine: set TRACKIO_TOKEN to it, or make another: --new-write-token")
    if done.visibility == "private":
        say("It is private: only you can open it, and share links do not work (trackio-client deploy --visibility).")


def run_undeploy(asked: argparse.Namespace) -> int:
    """Take it away. 0 when it is gone, 1 when the person said no."""
    needs_hub("undeploy")
    from trackio_client.hub.spaces.api import SpaceHub
    from trackio_client.hub.spaces.deploy import look_at_removal, remove
    from trackio_client.settings import settings_from

    terminal = Terminal(is_sure=asked.yes, is_quiet=asked.json)
    hub = SpaceHub(settings_from().hub_token)
    removal = look_at_removal(asked.name, hub)
    terminal.say(
        f"Goes, for good: the Space {removal.space} ({removal.address}), its secrets and variables, its share links."
    )
    terminal.say(f"Stays: the dataset {removal.dataset or 'that it pushes to'} with all that was pushed to it.")
    if removal.unpushed:
        terminal.say(
            f"Not in the dataset yet: {removal.unpushed}. Trainers that still have it send it to the next Space."
        )
    if not asked.yes:
        if not terminal.can_ask:
            raise UsageError(
                f"undeploy asks before it deletes; to go on without a terminal: undeploy {removal.space} --yes"
            )
        if terminal.line(f"Type {removal.space} to delete it: ").strip() != removal.space:
            terminal.say("Nothing was deleted.")
            return 1
    remove(removal, hub)
    if asked.json:
        print_json({"deleted": removal.space, "dataset": removal.dataset})
    else:
        terminal.say(f"{removal.space} is gone.")
    return 0
