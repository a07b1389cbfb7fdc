"""AnswerNow: the agent answers the section as it is. Each one ends in exactly one of ChatBegan and RequestRefused."""

import pytest

from kouyu.conversation.effects import Speak, Transcribe
from kouyu.conversation.inputs import ClientLeft
from kouyu.domain.errors import CHAT_RUNS
from kouyu.domain.events import (
    ChatBegan,
    ChatCompleted,
    MessageCompleted,
    MessageWritten,
    OutputInterrupted,
    RequestRefused,
    SentenceBegan,
    SpeechDelta,
    TranscriptCompleted,
)
from kouyu.domain.options import AnswerOptions, ToolDefinition
from kouyu.domain.requests import Announce, CancelOutput, CompleteBuffer, WriteMessage
from tests.conversation.openai_talk import FREE_TALK, PUSH_TO_TALK, Talk
from tests.conversation.simulation import CAPABILITIES, Engines


def origins(talk: Talk) -> list[str | None]:
    return [began.origin for began in talk.told(ChatBegan)]


def refusals(talk: Talk) -> list[str | None]:
    return [refusal.origin for refusal in talk.told(RequestRefused)]


def test_the_agent_speaks_first() -> None:
    talk = Talk()
    talk.use()
    talk.answer_now(instructions="Greet the user.")
    talk.wait(5)
    (asked,) = talk.asked
    assert (asked.question.content, asked.options.instructions) == ("", "Greet the user.")
    (began,) = talk.told(ChatBegan)
    (completed,) = talk.told(ChatCompleted)
    assert (began.origin, completed.chat.id) == ("please", began.chat.id)
    assert not [told for told in talk.told(MessageCompleted) if told.message.type == "question"]
    assert talk.context() == [("assistant", "Paris is the capital. It lies on the Seine.")]


def test_it_answers_what_was_written_before_in_its_order() -> None:
    talk = Talk()
    talk.use()
    for content, role in (
        ("Be brief.", "system"),
        ("Hi", "user"),
        ("Hello.", "assistant"),
        ("Where is Paris?", "user"),
    ):
        talk.add(content, role)
    assert [written.origin for written in talk.told(MessageWritten)] == ["Be brief.", "Hi", "Hello.", "Where is Paris?"]
    talk.answer_now()
    assert talk.context() == [
        ("system", "Be brief."),
        ("user", "Hi"),
        ("assistant", "Hello."),
        ("user", "Where is Paris?"),
    ]
    talk.wait(5)
    assert len(talk.told(ChatCompleted)) == 1


def test_a_voice_of_one_answer_speaks_that_answer_alone() -> None:
    talk = Talk()
    talk.use()
    known, unknown = talk.conversation.configuration.output_audio.voice_id, "nobody"
    other = next(voice for voice in CAPABILITIES.voice_ids if voice != known)
    for voice in (other, unknown, None):
        talk.answer_now(voice=voice)
        talk.wait(10)
    spoken = [speak.configuration.output_audio.voice_id for speak in talk.all(Speak)]
    assert list(dict.fromkeys(spoken)) == [other, known]
    assert len(talk.told(ChatCompleted)) == 3


def test_options_of_the_session_hold_for_all_answers_and_those_of_one_come_before_them() -> None:
    tools = (ToolDefinition(name="weather"),)
    talk = Talk()
    talk.use(answers=AnswerOptions(instructions="Be kind.", temperature=0.5, tools=tools))
    talk.write("Hi")
    talk.wait(5)
    talk.answer_now(instructions="Be brief.", tools=())
    talk.wait(5)
    first, second = (asked.options for asked in talk.asked)
    assert first == AnswerOptions(instructions="Be kind.", temperature=0.5, tools=tools)
    assert second == AnswerOptions(instructions="Be brief.", temperature=0.5, tools=())


def test_an_answer_that_is_asked_for_as_text_makes_no_sound_and_counts_as_read() -> None:
    talk = Talk()
    talk.use()
    talk.answer_now(spoken=False)
    talk.wait(1)
    talk.cancel()
    assert not talk.told(SpeechDelta)
    assert talk.context()[0] == ("assistant", "Paris is the capital. It lies on the Seine.")


def test_an_answer_that_is_asked_for_as_speech_sounds_in_a_session_of_text() -> None:
    talk = Talk()
    talk.use(answers=AnswerOptions(spoken=False))
    talk.write("Hi")
    talk.wait(5)
    assert not talk.told(SpeechDelta)
    talk.answer_now(spoken=True)
    talk.wait(5)
    assert talk.told(SpeechDelta)
    assert talk.told(SentenceBegan)


@pytest.mark.parametrize("begun_as_speech", [True, False])
def test_an_answer_ends_as_it_began_though_the_session_changes_to_text_or_to_speech(begun_as_speech: bool) -> None:
    talk = Talk()
    talk.use(answers=AnswerOptions(spoken=begun_as_speech))
    talk.write("Hi")
    talk.use(answers=AnswerOptions(spoken=not begun_as_speech))
    talk.wait(5)
    sentences = [told.text for told in talk.told(SentenceBegan)]
    assert sentences == ["Paris is the capital.", "It lies on the Seine."]
    assert bool(talk.told(SpeechDelta)) == begun_as_speech
    talk.write("And now?")
    before = len(talk.told(SpeechDelta))
    talk.wait(5)
    assert (len(talk.told(SpeechDelta)) > before) != begun_as_speech


def test_it_is_refused_while_an_answer_runs() -> None:
    talk = Talk()
    talk.use()
    talk.write("Hi")
    talk.answer_now()
    (refusal,) = talk.told(RequestRefused)
    assert (refusal.code, refusal.origin) == (CHAT_RUNS, "please")
    assert "is running" in refusal.msg
    talk.wait(5)
    assert origins(talk) == [None]


def test_while_an_answer_is_only_played_the_next_one_is_made_and_nothing_is_cut_off() -> None:
    talk = Talk(Engines(packet_ms=2000))
    talk.use()
    talk.write("Hi")
    talk.wait(2)
    assert talk.told(ChatCompleted)
    talk.answer_now()
    talk.wait(60)
    assert len(talk.told(ChatCompleted)) == 2
    assert not talk.told(OutputInterrupted)


def test_it_waits_for_the_end_of_an_announcement() -> None:
    talk = Talk()
    talk.use()
    talk.give(Announce("This is recorded."))
    talk.answer_now()
    assert not talk.told(ChatBegan)
    talk.wait(5)
    assert origins(talk) == ["please"]
    assert not talk.told(OutputInterrupted)


# After the turns of the user


def test_a_buffer_that_is_completed_without_an_answer_is_transcribed_and_saved() -> None:
    talk = Talk()
    talk.use(PUSH_TO_TALK)
    talk.speak(960)
    talk.give(CompleteBuffer(answer=False))
    talk.wait(5)
    (transcript,) = talk.told(TranscriptCompleted)
    assert transcript.transcript.content == "What is the capital of France?"
    assert talk.context() == [("user", "What is the capital of France?")]
    assert not talk.told(ChatBegan)


def test_a_completed_buffer_without_an_answer_interrupts_nothing() -> None:
    talk = Talk()
    talk.use(PUSH_TO_TALK)
    talk.write("Hi")
    talk.speak(640)
    talk.give(CompleteBuffer(answer=False))
    talk.wait(5)
    assert not talk.told(OutputInterrupted)
    assert len(talk.told(ChatCompleted)) == 1


@pytest.mark.parametrize("pause_ms", [0, 320])
def test_an_answer_for_a_completed_buffer_costs_no_more_than_completing_it_for_an_answer(pause_ms: int) -> None:
    def talked(*, at_once: bool) -> Talk:
        talk = Talk()
        talk.use(PUSH_TO_TALK)
        talk.speak(960)
        talk.silence(pause_ms)
        talk.give(CompleteBuffer(answer=at_once))
        if not at_once:
            talk.answer_now()
        talk.wait(10)
        return talk

    usual, asked = talked(at_once=True), talked(at_once=False)
    assert [at for at, event in asked.effects if "SpeechDelta" in repr(event)] == [
        at for at, event in usual.effects if "SpeechDelta" in repr(event)
    ]
    assert asked.told_names() == usual.told_names()
    assert origins(asked) == ["please"]
    assert asked.context() == usual.context()


def test_a_prepared_reply_is_made_again_for_an_answer_with_options_of_its_own() -> None:
    talk = Talk()
    talk.use(PUSH_TO_TALK)
    talk.speak(960)
    talk.silence(640)
    talk.give(CompleteBuffer(answer=False))
    talk.answer_now(instructions="Be brief.")
    talk.wait(10)
    assert [asked.options.instructions for asked in talk.asked] == [None, "Be brief."]
    assert origins(talk) == ["please"]


def test_options_that_are_those_of_the_session_make_nothing_again() -> None:
    talk = Talk()
    talk.use(PUSH_TO_TALK, answers=AnswerOptions(instructions="Be brief."))
    talk.speak(960)
    talk.silence(640)
    talk.give(CompleteBuffer(answer=False))
    talk.answer_now(instructions="Be brief.", spoken=True)
    talk.wait(10)
    assert len(talk.asked) == 1


@pytest.mark.parametrize("transcript", ["", "  "])
def test_where_nothing_was_understood_the_section_is_answered_as_it_is(transcript: str) -> None:
    talk = Talk(Engines(transcript=transcript))
    talk.use(PUSH_TO_TALK)
    talk.speak(960)
    talk.give(CompleteBuffer(answer=False))
    talk.answer_now()
    talk.wait(10)
    assert origins(talk) == ["please"]
    assert talk.asked[-1].question.content == ""


def test_a_buffer_that_voice_activity_has_not_finished_is_answered_once_its_transcript_is_there() -> None:
    talk = Talk()
    talk.use(PUSH_TO_TALK)
    talk.upload(960, 0.95, chunk_s=0.02)
    talk.give(CompleteBuffer(answer=False))
    talk.answer_now(instructions="Be brief.")
    assert not talk.all(Transcribe)
    talk.wait(10)
    (asked,) = talk.asked
    assert (asked.question.content, asked.options.instructions) == ("What is the capital of France?", "Be brief.")
    assert (origins(talk), refusals(talk)) == (["please"], [])


@pytest.mark.parametrize("judged", [True, False])
def test_where_nothing_was_said_the_section_is_answered_as_it_is(judged: bool) -> None:
    talk = Talk()
    talk.use(PUSH_TO_TALK)
    talk.upload(960, 0.02, chunk_s=0.0 if judged else 0.02)
    talk.give(CompleteBuffer(answer=False))
    talk.answer_now()
    talk.wait(10)
    assert origins(talk) == ["please"]
    assert [told.transcript.content for told in talk.told(TranscriptCompleted)] == [""]


def test_where_recognition_fails_no_chat_fails_and_the_section_is_answered_as_it_is() -> None:
    talk = Talk(Engines(transcription_s=None))
    talk.use(PUSH_TO_TALK)
    talk.speak(960)
    talk.give(CompleteBuffer(answer=False))
    talk.answer_now()
    talk.wait(60)
    assert origins(talk) == ["please"]
    assert "ChatFailed" not in talk.told_names()


def test_messages_and_answers_keep_their_order_behind_a_question_without_transcript() -> None:
    talk = Talk(Engines(transcription_s=1.0))
    talk.use(PUSH_TO_TALK)
    talk.speak(960)
    talk.give(CompleteBuffer(answer=False))
    talk.add("I mean the European one.")
    talk.answer_now()
    assert not talk.told(MessageWritten)
    talk.wait(10)
    assert talk.context()[:2] == [("user", "What is the capital of France?"), ("user", "I mean the European one.")]
    assert talk.context()[2][0] == "assistant"
    assert origins(talk) == ["please"]


def test_a_second_answer_is_refused_while_the_first_waits() -> None:
    talk = Talk()
    talk.use(PUSH_TO_TALK)
    talk.speak(960)
    talk.give(CompleteBuffer(answer=False))
    talk.answer_now("first")
    talk.answer_now("second")
    talk.wait(10)
    assert (origins(talk), refusals(talk)) == (["first"], ["second"])


def test_it_is_refused_while_the_users_turn_is_about_to_be_answered() -> None:
    talk = Talk(Engines(transcription_s=1.0))
    talk.use(FREE_TALK)
    talk.say()
    assert not talk.told(ChatBegan)
    talk.answer_now()
    talk.wait(10)
    assert (origins(talk), refusals(talk)) == ([None], ["please"])


@pytest.mark.parametrize(
    "overtaking",
    [
        lambda talk: talk.give(CancelOutput()),
        lambda talk: talk.give(WriteMessage(role="user", content="Never mind.")),
        lambda talk: talk.give(ClientLeft()),
    ],
)
@pytest.mark.parametrize("judged", [True, False])
def test_one_that_is_overtaken_before_it_begins_is_refused(overtaking: object, judged: bool) -> None:
    talk = Talk(Engines(transcription_s=1.0))
    talk.use(PUSH_TO_TALK)
    if judged:
        talk.speak(960)
    else:
        talk.upload(960, 0.95, chunk_s=0.4)
    talk.give(CompleteBuffer(answer=False))
    talk.answer_now()
    overtaking(talk)  # type: ignore[operator]
    talk.wait(60)
    assert refusals(talk) == ["please"]
    assert "please" not in origins(talk)
