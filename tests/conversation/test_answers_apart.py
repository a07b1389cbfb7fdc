"""An answer apart from the section is told as every answer, and leaves nothing behind."""

from kouyu.conversation.effects import EraseMessage, SaveChat, SaveMessage, TrimMessage
from kouyu.domain.events import ChatBegan, ChatCompleted, MessageCompleted, RequestRefused, SpeechDelta
from kouyu.domain.options import AnswerOptions, GivenMessage
from kouyu.domain.requests import AnswerNow, CancelOutput, CompleteBuffer
from tests.conversation.openai_talk import PUSH_TO_TALK, Talk

GIVEN = (GivenMessage(role="user", content="What is the mood?"),)


def _ask_apart(talk: Talk) -> None:
    talk.answer_now(context=GIVEN, kept=False)


def test_it_is_spoken_and_nothing_of_it_is_saved() -> None:
    talk = Talk()
    talk.use()
    _ask_apart(talk)
    talk.wait(5)
    (asked,) = talk.asked
    assert (asked.question.content, asked.options.context, asked.opening_lines) == ("", GIVEN, ())
    assert [began.origin for began in talk.told(ChatBegan)] == ["please"]
    assert len(talk.told(ChatCompleted)) == 1
    assert talk.told(SpeechDelta)
    assert talk.told(MessageCompleted)
    assert [*talk.all(SaveMessage), *talk.all(SaveChat)] == []


def test_interrupted_it_leaves_nothing_either() -> None:
    talk = Talk()
    talk.use()
    _ask_apart(talk)
    talk.wait(1)
    talk.give(CancelOutput())
    assert talk.told(SpeechDelta)
    assert [*talk.all(SaveMessage), *talk.all(SaveChat), *talk.all(TrimMessage), *talk.all(EraseMessage)] == []


def test_the_next_answer_is_saved_and_asked_with_the_section() -> None:
    talk = Talk()
    talk.use()
    talk.add("Hi")
    _ask_apart(talk)
    talk.wait(8)
    talk.answer_now(origin="next")
    talk.wait(5)
    assert talk.asked[-1].options == AnswerOptions()
    assert [role for role, _ in talk.context()] == ["user", "assistant"]


def test_a_completed_buffer_stays_context_and_is_not_what_it_answers() -> None:
    talk = Talk()
    talk.use(PUSH_TO_TALK)
    talk.speak(960)
    talk.give(CompleteBuffer(answer=False))
    _ask_apart(talk)
    talk.wait(8)
    assert [(asked.question.content, asked.options.context) for asked in talk.asked if asked.options.context] == [
        ("", GIVEN)
    ]
    assert [role for role, _ in talk.context()] == ["user"]
    assert [began.origin for began in talk.told(ChatBegan)] == ["please"]


def test_a_second_answer_is_refused_while_it_runs() -> None:
    talk = Talk()
    talk.use()
    _ask_apart(talk)
    talk.give(AnswerNow(origin="second"))
    assert [refused.origin for refused in talk.told(RequestRefused)] == ["second"]
