"""The files in the package hibari-tts: its model and its vocabulary."""

from importlib.resources import files
from typing import Final

from kouyu.engines.errors import EngineUnavailable

HOW_TO_GET: Final = "pip install 'hibari-tts==0.2.1'"


def asset(name: str) -> bytes:
    """The content of a file of the package. Raises EngineUnavailable."""
    try:
        return (files("hibari") / "assets" / name).read_bytes()
    except OSError as error:
        raise EngineUnavailable(f"the voice Heart cannot be loaded ({error}); try: {HOW_TO_GET}") from error
