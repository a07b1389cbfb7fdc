"""Tells the operator of a voice that a client asks for and this server lacks."""

import logging

from kouyu.conversation.capabilities import Capabilities
from kouyu.conversation.hints import quoted

log = logging.getLogger(__name__)


def tell_of_unknown_voice(capabilities: Capabilities, voice_id: str | None, *, before: str | None = None) -> None:
    """Log that another voice speaks. Nothing is logged for a voice that is there, or was asked for ``before`` too, or
    where none is asked for."""
    if voice_id != before and capabilities.is_unknown_voice(voice_id):
        speaks = f"{capabilities.default_voice_id} speaks; engines.voice_aliases can name one for it"
        log.warning("there is no voice %s here: %s", quoted(voice_id or ""), speaks)
