"""Errors of the audio package."""


class UndecodableAudio(Exception):
    """Bytes that are not audio in the announced format; the text says why and may be shown to the client."""
