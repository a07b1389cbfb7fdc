"""What stays of an interrupted answer in the model's context: what was heard, or what was read."""

import pytest

from kouyu.conversation.effects import CancelSpeech, SaveChat, SaveMessage, Speak, TrimMessage
from kouyu.domain.requests import Announce, StartSection
from kouyu.protocol.coze.downlink import Cancellation, Sentence
from tests.conversation.invariants.context import SILENT
from tests.conversation.simulation import Engines, Simulation

ANSWER = "Paris is the capital. It lies on the Seine."
LONG = Engines(deltas=("One two three four five. ",) * 3, packets_per_sentence=20, delta_s=0.01)
SLOW = Engines(deltas=("One two three four five. ",) * 20, delta_s=0.3)
TEXT_ALONE = ["conversation.message.delta", "conversation.message.completed", "conversation.chat.completed"]


def answers(talk: Simulation) -> list[str]:
    """The answers as the model will know them."""
    heard = {trim.message_id: trim.heard for trim in talk.all(TrimMessage)}
    saved = [save.message for save in talk.all(SaveMessage) if save.message.type == "answer"]
    return [heard.get(message.id, message.content) for message in saved]


def codes(talk: Simulation) -> list[int]:
    return [event.data.code for event in talk.events if isinstance(event.data, Cancellation)]


def completed(engines: Engines | None = None, **configuration: object) -> Simulation:
    """A chat that has just completed; its sound plays on, where there is any."""
    talk = Simulation(engines or Engines())
    talk.configure(**configuration)
    talk.write("hello")
    while "conversation.chat.completed" not in talk.event_types:
        talk.wait(0.1)
    return talk


@pytest.mark.parametrize("subscribed", [TEXT_ALONE, SILENT])
def test_without_sound_the_whole_answer_is_context_also_when_the_next_text_comes_at_once(
    subscribed: list[str],
) -> None:
    talk = completed(event_subscriptions=subscribed)
    talk.write("and now?")
    talk.wait(5)
    assert answers(talk) == [ANSWER, ANSWER]
    assert codes(talk) == []


def test_without_sound_an_answer_that_is_cut_off_is_context_as_far_as_it_was_written() -> None:
    talk = Simulation(SLOW)
    talk.configure(event_subscriptions=SILENT)
    talk.write("hello")
    talk.wait(1)
    talk.cancel()
    assert answers(talk) == ["One two three four five. " * 4]
    assert codes(talk) == [2]


def test_without_sound_none_is_made_and_sentences_are_told_all_the_same() -> None:
    talk = completed(event_subscriptions=SILENT)
    assert talk.all(Speak) == []
    sentences = [event.data.text for event in talk.events if isinstance(event.data, Sentence)]
    assert sentences == ["Paris is the capital.", "It lies on the Seine."]
    assert talk.event_types[-2:] == ["conversation.audio.completed", "conversation.chat.completed"]
    talk.give(Announce("Are you there?"))
    assert talk.all(Speak) == []
    assert talk.event_types[-2:] == ["conversation.audio.sentence_start", "conversation.audio.completed"]


def test_a_client_that_wants_no_more_sound_in_the_middle_of_an_answer_has_it_whole() -> None:
    talk = Simulation(LONG)
    talk.write("hello")
    talk.wait(0.7)
    talk.configure(event_subscriptions=SILENT)
    assert talk.all(Speak)[-1].order in {stopped.order for stopped in talk.all(CancelSpeech)}
    talk.cancel()
    assert answers(talk) == ["One two three four five. " * 3]


@pytest.mark.parametrize("next_comes", ["a message", "a text to be spoken"])
def test_who_writes_behind_a_completed_chat_has_read_its_answer_though_it_still_sounds(next_comes: str) -> None:
    talk = completed(LONG)
    if next_comes == "a message":
        talk.write("and now?")
    else:
        talk.give(Announce("Are you there?"))
    assert codes(talk) == [3], "the sound is cut off all the same"
    assert answers(talk)[0] == "One two three four five. " * 3


def test_a_client_that_sends_question_after_question_loses_no_answer() -> None:
    talk = completed()
    for count in range(2, 5):
        talk.write("and now?")
        while talk.event_types.count("conversation.chat.completed") < count:
            talk.wait(0.1)
    assert answers(talk) == [ANSWER] * 4


def test_who_writes_after_the_whole_text_has_read_it_though_its_sound_is_still_being_made() -> None:
    talk = Simulation(Engines(synthesis_s=5))
    talk.write("hello")
    talk.wait(1)
    assert "conversation.chat.completed" not in talk.event_types
    talk.write("and now?")
    assert answers(talk) == [ANSWER]
    assert [save.chat.status for save in talk.all(SaveChat)][1] == "canceled"


def test_who_writes_in_the_middle_of_an_answer_has_heard_what_has_sounded() -> None:
    talk = Simulation(SLOW)
    talk.write("hello")
    talk.wait(1.5)
    talk.write("and now?")
    (cut,) = answers(talk)
    assert 0 < len(cut) < len(talk.all(SaveMessage)[1].message.content)


@pytest.mark.parametrize("interrupted_by", ["speech", "push to talk", "cancel"])
def test_who_speaks_or_stops_the_sound_behind_a_completed_chat_has_heard_what_has_sounded(interrupted_by: str) -> None:
    mode = "server_vad" if interrupted_by == "speech" else "client_interrupt"
    talk = completed(LONG, turn_detection={"type": mode})
    match interrupted_by:
        case "speech":
            talk.speak(400)
        case "push to talk":
            talk.speak(600)
            talk.complete()
        case _:
            talk.cancel()
    assert len(answers(talk)[0]) < len("One two three four five. " * 2)


def test_a_new_section_does_not_stop_an_answer_that_runs() -> None:
    talk = Simulation()
    talk.write("hello")
    talk.wait(0.2)
    talk.give(StartSection())
    talk.wait(10)
    talk.write("and now?")
    talk.wait(10)
    assert talk.event_types.count("conversation.chat.completed") == 2
    sections = [save.message.section_id for save in talk.all(SaveMessage) if save.message.type == "answer"]
    assert len(set(sections)) == 2


def test_a_cancel_keeps_the_audio_of_an_open_buffer() -> None:
    talk = Simulation()
    talk.speak(600)
    talk.cancel()
    talk.complete()
    talk.wait(5)
    assert talk.event_types[-1] == "conversation.chat.completed"


def test_who_wants_no_more_sound_is_sent_none_of_what_waited_and_the_rest_as_text() -> None:
    talk = Simulation(Engines(deltas=("One two three four five. ",) * 3, delta_s=0.01))
    limit = {"frame_size_ms": 20, "limit_config": {"period": 10, "max_frame_num": 1}}
    talk.configure(output_audio={"codec": "pcm", "pcm_config": limit})
    talk.write("hello")
    talk.wait(3)
    sentences = [event.data.text for event in talk.events if isinstance(event.data, Sentence)]
    assert (talk.event_types.count("conversation.audio.delta"), len(sentences)) == (1, 1)
    talk.configure(event_subscriptions=SILENT)
    assert talk.event_types.count("conversation.audio.delta") == 1
    sentences = [event.data.text for event in talk.events if isinstance(event.data, Sentence)]
    assert sentences == ["One two three four five."] * 3
    assert talk.event_types[-1] == "conversation.chat.completed"
    talk.write("and now?")
    assert answers(talk) == ["One two three four five. " * 3]
