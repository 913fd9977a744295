"""The bugs that can be planted into the model of the repo: each breaks one rule, and the checker must find it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PLANTED: Mapping[str, str] = MappingProxyType(
    {
        "trim-after-412": "rule 10: what the head holds is left out only after a 412",
        "retry-on-new-head": "rule 10: after a lost answer the retry adds the same rows on the new head",
        "plan-from-memory": "rule 10: a plan is made against the head of this process's own last commit",
        "no-parent": "rule 10: a commit names no parent, and writes its index over the head's",
        "answer-before-head": "rule 8: a Space answers before it has read the head",
        "no-look-at-gap": "rule 9: a gap becomes a hole, and the head is not read again before",
        "gap-asks-a-cache": "rule 9: at a gap a cache is asked, which names an older head",
        "hole-at-any-gap": "rule 9: a gap becomes a hole though the writer still holds the frames",
        "durable-is-accepted": "rule 11: when a commit ends, all that is accepted is called durable",
        "durable-at-upload": "rule 11: durable moves when the commit is sent, not when it is known to have happened",
        "silence-is-success": "rule 11: a commit whose answer was lost counts as made",
        "index-past-snapshot": "rule 11: the index tells what is held at the commit, the files what was at the extract",
        "durable-of-another": "rule 12: a push to another repo marks durable for home",
        "merged-receipts": "rule 12: the local fall-back's durable frees what is meant for the repo",
        "staging-is-durable": "rule 12: the store beside the trainer calls durable what is only on its disk",
        "stop-at-accepted": "rule 13: a sender stops asking at accepted, and never hears of a wipe",
        "deaf-to-less": "rule 13: a sender never goes back over what was accepted once",
        "compaction-of-old-index": "rule 15: compaction goes on a newer head with the index of its plan",
        "compaction-without-parent": "rule 15: compaction names no parent, and its parts are perhaps no longer there",
        "compaction-skips-a-part": "rule 15: a part that cannot be read is left out, and its ranges are kept",
        "compaction-forgets-ranges": "rule 15: the merged file's ranges are those of its first part",
        "compaction-of-files": "rule 15: compaction takes all rows of its parts, deleted experiments' too",
        "cold-path-for-ever": "rule 15: rows that lie in a file since merged are looked for where they were",
        "load-in-two": "rule 16: loading puts rows in with one transaction and strikes the file with the next",
        "adopt-over-mine": "rule 16: what the head says replaces what this store holds beyond it",
        "no-tombstone-at-restore": "rule 17: a Space that starts does not take the repo's tombstones",
        "no-tombstone-pushed": "rule 17: a deletion stays where it was made",
        "push-of-deleted": "rule 17: a plan does not look at the head's tombstones",
        "compaction-drops-tombstones": "rule 17: compaction leaves out tombstones",
        "order-of-arrival": "rule 18: of a repeated step the one that was stored last is shown",
        "generation-not-kept": "rule 18: a restored experiment has lost its writers' generations",
        "digest-before-trim": "rule 20: the index sums the digest of the plan, not of what the head lacked",
        "load-adds-digest": "rule 20: loading rows adds to a digest that was adopted with the index",
        "event-before-file": "rule 21: a batch goes and is taken without the files that its events cite",
        "waits-for-lost": "rule 21: a file that is gone from the trainer's machine is waited for",
        "believes-for-ever": "rule 21: a client that brought a file does not bring it again when it is wanted",
        "file-freed-at-accepted": "rule 21: the client lets go of files when their events are accepted",
        "push-without-files": "rule 21: a commit leaves the files behind",
        "collect-cited": "rule 21: a store removes files that are cited",
        "room-for-all": "rule 21: a full Space removes files that the repo does not have",
        "delete-takes-shared": "rule 21: deleting an experiment takes files that others cite",
        "merge-drops-files": "rule 15: merging keeps the files of its first pack only",
        "merge-doubles-files": "rule 15: merging puts a file into a pack as often as it lay in others",
        "own-commits-only": "the commit budget: a pusher counts its own commits, not the repo's",
    }
)

HARMLESS: Mapping[str, str] = MappingProxyType(
    {
        "file-freed-at-first": "rule 21: the client lets go of a file with the first of the events that cite it. Its "
        "home has that content by then; it stays because a store that loses it can still be given it",
        "no-lock": "rule 12: two pushers of one store at once. Parent and trim keep it right; the lock saves the work",
    }
)
"""Rules that can be broken alone without harm: the model says so, and why they stand all the same is said here."""
