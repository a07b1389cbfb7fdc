"""Several processes: which one gets the work, and what happens when one does not answer."""

import asyncio
import logging
import re

import httpx
import numpy as np
import pytest

from kouyu.engines.asr.engine import Recognition, RecognitionOptions
from kouyu.engines.errors import EngineError, EngineUnavailable
from kouyu.engines.pressure import EnginesElsewhere
from kouyu.engines.remote.asr import RemoteRecognizer
from kouyu.engines.remote.client import RemoteClient
from kouyu.engines.remote.options import RemoteOptions
from kouyu.engines.remote.tts import RemoteSynthesizer
from kouyu.engines.scheduler import Priority, Scheduler
from tests.engine_server.conftest import Connect, free_port, until
from tests.engine_server.scripted import VOICE, Gate, ScriptedRecognizer, ScriptedSynthesizer, process
from tests.engine_server.test_work import OPTIONS, SAY, SPEECH

NOWHERE = "http://127.0.0.1:9"


async def test_work_goes_where_the_least_is_done(connect: Connect) -> None:
    async with process(is_open=False) as busy, process() as free:
        recognizer = await connect("asr", busy.url, free.url)
        held = asyncio.create_task(recognizer.recognize(SPEECH[:1], OPTIONS, Priority.FINAL))
        await until(lambda: busy.gate.begun)
        for _ in range(4):
            await recognizer.recognize(SPEECH[:2], OPTIONS, Priority.FINAL)
        assert len(free.recognizer.heard) == 4
        busy.gate.is_open.set()
        await held


async def test_a_transcript_is_made_once_more_elsewhere_when_its_process_dies(connect: Connect) -> None:
    async with process(is_open=False) as first, process(is_open=False) as second:
        recognizer = await connect("asr", first.url, second.url)
        for process_, interim in ((first, 24_000), (second, 24_000)):
            process_.gate.is_open.set()
            await recognizer.recognize(SPEECH[:interim], OPTIONS, Priority.INTERIM)
            process_.gate.is_open.clear()
        final = asyncio.create_task(recognizer.recognize(SPEECH, OPTIONS, Priority.FINAL))
        await until(lambda: "FINAL 48000" in (*first.gate.begun, *second.gate.begun))
        dying, living = (first, second) if "FINAL 48000" in first.gate.begun else (second, first)
        living.gate.is_open.set()
        await dying.vanish()
        assert (await final).text == "FINAL 48000"
        np.testing.assert_array_equal(living.recognizer.heard[-1], SPEECH)


async def test_speech_is_made_elsewhere_only_before_its_first_sample(connect: Connect) -> None:
    async with process(is_open=False) as first, process(is_open=False) as second:
        synthesizer = await connect("tts", first.url, second.url)

        async def speak(text: str) -> list[int]:
            heard = []
            async for piece in synthesizer.synthesize(text, SAY, Priority.FIRST_SENTENCE):
                heard.append(len(piece.samples))
                sounded.set()
            return heard

        sounded = asyncio.Event()
        silent = asyncio.create_task(speak("wait one"))
        await until(lambda: first.gate.begun or second.gate.begun)
        dying, living = (first, second) if first.gate.begun else (second, first)
        living.gate.is_open.set()
        await dying.vanish()
        assert await silent == [3]
        living.gate.is_open.clear()
        begun = asyncio.create_task(speak("one wait two"))
        await until(lambda: "one wait two" in living.gate.begun)
        await asyncio.wait_for(sounded.wait(), 30)
        await living.vanish()
        with pytest.raises(EngineError, match=r"^the remote engines cannot be reached$"):
            await begun


async def test_work_goes_to_the_others_while_a_queue_is_full(connect: Connect) -> None:
    async with process(is_open=False, max_waiting=1) as full, process() as free:
        direct = await connect("asr", full.url)
        tasks = [asyncio.create_task(direct.recognize(SPEECH[:1], OPTIONS, Priority.FINAL))]
        await until(lambda: full.gate.begun)
        tasks.append(asyncio.create_task(direct.recognize(SPEECH[:1], OPTIONS, Priority.FINAL)))
        await until(lambda: full.scheduler.load.waiting == 1)
        recognizer = await connect("asr", full.url, free.url)
        for _ in range(4):
            await recognizer.recognize(SPEECH[:2], OPTIONS, Priority.FINAL)
        assert len(free.recognizer.heard) == 4
        full.gate.is_open.set()
        await asyncio.gather(*tasks)


async def test_where_no_address_answers_the_reason_is_clear_and_it_recovers_by_itself(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    async with process() as there:
        port = there.listener.getsockname()[1]
        recognizer = await connect("asr", there.url)
        assert (await recognizer.recognize(SPEECH, OPTIONS, Priority.FINAL)).text == "FINAL 48000"
        await there.vanish()
        with pytest.raises(EngineError, match=r"^the remote engines cannot be reached$") as caught:
            await recognizer.recognize(SPEECH, OPTIONS, Priority.FINAL)
        assert caught.value.retryable
    with caplog.at_level(logging.INFO, "kouyu.engines.remote"):
        async with process(port=port) as again:
            await until(lambda: "answers again" in caplog.text)
            assert (await recognizer.recognize(SPEECH, OPTIONS, Priority.FINAL)).text == "FINAL 48000"
            np.testing.assert_array_equal(again.recognizer.heard[0], SPEECH)


async def test_a_balancer_that_has_no_process_is_not_a_full_queue(connect: Connect) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        await reader.readexactly(int(length[1]) if length else 0)
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9\r\nConnection: close\r\n\r\nno server")
        await writer.drain()
        writer.close()

    async with process() as there, await asyncio.start_server(refuse, "127.0.0.1", 0) as balancer:
        recognizer = await connect("asr", there.url)
        (address,) = recognizer._client._processes.addresses.all
        address.client.base_url = httpx.URL(f"http://127.0.0.1:{balancer.sockets[0].getsockname()[1]}")
        with pytest.raises(EngineError, match=r"^the remote engines cannot be reached$"):
            await recognizer.recognize(SPEECH, OPTIONS, Priority.FINAL)
        address.client.base_url = httpx.URL(there.url)
        assert (await recognizer.recognize(SPEECH, OPTIONS, Priority.FINAL)).text == "FINAL 48000"


async def test_behind_a_balancer_what_another_process_does_not_have_is_sent_whole(connect: Connect) -> None:
    """Two processes that answer at one address in turn."""
    async with process() as first, process() as second:
        recognizer = await connect("asr", first.url)
        (address,) = recognizer._client._processes.addresses.all
        for end, there in ((12_000, first), (24_000, second), (36_000, second), (48_000, first)):
            address.client.base_url = httpx.URL(there.url)
            assert (await recognizer.recognize(SPEECH[:end], OPTIONS, Priority.INTERIM)).text == f"INTERIM {end}"
        for there in (first, second):
            for audio in there.recognizer.heard:
                np.testing.assert_array_equal(audio, SPEECH[: len(audio)])


async def test_a_server_does_not_start_without_engines_and_says_which_are_missing(connect: Connect) -> None:
    with pytest.raises(
        EngineUnavailable, match=r"no answer from http://127.0.0.1:9; start a process with: kouyu engines"
    ):
        await connect("asr", NOWHERE)


async def test_a_server_waits_for_engines_that_start_after_it(connect: Connect) -> None:
    port = free_port()
    connecting = asyncio.create_task(connect("asr", f"http://127.0.0.1:{port}", start_s=60))
    await asyncio.sleep(0)
    async with process(port=port):
        recognizer = await connecting
        assert (await recognizer.recognize(SPEECH, OPTIONS, Priority.FINAL)).text == "FINAL 48000"


async def test_the_embedded_engines_work_while_no_address_answers() -> None:
    scheduler, gate = Scheduler(1), Gate()
    gate.is_open.set()
    here = ScriptedRecognizer(scheduler, gate)
    options = RemoteOptions(urls=(NOWHERE,), fallback=True)
    recognizer = RemoteRecognizer(RemoteClient("asr", options, EnginesElsewhere()), here)
    heard: Recognition = await recognizer.recognize(SPEECH, RecognitionOptions(), Priority.FINAL)
    assert (heard.text, len(here.heard)) == ("FINAL 48000", 1)
    voices = ScriptedSynthesizer(scheduler, gate)
    synthesizer = RemoteSynthesizer(RemoteClient("tts", options, EnginesElsewhere()), [VOICE], [voices])
    spoken = [len(piece.samples) async for piece in synthesizer.synthesize("one", SAY, Priority.SENTENCE)]
    assert spoken == [3]
    await recognizer.close()
    await synthesizer.close()
    await scheduler.close()
