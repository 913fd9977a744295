"""Experiments in a dataset repo of the Hugging Face Hub: what the repo holds, how it gets there and back.

`target` is the seam to the Hub (`dataset` through huggingface_hub, `memory` without a network); `index` and `files/`
are what lies in a repo. `replicator` says when, `pushing` makes a commit that `draft` plans, `compaction` merges files;
`reading`, `loading` and `backed` are the way back. `pusher` and `transfer` are for those without a server, and
`spaces/` makes Spaces.
"""
