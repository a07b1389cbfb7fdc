"""Takes in the ``*.update`` events of the audio endpoints (websocket.md 4)."""

from collections.abc import Callable

from kouyu.audio_sessions.running import Send
from kouyu.domain.combinations import check_object
from kouyu.protocol.coze.audio_endpoint_configuration import C, merge_audio
from kouyu.protocol.coze.audio_endpoint_downlink import audio_refusals
from kouyu.protocol.coze.audio_endpoint_uplink import AudioUpdate


async def updated(before: C, update: AudioUpdate, send: Send, check: Callable[[object], None] = check_object) -> C:
    """The configuration after an update. An object with a bad field stays as it was, and an ``error`` event is sent."""
    merged = merge_audio(before, update.data, check)
    for refusal in audio_refusals(merged.faults, update.origin_message):
        await send(refusal)
    return merged.configuration
