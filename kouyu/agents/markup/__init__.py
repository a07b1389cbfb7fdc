"""Removes thoughts, tool calls, special tokens and citations, which are not for the user, from models' answers."""
