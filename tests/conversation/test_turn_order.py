"""The order in which a turn's events go out (downlink.md 3), in both modes and for typed questions."""

from kouyu.conversation.effects import SaveChat, SaveMessage, Send, StartReply
from kouyu.conversation.inputs import SectionBegan
from kouyu.domain.chats import Chat
from kouyu.domain.events import MessageCompleted
from kouyu.domain.messages import Message
from kouyu.domain.requests import Announce, WriteMessage
from tests.conversation.simulation import Engines, Simulation

ANSWER = [
    "conversation.message.completed",
    "conversation.chat.created",
    "conversation.chat.in_progress",
    "conversation.message.delta",
    "conversation.audio.sentence_start",
    "conversation.audio.delta",
    "conversation.message.delta",
    "conversation.message.completed",
    "conversation.audio.sentence_start",
    "conversation.audio.delta",
    "conversation.audio.completed",
    "conversation.chat.completed",
]


def test_a_spoken_question_in_free_talk_is_answered_in_protocol_order() -> None:
    talk = Simulation()
    talk.free_talk()
    talk.silence(500)
    talk.speak(1500)
    talk.silence(4000)
    assert talk.kinds() == [
        "chat.created",
        "chat.updated",
        "input_audio_buffer.speech_started",
        "conversation.audio_transcript.update",
        "input_audio_buffer.speech_stopped",
        "conversation.audio_transcript.completed",
        *ANSWER,
    ]


def test_a_pushed_question_is_answered_in_protocol_order() -> None:
    talk = Simulation()
    talk.speak(1500)
    talk.complete()
    talk.wait(4)
    assert talk.kinds() == [
        "chat.created",
        "conversation.audio_transcript.update",
        "input_audio_buffer.completed",
        "conversation.audio_transcript.completed",
        *ANSWER,
    ]


def test_a_typed_question_is_answered_in_protocol_order() -> None:
    talk = Simulation()
    talk.write("What is the capital of France?")
    talk.wait(4)
    assert talk.kinds() == ["chat.created", *ANSWER]


def test_a_text_to_be_spoken_leads_to_audio_events_alone_with_ids_of_zero() -> None:
    talk = Simulation()
    talk.give(Announce("Are you still there?"))
    talk.wait(2)
    assert talk.kinds() == [
        "chat.created",
        "conversation.audio.sentence_start",
        "conversation.audio.delta",
        "conversation.audio.completed",
    ]
    messages = [event.data for event in talk.events if isinstance(event.data, Message)]
    assert {(m.id, m.chat_id, m.conversation_id, m.bot_id, m.section_id) for m in messages} == {("0",) * 5}


def test_the_question_carries_the_id_of_the_chat_announced_after_it() -> None:
    talk = Simulation()
    talk.write("hello")
    talk.wait(4)
    data = [event.data for event in talk.events]
    chat_ids = {item.id for item in data if isinstance(item, Chat)}
    assert len(chat_ids) == 1
    assert {item.chat_id for item in data if isinstance(item, Message)} == chat_ids


def test_the_answers_text_and_audio_share_one_message_id() -> None:
    talk = Simulation()
    talk.write("hello")
    talk.wait(4)
    messages = [event.data for event in talk.events if isinstance(event.data, Message)]
    answers = {m.id for m in messages if m.type == "answer"}
    others = {m.id for m in messages if m.type != "answer"}
    assert len(answers) == 1
    assert len(others) == 2
    assert not answers & others


def test_the_completed_answer_is_the_sum_of_its_deltas_and_comes_before_the_verbose_packet() -> None:
    talk = Simulation()
    talk.write("hello")
    talk.wait(4)
    texts = [
        (e.event_type, e.data) for e in talk.events if isinstance(e.data, Message) and e.data.content_type == "text"
    ]
    deltas = [data.content for event_type, data in texts if event_type == "conversation.message.delta"]
    completed = [data for event_type, data in texts if event_type == "conversation.message.completed"]
    assert [data.type for data in completed] == ["question", "answer", "verbose"]
    assert completed[1].content == "".join(deltas) == "Paris is the capital. It lies on the Seine."
    assert deltas[-1] == ""


def test_all_audio_of_a_sentence_goes_out_before_the_next_sentence_starts() -> None:
    talk = Simulation(Engines(packets_per_sentence=3))
    talk.write("hello")
    talk.wait(4)
    audio = [kind.rsplit(".", 1)[1] for kind in talk.event_types if kind.startswith("conversation.audio.")]
    assert audio == ["sentence_start", "delta", "delta", "delta"] * 2 + ["completed"]


def test_the_first_sentence_is_spoken_while_the_agent_still_writes_the_second() -> None:
    talk = Simulation(Engines(deltas=("One two three four. ", "Five", " six", " seven", " eight."), delta_s=0.5))
    talk.write("hello")
    talk.wait(8)
    assert talk.time_of("conversation.audio.delta") < talk.time_of("conversation.audio.completed") - 1
    answer_done = [
        at
        for at, effect in talk.effects
        if isinstance(effect, Send)
        and isinstance(effect.event, MessageCompleted)
        and effect.event.message.type == "verbose"
    ]
    assert talk.time_of("conversation.audio.delta") < answer_done[0]


def test_what_is_told_as_completed_is_saved_first() -> None:
    talk = Simulation()
    talk.write("hello")
    talk.wait(4)
    saved: set[str] = set()
    for _, effect in talk.effects:
        if isinstance(effect, SaveMessage):
            saved.add(effect.message.id)
        elif isinstance(effect, Send) and isinstance(effect.event, MessageCompleted):
            assert effect.event.message.id in saved


def test_a_chat_that_is_not_to_be_kept_saves_nothing() -> None:
    talk = Simulation()
    talk.configure(chat_config={"auto_save_history": False})
    talk.write("hello")
    talk.wait(0.4)
    talk.cancel()
    talk.write("hello again")
    talk.wait(4)
    assert "conversation.chat.completed" in talk.event_types
    assert talk.all(SaveMessage) == []
    assert talk.all(SaveChat) == []


def test_a_message_of_the_assistants_joins_the_context_without_a_reply() -> None:
    talk = Simulation()
    talk.give(WriteMessage(role="assistant", answer=False, content="I am a robot."))
    talk.wait(1)
    assert talk.event_types == ["chat.created"]
    (saved,) = talk.all(SaveMessage)
    assert (saved.message.role, saved.message.content) == ("assistant", "I am a robot.")
    assert talk.all(StartReply) == []


def test_usage_and_times_are_filled_in_when_the_chat_completes() -> None:
    talk = Simulation()
    talk.write("hello")
    talk.wait(4)
    chats = {e.event_type: e.data for e in talk.events if isinstance(e.data, Chat)}
    created, completed = chats["conversation.chat.created"], chats["conversation.chat.completed"]
    assert (created.usage.token_count, created.status) == (0, "created")
    assert (completed.usage.input_count, completed.usage.output_count, completed.usage.token_count) == (17, 28, 45)
    assert isinstance(completed.completed_at, int)
    assert completed.completed_at >= completed.created_at


def test_an_empty_buffer_is_completed_without_a_chat() -> None:
    talk = Simulation()
    talk.complete()
    talk.wait(4)
    assert talk.event_types == ["chat.created", "input_audio_buffer.completed"]


def test_speech_that_turns_out_to_be_nothing_leads_to_no_chat() -> None:
    talk = Simulation(Engines(transcript=""))
    talk.free_talk()
    talk.speak(600)
    talk.silence(2000)
    assert talk.event_types[2:] == ["input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"]


def test_complete_and_clear_have_no_effect_in_free_talk() -> None:
    from kouyu.domain.requests import ClearBuffer

    talk = Simulation()
    talk.free_talk()
    talk.speak(600)
    talk.complete()
    talk.give(ClearBuffer())
    assert not {"input_audio_buffer.completed", "input_audio_buffer.cleared"} & set(talk.event_types)


def test_only_subscribed_events_are_sent_and_errors_always() -> None:
    talk = Simulation()
    talk.configure(event_subscriptions=["conversation.audio.delta", "conversation.chat.completed"])
    talk.write("hello")
    talk.wait(4)
    talk.configure(output_audio={"speech_rate": 1000})
    assert set(talk.event_types[2:]) == {"conversation.audio.delta", "conversation.chat.completed", "error"}


def test_a_section_that_began_elsewhere_holds_from_the_next_chat() -> None:
    talk = Simulation()
    talk.write("hello")
    talk.wait(8)
    conversation_id = talk.all(SaveMessage)[0].message.conversation_id
    talk.give(SectionBegan("another", "6"))
    talk.give(SectionBegan(conversation_id, "7"))
    talk.write("hello again")
    talk.wait(8)
    questions = [saved.message for saved in talk.all(SaveMessage) if saved.message.type == "question"]
    assert [question.section_id for question in questions] == [conversation_id, "7"]
    assert "conversation.cleared" not in talk.event_types
