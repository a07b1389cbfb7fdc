"""Runs functions in separate processes with limits of CPU time, wall-clock time, memory and output.

For parsing untrusted input: documents, recordings, templates. A malicious file can neither block the event loop nor
exhaust the server's memory.
"""
