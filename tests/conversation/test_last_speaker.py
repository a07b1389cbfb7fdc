"""Who speaks in a turn: what the client, the agent and the record are told, and ``reuse_voice_info``."""

from collections.abc import Iterator
from typing import Any

import msgspec

from kouyu.conversation.effects import Effect, SaveMessage, StartReply
from kouyu.conversation.inputs import TranscriptReady
from kouyu.domain.messages import Message
from kouyu.domain.transcripts import Transcript
from kouyu.domain.user_voice import UserVoice
from kouyu.domain.voice_print import VoicePrint
from tests.conversation.simulation import Engines, Report, Simulation

ANN = VoicePrint(group_id="g", feature_id="1", feature_name="Ann", feature_desc="mother", score=71.5)
BOB = msgspec.structs.replace(ANN, feature_id="2", feature_name="Bob", feature_desc="")


class Recognising(Engines):
    """Recognises these speakers, one after the other."""

    def __init__(self, *speakers: VoicePrint | None, **times: Any) -> None:
        super().__init__(**times)
        self.speakers = list(speakers)

    def reports(self, order: Effect) -> Iterator[Report]:
        for delay_s, report in super().reports(order):
            if isinstance(report, TranscriptReady):
                report = msgspec.structs.replace(report, voice=UserVoice(voice_print=self.speakers[0]))
            yield delay_s, report


def told(*speakers: VoicePrint | None, regroup: bool = False, **config: Any) -> list[VoicePrint | None]:
    """Whose voice the client is told, turn by turn."""
    engines = Recognising(*speakers)
    talk = Simulation(engines)
    talk.configure(voice_print_config={"group_id": "g", **config})
    while engines.speakers:
        talk.speak(960)
        talk.complete()
        talk.wait(20)
        engines.speakers.pop(0)
        if regroup:
            talk.configure(voice_print_config={"group_id": "another"})
    transcripts = [event.data for event in talk.events if event.event_type.endswith("transcript.completed")]
    return [data.voice_print for data in transcripts if isinstance(data, Transcript)]


def test_the_client_is_told_who_speaks() -> None:
    assert told(ANN, None, BOB) == [ANN, None, BOB]


def test_a_turn_without_a_match_keeps_the_last_one_where_that_is_wanted() -> None:
    assert told(None, ANN, None, None, BOB, None, reuse_voice_info=True) == [None, ANN, ANN, ANN, BOB, BOB]


def test_a_match_in_one_group_is_none_in_another() -> None:
    assert told(ANN, None, reuse_voice_info=True, regroup=True) == [ANN, None]


def test_the_question_says_who_asked_and_the_answer_does_not() -> None:
    talk = Simulation(Recognising(ANN))
    talk.configure(voice_print_config={"group_id": "g"}, chat_config={"meta_data": {"order": "42"}})
    talk.speak(960)
    talk.complete()
    talk.wait(20)
    (order,) = talk.all(StartReply)
    saved = {effect.message.type: effect.message for effect in talk.all(SaveMessage)}
    echo = next(event.data for event in talk.events if event.event_type == "conversation.message.completed")
    assert isinstance(echo, Message)
    for message in (order.question, saved["question"], echo):
        assert message.meta_data == {"order": "42", **ANN.as_meta_data()}
    assert saved["answer"].meta_data == {"order": "42"}


def test_what_was_prepared_and_thrown_away_is_no_last_match() -> None:
    engines = Recognising(ANN, transcription_s=0.01)
    talk = Simulation(engines)
    talk.free_talk()
    talk.configure(voice_print_config={"group_id": "g", "reuse_voice_info": True})
    talk.speak(960)
    talk.silence(320)  # a reply is prepared for Ann, who then speaks on, and is not recognised any more
    assert talk.all(StartReply)
    engines.speakers = [None]
    talk.speak(960)
    talk.silence(2000)
    transcripts = [event.data for event in talk.events if event.event_type.endswith("transcript.completed")]
    assert [data.voice_print for data in transcripts if isinstance(data, Transcript)] == [None]
