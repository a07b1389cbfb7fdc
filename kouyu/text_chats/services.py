"""The shared services that text chats use and do not own."""

from collections.abc import Callable, Mapping

import msgspec

from kouyu.agents.agent import Agent
from kouyu.conversation.limits import Limits
from kouyu.domain.ids import IdFactory
from kouyu.engines.tts.engine import SpeechSynthesizer
from kouyu.serving.recordings import Recordings
from kouyu.serving.sections import Sections
from kouyu.store.store import Store


class ChatServices(msgspec.Struct, frozen=True, kw_only=True):
    """The store, the agents, and what chats with recordings need."""

    store: Store
    ids: IdFactory
    limits: Limits
    bots_of: Callable[[str], Mapping[str, Agent]] = lambda owner: {}
    """The agents of the bots that an owner's clients may talk to, by bot id."""
    flows: Mapping[str, Agent] = msgspec.field(default_factory=dict)
    """Agents by workflow id."""
    sections: Sections = msgspec.field(default_factory=Sections)
    synthesizer: SpeechSynthesizer | None = None
    """None: no answer is spoken."""
    voice_of: Callable[[str], str] = lambda bot_id: ""
    """The voice id of a bot, by its id."""
    recordings: Recordings | None = None
    """None: recordings in messages are not transcribed."""
