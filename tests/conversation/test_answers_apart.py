"""An answer apart from the conversation is told as every answer, runs beside it, and leaves nothing behind."""

from collections.abc import Iterator

from kouyu.conversation.answers_apart import MOST_APART
from kouyu.conversation.effects import (
    Effect,
    EraseMessage,
    SaveChat,
    SaveMessage,
    Send,
    Speak,
    StartReply,
    TrimMessage,
)
from kouyu.conversation.inputs import ClientLeft, ConfigurationUpdate, ReplyDelta, ReplyToolCalls
from kouyu.domain.configuration import Configuration, OutputAudio, PcmConfig
from kouyu.domain.errors import CHAT_RUNS
from kouyu.domain.events import (
    ActionRequired,
    ChatBegan,
    ChatCancelled,
    ChatCompleted,
    IdleTimedOut,
    MessageCompleted,
    RequestRefused,
    SpeechDelta,
    SpeechStarted,
)
from kouyu.domain.options import AnswerOptions
from kouyu.domain.requests import Announce, CancelAnswer, CancelOutput, CompleteBuffer, SubmitOutputs
from kouyu.domain.tool_calls import ToolOutput
from tests.conversation.openai_talk import PUSH_TO_TALK, Talk
from tests.conversation.random_users import CALLS, GIVEN
from tests.conversation.simulation import Engines, Report


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
    talk.give(CancelAnswer(talk.told(ChatBegan)[0].chat.id))
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


def test_it_runs_beside_an_answer_of_the_conversation() -> None:
    talk = Talk()
    talk.use()
    talk.add("Hi")
    talk.answer_now(origin="first")
    _ask_apart(talk)
    talk.answer_now(origin="second")
    talk.wait(8)
    assert [began.origin for began in talk.told(ChatBegan)] == ["first", "please"]
    assert [refused.origin for refused in talk.told(RequestRefused)] == ["second"]
    assert len(talk.told(ChatCompleted)) == 2
    sent = [send for send in talk.all(Send) if isinstance(send.event, SpeechDelta)]
    spoken = [(send.apart, send.event.message.chat_id) for send in sent]
    main, apart = (began.chat.id for began in talk.told(ChatBegan))
    assert {*spoken} == {(False, main), (True, apart)}
    assert spoken != sorted(spoken), "their audio comes as it is made"
    assert [role for role, _ in talk.context()] == ["user", "assistant"]


def test_what_ends_the_conversations_answer_leaves_it_running() -> None:
    talk = Talk(Engines(delta_s=1.0))
    talk.use()
    talk.add("Hi")
    talk.answer_now(origin="first")
    _ask_apart(talk)
    talk.wait(0.6)
    talk.say()
    talk.give(CancelOutput())
    talk.wait(8)
    assert talk.told(SpeechStarted)
    assert "ChatCancelled" not in talk.told_names()
    (completed,) = [send.event for send in talk.all(Send) if send.apart and isinstance(send.event, ChatCompleted)]
    assert completed.chat.id == talk.told(ChatBegan)[1].chat.id


def test_it_is_stopped_by_its_chat_alone() -> None:
    talk = Talk(Engines(delta_s=1.0))
    talk.use()
    _ask_apart(talk)
    talk.answer_now(context=GIVEN, kept=False, origin="other")
    talk.wait(0.6)
    stopped, other = (began.chat.id for began in talk.told(ChatBegan))
    talk.give(CancelAnswer(stopped))
    talk.give(CancelAnswer(stopped))
    talk.wait(8)
    assert [event.chat.id for event in talk.told(ChatCancelled)] == [stopped]
    assert [event.chat.id for event in talk.told(ChatCompleted)] == [other]
    assert [event.chat.status for event in talk.told(ChatCancelled)] == ["canceled"]
    assert talk.conversation.deadline(talk.now) is None


def test_of_too_many_the_last_is_refused() -> None:
    talk = Talk()
    talk.use()
    for number in range(MOST_APART + 1):
        talk.answer_now(origin=str(number), kept=False, context=GIVEN)
    assert [(refused.origin, refused.code) for refused in talk.told(RequestRefused)] == [(str(MOST_APART), CHAT_RUNS)]
    talk.wait(8)
    talk.answer_now(origin="later", kept=False, context=GIVEN)
    assert talk.told(ChatBegan)[-1].origin == "later"


def test_one_that_is_asked_with_the_section_waits_for_what_was_said_before() -> None:
    talk = Talk(Engines(transcription_s=2.0))
    talk.use(answers_speech=False)
    talk.say()
    talk.add("It rains.")
    talk.answer_now(origin="of the section", kept=False)
    talk.answer_now(origin="of its own", kept=False, context=GIVEN)
    assert [began.origin for began in talk.told(ChatBegan)] == ["of its own"]
    talk.give(CancelOutput())
    talk.wait(8)
    assert [began.origin for began in talk.told(ChatBegan)] == ["of its own", "of the section"]
    names = talk.told_names()
    assert names.index("MessageWritten") < len(names) - 1 - names[::-1].index("ChatBegan")
    assert talk.context() == [("user", talk.engines.transcript), ("user", "It rains.")]


def test_it_does_not_wait_for_an_announcement() -> None:
    talk = Talk()
    talk.use()
    talk.give(Announce("Welcome to all of you."))
    talk.answer_now(origin="first")
    talk.answer_now(origin="apart", kept=False)
    assert [began.origin for began in talk.told(ChatBegan)] == ["apart"]
    talk.wait(8)
    assert [began.origin for began in talk.told(ChatBegan)] == ["apart", "first"]


class Asks(Engines):
    """An agent that says something and calls a tool of the client."""

    def reports(self, order: Effect) -> Iterator[Report]:
        if isinstance(order, StartReply):
            yield 0.1, ReplyDelta(order.order, "Let me look.")
            yield 0.2, ReplyToolCalls(order.order, CALLS, 3, 4)
        else:
            yield from super().reports(order)


def test_it_ends_with_the_calls_of_the_clients_tools() -> None:
    talk = Talk(Asks())
    talk.use()
    _ask_apart(talk)
    talk.wait(8)
    (required,) = talk.told(ActionRequired)
    (completed,) = talk.told(ChatCompleted)
    assert (completed.chat.id, completed.chat.usage.token_count) == (required.chat.id, 7)
    names = talk.told_names()
    assert names.index("ActionRequired") < names.index("SpeechCompleted") < names.index("ChatCompleted")
    assert talk.conversation.deadline(talk.now) is None
    talk.give(SubmitOutputs(chat_id=required.chat.id, outputs=()))
    assert [refused.field for refused in talk.told(RequestRefused)] == ["data.chat_id"]


def test_the_client_may_leave_while_it_runs() -> None:
    talk = Talk(Engines(delta_s=1.0))
    talk.use()
    _ask_apart(talk)
    talk.wait(0.6)
    assert talk.conversation.in_turn(talk.now)
    assert talk.conversation.activity(talk.now) == "answering"
    talk.give(ClientLeft())
    assert len(talk.told(ChatCancelled)) == 1
    assert not talk.conversation.in_turn(talk.now)


def test_a_client_that_takes_no_audio_gets_its_text() -> None:
    talk = Talk()
    talk.use(takes_audio=False)
    _ask_apart(talk)
    talk.wait(8)
    assert talk.told(ChatCompleted)
    assert talk.told(SpeechDelta) == []


def test_the_agent_does_not_speak_by_itself_while_it_runs() -> None:
    talk = Talk(Engines(packets_per_sentence=1))
    talk.use(idle_timeout_ms=5000)
    talk.say()
    talk.wait(4)
    assert talk.told(ChatCompleted)
    talk.engines.delta_s = 1.5
    _ask_apart(talk)
    talk.wait(6)
    assert (len(talk.told(ChatCompleted)), talk.told(IdleTimedOut)) == (1, [])
    talk.wait(8)
    assert len(talk.told(IdleTimedOut)) == 1


def test_one_answer_has_a_voice_and_a_codec_of_its_own() -> None:
    talk = Talk()
    talk.use()
    talk.answer_now(voice="alpha", codec="g711a")
    talk.wait(8)
    talk.answer_now()
    talk.wait(8)
    first, second = (
        {(order.configuration.output_audio.voice_id, order.configuration.output_audio.codec) for order in orders}
        for orders in (talk.all(Speak)[:2], talk.all(Speak)[2:])
    )
    assert (first, second) == ({("alpha", "g711a")}, {("joe", "pcm")})


def test_an_answer_in_pcm_has_the_requested_rate_where_the_session_has_g711() -> None:
    talk = Talk()
    g711 = OutputAudio(codec="g711u", pcm_config=PcmConfig(sample_rate=24_000))
    talk.give(ConfigurationUpdate(requested=Configuration(output_audio=g711)))
    assert talk.conversation.configuration.output_audio.pcm_config.sample_rate == 8_000
    talk.answer_now(codec="pcm")
    talk.wait(8)
    (output,) = {order.configuration.output_audio for order in talk.all(Speak)}
    assert (output.codec, output.pcm_config.sample_rate) == ("pcm", 24_000)


class AsksOnce(Asks):
    """Answers once the tool has run."""

    def reports(self, order: Effect) -> Iterator[Report]:
        goes_on = isinstance(order, StartReply) and order.tool_rounds
        yield from Engines.reports(self, order) if goes_on else super().reports(order)


def test_what_follows_of_an_answer_after_tools_has_the_voice_and_the_codec_of_its_options() -> None:
    talk = Talk(AsksOnce())
    talk.use()
    talk.answer_now(voice="alpha")
    talk.wait(4)
    (required,) = talk.told(ActionRequired)
    outputs = tuple(ToolOutput(tool_call_id=call.id, output="here") for call in CALLS)
    options = AnswerOptions(voice="", codec="g711u")
    talk.give(SubmitOutputs(chat_id=required.chat.id, outputs=outputs, options=options))
    talk.wait(8)
    spoken = [order.configuration.output_audio for order in talk.all(Speak)]
    assert {(output.voice_id, output.codec) for output in spoken[:1]} == {("alpha", "pcm")}
    assert {(output.voice_id, output.codec) for output in spoken[1:]} == {("joe", "g711u")}
    assert talk.told(ChatCompleted)
