"""Builds text chats from what voice sessions use: the same bots, flows and store."""

from kouyu.assembly.bot_directory import BotDirectory
from kouyu.serving.services import Services
from kouyu.text_chats.services import ChatServices
from kouyu.text_chats.text_chats import TextChats


def text_chats(services: Services, bots: BotDirectory, *, limit: int) -> TextChats:
    """Build the text chats, of which at most ``limit`` run at once."""
    chosen = ChatServices(
        store=services.store,
        ids=services.ids,
        limits=services.limits,
        bots_of=bots.agents_of,
        flows=services.flows,
        sections=services.sections,
        synthesizer=services.synthesizer,
        voice_of=lambda bot_id: services.voice_of(services.bots.get(bot_id)),
        recordings=services.recordings,
    )
    return TextChats(chosen, limit=limit, is_overloaded=lambda: services.overload.is_high)
