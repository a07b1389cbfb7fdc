"""What the wire tells of the user's speech."""

from kouyu.protocol.openai.conversation_items import ConversationItems
from kouyu.protocol.openai.user_speech import UserSpeech


def test_a_transcript_that_will_not_come_of_an_utterance_that_nobody_was_told_of_says_nothing() -> None:
    speech = UserSpeech(ConversationItems(), lambda prefix: f"{prefix}_1")
    assert list(speech.drop("unknown", "")) == []
    assert list(speech.transcribe("Hello", "unknown", 500)) == []
