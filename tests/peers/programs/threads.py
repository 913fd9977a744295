"""Many threads log into one run."""

import sys
import threading

import trackio

project, threads, calls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
run = trackio.init(project=project, name="threads")


def work(thread):
    for i in range(calls):
        run.log({f"thread/{thread}": i}, step=thread * calls + i)


workers = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
trackio.finish()
