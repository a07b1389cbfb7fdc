import msgspec

from kouyu.domain.transcripts import Transcript
from kouyu.domain.voice_print import VoicePrint

ANN = VoicePrint(group_id="g", feature_id="1", feature_name="Ann", feature_desc="mother", score=71.5)


def test_meta_data_holds_all_of_it_as_texts() -> None:
    meta_data = ANN.as_meta_data()
    assert meta_data["voice_print_feature_name"] == "Ann"
    assert meta_data["voice_print_score"] == "71.5"
    assert VoicePrint.of_meta_data(meta_data | {"order": "42"}) == ANN


def test_meta_data_of_the_clients_names_nobody() -> None:
    assert VoicePrint.of_meta_data({}) is None
    assert VoicePrint.of_meta_data({"voice_print_feature_id": "1", "voice_print_score": "high"}) is None


def test_the_agent_is_told_a_speakers_name_and_the_description_if_there_is_one() -> None:
    assert ANN.spoken_of == "Ann, mother"
    assert msgspec.structs.replace(ANN, feature_desc="").spoken_of == "Ann"


def test_a_transcript_without_a_speaker_is_as_it_always_was() -> None:
    assert msgspec.json.encode(Transcript("hello")) == b'{"content":"hello"}'
    assert msgspec.json.decode(msgspec.json.encode(Transcript("hello", ANN)))["voice_print"]["feature_id"] == "1"
