"""What the user says is an item from its end on; its transcript comes exactly once, where the client wants one."""

import base64
from typing import Any

from kouyu.domain import events as core
from kouyu.domain.requests import ClearBuffer, CompleteBuffer
from kouyu.domain.transcripts import Transcript
from tests.protocol.openai.session import Session, only, types

TRANSCRIBED: dict[str, Any] = {"audio": {"input": {"transcription": {"model": "whisper-1"}}}}
COMPLETED = "conversation.item.input_audio_transcription.completed"


def test_a_spoken_question() -> None:
    session = Session()
    session.update(**TRANSCRIBED)
    sent = session.tell(*session.says("What now?", seconds=2))
    assert types(sent) == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.delta",
        COMPLETED,
    ]
    assert (sent[0]["audio_start_ms"], sent[1]["audio_end_ms"]) == (1000, 3000)
    assert len({event.get("item_id", event.get("item", {}).get("id")) for event in sent}) == 1
    assert sent[3]["item"]["content"] == [{"type": "input_audio", "transcript": None}]
    assert (sent[5]["delta"], sent[6]["transcript"]) == ("What now?", "What now?")
    assert sent[6]["usage"] == {"type": "duration", "seconds": 2.0}
    session.rules.check_end()


def test_without_transcription_no_transcript_is_sent() -> None:
    session = Session()
    sent = session.tell(*session.says("What now?"))
    assert not any("transcription" in kind for kind in types(sent))


def test_speech_that_comes_to_nothing_ends_with_an_empty_transcript() -> None:
    session = Session()
    session.update(**TRANSCRIBED)
    sent = session.tell(core.SpeechStarted(0, "7"), core.SpeechStopped(16_000, "7"), core.SpeechDropped("7"))
    assert only(sent, COMPLETED)["transcript"] == ""
    session.rules.check_end()


def test_speech_that_was_not_recognised_says_why() -> None:
    session = Session()
    session.update(**TRANSCRIBED)
    sent = session.tell(
        core.SpeechStarted(0, "7"), core.SpeechStopped(16_000, "7"), core.SpeechDropped("7", "the engine failed")
    )
    assert sent[-1]["error"]["message"] == "the engine failed"
    assert sent[-1]["type"] == "conversation.item.input_audio_transcription.failed"


def test_speech_that_is_given_up_before_its_end_is_closed_at_its_end() -> None:
    session = Session()
    session.update(**TRANSCRIBED)
    assert types(session.tell(core.SpeechStarted(0, "7"), core.SpeechDropped("7"))) == [
        "input_audio_buffer.speech_started"
    ]
    assert types(session.tell(core.SpeechStopped(16_000, "7")))[-1] == COMPLETED


def test_an_utterance_that_continues_the_last_one_gets_the_transcript_of_both() -> None:
    session = Session()
    session.update(**TRANSCRIBED)
    first = session.tell(core.SpeechStarted(0, "7"), core.SpeechStopped(16_000, "7"))[0]["item_id"]
    second = session.tell(core.SpeechStarted(17_000, "8"))[0]["item_id"]
    session.tell(core.SpeechDropped("7"), core.SpeechStopped(32_000, "8"))
    sent = session.tell(core.TranscriptCompleted(Transcript("All of it."), "8", 2000))
    assert (first, second) != (second, first)
    assert sent[-1]["item_id"] == second


def test_utterances_without_ids_are_taken_in_their_order() -> None:
    session = Session()
    session.update(**TRANSCRIBED)
    items = []
    for at in (0, 16_000):
        items.append(session.tell(core.SpeechStarted(at))[0]["item_id"])
        session.tell(core.SpeechStopped(at + 8_000))
    for item_id, text in zip(items, ("One.", "Two."), strict=True):
        sent = session.tell(core.TranscriptCompleted(Transcript(text)))
        assert (sent[-1]["item_id"], sent[-1]["transcript"]) == (item_id, text)


def test_a_commit_ends_the_users_turn_without_asking_for_an_answer() -> None:
    session = Session()
    session.update(audio={"input": {"turn_detection": None, "transcription": {"model": "m"}}})
    assert session.send({"type": "input_audio_buffer.commit"}) == []
    assert session.requests == [CompleteBuffer(answer=False)]
    sent = session.tell(core.BufferCompleted("7"), core.TranscriptCompleted(Transcript("Hi."), "7", 500))
    assert types(sent)[0] == "input_audio_buffer.committed"
    assert sent[-1]["transcript"] == "Hi."


def test_a_commit_of_no_audio_is_an_item_with_an_empty_transcript() -> None:
    session = Session()
    session.update(audio={"input": {"turn_detection": None, "transcription": {"model": "m"}}})
    sent = session.tell(core.BufferCompleted())
    assert types(sent)[0] == "input_audio_buffer.committed"
    assert only(sent, COMPLETED)["transcript"] == ""
    later = session.tell(core.BufferCompleted("7"), core.TranscriptCompleted(Transcript("Hi."), "7", 500))
    assert only(later, COMPLETED)["item_id"] != sent[0]["item_id"]


def test_a_commit_in_which_nothing_was_recognised_has_an_empty_transcript_and_no_delta() -> None:
    session = Session()
    session.update(audio={"input": {"turn_detection": None, "transcription": {"model": "m"}}})
    sent = session.tell(core.BufferCompleted("7"), core.TranscriptCompleted(Transcript(""), "7", 500))
    assert types(sent)[-1] == COMPLETED
    assert "conversation.item.input_audio_transcription.delta" not in types(sent)
    assert (sent[-1]["transcript"], sent[-1]["usage"]["seconds"]) == ("", 0.5)
    session.rules.check_end()


def test_a_transcript_of_speech_that_was_not_told_of_is_not_sent_and_its_question_is_an_item_of_text() -> None:
    session = Session()
    session.update(**TRANSCRIBED)
    assert session.tell(core.TranscriptCompleted(Transcript("What now?"), "7", 500)) == []
    sent = session.tell(core.MessageCompleted(session.message(None, "question", "What now?", "7")))
    assert types(sent) == ["conversation.item.added", "conversation.item.done"]
    assert sent[0]["item"]["content"] == [{"type": "input_text", "text": "What now?"}]


def test_speech_that_was_not_told_of_and_comes_to_nothing_says_nothing() -> None:
    session = Session()
    assert session.tell(core.SpeechDropped("unknown")) == []


def test_audio_is_no_matter_of_the_translation() -> None:
    session = Session()
    audio = base64.b64encode(b"\1\2").decode()
    assert session.send({"type": "input_audio_buffer.append", "audio": audio}) == []
    assert session.requests == [], "the caller gives it to the core"


def test_clearing_the_buffer() -> None:
    session = Session()
    assert types(session.send({"type": "input_audio_buffer.clear"})) == ["input_audio_buffer.cleared"]
    assert session.requests == [], "with turn detection the buffer is the server's"
    session.update(audio={"input": {"turn_detection": None}})
    assert session.send({"type": "input_audio_buffer.clear"}) == []
    assert session.requests == [ClearBuffer()]
    assert types(session.tell(core.BufferCleared())) == ["input_audio_buffer.cleared"]


def test_an_idle_time_out_is_an_item_of_silence() -> None:
    session = Session()
    session.update(**TRANSCRIBED)
    sent = session.tell(core.IdleTimedOut(16_000, 112_000))
    assert (sent[0]["type"], sent[0]["audio_start_ms"], sent[0]["audio_end_ms"]) == (
        "input_audio_buffer.timeout_triggered",
        1000,
        7000,
    )
    assert types(sent)[1:4] == ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"]
    assert sent[-1]["transcript"] == ""


def test_items_form_a_chain() -> None:
    session = Session()
    question = only(session.tell(*session.says("A?")), "conversation.item.added")
    chat = session.chat()
    answer = only(session.tell(*session.answers(chat, "B.")), "conversation.item.added")
    session.tell(core.ChatCompleted(chat))
    again = only(session.tell(*session.says("C?")), "conversation.item.added")
    assert question["previous_item_id"] is None
    assert answer["previous_item_id"] == question["item"]["id"]
    assert again["previous_item_id"] == answer["item"]["id"]
