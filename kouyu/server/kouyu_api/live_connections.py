"""``/v1/diagnostics/sessions``: the live connections that a token may watch (docs/diagnostics.md)."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard

from kouyu.conversation.activity import Activity
from kouyu.diagnostics.live_session import LiveSession
from kouyu.diagnostics.watcher_hub import WatcherHub
from kouyu.domain.configuration import InputAudio, OutputAudio, TurnDetectionType
from kouyu.server.kouyu_api.diagnostics import SESSIONS_PATH, wanted_by
from kouyu.server.openapi.operation import described
from kouyu.server.peers.peers import Peers, Told
from kouyu.server.rest.answers import answer_success
from kouyu.store.token_records import TokenRecord


class SentAudio(msgspec.Struct, frozen=True):
    """The format of the audio that a client gets; ``sample_rate`` in Hz."""

    codec: str
    sample_rate: int


class LiveConnection(msgspec.Struct, frozen=True, kw_only=True):
    """A live connection of ``/v1/chat``."""

    log_id: str
    bot_id: str
    workflow_id: str
    user_id: str
    conversation_id: str
    token: str
    """The name of the access token that it was opened with."""
    software: str
    """What the client calls itself (``User-Agent``)."""
    state: Activity
    turn_detection: TurnDetectionType
    input_audio: InputAudio
    output_audio: SentAudio
    age_s: float
    hints: Sequence[str]
    """Likely mistakes in what the client sends, oldest first."""
    server: str = ""
    """The address of the server that it is connected to, where several share a database."""


def live_connection(session: LiveSession, server: str = "") -> LiveConnection:
    """Describe a live session as it is now."""
    about, configuration = session.about, session.configuration
    return LiveConnection(
        log_id=about.log_id,
        bot_id=about.bot_id,
        workflow_id=about.workflow_id,
        user_id=about.user_id,
        conversation_id=about.conversation_id,
        token=session.opened_by.token_name,
        software=about.software,
        state=session.activity,
        turn_detection=configuration.turn_detection.type,
        input_audio=configuration.input_audio,
        output_audio=_sent(configuration.output_audio),
        age_s=round(session.age_s, 1),
        hints=tuple(hint.message for hint in session.hints),
        server=server,
    )


def connections_of(told: Told) -> list[LiveConnection]:
    """The connections that another server has listed; none if it did not answer, or is of another kouyu."""
    try:
        return msgspec.convert(told.data or [], list[LiveConnection])
    except msgspec.ValidationError:
        return []


def _sent(audio: OutputAudio) -> SentAudio:
    match audio.codec:
        case "opus":
            return SentAudio(audio.codec, audio.opus_config.sample_rate)
        case "mp3":
            return SentAudio(audio.codec, audio.mp3_config.sample_rate)
        case _:
            return SentAudio(audio.codec, audio.pcm_config.sample_rate)


def live_connection_routes(watcher_hub: WatcherHub, guard: Guard, peers: Peers) -> list[HTTPRouteHandler]:
    """The route handler. ``peers`` have live connections too."""

    @get(
        SESSIONS_PATH,
        guards=[guard],
        opt=described("The live connections that the token may watch", "kouyu", data=list[LiveConnection]),
    )
    async def connections(request: Request[TokenRecord, Any, Any]) -> Response[bytes]:
        sessions = watcher_hub.sessions(wanted_by(request.user, None, None))
        own = [live_connection(session, peers.own_address) for session in sessions]
        others = [each for told in await peers.told(request, SESSIONS_PATH) for each in connections_of(told)]
        return answer_success(request, own + others)

    return [connections]
