"""A language is told to recognition with interim transcripts, unless the client's protocol restricts that."""

from kouyu.conversation.effects import Transcribe
from kouyu.conversation.inputs import ConfigurationUpdate
from kouyu.domain.configuration import AsrConfig, Configuration
from kouyu.domain.options import SessionOptions
from tests.conversation.openai_talk import FREE_TALK, Talk

ENGLISH = AsrConfig(user_language="en")


def _orders(options: SessionOptions) -> list[tuple[bool, str]]:
    talk = Talk()
    talk.give(
        ConfigurationUpdate(requested=Configuration(turn_detection=FREE_TALK, asr_config=ENGLISH), options=options)
    )
    talk.say(2_000)
    orders = talk.all(Transcribe)
    return [(order.final, order.configuration.asr_config.user_language) for order in orders]


def test_a_language_keeps_interim_transcripts() -> None:
    orders = _orders(SessionOptions())
    assert {language for _, language in orders} == {"en"}
    assert {final for final, _ in orders} == {False, True}


def test_a_protocol_may_restrict_what_is_in_force() -> None:
    orders = _orders(SessionOptions(recognition=AsrConfig()))
    assert {language for _, language in orders} == {"common"}
