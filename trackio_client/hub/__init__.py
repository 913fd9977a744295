"""Experiments in a dataset repo of the Hugging Face Hub: what the repo holds, how it gets there and back.

`target` is the seam to the Hub; `index`, `tables` and `card` are what lies in a repo; `replicator` and `compaction`
write it; `restore` and `loading` read it back; `transfer`, `pusher` and `deploy` are for those without a Space yet.
"""
