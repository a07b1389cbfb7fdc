"""When packets came, and whether that kept to a limit."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from kouyu.conversation.effects import Send
from kouyu.domain.events import SpeechDelta
from kouyu.domain.requests import Announce
from tests.conversation.simulation import Engines, Simulation
from tests.end_to_end.conversing import Talk
from tests.fields.spoken import said

_EARLY_S: Final = 0.05
"""How much too early a timer may ring."""
TEXT: Final = "Are you still there, or have you gone away?"


def most_in_a_window(times: Sequence[float], window_s: float) -> int:
    """The largest number of packets in any stretch of this length."""
    return max(sum(1 for later in times if at <= later < at + window_s) for at in times)


async def arrivals(talk: Talk, text: str) -> list[float]:
    """When the packets of a text came, in seconds since it was ordered."""
    asked_at = asyncio.get_running_loop().time()
    return [event.at - asked_at for event in await said(talk, text)]


def is_paced(times: Sequence[float], most: int, period_s: float) -> bool:
    """Whether none of the packets that came at these times, in seconds since they were ordered, came too early.

    A packet may come as late as a busy machine lets it. What is sent is checked exactly in virtual time.
    """
    assert len(times) > most
    return all(at > number // most * period_s - _EARLY_S for number, at in enumerate(times))


def sent_in_virtual_time(output_audio: dict[str, Any], packets: int) -> list[float]:
    """When the core sends the packets of a text that was synthesised at once, in seconds."""
    talk = Simulation(engines=Engines(packets_per_sentence=packets, packet_ms=100.0))
    talk.configure(output_audio=output_audio)
    talk.give(Announce("One sentence."))
    talk.wait(60)
    assert talk.event_types[-1] == "conversation.audio.completed"
    return [at for at, effect in talk.effects if isinstance(effect, Send) and isinstance(effect.event, SpeechDelta)]
