"""What befalls the stores, and the operators' commands."""

from __future__ import annotations

from tests.model.state import State
from tests.model.store import File, Server, Store


class Disks(State):
    """What befalls the stores, and the operators' commands."""

    def _server(self, r: int, *, up: bool, name: str | None = None) -> tuple[Store, Server] | None:
        stores = [self.stores[name]] if name else list(self.stores.values())
        able = [(store, server) for store in stores for server in store.servers if server.up == up]
        return able[r % len(able)] if able else None

    def _do_crash(self, r: int) -> str | None:
        found = self._server(r, up=True)
        if found is None:
            return None
        found[0].crash(found[1])
        return f"a process of {found[0].name} is killed"

    def _do_restart(self, r: int) -> str | None:
        found = self._server(r, up=False)
        if found is None:
            return None
        found[1].up = True
        return f"a process of {found[0].name} starts, and has read nothing yet"

    def _do_load(self, r: int) -> str | None:
        able = [(st, sv) for st in self.stores.values() for sv in st.servers if sv.up and not sv.loaded]
        if not able:
            return None
        able[r % len(able)][1].loaded = True
        return f"a process of {able[r % len(able)][0].name} has read its watermarks"

    def _do_merge(self, r: int) -> str | None:
        found = self._server(r, up=True)
        if found is None or not (found[0].file.tail or found[1].merging):
            return None
        return f"{found[0].name} {found[0].merge(found[1])}"

    def _do_fsync(self, r: int) -> str | None:
        for store in self.stores.values():
            store.sync_disk()
        return "the stores' files are safe on their disks"

    def _do_store_power_cut(self, r: int) -> str | None:
        return self._replace(self.stores["space"].stable, "the Space loses power: its disk is as of the last fsync")

    def _do_wipe(self, r: int) -> str | None:
        return self._replace(File(f"space.{self.stores['space'].wipes + 1}"), "the Space's disk is wiped", fresh=True)

    def _do_restore(self, r: int) -> str | None:
        snapshots = self.stores["space"].snapshots
        return self._replace(snapshots[0], "the Space goes back to its snapshot") if snapshots else None

    def _replace(self, image: File, said: str, *, fresh: bool = False) -> str:
        self.excused |= self.stores["space"].replace(image, fresh=fresh)
        return said

    def _do_delete(self, r: int) -> str | None:
        experiments = sorted(self.stores["space"].file.experiments)
        if not experiments:
            return None
        self.stores["space"].delete(experiments[r % len(experiments)])
        return f"{experiments[r % len(experiments)]} is deleted"

    def _do_snapshot(self, r: int) -> str | None:
        return f"the Space's file {self.stores['space'].snapshot()}"
