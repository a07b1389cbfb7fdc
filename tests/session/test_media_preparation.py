"""What becomes of the pictures and the speech inside a client's messages, in a real store."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from kouyu.agents.attachments import Attachments
from kouyu.agents.fetching import Fetcher, FetchingOptions
from kouyu.audio.pcm import Samples
from kouyu.domain.configuration import AsrConfig, Configuration, InputAudio
from kouyu.domain.errors import INTERNAL, InvalidField, ProtocolError
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority
from kouyu.protocol.wire import Heard, Loaded, Picture, Saved, Speech, StoredPicture
from kouyu.serving.recordings import Recordings
from kouyu.serving.transcribing import TranscriptionRequest
from kouyu.session.media_preparation import MediaPreparation
from kouyu.store.store import Store
from kouyu.workers.limited import LimitedWorkers

PNG = b"\x89PNG\r\n\x1a\n and so on"
CONFIGURATION = Configuration(
    input_audio=InputAudio(format="pcm", codec="pcm", sample_rate=24_000), asr_config=AsrConfig(hot_words=("Zeesen",))
)
SECOND = bytes(48_000)


class Client:
    """A client of a store, whose speech is recognised as ``words``."""

    def __init__(self, store: Store, attachments: Attachments, workers: LimitedWorkers) -> None:
        self.store = store
        self.words = "Where is Paris?"
        self.heard: list[tuple[int, TranscriptionRequest | None]] = []
        self.counted = 0.0
        self.kept: list[tuple[str, int]] = []
        self.recordings = Recordings(attachments, self._transcribe, workers)
        self.preparation = self.preparing(self.recordings)

    def preparing(self, recordings: Recordings | None) -> MediaPreparation:
        return MediaPreparation(
            self.store.of("anna").files,
            most_file_bytes=100,
            recordings=recordings,
            configuration=lambda: CONFIGURATION,
            count_audio=self._count,
            keep_sound=lambda content, samples: self.kept.append((content, len(samples))),
        )

    async def _transcribe(
        self, audio: Samples, how: TranscriptionRequest | None = None, priority: Priority = Priority.BATCH
    ) -> str:
        if not self.words:
            raise EngineError("speech recognition failed: gone")
        self.heard.append((len(audio), how))
        return self.words

    def _count(self, seconds: float) -> None:
        self.counted += seconds


@pytest.fixture
async def client(tmp_path: Path, workers: LimitedWorkers) -> AsyncIterator[Client]:
    fetcher = Fetcher(FetchingOptions())

    async def nothing(owner: str, file_id: str) -> None:
        return None

    async with await Store.open(tmp_path / "kouyu.db", files_folder=tmp_path / "files") as store:
        yield Client(store, Attachments(nothing, fetcher, workers), workers)
    await fetcher.close()


async def test_a_picture_becomes_an_upload_of_the_owner(client: Client) -> None:
    (saved,) = (await client.preparation.prepared([Picture(PNG, "image_url")])).results
    assert isinstance(saved, Saved)
    record = await client.store.of("anna").files.get(saved.file_id)
    assert record is not None
    assert (record.name, await client.store.of("anna").files.content(record)) == ("picture.png", PNG)
    assert await client.store.of("bert").files.get(saved.file_id) is None
    assert (await client.preparation.prepared([StoredPicture(saved.file_id)])).results == (Loaded(PNG),)


async def test_a_picture_that_is_gone_is_empty(client: Client, tmp_path: Path) -> None:
    (saved,) = (await client.preparation.prepared([Picture(PNG, "image_url")])).results
    assert isinstance(saved, Saved)
    for file in (tmp_path / "files").rglob("*"):
        if file.is_file():
            file.unlink()
    stored = [StoredPicture(saved.file_id), StoredPicture("404")]
    assert (await client.preparation.prepared(stored)).results == (Loaded(b""), Loaded(b""))


async def test_a_picture_larger_than_uploads_may_be_is_refused_by_its_field(client: Client) -> None:
    with pytest.raises(InvalidField, match="at most 100 bytes") as caught:
        await client.preparation.prepared([Picture(PNG + bytes(100), "item.content[0].image_url")])
    assert caught.value.field == "item.content[0].image_url"


async def test_speech_is_recognised_as_the_session_is_configured_and_counted(client: Client) -> None:
    prepared = await client.preparation.prepared([Speech(SECOND, "audio"), Picture(PNG, "x"), Speech(SECOND, "audio")])
    assert [type(result) for result in prepared.results] == [Heard, Saved, Heard]
    assert prepared.results[0] == Heard("Where is Paris?")
    assert client.counted == pytest.approx(2.0, abs=0.01)
    assert [round(samples / SPEECH_RATE, 2) for samples, _ in client.heard] == [1.0, 1.0]
    assert all(how is not None and how.asr_config.hot_words == ("Zeesen",) for _, how in client.heard)
    client.preparation.keep("What is it?", prepared)
    assert [(content, round(samples / SPEECH_RATE, 2)) for content, samples in client.kept] == [("What is it?", 2.0)]


async def test_a_message_without_speech_has_no_sound_to_keep(client: Client) -> None:
    client.preparation.keep("What is it?", await client.preparation.prepared([Picture(PNG, "x")]))
    assert client.kept == []


async def test_speech_that_is_not_recognised_is_refused(client: Client) -> None:
    client.words = ""
    with pytest.raises(ProtocolError, match=r"content\[1\].audio: speech recognition failed: gone") as caught:
        await client.preparation.prepared([Speech(np.ones(9, "<i2").tobytes(), "content[1].audio")])
    assert caught.value.code == INTERNAL
    with pytest.raises(InvalidField, match="not recognised here"):
        await client.preparing(None).prepared([Speech(SECOND, "audio")])
