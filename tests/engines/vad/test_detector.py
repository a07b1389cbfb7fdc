import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from kouyu.engines.errors import EngineError
from kouyu.engines.vad.detector import QUIET_CHUNKS, SLICE_CHUNKS, Judgement, VoiceActivityDetector
from kouyu.engines.vad.engine import State

SIZE = 4


class AddingModel:
    """Its judgement sums up all it has heard, the latest most, so that a chunk lost, doubled or out of order shows."""

    sample_rate = 16_000
    chunk_samples = SIZE

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.fail = False

    def initial_state(self) -> State:
        return np.zeros(1, np.float32)

    def infer(self, chunks: NDArray[np.float32], states: Sequence[State]) -> tuple[list[float], list[State]]:
        if self.fail:
            raise EngineError("broken")
        self.batches.append(len(chunks))
        after = [state * 0.9 + chunk.sum() for chunk, state in zip(chunks, states, strict=True)]
        return [float(state[0]) for state in after], after


def expected(audio: NDArray[np.float32]) -> list[tuple[int, float]]:
    model, state = AddingModel(), np.zeros(1, np.float32)
    judgements = []
    for start in range(0, len(audio) - SIZE + 1, SIZE):
        (probability,), (state,) = model.infer(audio[None, start : start + SIZE], [state])
        judgements.append((start + SIZE, probability))
    return judgements


def same(judgements: list[Judgement], audio: NDArray[np.float32]) -> bool:
    return bool(judgements) and np.allclose(
        [(judgement.end, judgement.probability) for judgement in judgements], expected(audio)
    )


def noise(samples: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-0.1, 0.1, samples).astype(np.float32)


@asynccontextmanager
async def open_detector(model: AddingModel) -> AsyncIterator[VoiceActivityDetector]:
    detector = VoiceActivityDetector(model)
    try:
        async with asyncio.timeout(10):
            yield detector
    finally:
        await detector.close()


@pytest.mark.parametrize("piece", [1, 3, 4, 7, 100])
async def test_the_judgements_do_not_depend_on_how_the_audio_is_cut(piece: int) -> None:
    audio = noise(103)
    async with open_detector(AddingModel()) as detector:
        stream = detector.open()
        judgements = []
        for start in range(0, len(audio), piece):
            judgements += await stream.feed(audio[start : start + piece])
        assert same(judgements, audio)


async def test_flushing_judges_the_rest_and_positions_continue_from_the_real_end() -> None:
    audio = noise(6)
    async with open_detector(AddingModel()) as detector:
        stream = detector.open()
        assert [judgement.end for judgement in await stream.feed(audio)] == [4]
        assert [judgement.end for judgement in await stream.flush()] == [6]
        assert await stream.flush() == []
        assert [judgement.end for judgement in await stream.feed(audio)] == [10]


async def test_many_streams_share_calls_and_keep_apart() -> None:
    model = AddingModel()
    async with open_detector(model) as detector:

        async def session(seed: int) -> None:
            audio, stream, judgements = noise(20 * SIZE, seed), detector.open(), []
            for start in range(0, len(audio), SIZE):
                judgements += await stream.feed(audio[start : start + SIZE])
            assert same(judgements, audio)

        await asyncio.gather(*(session(seed) for seed in range(70)))
    assert sum(model.batches) == 70 * 20
    assert 1 < max(model.batches) <= 64


@pytest.mark.parametrize("piece", [3, 100 * SIZE])
async def test_what_is_put_is_reported_chunk_by_chunk(piece: int) -> None:
    audio = noise(200 * SIZE)
    reported: list[Judgement | EngineError] = []
    async with open_detector(AddingModel()) as detector:
        stream = detector.open(reported.append)
        for start in range(0, len(audio), piece):
            stream.put(audio[start : start + piece])
            await asyncio.sleep(0)
        while len(reported) < 200:  # noqa: ASYNC110 - what is waited for happens in the detector's task
            await asyncio.sleep(0)
        assert same([result for result in reported if isinstance(result, Judgement)], audio)


async def test_a_failure_of_the_model_is_reported() -> None:
    model = AddingModel()
    reported: list[Judgement | EngineError] = []
    async with open_detector(model) as detector:
        model.fail = True
        detector.open(reported.append).put(noise(SIZE))
        while not reported:  # noqa: ASYNC110 - what is waited for happens in the detector's task
            await asyncio.sleep(0)
        assert [str(fault) for fault in reported] == ["voice activity failed: broken"]


async def test_feeds_of_one_stream_are_served_in_order() -> None:
    audio = noise(40 * SIZE)
    async with open_detector(AddingModel()) as detector:
        stream = detector.open()
        answers = await asyncio.gather(*(stream.feed(part) for part in np.split(audio, 20)))
        assert same([judgement for answer in answers for judgement in answer], audio)


async def test_a_fast_upload_leaves_the_others_their_turn() -> None:
    async with open_detector(AddingModel()) as detector:
        upload, live = detector.open(), detector.open()
        long = noise(200 * SLICE_CHUNKS * SIZE)
        uploading = asyncio.ensure_future(upload.feed(long))
        await asyncio.sleep(0)
        await live.feed(noise(SIZE))
        assert not uploading.done()
        assert same(await uploading, long)


async def test_a_cancelled_feed_gives_up_its_chunks_and_no_more() -> None:
    async with open_detector(AddingModel()) as detector:
        stream = detector.open()
        feeding = asyncio.ensure_future(stream.feed(noise(2000 * SIZE)))
        await asyncio.sleep(0)
        feeding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await feeding
        assert [judgement.end for judgement in await stream.feed(noise(SIZE))] == [2001 * SIZE]


async def test_long_silence_is_not_shown_to_the_model() -> None:
    model = AddingModel()
    async with open_detector(model) as detector:
        stream = detector.open()
        await stream.feed(noise(SIZE))
        judgements = await stream.feed(np.zeros(100 * SIZE, np.float32))
        assert len(judgements) == 100
        assert all(judgement.probability == 0.0 for judgement in judgements[QUIET_CHUNKS:])
        assert len(model.batches) == 1 + QUIET_CHUNKS
        await stream.feed(noise(SIZE))
        assert len(model.batches) == 2 + QUIET_CHUNKS


async def test_a_failing_model_fails_the_feed_and_not_the_detector() -> None:
    model = AddingModel()
    async with open_detector(model) as detector:
        stream = detector.open()
        model.fail = True
        with pytest.raises(EngineError, match="broken"):
            await stream.feed(noise(SIZE))
        model.fail = False
        assert len(await stream.feed(noise(SIZE))) == 1


async def test_closing_answers_those_who_wait() -> None:
    async with open_detector(AddingModel()) as detector:
        stream = detector.open()
        feeding = asyncio.ensure_future(stream.feed(noise(100_000 * SIZE)))
        await asyncio.sleep(0.01)
        await detector.close()
        with pytest.raises(EngineError):
            await feeding
        with pytest.raises(EngineError):
            await stream.feed(noise(SIZE))


async def test_the_levels_of_the_quarters_of_a_chunk_are_reported() -> None:
    audio = np.array([1.0, 0.1, 0.0, -0.01], np.float32)
    async with open_detector(AddingModel()) as detector:
        (judgement,) = await detector.open().feed(audio)
    assert judgement.levels == pytest.approx((0.0, -20.0, -120.0, -40.0), abs=0.01)
