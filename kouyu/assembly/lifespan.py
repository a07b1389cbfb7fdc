"""Builds what all sessions share from the settings when the server starts, and closes it when the server stops."""

import asyncio
import dataclasses
import functools
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import anyio.lowlevel

from kouyu.assembly.agents import Agents, Close
from kouyu.assembly.concurrent_loading import Loaded, load_all
from kouyu.assembly.engine_loading import check_engines
from kouyu.assembly.other_servers import following_other_servers
from kouyu.assembly.runtime import Runtime
from kouyu.assembly.text_chats import text_chats
from kouyu.assembly.tracing import open_tracing
from kouyu.audio_sessions.re_enrolment import re_enrol
from kouyu.audio_sessions.recording import transcribe_recording
from kouyu.audio_sessions.services import RecognitionServices
from kouyu.diagnostics.watcher_hub import WatcherHub
from kouyu.engines.pressure import EnginesElsewhere, Pressure
from kouyu.engines.scheduler import Scheduler
from kouyu.recording.session_recorder import SessionRecorders, SessionRecording
from kouyu.serving.overload import Overload
from kouyu.serving.recordings import Recordings
from kouyu.serving.services import Services
from kouyu.session.connection import run_session
from kouyu.settings import Settings, SettingsError
from kouyu.store.store import Store
from kouyu.text.sensitive_words import SensitiveWordsError, words_of_file
from kouyu.text.transcript import TranscriptFinisher
from kouyu.text_chats.text_chats import TextChats
from kouyu.weights.background_fetch import background_fetch
from kouyu.weights.mirror import chosen_mirror
from kouyu.workers.limited import LimitedWorkers

log = logging.getLogger(__name__)


@asynccontextmanager
async def open_sessions(settings: Settings, store: Store) -> AsyncIterator[Runtime]:
    """Open the runtime for sessions of ``/v1/chat``; meanwhile a larger language model that this server is to run is
    fetched. Raises what ``open_services`` raises."""
    chosen = settings.weights
    fetch = background_fetch(chosen_mirror(chosen.mirror)) if chosen.fetch_in_background else None
    async with _open(settings, store) as (services, agents), agents.upgrading(fetch):
        chats = text_chats(services, agents.bots, limit=settings.server.max_sessions)
        async with following_other_servers(services, agents.bots, chats):
            yield Runtime(
                run_session=functools.partial(run_session, services=services),
                voices=services.synthesizer.voices(),
                bots=agents.bots,
                services=services,
                chats=chats,
                follow=functools.partial(_follow, services=services, agents=agents, chats=chats),
            )


@asynccontextmanager
async def open_services(settings: Settings, store: Store) -> AsyncIterator[Services]:
    """Load and warm up the engines and bots concurrently. Fetches nothing.

    Raises WeightsNotFetched naming all missing weights, EngineUnavailable, AgentError, SettingsError.
    """
    async with _open(settings, store) as (services, _):
        yield services


@asynccontextmanager
async def _open(settings: Settings, store: Store) -> AsyncIterator[tuple[Services, Agents]]:
    check_engines(settings)
    await anyio.lowlevel.checkpoint()  # loads anyio's backend, which httpx needs: else 20 ms at the first connection
    async with AsyncExitStack() as stack:
        scheduler = Scheduler(settings.engines.workers)
        stack.push_async_callback(scheduler.close)
        workers = LimitedWorkers()
        stack.push_async_callback(workers.close)
        elsewhere = EnginesElsewhere()
        began = time.monotonic()
        transcripts = _transcript_finisher(settings.transcripts.sensitive_words)
        loaded = await load_all(
            settings,
            store,
            scheduler=scheduler,
            elsewhere=elsewhere,
            workers=workers,
            transcripts=transcripts,
            stack=stack,
        )
        log.info("engines and bots ready after %.1f s", time.monotonic() - began)
        renewing = asyncio.create_task(
            re_enrol(store.outdated_voiceprints, loaded.speaker_encoder), name="re-enrolment"
        )
        stack.push_async_callback(_stop, renewing)
        _check_voices(settings, [voice.voice_id for voice in loaded.synthesizer.voices()])
        turn_ended = await stack.enter_async_context(open_tracing(settings.tracing, loaded.agents))
        recorders = SessionRecorders(store.session_records, _session_recording(settings))
        stack.push_async_callback(recorders.close)
        services = _services(
            settings,
            store,
            session_recorders=recorders,
            scheduler=scheduler,
            elsewhere=elsewhere,
            workers=workers,
            transcripts=transcripts,
            loaded=loaded,
            watcher_hub=WatcherHub(always=settings.diagnostics.always, turn_ended=turn_ended),
        )
        transcribe = functools.partial(transcribe_recording, RecognitionServices.of(services))
        heard = Recordings(loaded.agents.attachments, transcribe, workers)
        yield dataclasses.replace(services, recordings=heard), loaded.agents


def _services(
    settings: Settings,
    store: Store,
    *,
    session_recorders: SessionRecorders,
    scheduler: Scheduler,
    elsewhere: EnginesElsewhere,
    workers: LimitedWorkers,
    transcripts: TranscriptFinisher,
    loaded: Loaded,
    watcher_hub: WatcherHub,
) -> Services:
    voices = loaded.synthesizer.voices()
    return Services(
        store=store,
        scheduler=scheduler,
        workers=workers,
        pressure=Pressure(lambda: scheduler.load, elsewhere),
        elsewhere=elsewhere,
        voice_activity=loaded.voice_activity,
        recognizer=loaded.recognizer,
        synthesizer=loaded.synthesizer,
        bots=loaded.agents.bots.definitions,
        agents=loaded.agents.bots.agents,
        flows=loaded.agents.flows,
        limits=settings.limits,
        overload=Overload(settings.overload),
        watcher_hub=watcher_hub,
        keep_audio=settings.audio.bounds if settings.audio.keep else None,
        session_recorders=session_recorders,
        recording_notice=settings.audio.notice.strip(),
        ids=store.ids,
        default_voice_id=voices[0].voice_id if voices else "",
        voice_aliases=settings.engines.voice_aliases,
        unknown_voice_is_error=settings.engines.unknown_voice_is_error,
        keep_enrolment_audio=settings.voiceprints.keep_audio,
        transcripts=transcripts,
        turn_judge=loaded.turn_judge,
        noise_suppressor=loaded.noise_suppressor,
        speaker_encoder=loaded.speaker_encoder,
        emotion_recognizer=loaded.emotion_recognizer,
        most_file_bytes=settings.files.max_bytes,
    )


async def _follow(settings: Settings, *, services: Services, agents: Agents, chats: TextChats) -> Close:
    """Let sessions that begin from now on follow these settings. Returns what closes what was replaced.

    Raises what ``Agents.follow`` raises, and SettingsError: then nothing has changed.
    """
    _check_voices(settings, [voice.voice_id for voice in services.synthesizer.voices()])
    close = await agents.follow(settings)
    services.follow(
        limits=settings.limits,
        keep_audio=settings.audio.bounds if settings.audio.keep else None,
        recording_notice=settings.audio.notice.strip(),
        keep_enrolment_audio=settings.voiceprints.keep_audio,
        session_recording=_session_recording(settings),
    )
    services.overload.limits = settings.overload
    services.watcher_hub.always = settings.diagnostics.always
    chats.limit = settings.server.max_sessions
    chats.follow(settings.limits)
    return close


def _session_recording(settings: Settings) -> SessionRecording:
    chosen = settings.recording
    return SessionRecording(
        sessions=chosen.sessions, on_request=chosen.on_request, session_bytes=chosen.session_mb * 1_000_000
    )


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _check_voices(settings: Settings, voice_ids: Sequence[str]) -> None:
    for bot in settings.bots:
        if bot.voice_id and bot.voice_id not in (*voice_ids, *settings.engines.voice_aliases):
            raise SettingsError(
                f"bots, {bot.id}: voice_id: there is no voice {bot.voice_id!r}; allowed: {', '.join(voice_ids)}"
            )


def _transcript_finisher(sensitive_words: str) -> TranscriptFinisher:
    try:
        return TranscriptFinisher(words_of_file(Path(sensitive_words)) if sensitive_words else None)
    except SensitiveWordsError as error:
        raise SettingsError(f"transcripts.sensitive_words: {error}") from error
