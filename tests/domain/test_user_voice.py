import msgspec

from kouyu.domain.transcripts import Transcript
from kouyu.domain.user_voice import UNKNOWN_VOICE, UserVoice
from kouyu.domain.voice_print import VoicePrint

ANN = VoicePrint(group_id="g", feature_id="1", feature_name="Ann", feature_desc="mother", score=71.5)


def test_what_a_message_says_of_the_voice_is_found_again() -> None:
    for voice in (UserVoice(voice_print=ANN, gender="female", emotion="sad"), UserVoice(gender="male"), UNKNOWN_VOICE):
        assert UserVoice.of_meta_data({"order": "42"} | voice.as_meta_data()) == voice
    assert UNKNOWN_VOICE.as_meta_data() == {}


def test_values_that_there_are_not_are_unknown() -> None:
    assert UserVoice.of_meta_data({"user_gender": "robot", "user_emotion": "bored"}) == UNKNOWN_VOICE


def test_a_transcript_names_only_what_is_known() -> None:
    assert msgspec.json.decode(msgspec.json.encode(Transcript("hi"))) == {"content": "hi"}
    spoken = Transcript("hi", gender="male", emotion="happy")
    assert msgspec.json.decode(msgspec.json.encode(spoken)) == {"content": "hi", "gender": "male", "emotion": "happy"}
