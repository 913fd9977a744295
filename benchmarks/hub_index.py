"""What a flush rewrites of the index: slots in order of the first push, against slots by a hash of the id.

    python -m benchmarks.hub_index [--experiments 10000] [--writers 32]

A repo of 10,000 experiments; the newest 32 are written to. Files and bytes of `index/` that one flush replaces.
"""

from __future__ import annotations

import argparse
import hashlib

from trackio_client.hub.index import SLOT_EXPERIMENTS, DataFile, Slot
from trackio_client.store.columns import Digest
from trackio_client.store.holdings import Holding


def cost(experiments: int, writers: int, *, hashed: bool) -> tuple[int, int]:
    """(files, bytes) that a flush of the newest `writers` rewrites."""
    slots: dict[int, Slot] = {}
    touched: set[int] = set()
    for n in range(experiments):
        name = f"exp_20261121_{n:06d}_abcdefgh"
        number = hashlib.blake2b(name.encode(), digest_size=1).digest()[0] if hashed else n // SLOT_EXPERIMENTS
        slot = slots.setdefault(number, Slot(number))
        writer = f"w_{n:026d}"
        slot.projects[name] = "digits"
        slot.writers[writer] = Holding(
            writer_id=writer,
            experiment_id=name,
            generation=0,
            held=((0, 10_000),),
            digest=Digest(n, n, 10_000, 100_000),
        )
        path = f"metrics/ab/{n // 16:064x}.parquet"
        known = slot.files.get(path)
        windows = {**(known.windows if known else {}), writer: ((0, 10_000),)}
        slot.files[path] = DataFile(path, 1_600_000, 11_000_000, windows)
        if n >= experiments - writers:
            touched.add(number)
    return len(touched), sum(len(slots[number].dump()) for number in touched)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=10_000)
    parser.add_argument("--writers", type=int, default=32)
    asked = parser.parse_args()
    print("| slots | files a flush | bytes a flush |\n|---|---|---|")
    for hashed in (False, True):
        files, size = cost(asked.experiments, asked.writers, hashed=hashed)
        print(f"| {'by hash, 256' if hashed else f'in order, {SLOT_EXPERIMENTS} each'} | {files} | {size:,} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
