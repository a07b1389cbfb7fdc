"""Work of every kind done by another process: answers, priorities, cancelling, and what crosses the wire."""

import asyncio
from contextlib import aclosing
from functools import partial
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from kouyu.engines.asr.engine import RecognitionOptions
from kouyu.engines.errors import EngineError, EngineUnavailable
from kouyu.engines.pressure import EnginesElsewhere, Pressure
from kouyu.engines.remote.wire import PATHS, PRIORITY
from kouyu.engines.scheduler import Load, Priority, Scheduler
from kouyu.engines.tts.engine import SynthesisOptions
from tests.engine_server.conftest import Connect, until
from tests.engine_server.scripted import RATE, VOICE, process

OPTIONS = RecognitionOptions(language="en", hot_words=("口语",), context="a context")
SPEECH = (np.arange(48_000) % 2000 - 1000).astype(np.float32) / np.float32(32768)
SAY = SynthesisOptions(voice_id=VOICE.voice_id)


async def metrics(url: str, name: str) -> dict[tuple[str, ...], float]:
    """The samples of a metric that are not 0, by the values of their labels."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{url}/metrics")).text
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and sample.value
    }


async def send_for_ever(writer: asyncio.StreamWriter) -> None:
    """Send until the connection is closed."""
    async with asyncio.timeout(60):
        while True:
            writer.write(b"x" * 1024)
            await writer.drain()
            await asyncio.sleep(0)


def waits(scheduler: Scheduler, jobs: int) -> bool:
    return scheduler.load.waiting == jobs


async def test_a_transcript_comes_from_the_process_which_gets_the_same_samples(connect: Connect) -> None:
    async with process() as there:
        recognizer = await connect("asr", there.url)
        heard = await recognizer.recognize(SPEECH, OPTIONS, Priority.FINAL)
        assert (heard.text, heard.language) == ("FINAL 48000", "en")
        np.testing.assert_array_equal(there.recognizer.heard[0], SPEECH)


async def test_every_other_kind_of_engine_works_there_too(connect: Connect) -> None:
    async with process() as there:
        assert await (await connect("turn", there.url)).completeness(SPEECH, "ten chars.", "en") == 0.1
        encoder = await connect("voiceprint", there.url)
        assert (encoder.model, list(await encoder.encode(SPEECH))) == ("scripted", [1.0, 0.0])
        assert await (await connect("emotion", there.url)).emotion(SPEECH) == "happy"
        synthesizer = await connect("tts", there.url)
        assert [voice.voice_id for voice in synthesizer.voices()] == [VOICE.voice_id]
        spoken = [piece async for piece in synthesizer.synthesize("one three", SAY, Priority.SENTENCE)]
        assert [(list(piece.samples), piece.sample_rate) for piece in spoken] == [([0.5] * 3, RATE), ([0.5] * 5, RATE)]
        assert [piece async for piece in synthesizer.synthesize(" ", SAY, Priority.SENTENCE)] == []


async def test_of_a_growing_utterance_each_sample_crosses_the_wire_once(connect: Connect) -> None:
    async with process() as there:
        recognizer = await connect("asr", there.url)
        for end in (12_000, 24_000, 36_000, 48_000):
            await recognizer.recognize(SPEECH[:end], OPTIONS, Priority.INTERIM)
        await recognizer.recognize(SPEECH, OPTIONS, Priority.FINAL)
        assert [len(audio) for audio in there.recognizer.heard] == [12_000, 24_000, 36_000, 48_000, 48_000]
        for audio in there.recognizer.heard:
            np.testing.assert_array_equal(audio, SPEECH[: len(audio)])
        received = (await metrics(there.url, "kouyu_engine_received_bytes_total"))[()]
        assert 2 * len(SPEECH) < received < 2 * len(SPEECH) + 5 * 300


async def test_audio_that_16_bit_cannot_hold_is_not_rounded(connect: Connect) -> None:
    fine = SPEECH * np.float32(0.3)
    async with process() as there:
        recognizer = await connect("asr", there.url)
        for audio in (fine[:24_000], fine):
            await recognizer.recognize(audio, OPTIONS, Priority.FINAL)
            np.testing.assert_array_equal(there.recognizer.heard[-1], audio)
        received = (await metrics(there.url, "kouyu_engine_received_bytes_total"))[()]
        assert 4 * len(fine) < received < 4 * len(fine) + 2 * 300


async def test_audio_that_was_changed_is_sent_anew(connect: Connect) -> None:
    async with process() as there:
        recognizer = await connect("asr", there.url)
        await recognizer.recognize(SPEECH[:24_000], OPTIONS, Priority.INTERIM)
        muted = SPEECH.copy()
        muted[10_000:20_000] = 0
        await recognizer.recognize(muted, OPTIONS, Priority.FINAL)
        np.testing.assert_array_equal(there.recognizer.heard[1], muted)


async def test_a_final_transcript_overtakes_waiting_interim_ones(connect: Connect) -> None:
    async with process(is_open=False) as there:
        recognizer = await connect("asr", there.url)

        async def ask(samples: int, priority: Priority) -> None:
            waiting = there.scheduler.load.waiting
            tasks.append(asyncio.create_task(recognizer.recognize(SPEECH[:samples], OPTIONS, priority)))
            await until(lambda: there.scheduler.load.waiting > waiting or there.gate.begun)

        tasks: list[asyncio.Task[object]] = []
        for samples, priority in ((1, Priority.INTERIM), (2, Priority.INTERIM), (3, Priority.BATCH)):
            await ask(samples, priority)
        await until(lambda: there.scheduler.load.waiting == 2)
        tasks.append(asyncio.create_task(recognizer.recognize(SPEECH[:4], OPTIONS, Priority.FINAL)))
        await until(lambda: there.scheduler.load.waiting == 3)
        there.gate.is_open.set()
        await asyncio.gather(*tasks)
        assert there.gate.begun == ["INTERIM 1", "FINAL 4", "INTERIM 2", "BATCH 3"]


async def test_hanging_up_cancels_the_work_and_what_waits(connect: Connect) -> None:
    async with process(is_open=False) as there:
        recognizer = await connect("asr", there.url)
        running = asyncio.create_task(recognizer.recognize(SPEECH[:1], OPTIONS, Priority.FINAL))
        await until(lambda: there.gate.begun)
        waiting = asyncio.create_task(recognizer.recognize(SPEECH[:2], OPTIONS, Priority.FINAL))
        await until(lambda: there.scheduler.load.waiting == 1)
        waiting.cancel()
        await until(lambda: there.scheduler.load.waiting == 0)
        running.cancel()
        await until(lambda: there.gate.ended)
        assert (there.gate.begun, there.gate.ended) == (["FINAL 1"], ["FINAL 1!"])
        outcomes = await metrics(there.url, "kouyu_engine_requests_total")
        assert outcomes == {("asr", "cancelled"): 2.0}


async def test_leaving_speech_early_stops_it(connect: Connect) -> None:
    async with process(is_open=False) as there:
        synthesizer = await connect("tts", there.url)
        async with aclosing(synthesizer.synthesize("one wait two", SAY, Priority.SENTENCE)) as pieces:
            assert len((await anext(pieces)).samples) == 3
            await until(lambda: there.gate.begun)
        await until(lambda: there.gate.ended)
        assert there.gate.ended == ["one wait two!"]


async def test_a_failure_of_the_engine_comes_back_as_it_is(connect: Connect) -> None:
    async with process() as there:
        recognizer, synthesizer = await connect("asr", there.url), await connect("tts", there.url)
        with pytest.raises(EngineError, match=r"^it is broken$"):
            await recognizer.recognize(SPEECH, RecognitionOptions(context="fail"), Priority.FINAL)
        pieces = synthesizer.synthesize("one fail", SAY, Priority.SENTENCE)
        assert len((await anext(pieces)).samples) == 3
        with pytest.raises(EngineError, match=r"^it is broken$"):
            await anext(pieces)
        with pytest.raises(EngineError, match="no voice that is called 'nobody'"):
            await anext(synthesizer.synthesize("one", SynthesisOptions(voice_id="nobody"), Priority.SENTENCE))
        outcomes = await metrics(there.url, "kouyu_engine_requests_total")
        assert outcomes == {("asr", "failed"): 1.0, ("tts", "failed"): 1.0, ("tts", "invalid"): 1.0}


async def test_a_full_queue_refuses_interim_transcripts_first_and_then_everything(connect: Connect) -> None:
    async with process(is_open=False, max_waiting=4) as there, httpx.AsyncClient() as client:
        recognizer = await connect("asr", there.url)
        tasks = [asyncio.create_task(recognizer.recognize(SPEECH[:1], OPTIONS, Priority.INTERIM))]
        await until(lambda: there.gate.begun)
        for waiting, priority in enumerate((Priority.INTERIM, Priority.INTERIM, Priority.FINAL, Priority.FINAL), 1):
            tasks.append(asyncio.create_task(recognizer.recognize(SPEECH[:2], OPTIONS, priority)))
            await until(partial(waits, there.scheduler, waiting))
            if waiting == 2:
                with pytest.raises(EngineError, match=r"^the remote engines are overloaded$") as refused:
                    await recognizer.recognize(SPEECH[:3], OPTIONS, Priority.INTERIM)
                assert refused.value.retryable
        body = b"\x82\xa5audio\x81\xa7samples\xc4\x00\xa7options\x80"
        answer = await client.post(there.url + PATHS["asr"], content=body, headers={PRIORITY: "final"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        there.gate.is_open.set()
        await asyncio.gather(*tasks)


async def test_the_wait_there_is_pressure_here_and_interim_transcripts_are_left_out(connect: Connect) -> None:
    elsewhere, here = EnginesElsewhere(), Load(waiting=0, running=0, oldest_wait=0.0)
    async with process(is_open=False) as there:
        recognizer = await connect("asr", there.url, elsewhere=elsewhere)
        tasks = [asyncio.create_task(recognizer.recognize(SPEECH[:1], OPTIONS, Priority.FINAL)) for _ in range(2)]
        await until(lambda: there.scheduler.load.oldest_wait > 0.6)
        assert not Pressure(lambda: here, elsewhere).is_high
        judge = await connect("turn", there.url, elsewhere=elsewhere)
        await judge.completeness(SPEECH, "", "en")
        assert elsewhere.waits.oldest_urgent == elsewhere.waits.oldest > 0.5
        assert Pressure(lambda: here, elsewhere).is_high
        with pytest.raises(EngineError, match="interim transcripts are left out"):
            await recognizer.recognize(SPEECH, OPTIONS, Priority.INTERIM)
        there.gate.is_open.set()
        await asyncio.gather(*tasks)
    assert len(there.recognizer.heard) == 2


async def test_a_wrong_token_is_refused_and_health_needs_none(connect: Connect) -> None:
    async with process(token="a secret") as there, httpx.AsyncClient(base_url=there.url) as client:
        await connect("asr", there.url, token="a secret")
        for options in ({}, {"token": "another"}):
            with pytest.raises(EngineUnavailable, match=r"engines\.remote: http://.* refuses the token"):
                await connect("asr", there.url, **options)
        assert [(await client.get(path)).status_code for path in ("/health", "/ready")] == [200, 200]
        for method, path in (("POST", PATHS["asr"]), ("GET", "/v1/engines"), ("GET", "/metrics"), ("GET", "/x")):
            assert (await client.request(method, path)).status_code == 401


async def test_what_is_not_understood_is_answered_with_the_reason() -> None:
    async with process() as there, httpx.AsyncClient(base_url=there.url) as client:
        final = {PRIORITY: "final"}
        for path, body, headers, status, said in (
            (PATHS["asr"], b"", {PRIORITY: "soon"}, 400, b"final, first-sentence, sentence, interim"),
            (PATHS["asr"], b"\x80", final, 400, b"missing required field `audio`"),
            (PATHS["voiceprint"], b"\x81\xa5audio\x81\xa7samples\xc4\x01a", final, 400, b"whole samples of int16"),
            (PATHS["voiceprint"], b"\x81\xa5audio\x82\xa7samples\xc4\x00\xa4held\x02", final, 409, b"not known here"),
            ("/v1/translation", b"", final, 404, b"there is no POST /v1/translation"),
        ):
            answer = await client.post(path, content=body, headers=headers)
            assert answer.status_code == status
            assert said in answer.content


async def test_a_head_without_an_end_closes_its_connection_and_long_bodies_do_not(connect: Connect) -> None:
    async with process() as there:
        address = urlsplit(there.url)
        _, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(b"GET /health HTTP/1.1\r\nX: ")
        with pytest.raises(ConnectionError):
            await send_for_ever(writer)
        writer.close()
        async with httpx.AsyncClient(base_url=there.url, limits=httpx.Limits(max_connections=1)) as client:
            for size in (1, 50_000, 500_000, 60_000, 1):
                answer = await client.post("/v1/recognition", content=b"x" * size)
                assert answer.status_code == 400
        recognizer = await connect("asr", there.url)
        assert (await recognizer.recognize(SPEECH[:1], OPTIONS, Priority.FINAL)).text == "FINAL 1"


async def test_a_process_that_stops_finishes_its_work_and_begins_none(connect: Connect) -> None:
    async with process(is_open=False) as there, httpx.AsyncClient(base_url=there.url) as client:
        recognizer = await connect("asr", there.url)
        running = asyncio.create_task(recognizer.recognize(SPEECH[:1], OPTIONS, Priority.FINAL))
        await until(lambda: there.gate.begun)
        stopping = asyncio.create_task(there.app.stop(60))
        await asyncio.sleep(0)
        assert (await client.get("/ready")).status_code == 503
        with pytest.raises(EngineError):
            await recognizer.recognize(SPEECH[:2], OPTIONS, Priority.FINAL)
        assert not stopping.done()
        there.gate.is_open.set()
        assert (await running).text == "FINAL 1"
        await stopping
