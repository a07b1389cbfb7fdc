"""Coze's side of a live session on ``/v1/chat``: a Wire."""

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from kouyu.domain.client_words import ClientWords
from kouyu.domain.configuration import Configuration
from kouyu.domain.errors import ProtocolError
from kouyu.domain.events import Configured, Event, Resumed
from kouyu.domain.ids import new_event_id
from kouyu.domain.options import SessionOptions
from kouyu.protocol.coze.downlink import DownlinkEvent, encode
from kouyu.protocol.coze.merge import merge
from kouyu.protocol.coze.misspelt import misspelt_fields
from kouyu.protocol.coze.recognition import recognition_in_force
from kouyu.protocol.coze.translation import downlink_of, request_of
from kouyu.protocol.coze.uplink import ChatUpdate, InputAudioBufferAppend, SubmitToolOutputs, parse
from kouyu.protocol.coze.uplink_envelope import frame_of_audio, origin_message
from kouyu.protocol.wire import Audio, Check, Read, Reconfigure, Refused, RequestedConfiguration

WORDS: Final = ClientWords(
    event_type="event_type",
    configure="chat.update",
    append="input_audio_buffer.append",
    complete="input_audio_buffer.complete",
    clear="input_audio_buffer.clear",
    push_to_talk="turn_detection client_interrupt",
    free_talk="server_vad",
)
AUDIO_DELTA: Final = "conversation.audio.delta"


class CozeWire:
    """One connection. Sends each event as exactly one message, if the client subscribes to it."""

    def __init__(self, log_id: str) -> None:
        """``log_id`` goes into each message (``detail.logid``)."""
        self._log_id = log_id
        self._subscribed: tuple[str, ...] = ()
        """The event types that the client wants (``event_subscriptions``); empty: all."""

    @property
    def words(self) -> ClientWords:
        """What Coze calls the things that hints are about."""
        return WORDS

    def opening(self) -> None:
        """A connection begins with ``Configuration()``."""

    def options_of(self, requested: Configuration) -> SessionOptions:
        """The options that follow from the subscriptions, since a client that wants no ``conversation.audio.delta``
        takes no audio, and the recognition that is in force."""
        subscribed = requested.event_subscriptions
        takes_audio = not subscribed or AUDIO_DELTA in subscribed
        in_force = recognition_in_force(requested.asr_config)
        changed = in_force if in_force != requested.asr_config else None
        return SessionOptions(takes_audio=takes_audio, recognition=changed)

    def frame_of_audio(self, message: str | bytes) -> bytes | None:
        """The audio of an ``input_audio_buffer.append`` of usual size."""
        return frame_of_audio(message)

    def read(self, message: str | bytes) -> Sequence[Read]:
        """What an event of uplink.md means."""
        try:
            event = parse(message)
        except ProtocolError as fault:
            return (Refused(fault, origin_message(message)),)
        match event:
            case InputAudioBufferAppend(delta=delta):
                return (Audio(delta),)
            case ChatUpdate(data=data):
                return (Reconfigure(partial(self._requested, data), origin_message(message)),)
            case SubmitToolOutputs():
                return (request_of(event, origin_message(message)),)
            case _:
                return (request_of(event),)

    def is_apart_from_audio(self, message: str | bytes) -> bool:
        """Never asked for: no message needs media to be prepared."""
        return False

    def origin_of(self, message: str | bytes) -> str:
        """The beginning of the message, which goes into ``detail.origin_message``."""
        return origin_message(message)

    def _requested(self, data: Mapping[str, Any], before: Configuration, check: Check) -> RequestedConfiguration:
        merged = merge(before, data, check)
        return RequestedConfiguration(
            configuration=merged.configuration,
            options=self.options_of(merged.configuration),
            faults=merged.faults,
            misspelt=tuple(misspelt_fields(Configuration, data)),
        )

    def told(self, event: Event) -> Sequence[DownlinkEvent]:
        """The event that tells of ``event``, unless the client has not subscribed to it. ``error`` is always sent."""
        told = tuple(self._wanted(event))
        if isinstance(event, Configured | Resumed):
            self._subscribed = event.configuration.event_subscriptions
        return told

    def _wanted(self, event: Event) -> Iterator[DownlinkEvent]:
        downlink = downlink_of(event)
        if downlink is not None and (not self._subscribed or downlink.event_type in ("error", *self._subscribed)):
            yield downlink

    def encoded(self, told: DownlinkEvent) -> str:
        """The text of one WebSocket message, with an id and the time."""
        unix_ms = time.time_ns() // 1_000_000
        return encode(told, event_id=new_event_id(), log_id=self._log_id, unix_ms=unix_ms)
