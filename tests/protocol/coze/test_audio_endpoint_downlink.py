"""What the audio endpoints send (websocket.md 4 to 6)."""

import base64
import json
from typing import Any

from kouyu.domain.errors import BAD_REQUEST, FORBIDDEN, InvalidField, ProtocolError
from kouyu.protocol.coze.audio_endpoint_downlink import AudioEvent, Delta, audio_error, audio_piece, audio_refusals
from kouyu.protocol.coze.downlink import encode


def sent(event: AudioEvent) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(encode(event, event_id="e", log_id="log", unix_ms=1))
    return decoded


def test_audio_is_sent_as_base64() -> None:
    event = sent(audio_piece("speech.audio.update", b"\x00\xff\x10"))
    assert event["event_type"] == "speech.audio.update"
    assert base64.b64decode(event["data"]["delta"], validate=True) == b"\x00\xff\x10"


def test_a_piece_of_text_is_sent_as_it_is() -> None:
    event = sent(AudioEvent("simult_interpretation.translation.delta", Delta("你好")))
    assert event["data"] == {"delta": "你好"}


def test_an_error_has_its_text_under_both_names_and_the_message_it_answers() -> None:
    event = sent(audio_error(BAD_REQUEST, "not JSON", "{"))
    assert event["data"] == {"code": 4000, "msg": "not JSON", "message": "not JSON"}
    assert event["detail"]["origin_message"] == "{"


def test_an_update_without_faults_is_answered_with_no_error() -> None:
    assert audio_refusals([], "{}") == []


def test_all_faults_of_an_update_are_reported_in_one_error() -> None:
    faults = [InvalidField("data.a", 1, "a text"), InvalidField("data.b", 2, "a text")]
    (event,) = audio_refusals(faults, "the update")
    told = sent(event)
    assert told["data"]["code"] == BAD_REQUEST
    assert told["data"]["msg"] == f"{faults[0].msg} | {faults[1].msg}"
    assert told["detail"]["origin_message"] == "the update"


def test_faults_of_one_code_keep_it_and_faults_of_several_are_a_bad_request() -> None:
    forbidden = ProtocolError(FORBIDDEN, "not yours")
    mixed = [forbidden, InvalidField("data.a", 1, "a text")]
    for faults, code in (([forbidden, forbidden], FORBIDDEN), (mixed, BAD_REQUEST)):
        (event,) = audio_refusals(faults, None)
        assert sent(event)["data"]["code"] == code
