"""Finds out whether a server would start and work with its settings, without starting one (``kouyu serve --check``)."""
