"""Trackio's own clients (the package `trackio`) log into this Space and read from it, unchanged.

    names.py      the exact addresses that are taken, and for whom        routes.py   the addresses themselves
    calls.py      a call as Trackio makes it: arguments, answer, error    received.py which log_ids are held already
    runs.py       a Trackio run as an experiment of ours                  telling.py  what was logged, as frames of ours
    writing.py    bulk_log, bulk_log_system, bulk_alert, rename, delete   reading.py  what its command line asks
    media.py      pictures, tables …: a value and, later, its file        artifacts.py
    rows.py       calls of log(), put together from series

docs/trackio-clients.md says what becomes of what. The same mapping serves the importers of Trackio's own files:
trackio_client/exchange/trackio_project.py.
"""
