"""How well a model labels: pure functions over arrays of label numbers, numpy and the standard library only.

spans.py       entities in sequences of tags, strict and lenient
tokens.py      each tag, token by token
classes.py     one label a sample, or several; the confusion of labels
counts.py      from counts to precision, recall and F1
rates.py       how often labels are predicted, against how often they are gold
confidence.py  the entropy of predictions
identity.py    which evaluation set and which labels a score belongs to
"""
