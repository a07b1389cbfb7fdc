"""When packets came, and whether that kept to a limit."""

from collections.abc import Sequence
from typing import Any, Final

from kouyu.client.voice_client import Event
from kouyu.conversation.effects import Send
from kouyu.protocol.uplink import InputTextGenerateAudio
from tests.conversation.simulation import Engines, Simulation

LATE_S: Final = 0.4
"""How unevenly packets may arrive on a busy machine; what is sent is checked exactly in virtual time."""
TEXT: Final = "Are you still there, or have you gone away?"


def most_in_a_window(times: Sequence[float], window_s: float) -> int:
    """The largest number of packets in any stretch of this length."""
    return max(sum(1 for later in times if at <= later < at + window_s) for at in times)


def arrivals(events: Sequence[Event]) -> list[float]:
    """When the packets came."""
    return [event.at for event in events]


def sent_in_virtual_time(output_audio: dict[str, Any], packets: int) -> list[float]:
    """When the core sends the packets of a text that was synthesised at once, in seconds."""
    talk = Simulation(engines=Engines(packets_per_sentence=packets, packet_ms=100.0))
    talk.configure(output_audio=output_audio)
    talk.give(InputTextGenerateAudio(mode="text", text="One sentence."))
    talk.wait(60)
    assert talk.event_types[-1] == "conversation.audio.completed"
    return [
        at
        for at, effect in talk.effects
        if isinstance(effect, Send) and effect.event.event_type == "conversation.audio.delta"
    ]
