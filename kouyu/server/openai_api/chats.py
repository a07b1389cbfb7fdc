"""``POST /openai/v1/chat/completions``: a bot's answer to a dialogue that the client keeps. Nothing is stored."""

import asyncio
import base64
import logging
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream
from msgspec import UNSET, Struct

from kouyu.agents.agent import Agent, AgentError, AgentEvent, AgentRequest, TextDelta, ThoughtDelta, ToolCallRequest
from kouyu.agents.bot_definition import BotDefinition
from kouyu.audio_sessions.reading_aloud import Manner, Reading, read_aloud
from kouyu.audio_sessions.recording import transcribe_recording
from kouyu.audio_sessions.services import RecognitionServices, SynthesisServices
from kouyu.domain import errors
from kouyu.domain.errors import ProtocolError
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.errors import EngineError
from kouyu.server.access.rest_authentication import RestAuthenticator
from kouyu.server.openai_api.answer_state import AnswerState
from kouyu.server.openai_api.chat_answers import AnswerMessage, Choice, Chunks, Completion, SpokenAudio, usage_of
from kouyu.server.openai_api.chat_body import CompletionBody, options_of
from kouyu.server.openai_api.chat_messages import Recording, dialogue_of
from kouyu.server.openai_api.errors import PREFIX, error_of, openai_operation
from kouyu.server.openai_api.hanging_up import unless_hung_up
from kouyu.server.openai_api.models import Definitions, known_bot
from kouyu.server.openai_api.named_voices import chosen_voice
from kouyu.server.openai_api.server_sent_events import DONE, HEADERS, MEDIA_TYPE, event
from kouyu.server.openai_api.speaking_along import spoken_along
from kouyu.server.openai_api.speech_shape import FILE_FORMATS
from kouyu.server.openai_api.spoken_answers import SpokenAnswers
from kouyu.server.rest.transcriptions import decoded_upload
from kouyu.server.rest.typed import typed_body
from kouyu.serving.caller import Caller
from kouyu.serving.services import Services
from kouyu.text_chats.text_chats import TextChats

log = logging.getLogger(__name__)

_MOST_BYTES: Final = 20 * 1024 * 1024
_LONGEST_S: Final = 30 * 60
Events = AsyncGenerator[AgentEvent, None]


class _Asked(Struct, frozen=True, kw_only=True):
    """A request that has been checked."""

    body: CompletionBody
    agent: Agent
    request: AgentRequest
    manner: Manner | None
    """How the answer is spoken; None if it is not."""
    caller: Caller

    @property
    def chunks(self) -> Chunks:
        include = self.body.stream_options.include_usage
        return Chunks(_new_id(), int(time.time()), self.body.model, include_usage=include)


def chat_routes(
    services: Services, bots_of: Definitions, chats: TextChats, rest: RestAuthenticator
) -> list[HTTPRouteHandler]:
    """The route handlers."""
    completing = _Completing(services, bots_of, chats, rest)

    @post(
        f"{PREFIX}/chat/completions",
        guards=[rest.text],
        request_max_body_size=_MOST_BYTES,
        status_code=200,
        opt=openai_operation("Ask a bot", body=CompletionBody, data=Completion),
    )
    async def openai_completion(request: Request[Any, Any, Any]) -> Response[Any]:
        """Answer a dialogue."""
        body = await typed_body(request, CompletionBody, most_bytes=_MOST_BYTES)
        asked = await unless_hung_up(request, completing.asked(request, body))
        if not body.stream:
            answer = await unless_hung_up(request, completing.whole(asked))
            return Response(msgspec.json.encode(answer), media_type=MediaType.JSON)
        events = chats.completions.answer(asked.agent, asked.request, asked.caller)
        first = await unless_hung_up(request, _first(events))
        return Stream(completing.streamed(asked, first, events), media_type=MEDIA_TYPE, headers=HEADERS)

    return [openai_completion]


class _Completing:
    """Makes answers, whole or in chunks."""

    def __init__(self, services: Services, bots_of: Definitions, chats: TextChats, rest: RestAuthenticator) -> None:
        self._services = services
        self._bots_of = bots_of
        self._chats = chats
        self._rest = rest
        self._spoken = SpokenAnswers()

    async def asked(self, request: Request[Any, Any, Any], body: CompletionBody) -> _Asked:
        """Check a request, and hear its recordings. Raises ProtocolError."""
        owner, caller = request.user.owner, request.auth
        bot = known_bot(self._bots_of, request.user, body.model)
        # In a thread: decoding what is in 20 MB of base64 takes 50 ms.
        dialogue = await asyncio.to_thread(
            dialogue_of, body.messages, lambda audio_id: self._spoken.transcript(audio_id, owner)
        )
        options = options_of(body, dialogue.instructions)
        manner = self._manner(body, bot)
        if dialogue.recordings or manner is not None:
            await self._rest.check_audio(request.user)
        words = {each.place: await self._words(each, caller) for each in dialogue.recordings}
        messages, rounds = dialogue.context(words)
        store = self._services.store.of(owner)
        return _Asked(
            body=body,
            agent=self._chats.bots_of(owner)[body.model],
            request=AgentRequest(
                messages=messages,
                options=options,
                user_id=body.user,
                owner=owner,
                custom_variables=await store.variables.values(body.model, body.user),
                tool_rounds=rounds,
            ),
            manner=manner,
            caller=caller,
        )

    def _manner(self, body: CompletionBody, bot: BotDefinition) -> Manner | None:
        if not body.is_spoken:
            return None
        offered = self._services.capabilities_of(bot)
        voice_id = chosen_voice(body.audio.voice, self._services.synthesizer.voices(), offered, param="audio.voice")
        return Manner(voice_id=voice_id, file_format=FILE_FORMATS[body.audio.format])

    async def _words(self, recording: Recording, caller: Caller) -> str:
        """What is said in a recording. Raises ProtocolError."""
        audio = await decoded_upload(recording.content, _LONGEST_S, self._services.workers, field=recording.place)
        caller.use.count_audio(len(audio) / SPEECH_RATE)
        try:
            return await transcribe_recording(RecognitionServices.of(self._services), audio)
        except EngineError as fault:
            raise ProtocolError(errors.INTERNAL, str(fault)) from fault

    async def whole(self, asked: _Asked) -> Completion:
        """The whole answer. Raises ProtocolError."""
        state = AnswerState()
        try:
            async with aclosing(self._chats.completions.answer(asked.agent, asked.request, asked.caller)) as events:
                async for told in events:
                    state.take(told)
        except AgentError as fault:
            raise _failed(fault) from fault
        spoken = await self._spoken_whole(asked, state.text)
        message = AnswerMessage(
            content=None if spoken is not None or (state.calls and not state.text) else state.text,
            tool_calls=state.calls or UNSET,
            audio=spoken or UNSET,
            reasoning_content=state.thoughts or UNSET,
        )
        return Completion(
            id=_new_id(),
            created=int(time.time()),
            model=asked.body.model,
            choices=(Choice(message=message, finish_reason=state.finish_reason),),
            usage=usage_of(state.tokens),
        )

    async def _spoken_whole(self, asked: _Asked, text: str) -> SpokenAudio | None:
        if asked.manner is None or not text:
            return None
        reading = Reading(text=text, **msgspec.structs.asdict(asked.manner))
        try:
            data = b"".join([piece async for piece in read_aloud(self._synthesis(asked), reading)])
        except EngineError as fault:
            raise _failed(fault) from fault
        audio_id = self._spoken.new_id()
        expires_at = self._spoken.keep(audio_id, asked.caller.owner, text)
        shown = base64.b64encode(data).decode()
        return SpokenAudio(id=audio_id, data=shown, expires_at=expires_at, transcript=text)

    def _synthesis(self, asked: _Asked) -> SynthesisServices:
        return SynthesisServices.of(self._services, asked.caller)

    async def streamed(self, asked: _Asked, first: AgentEvent | None, rest: Events) -> AsyncGenerator[bytes, None]:
        """The answer in chunks. A failure is one of them, the last."""
        try:
            async with aclosing(self._chunks(asked, _joined(first, rest))) as chunks:
                async for chunk in chunks:
                    yield event(chunk)
        except (AgentError, EngineError) as fault:
            log.warning("an answer failed: %s", fault)
            yield event(error_of(500, str(fault)))
            return
        yield DONE

    async def _chunks(self, asked: _Asked, events: Events) -> AsyncGenerator[dict[str, Any], None]:
        chunks, state, audio_id = asked.chunks, AnswerState(), self._spoken.new_id()
        is_spoken = asked.manner is not None
        yield chunks.begin(is_spoken=is_spoken)
        told: AsyncGenerator[AgentEvent | bytes, None] = events
        if asked.manner is not None:
            told = spoken_along(self._synthesis(asked), asked.manner, events)
        async with aclosing(told):
            async for each in told:
                if isinstance(each, bytes):
                    yield chunks.audio(audio_id, each)
                    continue
                state.take(each)
                match each:
                    case TextDelta(text) if text:
                        yield chunks.transcript(audio_id, text) if is_spoken else chunks.text(text)
                    case ThoughtDelta(text):
                        yield chunks.thought(text)
                    case ToolCallRequest(calls):
                        yield chunks.calls(calls)
        if is_spoken and state.text:
            yield chunks.audio_end(audio_id, self._spoken.keep(audio_id, asked.caller.owner, state.text))
        yield chunks.end(state.finish_reason)
        if asked.body.stream_options.include_usage:
            yield chunks.usage(state.tokens)


async def _first(events: Events) -> AgentEvent | None:
    """Wait until the answer begins: until then an error can still be an HTTP status. Raises ProtocolError."""
    try:
        while (told := await anext(events, None)) == TextDelta(""):
            pass
    except AgentError as fault:
        raise _failed(fault) from fault
    return told


async def _joined(first: AgentEvent | None, rest: Events) -> Events:
    async with aclosing(rest):
        if first is not None:
            yield first
            async for told in rest:
                yield told


def _failed(fault: Exception) -> ProtocolError:
    log.warning("an answer failed: %s", fault)
    return ProtocolError(errors.INTERNAL, str(fault))


def _new_id() -> str:
    return f"chatcmpl-{secrets.token_hex(16)}"
