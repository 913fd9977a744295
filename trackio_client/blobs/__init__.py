"""Blobs: files named by the SHA-256 of their content, in a folder `<2 characters>/<sha256>`.

Pictures, sounds, tables and artifacts are too large for an event. They lie beside it as files, and the event cites them
by hash: `blobs: [{sha256, bytes, mime}]`. The same content is one file, however often it is logged. With an experiment:

    blob = experiment.put_file(content_or_path, "image/png")            # a Blob: sha256, bytes, mime
    experiment.event("media", name=…, step=…, items=[{"file": blob.sha256}], blobs=[blob.cited()])

The file first, then the event: a kill between the two leaves a file that nobody cites, never an event without its file.
This module knows folders only: who keeps a file for how long is told in delivery/files.py.
"""

from trackio_client.blobs.citing import DEFAULT_MIME, Blob, checked_mime, cited_in, is_hash, mime_of
from trackio_client.blobs.disk import PIECE_BYTES, hash_of, pieces_from, pieces_of
from trackio_client.blobs.folder import BlobFolder

__all__ = [
    "DEFAULT_MIME",
    "PIECE_BYTES",
    "Blob",
    "BlobFolder",
    "checked_mime",
    "cited_in",
    "hash_of",
    "is_hash",
    "mime_of",
    "pieces_from",
    "pieces_of",
]
