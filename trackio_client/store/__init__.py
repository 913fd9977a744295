"""Where events live: the contract in prose (contract.py), its suite in the tests, and the SQLite engine."""
