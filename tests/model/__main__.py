"""`python -m tests.model [HISTORIES]` prints what the rules of delivery keep, and what each one missing breaks."""

from __future__ import annotations

import sys

from tests.model.hub.table import table


def main() -> None:
    for line in table(range(int(sys.argv[1]) if sys.argv[1:] else 1000)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
