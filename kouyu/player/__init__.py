"""Serves a cassette without models: the recorded answers to requests, the recorded events over WebSockets."""
