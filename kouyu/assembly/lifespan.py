"""Builds what all sessions share from the settings when the server starts, and closes it when the server stops."""

import asyncio
import dataclasses
import functools
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import anyio.lowlevel

from kouyu.assembly.agents import open_agents
from kouyu.assembly.bot_directory import BotDirectory
from kouyu.assembly.engine_loading import (
    check_engines,
    load_emotion_recognizer,
    load_noise_suppressor,
    load_recognizer,
    load_speaker_encoder,
    load_synthesizer,
    load_turn_judge,
    load_voice_activity,
)
from kouyu.assembly.runtime import Runtime
from kouyu.assembly.text_chats import text_chats
from kouyu.audio_sessions.recording import transcribe_recording
from kouyu.diagnostics.watcher_hub import WatcherHub
from kouyu.engines.paralinguistics.engine import EmotionRecognizer
from kouyu.engines.pressure import Pressure
from kouyu.engines.scheduler import Scheduler
from kouyu.protocol.ids import IdFactory
from kouyu.serving.recordings import Recordings
from kouyu.serving.services import Services
from kouyu.session.connection import run_session
from kouyu.settings import Settings, SettingsError
from kouyu.store.store import Store
from kouyu.text.recognition_token_limits import token_counter
from kouyu.text.sensitive_words import SensitiveWordsError, words_of_file
from kouyu.text.transcript import TranscriptFinisher
from kouyu.workers.limited import LimitedWorkers

log = logging.getLogger(__name__)

T = TypeVar("T")


@asynccontextmanager
async def open_sessions(settings: Settings, store: Store) -> AsyncIterator[Runtime]:
    """Open the runtime for sessions of ``/v1/chat``. Raises what ``open_services`` raises."""
    async with _open(settings, store) as (services, bots):
        runs = functools.partial(run_session, services=services)
        chats = text_chats(services, limit=settings.server.max_sessions)
        yield Runtime(run_session=runs, voices=services.synthesizer.voices(), bots=bots, services=services, chats=chats)


@asynccontextmanager
async def open_services(settings: Settings, store: Store) -> AsyncIterator[Services]:
    """Load and warm up the engines and bots concurrently. Downloads nothing.

    Raises WeightsNotFetched naming all missing weights, EngineUnavailable, AgentError, SettingsError.
    """
    async with _open(settings, store) as (services, _):
        yield services


@asynccontextmanager
async def _open(settings: Settings, store: Store) -> AsyncIterator[tuple[Services, BotDirectory]]:
    check_engines(settings)
    engines = settings.engines
    await anyio.lowlevel.checkpoint()  # loads anyio's backend, which httpx needs: else 20 ms at the first connection
    async with AsyncExitStack() as stack:
        scheduler = Scheduler(engines.workers)
        stack.push_async_callback(scheduler.close)
        workers = LimitedWorkers()
        stack.push_async_callback(workers.close)

        async def closed_at_the_end(load: Awaitable[T], close: Callable[[T], Awaitable[None]]) -> T:
            made = await load
            stack.push_async_callback(close, made)
            return made

        began = time.monotonic()
        transcripts = _transcript_finisher(settings.transcripts.sensitive_words)
        (
            voice_activity,
            turn_judge,
            recognizer,
            synthesizer,
            noise_suppressor,
            emotion_recognizer,
            speaker_encoder,
            agents,
            *_,
        ) = await _all_or_first_error(
            closed_at_the_end(load_voice_activity(engines, scheduler), lambda made: made.close()),
            closed_at_the_end(load_turn_judge(engines, scheduler), lambda made: made.close()),
            closed_at_the_end(load_recognizer(engines, scheduler), lambda made: made.close()),
            closed_at_the_end(load_synthesizer(engines, scheduler), lambda made: made.close()),
            load_noise_suppressor(engines, scheduler),
            closed_at_the_end(load_emotion_recognizer(engines, scheduler), _close_if_there),
            closed_at_the_end(load_speaker_encoder(engines, scheduler), lambda made: made.close()),
            stack.enter_async_context(open_agents(settings, store, workers, scheduler)),
            asyncio.to_thread(transcripts.warm_up),
            asyncio.to_thread(token_counter),
        )
        log.info("engines and bots ready after %.1f s", time.monotonic() - began)
        voices = synthesizer.voices()
        _check_voices(settings, [voice.voice_id for voice in voices])
        services = Services(
            store=store,
            scheduler=scheduler,
            workers=workers,
            pressure=Pressure(lambda: scheduler.load),
            voice_activity=voice_activity,
            recognizer=recognizer,
            synthesizer=synthesizer,
            bots=agents.bots.definitions,
            agents=agents.bots.agents,
            flows=agents.flows,
            limits=settings.limits,
            watcher_hub=WatcherHub(always=settings.diagnostics.always),
            keep_audio=settings.audio.bounds if settings.audio.keep else None,
            ids=IdFactory(),
            default_voice_id=voices[0].voice_id if voices else "",
            unknown_voice_is_error=engines.unknown_voice_is_error,
            keep_enrolment_audio=settings.voiceprints.keep_audio,
            transcripts=transcripts,
            turn_judge=turn_judge,
            noise_suppressor=noise_suppressor,
            speaker_encoder=speaker_encoder,
            emotion_recognizer=emotion_recognizer,
        )
        heard = Recordings(agents.attachments, functools.partial(transcribe_recording, services), workers)
        yield dataclasses.replace(services, recordings=heard), agents.bots


def _check_voices(settings: Settings, voice_ids: Sequence[str]) -> None:
    for bot in settings.bots:
        if bot.voice_id and bot.voice_id not in voice_ids:
            raise SettingsError(
                f"bots, {bot.id}: voice_id: there is no voice {bot.voice_id!r}; allowed: {', '.join(voice_ids)}"
            )


async def _close_if_there(emotion_recognizer: EmotionRecognizer | None) -> None:
    if emotion_recognizer is not None:
        await emotion_recognizer.close()


def _transcript_finisher(sensitive_words: str) -> TranscriptFinisher:
    try:
        return TranscriptFinisher(words_of_file(Path(sensitive_words)) if sensitive_words else None)
    except SensitiveWordsError as error:
        raise SettingsError(f"transcripts.sensitive_words: {error}") from error


async def _all_or_first_error(*work: Awaitable[Any]) -> list[Any]:
    """Return the results in order. When one fails, cancel and await the others, and raise its error alone."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_awaited(one)) for one in work]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


async def _awaited(work: Awaitable[T]) -> T:
    return await work
