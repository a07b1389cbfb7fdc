"""A live session is recorded whole, and no chat that its client does not want saved."""

import stat
from pathlib import Path

import numpy as np
import pytest

from kouyu.agents.bot_definition import BotDefinition
from kouyu.audio.pcm import Samples, float_from_int16, int16_from_float
from kouyu.domain.requests import CompleteBuffer
from kouyu.recording.audio_coding import decoded
from kouyu.recording.frames import RecordError
from kouyu.recording.record_file import Record, read_record
from kouyu.recording.replaying import replay
from kouyu.recording.session_recorder import NOT_SAVED, SessionRecording
from tests.recording.recorded_sessions import (
    ANSWERED,
    Client,
    connected,
    only_record,
    push_to_talk,
    recording_services,
    records_in,
)

pytestmark = pytest.mark.models


def noise(seconds: float) -> Samples:
    values = np.random.default_rng(7).normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)
    return float_from_int16(int16_from_float(values))


async def chat(client: Client, question: str = "What is it?", *, count: int = 1) -> None:
    client.says("conversation.message.create", role="user", content_type="text", content=question)
    await client.until(ANSWERED, count)


async def typed_session(folder: Path, **settings: bool) -> None:
    async with recording_services(folder) as services, connected(services) as client:
        push_to_talk(client, **settings)
        await chat(client)


async def test_a_session_replays_the_same_to_the_last_effect(tmp_path: Path) -> None:
    await typed_session(tmp_path)
    record = only_record(tmp_path)
    assert record.ending is not None
    assert record.ending.reason == "closed"
    replayed = replay(record)
    assert replayed.difference is None
    assert len(replayed.sent(ANSWERED)) == 1


async def test_the_users_audio_is_recorded_once_sample_by_sample(tmp_path: Path) -> None:
    said = noise(1.6)
    async with recording_services(tmp_path) as services, connected(services) as client:
        push_to_talk(client)
        client.sends(said)
        client.says("input_audio_buffer.complete")
        await client.until("input_audio_buffer.completed")
    record = only_record(tmp_path)
    assert [piece.start for piece in record.audio] == list(
        np.cumsum([0, *(piece.count for piece in record.audio[:-1])])
    )
    assert np.array_equal(np.concatenate([decoded(piece) for piece in record.audio]), said)
    assert any(isinstance(step.received, CompleteBuffer) for step in record.steps)
    assert replay(record).difference is None


async def test_only_the_servers_user_can_read_a_record(tmp_path: Path) -> None:
    await typed_session(tmp_path)
    (path,) = records_in(tmp_path)
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)] == [0o600, 0o700]


async def test_a_session_that_saves_no_history_is_not_recorded(tmp_path: Path) -> None:
    async with recording_services(tmp_path) as services, connected(services) as client:
        client.sends(noise(0.5))
        push_to_talk(client, chat_config={"auto_save_history": False})
        await chat(client)
    assert records_in(tmp_path) == []


async def test_a_record_ends_before_the_chats_that_are_not_to_be_saved(tmp_path: Path) -> None:
    async with recording_services(tmp_path) as services, connected(services) as client:
        push_to_talk(client)
        await chat(client, "A public question?")
        client.sends(noise(0.5))  # belongs to an utterance that ends after the switch
        client.says("chat.update", chat_config={"auto_save_history": False})
        await chat(client, "A secret question?", count=2)
        client.says("chat.update", chat_config={"auto_save_history": True})
        await chat(client, "After a secret?", count=3)
    record = only_record(tmp_path)
    assert record.ending is not None
    assert record.ending.reason == NOT_SAVED
    shown = repr(record.steps)
    assert "A public question?" in shown
    assert "secret" not in shown
    assert sum(piece.count for piece in record.audio) == 0
    assert replay(record).difference is None


@pytest.mark.parametrize(
    ("recording", "by_bot", "by_client", "is_recorded"),
    [
        (SessionRecording(), None, None, False),
        (SessionRecording(), True, None, True),
        (SessionRecording(sessions=True), False, None, False),
        (SessionRecording(sessions=True), None, False, False),
        (SessionRecording(), None, True, False),
        (SessionRecording(on_request=True), None, True, True),
        (SessionRecording(on_request=True), None, None, False),
    ],
)
def test_the_server_the_bot_and_the_client_decide_whether_a_session_is_recorded(
    recording: SessionRecording, by_bot: bool | None, by_client: bool | None, is_recorded: bool
) -> None:
    assert recording.wanted(by_bot=by_bot, by_client=by_client) is is_recorded


async def test_the_settings_of_the_bot_reach_its_sessions(tmp_path: Path) -> None:
    async with recording_services(tmp_path, SessionRecording()) as services:
        bots = dict(services.bots)
        bots["kouyu"] = BotDefinition(id="kouyu", name="kouyu", record_sessions=True)
        services.bots = bots
        async with connected(services) as client:
            push_to_talk(client)
            await chat(client)
    assert replay(only_record(tmp_path)).difference is None


async def test_a_record_that_a_crash_cut_off_is_readable_up_to_there(tmp_path: Path) -> None:
    await typed_session(tmp_path)
    (path,) = records_in(tmp_path)
    whole, content = read_record(path), path.read_bytes()
    lengths = set()
    for length in range(len(content) - 1, 200, -97):
        path.write_bytes(content[:length])
        try:
            cut: Record = read_record(path)
        except RecordError:
            continue
        assert cut.ending is None
        assert replay(cut).difference is None
        lengths.add(len(cut.steps))
    assert max(lengths) == len(whole.steps)


async def test_a_full_record_ends_and_the_session_goes_on(tmp_path: Path) -> None:
    bounded = SessionRecording(sessions=True, session_bytes=6000)
    async with recording_services(tmp_path, bounded) as services, connected(services) as client:
        push_to_talk(client)
        client.sends(noise(3.0))
        await chat(client)
        await chat(client, count=2)
    (path,) = records_in(tmp_path)
    assert path.stat().st_size < 6000 + 100
    record = read_record(path)
    assert record.ending is None or "session_mb" in record.ending.reason


async def test_a_folder_that_cannot_be_written_ends_the_record_and_not_the_session(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "sessions").write_text("in the way")
    await typed_session(tmp_path)
    assert "the session is no longer recorded" in caplog.text


async def test_a_session_that_changes_its_conversation_is_deleted_with_each_of_them(tmp_path: Path) -> None:
    async with recording_services(tmp_path) as services:
        async with connected(services, log_id="first") as client:
            push_to_talk(client)
            await chat(client)
            first = client.conversation_id
        async with connected(services, log_id="second") as client:
            push_to_talk(client, chat_config={"conversation_id": first})
            await chat(client)
            assert client.conversation_id == first
        await services.session_recorders.close()  # type: ignore[union-attr]
        assert {path.name for path in records_in(tmp_path)} == {"first.kyrec", "second.kyrec"}
        await services.store.of("").conversations.delete(first)
        assert records_in(tmp_path) == []
