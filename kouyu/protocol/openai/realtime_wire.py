"""OpenAI's side of a live session on ``/openai/v1/realtime``: a Wire."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from kouyu.domain.client_json import decode_json_of_anybody
from kouyu.domain.client_words import ClientWords
from kouyu.domain.configuration import ChatConfig, Configuration
from kouyu.domain.errors import InvalidField, ProtocolError
from kouyu.domain.events import Configured, Event
from kouyu.domain.options import SessionOptions
from kouyu.protocol.openai.beta import from_beta, is_in_beta, to_beta
from kouyu.protocol.openai.client_events import (
    AppendAudio,
    ClientEvent,
    SessionUpdate,
    frame_of_audio,
    parse,
)
from kouyu.protocol.openai.core_settings import configuration_of, options_of
from kouyu.protocol.openai.event_ids import event_id_of
from kouyu.protocol.openai.event_types import type_of
from kouyu.protocol.openai.faults import detail_of
from kouyu.protocol.openai.reads import Read as TranslatedRead
from kouyu.protocol.openai.server_events import ServerEvent, encode, error
from kouyu.protocol.openai.session_settings import SessionSettings
from kouyu.protocol.openai.translation import Translation
from kouyu.protocol.openai.voices import OPENAI_VOICES
from kouyu.protocol.wire import (
    Answered,
    Audio,
    Check,
    Prepare,
    Prepared,
    Read,
    Reconfigure,
    RequestedConfiguration,
)

_APART: Final = ("conversation.", "response.")
_VOICE: Final = "session.audio.output.voice"
_WORDS: Final = ClientWords(
    event_type="type",
    configure="session.update",
    append="input_audio_buffer.append",
    complete="input_audio_buffer.commit",
    clear="input_audio_buffer.clear",
    push_to_talk="turn_detection null",
    free_talk="server_vad",
)


def new_id(prefix: str) -> str:
    """A new id, such as ``item_6f1c…``."""
    return f"{prefix}_{secrets.token_hex(12)}"


class RealtimeWire:
    """One connection."""

    def __init__(self, settings: SessionSettings, *, is_beta: bool = False, chat: ChatConfig | None = None) -> None:
        """``settings`` are those that the session begins with. ``is_beta``: in the protocol's beta. ``chat`` names the
        user, and the conversation that goes on, perhaps from another protocol."""
        self._translation = Translation(settings, new_id)
        self._is_beta = is_beta
        self._chat = chat or ChatConfig()
        self._was_refused = False
        """Whether the last ``session.update`` changed nothing, since its voice was refused."""

    @property
    def words(self) -> ClientWords:
        """What the protocol calls the things that hints are about."""
        return _WORDS

    def opening(self) -> Reconfigure:
        """A session begins with turn detection, in a new conversation or an earlier one."""

        def requested(before: Configuration, check: Check) -> RequestedConfiguration:
            begun = msgspec.structs.replace(before, chat_config=self._chat)
            return self._requested(self._translation.settings, begun, check)

        return Reconfigure(requested)

    def options_of(self, requested: Configuration) -> SessionOptions:
        """Those of the settings: no session continues a lost connection."""
        return options_of(self._translation.settings)

    def frame_of_audio(self, message: str | bytes) -> bytes | None:
        """The audio of an ``input_audio_buffer.append`` of usual size."""
        return frame_of_audio(message)

    def read(self, message: str | bytes) -> Sequence[Read]:
        """What an event of the client means."""
        try:
            event = self._parsed(message)
        except ProtocolError as fault:
            return (Answered((error(detail_of(fault, event_id_of(message))),)),)
        return tuple(self._reads(event))

    def is_apart_from_audio(self, message: str | bytes) -> bool:
        """Whether a message is about items and responses alone."""
        return type_of(message).startswith(_APART)

    def origin_of(self, message: str | bytes) -> str | None:
        """The ``event_id`` of the message, which comes back in the error."""
        return event_id_of(message)

    def told(self, event: Event) -> Sequence[ServerEvent]:
        """The events that tell of ``event``."""
        if self._was_refused and isinstance(event, Configured):
            self._was_refused = False
            return ()
        return self._sendable(self._translation.tell(event))

    def encoded(self, told: ServerEvent) -> str:
        """The text of one WebSocket message."""
        text = encode(told, new_id("event"))
        return msgspec.json.encode(to_beta(msgspec.json.decode(text))).decode() if self._is_beta else text

    def _parsed(self, message: str | bytes) -> ClientEvent:
        if not self._is_beta or frame_of_audio(message) is not None:
            return parse(message)
        try:
            event: Any = decode_json_of_anybody(message)
        except (ValueError, RecursionError):
            return parse(message)
        return parse(msgspec.json.encode(from_beta(event))) if isinstance(event, dict) else parse(message)

    def _reads(self, event: ClientEvent) -> Iterator[Read]:
        if isinstance(event, AppendAudio):
            yield Audio(event.audio)
            return
        before = self._translation.settings
        read = self._translation.read(event)
        if isinstance(event, SessionUpdate) and not read.replies:
            yield Reconfigure(partial(self._requested, before), event.event_id)
        elif read.then is not None:
            yield Prepare(read.media, partial(self._after, read.then), event.event_id)
        else:
            yield from self._meant(read)

    def _after(
        self, then: Callable[[Sequence[Prepared]], TranslatedRead], prepared: Sequence[Prepared]
    ) -> tuple[Read, ...]:
        return tuple(self._meant(then(prepared)))

    def _meant(self, read: TranslatedRead) -> Iterator[Read]:
        if read.replies:
            yield Answered(self._sendable(read.replies))
        yield from read.requests

    def _requested(
        self, settings_before: SessionSettings, before: Configuration, check: Check
    ) -> RequestedConfiguration:
        """What the settings ask for. A voice that this server refuses leaves them as they were."""
        settings = self._translation.settings
        if settings.voice is not None and settings.voice.lower() in OPENAI_VOICES:
            settings = _with_known_voice(settings, before, check)
        configuration = configuration_of(settings, before)
        try:
            check(configuration.output_audio)
        except InvalidField as fault:
            self._was_refused = True
            self._translation.change(settings_before)
            refused = InvalidField(_VOICE, fault.value, fault.allowed)
            return RequestedConfiguration(configuration=before, options=options_of(settings_before), faults=(refused,))
        return RequestedConfiguration(configuration=configuration, options=options_of(settings))

    def _sendable(self, events: Sequence[ServerEvent]) -> tuple[ServerEvent, ...]:
        return tuple(event for event in events if not self._is_beta or is_in_beta(event))


def _with_known_voice(settings: SessionSettings, before: Configuration, check: Check) -> SessionSettings:
    """The default voice in place of one of OpenAI's that is refused here."""
    try:
        check(configuration_of(settings, before).output_audio)
    except InvalidField:
        return msgspec.structs.replace(settings, voice=None)
    return settings
