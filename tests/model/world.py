"""All machines of the model and what may befall them, one step at a time.

A step is (kind, r): `kind` names an action (a method `_do_<kind>`), and `r` is a number that decides everything in it,
so that a history is a list of pairs which can be run again, also with some of them left out.
"""

from __future__ import annotations

from tests.model.disks import Disks
from tests.model.network import Network


class World(Network, Disks):
    """One state of everything. `do` makes a step and says in words what happened."""

    def do(self, kind: str, r: int) -> str | None:
        """Make one step and check what must always hold. None: it is not possible now."""
        said = self.actions[kind](r)
        if said is not None:
            for store in self.stores.values():
                store.check(self.written)
        return said
