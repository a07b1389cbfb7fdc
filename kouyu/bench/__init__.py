"""Measuring a server as its users feel it: how soon it answers, and how many it can serve at once."""
