"""What a session keeps of its sound, and under which messages."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from kouyu.audio.pcm import bytes_from_float
from kouyu.audio.timeline import AudioTimeline
from kouyu.conversation.effects import SaveMessage, Send, Speak, Transcribe
from kouyu.conversation.inputs import TimePassed, TranscriptReady
from kouyu.domain.configuration import Configuration, OutputAudio, PcmConfig
from kouyu.domain.events import Event, OutputInterrupted, SpeechCompleted, SpeechDelta
from kouyu.domain.ids import NO_ID
from kouyu.domain.messages import Message
from kouyu.serving.recorder import Recorder
from kouyu.session.sound_keeper import SoundKeeper
from kouyu.store.sound_bounds import Bounds
from kouyu.store.sounds import SoundRecord
from kouyu.store.store import Store

CONFIGURATION = Configuration()
SECOND = np.full(16_000, 0.25, np.float32)


class Session:
    """A keeper with a recorder and two seconds of the user's audio, as a session has them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.recorder = Recorder(store.of(""), bot_id="kouyu")
        timeline = AudioTimeline(60)
        timeline.append(np.concatenate((SECOND, SECOND)))
        bounds = Bounds(days=1, max_bytes=1_000_000)
        self.keeper = SoundKeeper(store.of("").sounds, bounds, timeline=timeline, recorder=self.recorder)

    def transcribed(self, order: int, end: int, text: str) -> None:
        self.keeper.follow(TimePassed(), [Transcribe(order, 0, end, True, CONFIGURATION)])
        self.keeper.follow(TranscriptReady(order, text, "en"), [])

    def save(self, message: Message) -> None:
        saving = SaveMessage(message, 100)
        self.keeper.follow(TimePassed(), [saving])
        self.recorder.save(saving)

    def send(self, *events: Event) -> None:
        self.keeper.follow(TimePassed(), [Send(event) for event in events])

    async def kept(self) -> dict[str, SoundRecord]:
        await self.keeper.finish()
        return {sound.message_id: sound for sound in await self.store.of("").sounds.list("c")}


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    async with await Store.open(tmp_path / "kouyu.db") as store:
        yield Session(store)


def question(text: str) -> Message:
    return message("q", "user", "question", text)


def message(id: str, role: str, kind: str, content: str, chat_id: str = "t") -> Message:
    ids = {"id": id, "conversation_id": "c", "bot_id": "kouyu", "chat_id": chat_id, "section_id": "c"}
    return Message(role=role, type=kind, content=content, content_type="text", **ids)  # type: ignore[arg-type]


def envelope(id: str = "a", chat_id: str = "t") -> Message:
    return message(id, "assistant", "answer", "", chat_id)


def spoken(id: str = "a", chat_id: str = "t") -> Event:
    return SpeechDelta(envelope(id, chat_id), bytes_from_float(np.full(24_000, 0.25, np.float32)), 1000.0)


async def test_a_question_has_the_sound_it_was_recognised_from(session: Session) -> None:
    session.transcribed(1, 16_000, " Hello ")
    session.transcribed(2, 32_000, "Hello there")
    session.save(question("Hello there"))
    sound = (await session.kept())["q"]
    assert (sound.role, sound.media_type, sound.duration_ms) == ("user", "audio/ogg", 2000)


async def test_a_typed_question_has_none(session: Session) -> None:
    session.transcribed(1, 16_000, "Hello")
    session.save(question("typed"))
    assert await session.kept() == {}


async def test_an_answer_has_what_was_sent_of_it(session: Session) -> None:
    session.save(message("a", "assistant", "answer", "Good day."))
    session.send(spoken(), spoken(), SpeechCompleted(envelope()))
    assert (await session.kept())["a"].duration_ms == 2000
    found = await session.store.of("").sounds.content("c", "a")
    assert found is not None
    assert found[1].startswith(b"OggS")


async def test_an_interrupted_answer_ends_where_it_was_cut_off(session: Session) -> None:
    session.save(message("a", "assistant", "answer", "Good day."))
    session.send(spoken(), OutputInterrupted("speech"))
    assert (await session.kept())["a"].duration_ms == 1000


async def test_announcements_and_what_is_not_saved_are_not_kept(session: Session) -> None:
    session.save(question("typed"))
    session.send(spoken(NO_ID, NO_ID), SpeechCompleted(envelope()))
    session.send(spoken("unsaved"), SpeechCompleted(envelope()))
    assert await session.kept() == {}


async def test_answers_apart_are_not_kept_and_cut_no_other_off(session: Session) -> None:
    session.save(message("a", "assistant", "answer", "Good day."))
    aside = Send(spoken("aside", "other"), apart=True)
    session.send(spoken())
    session.keeper.follow(TimePassed(), [aside, Send(SpeechCompleted(envelope("aside", "other")), apart=True)])
    session.send(spoken(), SpeechCompleted(envelope()))
    assert {name: sound.duration_ms for name, sound in (await session.kept()).items()} == {"a": 2000}


async def test_an_answer_has_the_sound_of_its_own_formats(session: Session) -> None:
    session.save(message("a", "assistant", "answer", "Good day."))

    def speaks(output_audio: OutputAudio, packet: bytes) -> None:
        configuration = Configuration(output_audio=output_audio)
        order = Speak(1, 1, "Good day.", first=True, urgent=True, configuration=configuration, chat_id="t")
        session.keeper.follow(TimePassed(), [order, Send(SpeechDelta(envelope(), packet, 1000.0))])

    speaks(OutputAudio(codec="g711u"), bytes(8_000))
    speaks(OutputAudio(codec="pcm", pcm_config=PcmConfig(sample_rate=24_000)), bytes(48_000))
    session.send(SpeechCompleted(envelope()))
    assert (await session.kept())["a"].duration_ms == 2000


async def test_a_session_that_ends_keeps_what_it_was_saying(session: Session) -> None:
    session.save(message("a", "assistant", "answer", "Good day."))
    session.send(spoken())
    assert "a" in await session.kept()


async def test_the_audio_that_a_client_sent_with_a_message_is_kept_with_it(session: Session) -> None:
    session.keeper.wrote("What is it?\nA cat.", SECOND)
    session.save(message("1", "user", "question", "Something else."))
    session.save(message("2", "user", "question", "What is it?\nA cat."))
    assert {message_id: sound.duration_ms for message_id, sound in (await session.kept()).items()} == {"2": 1000}
