"""Runs that other tools recorded, as our experiments. `kinds` finds out what a file is, docs/importing.md the rules.

An importer reads files into `past.PastRun`s and knows nothing of stores; `past.deliver` brings them to one, so that a
second import changes nothing. Nothing here writes to what it reads, runs any of it, or talks to a network.
"""
