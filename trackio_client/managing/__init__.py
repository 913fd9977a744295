"""Experiments told by hand: created, logged to and ended one call at a time, by a form, a named endpoint or a client.

    told.py      what people type (JSON, a step, a status) as values, or an error that says where and what was seen
    writing.py   the frames of such calls, and the writer that tells them
    details.py   experiments as plain data, in the words of those who call by name
    demo.py      a made-up training, marked as such
    figures.py   Plotly JSON
    manager.py   one method a call, over any `Source`: a Space's store, or a Space over HTTP
    client.py    `TrackioAPIClient`: the manager over HTTP

The Space's Manage page, its named endpoints and the client class call the same methods, so they cannot differ.
"""
