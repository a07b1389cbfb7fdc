"""Stands between an app and a server: relays everything, and records it as a cassette."""
