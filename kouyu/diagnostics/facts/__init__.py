"""What is reported of a session (docs/diagnostics.md), by what it is about. ``record.py`` has the union of all."""
