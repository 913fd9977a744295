"""What was there when an experiment began: code, packages, machine, container, command, seeds.

gather.py asks each part under a time limit, telling.py makes events of the answers on a thread; one file a part. A part
that cannot be had is named with its reason in `not_captured`; nothing is guessed, and nothing secret is taken.
"""
