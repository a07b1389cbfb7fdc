"""A record that is run again does the same; where today's core differs, the first difference is found and shown."""

import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given

from kouyu.conversation.inputs import (
    ClientFault,
    ClientLeft,
    ConnectionResumed,
    OpenedConversation,
    ReplyDelta,
    SpeechProbability,
)
from kouyu.domain.configuration import Configuration
from kouyu.domain.errors import InvalidField
from kouyu.recording.first_difference import difference_shown
from kouyu.recording.frames import LARGEST_FRAME, MAGIC, SILENCE, Audio, Kind, RecordError, compressed, frame
from kouyu.recording.record_file import Record, read_record
from kouyu.recording.replaying import replay
from tests.conversation.random_users import Do, histories, perform, tries
from tests.recording.recorded_simulation import RecordedSimulation, interrupted


@tries
@given(history=histories)
def test_whatever_happened_happens_again(history: tuple[dict[str, Any], list[Do]]) -> None:
    talk = RecordedSimulation()
    perform(talk, history)
    talk.give(ClientLeft())
    with tempfile.TemporaryDirectory() as folder:
        record = talk.written(Path(folder) / "record")
    assert len(record.steps) == len(talk.steps)
    replayed = replay(record)
    assert replayed.difference is None, list(difference_shown(replayed))


def test_inputs_with_faults_and_resumed_connections_are_rebuilt(tmp_path: Path) -> None:
    talk = RecordedSimulation()
    requested = msgspec.structs.replace(Configuration(), prologue_content="Welcome back.", need_play_prologue=True)
    talk.give(ConnectionResumed(requested, OpenedConversation("77", "78")))
    talk.give(ClientFault(InvalidField("data.x", [1], "a number"), "the message"))
    talk.configure(output_audio={"speech_rate": 1000}, turn_detection={"type": "server_vad"}, extra=3)
    talk.speak(600)
    talk.silence(900)
    assert replay(talk.written(tmp_path / "record")).difference is None


def test_an_echo_without_an_effect_is_still_one(tmp_path: Path) -> None:
    talk = RecordedSimulation()
    talk.free_talk()
    heard = SpeechProbability(512, 0.0, (-30.0,), echo=True)
    talk.give(heard)
    record = talk.written(tmp_path / "record")
    assert [step.received for step in record.steps if isinstance(step.received, SpeechProbability)] == [heard]


def test_a_compressed_frame_cannot_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "file.kyrec"
    header = msgspec.msgpack.encode(RecordedSimulation().header)
    path.write_bytes(MAGIC + frame(b"H", header) + frame(b"D", compressed(bytes(LARGEST_FRAME + 1))))
    with pytest.raises(RecordError, match="larger than any that kouyu writes"):
        read_record(path)


def changed(record: Record, **limits: Any) -> Record:
    """The record with other limits, which stands for a core that decides otherwise."""
    header = msgspec.structs.replace(record.header, limits=msgspec.structs.replace(record.header.limits, **limits))
    return msgspec.structs.replace(record, header=header)


def test_the_first_difference_is_shown_with_what_led_to_it(tmp_path: Path) -> None:
    record = interrupted(tmp_path / "record")
    replayed = replay(changed(record, barge_in_ms=800))
    assert replayed.difference is not None
    before = record.steps[: replayed.difference.step]
    assert replay(msgspec.structs.replace(changed(record, barge_in_ms=800), steps=before)).difference is None
    shown = "\n".join(difference_shown(replayed))
    assert "Recorded: Send SpeechStarted at=" in shown
    assert "Today:    nothing" in shown


def test_a_changed_text_is_a_difference_that_names_the_field(tmp_path: Path) -> None:
    record = interrupted(tmp_path / "record")
    steps = [
        msgspec.structs.replace(step, received=ReplyDelta(step.received.order, "Lyon is "))
        if isinstance(step.received, ReplyDelta) and step.received.text == "Paris is "
        else step
        for step in record.steps
    ]
    shown = "\n".join(difference_shown(replay(msgspec.structs.replace(record, steps=steps))))
    assert "text: 'Paris is the capital.' was recorded, today it is 'Lyon is the capital.'" in shown


def test_more_ids_than_were_recorded_do_not_stop_a_replay(tmp_path: Path) -> None:
    record = interrupted(tmp_path / "record")
    without = [msgspec.structs.replace(step, ids=()) for step in record.steps]
    replayed = replay(msgspec.structs.replace(record, steps=without))
    assert replayed.difference is not None
    created = "conversation.chat.created"
    assert replayed.sent(created) == replay(record).sent(created)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"RIFF", "it is no session record of kouyu"),
        (MAGIC, "it has no header"),
        (MAGIC + frame(b"H", msgspec.msgpack.encode({"version": 9, "kouyu": "7.0"})), "version 9 (kouyu 7.0 wrote it)"),
        (MAGIC + frame(b"H", b"\xc1"), "its header cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "file.kyrec"
    path.write_bytes(content)
    with pytest.raises(RecordError) as raised:
        read_record(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ([9, 1.0], "an entry of an unknown kind"),
        ([3, 1.0, "Telepathy", {}, [], []], "the input 'Telepathy' is unknown to this kouyu"),
        ([3, 1.0, "ReplyDelta", {"order": "one"}, [], []], "the input 'ReplyDelta' cannot be read"),
        ([3, 1.0, "SpeechAudio", {"order": 1, "packet": 10**12, "duration_ms": 1}, [], []], "cannot be read"),
        ([3, 1.0, "TimePassed", {}, [], [["Send", ["error", 7, "text"]]]], "an effect that cannot be read"),
        ([3, 1.0, "TimePassed", {}, [], [["Send", []]]], "an effect that cannot be read"),
        ([0, {"need_play_prologue": 3}], "a configuration cannot be read"),
        ([4, "head"], "damaged: Expected `object`"),
        ([1, "soon", 160], "damaged: Expected `float`"),
        ([1, float("nan"), 160], "damaged: Expected `float`"),
        ([1, 1.0, 2**62], "damaged: Expected `int`"),
        ([2, 1.0, 160, "high", []], "damaged: Expected `float`"),
        ([2, 1.0, 160, 0.5, 7], "damaged: Expected `array`"),
        ([3, 1.0, ["AudioReceived"], {}, [], []], "damaged: Expected `str`"),
        ([3, 1.0, "AudioReceived", {"end": 5}, 7, []], "damaged: Expected `array`"),
        ([3, 1.0, "AudioReceived", {"end": 5}, [], [7]], "damaged: Expected `array`"),
        ([3, 1.0, "SpeechAudio", {"order": 1, "packet": 2**26, "duration_ms": 1}, [], []], "cannot be read"),
        ([3, 1.0, "SpeechAudio", {"order": 1, "packet": 9, "duration_ms": "long"}, [], []], "cannot be read"),
    ],
)
def test_an_entry_that_cannot_be_read_says_why(tmp_path: Path, entry: list[Any], said: str) -> None:
    talk = RecordedSimulation()
    path = tmp_path / "file.kyrec"
    talk.written(path)
    header = msgspec.msgpack.encode(talk.header)
    path.write_bytes(MAGIC + frame(b"H", header) + frame(b"E", msgspec.msgpack.encode([entry])))
    with pytest.raises(RecordError, match=said):
        read_record(path)


@pytest.mark.parametrize(
    ("kind", "payload", "said"),
    [
        (b"A", Audio(2**40, 10, SILENCE).packed(), "audio up to the sample"),
        (b"A", Audio(0, 2**32 - 1, SILENCE).packed(), "audio up to the sample"),
        (b"Z", msgspec.msgpack.encode({"reason": 5}), "its end cannot be read"),
        (b"Z", b"\xc1", "its end cannot be read"),
    ],
)
def test_audio_and_an_end_that_cannot_be_say_why(tmp_path: Path, kind: Kind, payload: bytes, said: str) -> None:
    path = tmp_path / "file.kyrec"
    header = msgspec.msgpack.encode(RecordedSimulation().header)
    path.write_bytes(MAGIC + frame(b"H", header) + frame(kind, payload))
    with pytest.raises(RecordError, match=said):
        read_record(path)


def test_a_time_that_no_clock_has_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "file.kyrec"
    header = msgspec.structs.replace(RecordedSimulation().header, epoch=float("nan"))
    path.write_bytes(MAGIC + frame(b"H", msgspec.msgpack.encode(header)))
    with pytest.raises(RecordError, match="its header cannot be read"):
        read_record(path)


def test_noise_in_a_file_never_leads_to_another_error_than_that_it_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "file.kyrec"
    interrupted(path)
    content = path.read_bytes()
    for place in range(len(MAGIC), len(content), max(1, len(content) // 300)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        try:
            cut = read_record(path)
        except RecordError:
            continue
        assert replay(cut).difference is None
