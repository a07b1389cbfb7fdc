"""Cassettes: recorded connections in a folder, and how a client is compared with the recorded one."""
