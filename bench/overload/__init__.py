"""Measures what an overloaded server does for the conversations that it has."""
