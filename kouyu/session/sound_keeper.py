"""Saves the audio of a session's messages, if the settings enable that."""

import asyncio
import logging
import time
from collections import OrderedDict
from typing import Final, TypeAlias, TypeVar

import msgspec

from kouyu.audio.pcm import Samples
from kouyu.audio.sent_packets import ogg_opus_file, samples_of_packets
from kouyu.audio.timeline import AudioTimeline
from kouyu.conversation.effects import Effect, SaveMessage, Send, Speak, Transcribe
from kouyu.conversation.inputs import Input, TranscriptReady
from kouyu.domain.configuration import OutputAudio
from kouyu.domain.events import ChatFailed, Event, OutputInterrupted, SpeechCompleted, SpeechDelta
from kouyu.domain.ids import NO_ID
from kouyu.domain.messages import Message
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.serving.recorder import Recorder
from kouyu.store.errors import StoreError
from kouyu.store.sound_bounds import Bounds
from kouyu.store.sounds import MediaType, SoundRecord, Sounds

log = logging.getLogger(__name__)

_UTTERANCES_REMEMBERED: Final = 4
"""Utterances kept until their question is saved; a turn that is prepared again leaves older ones over."""
_FORMATS_REMEMBERED: Final = 64
"""Chats whose audio may still come."""
LAST_S: Final = 2.0
"""Seconds for saving the remaining audio when a session ends."""
_LONGEST_ANSWER_BYTES: Final = 16 * 1024 * 1024
"""Most bytes of one answer in the client's format: more than five minutes of PCM. The rest is not saved."""


def keeper_of(
    sounds: Sounds, bounds: Bounds | None, *, timeline: AudioTimeline, recorder: Recorder
) -> "SoundKeeper | None":
    """A keeper for one session; None if audio is not saved, because there are no ``bounds``."""
    return SoundKeeper(sounds, bounds, timeline=timeline, recorder=recorder) if bounds is not None else None


class _Packets(msgspec.Struct, frozen=True):
    """Packets of one format. An answer has several such parts if its format changes after tools have run."""

    packets: list[bytes]
    output_audio: OutputAudio


_Sound: TypeAlias = Samples | list[_Packets]


class SoundKeeper:
    """Follows a conversation's inputs and effects, and saves audio under the ids of its messages.

    Skips audio without a saved message: announcements, and chats with ``auto_save_history`` off.
    """

    def __init__(self, sounds: Sounds, bounds: Bounds, *, timeline: AudioTimeline, recorder: Recorder) -> None:
        self._sounds = sounds
        self._bounds = bounds
        self._timeline = timeline
        self._recorder = recorder
        self._spoken: OrderedDict[int, Samples] = OrderedDict()
        """Audio by the order of its final transcript."""
        self._understood: OrderedDict[str, Samples] = OrderedDict()
        """Audio by its transcript, or by the content of the message that it is in."""
        self._formats: OrderedDict[str, OutputAudio] = OrderedDict()
        """How answers are spoken, by their chats."""
        self._answer: Message | None = None
        self._parts: list[_Packets] = []
        self._packet_bytes = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, received: Input, effects: list[Effect]) -> None:
        """Follow an input of the conversation and its effects, before any effect is carried out."""
        if isinstance(received, TranscriptReady) and received.order in self._spoken:
            _remember(self._understood, received.text.strip(), self._spoken.pop(received.order))
        for effect in effects:
            match effect:
                case Transcribe(order, start, end, final=True):
                    _remember(self._spoken, order, self._timeline.slice(start, end))
                case SaveMessage(Message(type="question") as question) if question.content in self._understood:
                    samples = self._understood.pop(question.content)
                    self._begin(question, samples)
                case Speak(chat_id=chat_id, configuration=configuration):
                    _remember(self._formats, chat_id, configuration.output_audio, _FORMATS_REMEMBERED)
                case Send(event, apart=False):
                    self._on_event(event)
                case _:
                    pass

    def wrote(self, content: str, samples: Samples) -> None:
        """Note the audio that the client sent with a message of this content, which is to be saved next."""
        _remember(self._understood, content, samples)

    async def finish(self) -> None:
        """Save the remaining audio at the end of the session, within LAST_S."""
        self._end_answer()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=LAST_S)
            if late:
                log.warning("the audio of %d messages was not saved in time", len(late))

    def close(self) -> None:
        """Cancel what has not been saved by now."""
        for task in self._tasks:
            task.cancel()

    def _on_event(self, event: Event) -> None:
        match event:
            case SpeechDelta(spoken, audio) if spoken.chat_id != NO_ID:
                if self._answer is None or spoken.id != self._answer.id:
                    self._end_answer()
                    self._answer = spoken
                if self._packet_bytes < _LONGEST_ANSWER_BYTES:
                    self._add(audio, self._formats.get(spoken.chat_id, OutputAudio()))
            case SpeechCompleted() | OutputInterrupted() | ChatFailed():
                self._end_answer()
            case _:
                pass

    def _add(self, packet: bytes, output_audio: OutputAudio) -> None:
        if not self._parts or self._parts[-1].output_audio != output_audio:
            self._parts.append(_Packets([], output_audio))
        self._parts[-1].packets.append(packet)
        self._packet_bytes += len(packet)

    def _end_answer(self) -> None:
        answer, parts, self._answer, self._parts = self._answer, self._parts, None, []
        self._packet_bytes = 0
        if answer is not None:
            self._begin(answer, parts)

    def _begin(self, message: Message, sound: _Sound) -> None:
        task = asyncio.create_task(self._keep(message, sound), name="keep sound")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self, message: Message, sound: _Sound) -> None:
        try:
            content, record = await asyncio.to_thread(_file_of, message, sound)
            # The answer's message may be saved a moment after its last audio.
            await self._recorder.written(self._recorder.ticket)
            await self._sounds.keep(record, content, self._bounds)
        except StoreError as error:
            log.warning("the audio of a message was not saved: %s", error)


def _file_of(message: Message, sound: _Sound) -> tuple[bytes, SoundRecord]:
    media_type: MediaType = "audio/ogg"
    if isinstance(sound, list) and sound[0].output_audio.codec == "mp3":
        content, media_type = b"".join(packet for part in sound for packet in part.packets), "audio/mpeg"
        duration_ms = len(content) * 8000 // sound[0].output_audio.mp3_config.bit_rate
    else:
        pieces = _pieces(sound)
        content = ogg_opus_file(pieces)
        duration_ms = sum(len(samples) * 1000 // rate for samples, rate in pieces)
    return content, SoundRecord(
        message_id=message.id,
        conversation_id=message.conversation_id,
        role="user" if message.role == "user" else "assistant",
        media_type=media_type,
        duration_ms=duration_ms,
        size=len(content),
        created_at=int(time.time()),
    )


def _pieces(sound: _Sound) -> list[tuple[Samples, int]]:
    if not isinstance(sound, list):
        return [(sound, SPEECH_RATE)]
    return [samples_of_packets(part.packets, part.output_audio) for part in sound]


_Key = TypeVar("_Key", int, str)
_Kept = TypeVar("_Kept")


def _remember(kept: OrderedDict[_Key, _Kept], key: _Key, value: _Kept, most: int = _UTTERANCES_REMEMBERED) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
