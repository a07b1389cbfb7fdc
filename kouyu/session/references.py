"""Looks up what the client's events refer to: conversations, target speakers, voiceprint groups and files."""

from typing import Any

from kouyu.conversation.conversation import Conversation
from kouyu.conversation.hints import quoted
from kouyu.conversation.inputs import (
    ConfigurationUpdate,
    ConnectionResumed,
    NotOpened,
    OpenedConversation,
    ReferenceUnknown,
)
from kouyu.domain.configuration import Configuration
from kouyu.domain.content import TextPart, parse_parts
from kouyu.domain.errors import InvalidField
from kouyu.protocol.wire import Reconfigure, RequestedConfiguration, Wire
from kouyu.serving.recorder import Recorder
from kouyu.serving.redials import ConnectionState
from kouyu.session.user_audio import UserAudio
from kouyu.store.owned_store import OwnedStore


class References:
    """Makes inputs of the conversation core of events that refer to stored things."""

    def __init__(
        self,
        store: OwnedStore,
        *,
        wire: Wire[Any],
        conversation: Conversation,
        recorder: Recorder,
        user_audio: UserAudio,
    ) -> None:
        self._store = store
        self._wire = wire
        self._conversation = conversation
        self._recorder = recorder
        self._user_audio = user_audio

    async def of_update(self, update: Reconfigure) -> ConfigurationUpdate:
        """Look up what a requested configuration refers to. The conversation has not changed yet."""
        conversation = self._conversation
        requested = await self._with_target(update.read(conversation.requested, conversation.check))
        wanted = requested.configuration
        found = await self._find_conversation(wanted) if conversation.names_another_conversation(wanted) else None
        if isinstance(found, OpenedConversation):
            self._recorder.know(found.conversation_id)
        return ConfigurationUpdate(
            requested=wanted,
            options=requested.options,
            faults=requested.faults,
            misspelt=requested.misspelt,
            conversation=found,
            origin=update.origin,
        )

    async def of_lost_connection(self, state: ConnectionState) -> ConnectionResumed:
        """Look up what the state of the client's lost connection refers to."""
        requested = (await self._with_target(RequestedConfiguration(configuration=state.requested))).configuration
        record = await self._store.conversations.get(state.conversation_id)
        if record is not None:
            self._recorder.know(record.id)
        section_id = record.section_id if record is not None else state.section_id
        conversation = OpenedConversation(state.conversation_id, section_id)
        return ConnectionResumed(requested, conversation, self._wire.options_of(requested))

    async def unknown_group(self) -> list[ReferenceUnknown]:
        """The voiceprint group of the configuration in force, if the store lacks it."""
        group_id = self._conversation.configuration.voice_print_config.group_id
        if not group_id or await self._store.voiceprints.has_group(group_id):
            return []
        return [ReferenceUnknown(f"no voiceprint group {quoted(group_id)}")]

    async def unknown_files(self, content: str) -> list[ReferenceUnknown]:
        """The uploads that a message names and the store lacks; the model gets a note in their place."""
        unknown = []
        for part in parse_parts(content):
            file_id = None if isinstance(part, TextPart) else part.file_id
            if file_id and await self._store.files.get(file_id) is None:
                unknown.append(ReferenceUnknown(f"no uploaded file {quoted(file_id)}"))
        return unknown

    async def _with_target(self, requested: RequestedConfiguration) -> RequestedConfiguration:
        """Look up the target speaker; without one, the object that names it stays as it was."""
        try:
            await self._user_audio.look_up_target(requested.configuration.voice_processing_config)
        except InvalidField as fault:
            return requested.refuse(fault, self._conversation.requested)
        return requested

    async def _find_conversation(self, requested: Configuration) -> OpenedConversation | NotOpened:
        """The conversation that a configuration names, if it exists and belongs to the configuration's user."""
        wanted = requested.chat_config
        record = await self._store.conversations.get(wanted.conversation_id or "")
        if record is None:
            return NotOpened("does not exist")
        if record.user_id not in ("", wanted.user_id or ""):
            return NotOpened("began under another user_id")
        return OpenedConversation(record.id, record.section_id)
