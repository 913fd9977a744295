"""Trackio's own clients (the package `trackio`) log into this Space and read from it, unchanged.

    names.py      the exact addresses that are taken, and for whom        routes.py   the addresses themselves
    calls.py      a call as Trackio makes it: arguments, answer, error    received.py which log_ids are held already
    runs.py       a Trackio run as an experiment of ours                  telling.py  what was logged, as frames of ours
    writing.py    bulk_log, bulk_log_system, bulk_alert, rename, delete   uploads.py  files on their way
    media.py      pictures, tables …: a value and, later, its file        artifacts.py  log_artifact, use_artifact, save
    reading.py    what its command line asks of runs and metrics          sidelines.py  of alerts and traces
    versions.py   of artifacts                                            rows.py     calls of log(), from series
    handlers.py   every name with the function that answers

docs/trackio-clients.md says what becomes of what. The same mapping serves the importers of Trackio's own files:
trackio_client/exchange/trackio_project.py.
"""
