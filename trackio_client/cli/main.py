"""`trackio-client COMMAND`: parsing, and errors as one line with an exit code.

Exit codes: 0 done · 1 something is not as it should be (values unsent, a store that cannot be read) · 2 a call that
cannot be right · 3 not found · 4 nobody there, or no access · 130 ended by ctrl-C.

Parsing loads the standard library only; each command imports what it needs when it runs, so that `--help` and
completion answer at once.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator, Sequence

from trackio_client.cli import (
    artifacts,
    backing,
    comparing,
    configuring,
    deleting,
    deploying,
    importing,
    listing,
    pulling,
    pushing,
    serving,
    showing,
    snapping,
    squashing,
    status,
    syncing,
    version,
)
from trackio_client.errors import DeliveryError, HubError, NotFound, TrackioError, UsageError

COMMANDS = (
    status,
    syncing,
    listing,
    showing,
    comparing,
    snapping,
    artifacts,
    deleting,
    pushing,
    pulling,
    backing,
    squashing,
    serving,
    deploying,
    configuring,
    importing,
    version,
)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="trackio-client",
        description="Look at experiments, send what is unsent, bring in logs of other tools.",
        epilog="Exit codes: 0 done, 1 something is amiss, 2 wrong call, 3 not found, 4 unreachable or no access.",
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print JSON; NaN and infinities stand as texts")
    common.add_argument("--url", metavar="ADDRESS", help="a Space: address or owner/space (else TRACKIO_URL)")
    common.add_argument("--dir", metavar="FOLDER", help="folder of the local store and spool (else TRACKIO_DIR)")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands, common)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. What a user did wrong is one line on stderr, never a traceback."""
    asked = parser().parse_args(arguments)
    with _environment(asked.url, asked.dir):
        return _run(asked)


@contextlib.contextmanager
def _environment(url: str | None, directory: str | None) -> Iterator[None]:
    """`--url` and `--dir` as if they stood in the environment, where every part below and `ui`'s child find them."""
    names = ("TRACKIO_URL", "TRACKIO_DIR", "MONITORING_MODE")
    before = {name: os.environ.get(name) for name in names}
    if directory is not None:
        os.environ["TRACKIO_DIR"] = directory
        os.environ["MONITORING_MODE"] = "none"  # --dir asks for what is here, whatever the environment says
    if url is not None:
        os.environ["TRACKIO_URL"] = url
        os.environ.pop("MONITORING_MODE", None)
    try:
        yield
    finally:
        for name, text in before.items():
            if text is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = text


def _run(asked: argparse.Namespace) -> int:
    try:
        code = asked.run(asked)
        sys.stdout.flush()
        return int(code)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `trackio-client list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except TrackioError as error:
        print(f"trackio-client: {' '.join(str(error).split())}", file=sys.stderr)
        if isinstance(error, NotFound):
            return 3
        return 2 if isinstance(error, UsageError) else 4 if isinstance(error, DeliveryError | HubError) else 1
    except OSError as error:
        print(f"trackio-client: {error.strerror or error}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
