"""Chats in writing, out of what voice sessions use: the same bots and flows, the same store."""

from kouyu.chats.services import ChatServices
from kouyu.chats.text_chats import TextChats
from kouyu.session.services import Services


def text_chats(services: Services, *, limit: int) -> TextChats:
    """At most ``limit`` of them run at once."""

    def voice_of(bot_id: str) -> str:
        bot = services.bots.get(bot_id)
        return (bot.voice_id if bot else "") or services.default_voice_id

    chosen = ChatServices(
        store=services.store,
        ids=services.ids,
        limits=services.limits,
        bots=services.agents,
        flows=services.flows,
        sections=services.sections,
        synthesizer=services.synthesizer,
        voice_of=voice_of,
        recordings=services.recordings,
    )
    return TextChats(chosen, limit=limit)
