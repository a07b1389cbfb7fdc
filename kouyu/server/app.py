"""Builds the ASGI application: its routes, CORS, error handlers and middleware."""

from collections.abc import Collection, Sequence
from typing import Final

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, ExceptionHandlersMap

from kouyu.assembly.bot_directory import BotDirectory
from kouyu.assembly.runtime import RunSession
from kouyu.audio_sessions.services import RecognitionServices, SynthesisServices
from kouyu.audio_sessions.voice_previews import VoicePreviews
from kouyu.domain.errors import ProtocolError
from kouyu.engines.tts.engine import Voice
from kouyu.server.access.access_middleware import LOG_ID_HEADER, REQUEST_ID_HEADER, AccessMiddleware
from kouyu.server.access.authentication import Authenticator
from kouyu.server.access.failure_backoff import FailureBackoff
from kouyu.server.access.limits import TokenLimiter
from kouyu.server.access.open_sockets import OpenSockets
from kouyu.server.access.rest_authentication import RestAuthenticator
from kouyu.server.access.sessions import Sessions
from kouyu.server.access.socket_authentication import SocketAuthenticator
from kouyu.server.health import HealthChecks, health_routes
from kouyu.server.kouyu_api.bot_trials import bot_trial_routes
from kouyu.server.kouyu_api.routes import Authenticators, kouyu_api_routes
from kouyu.server.kouyu_api.status import ServerState
from kouyu.server.metrics import metrics_routes
from kouyu.server.openai_api.errors import in_openai_shape
from kouyu.server.openai_api.realtime_socket import realtime_route
from kouyu.server.openai_api.routes import openai_routes
from kouyu.server.openapi.routes import documentation_routes
from kouyu.server.pages import page_routes
from kouyu.server.peers.peers import Peers
from kouyu.server.rest.answers import answer_fault, answer_http_error, answer_protocol_error, answer_store_error
from kouyu.server.rest.bot_icons import icon_routes
from kouyu.server.rest.bots import bot_routes
from kouyu.server.rest.chats import chat_routes
from kouyu.server.rest.conversations import conversation_routes
from kouyu.server.rest.feedback import feedback_routes
from kouyu.server.rest.files import file_routes
from kouyu.server.rest.messages import message_routes
from kouyu.server.rest.rooms import room_routes
from kouyu.server.rest.speech import speech_routes
from kouyu.server.rest.transcriptions import transcription_routes
from kouyu.server.rest.variables import variable_routes
from kouyu.server.rest.voice_clone import clone_routes
from kouyu.server.rest.voiceprint_features import voiceprint_feature_routes
from kouyu.server.rest.voiceprint_groups import voiceprint_group_routes
from kouyu.server.rest.voices import voice_routes
from kouyu.server.rest.workflows import workflow_routes
from kouyu.server.rest.workspaces import workspace_routes
from kouyu.server.siblings.siblings import Siblings
from kouyu.server.sign_in.consent import consent_routes
from kouyu.server.sign_in.consent_pages import consent_page_routes
from kouyu.server.sign_in.token_routes import token_routes
from kouyu.server.sockets.audio import audio_socket_routes
from kouyu.server.sockets.chat import AnswererIds, chat_route
from kouyu.serving.services import Services
from kouyu.store.errors import StoreError
from kouyu.store.store import Store
from kouyu.store.token_records import ALL_PERMISSIONS
from kouyu.text_chats.text_chats import TextChats

CORS = CORSConfig(
    allow_origins=["*"],
    allow_methods=["GET", "POST", "PUT", "DELETE", "OPTIONS"],
    allow_headers=["*"],  # any that the caller adds; a preflight is answered with those it asks for
    expose_headers=[LOG_ID_HEADER, REQUEST_ID_HEADER],
)
"""Every origin is allowed: browsers authenticate by a token, not by a cookie (rest.md 1.2)."""

_EXCEPTION_HANDLERS: Final[ExceptionHandlersMap] = {
    HTTPException: answer_http_error,
    ProtocolError: answer_protocol_error,
    StoreError: answer_store_error,
    Exception: answer_fault,
}


def create_app(
    *,
    store: Store,
    answerer_ids: AnswererIds,
    sessions: Sessions,
    sockets: OpenSockets,
    limiter: TokenLimiter,
    run_session: RunSession,
    max_file_bytes: int,
    voices: Sequence[Voice] = (),
    bots: BotDirectory | None = None,
    chats: TextChats | None = None,
    services: Services | None = None,
    state: ServerState | None = None,
    open_metrics: bool = False,
    names: Collection[str] = (),
    peers: Peers | None = None,
    failures: FailureBackoff | None = None,
) -> ASGIApp:
    """Return the ASGI application. It owns none of its arguments: they live as long as the server.

    ``open_metrics``: ``/metrics`` needs no token. ``names``: the server's host names, for which the assertions of
    service apps may be made out. ``peers`` are the other servers on the database; ``failures`` may be shared with them.
    Without ``state`` kouyu's own endpoints are left out, without ``bots`` those that read and make bots, and without
    ``services`` the audio endpoints and ``/metrics``.
    """
    peers, siblings = peers or Peers(), state.siblings if state else Siblings()
    authenticators = _authenticators(store, limiter, sockets, failures, peers)
    authenticator, rest = authenticators.sockets, authenticators.rest
    litestar = Litestar(
        route_handlers=[
            chat_route(authenticator, sessions, answerer_ids, run_session, store.lost_connections),
            realtime_route(authenticator, sessions, answerer_ids, run_session, store.client_secrets),
            *file_routes(store, rest.bots_or_text, max_file_bytes),
            *message_routes(store, rest.text),
            *feedback_routes(store, rest.text),
            *(conversation_routes(store, rest.text, answerer_ids.bots_of, chats) if chats else ()),
            *((*chat_routes(store, chats, rest, peers), *workflow_routes(store, chats, rest, peers)) if chats else ()),
            *voice_routes(voices, rest.spoken, VoicePreviews(SynthesisServices.of(services)) if services else None),
            *clone_routes(rest.client),
            *(audio_socket_routes(authenticator, sessions, answerer_ids, services) if services else ()),
            *(_audio_routes(store, services, rest) if services else ()),
            *voiceprint_group_routes(store, rest.voiceprints),
            *workspace_routes(rest.client),
            *variable_routes(store, bots.definitions_of if bots else lambda owner: {}, rest.text),
            *room_routes(rest.client),
            *(_bot_routes(store, bots, services, voices, chats, rest) if bots else ()),
            *(kouyu_api_routes(store, authenticators, state, voices, peers) if state else ()),
            *health_routes(HealthChecks(sessions, store, store.free_bytes, siblings)),
            *(metrics_routes(services.metrics, siblings, [] if open_metrics else [rest.metrics]) if services else ()),
            *token_routes(store, authenticators.failures, names),
            *consent_routes(store, rest.permitting(*ALL_PERMISSIONS)),
            *_pages(store),
        ],
        cors_config=CORS,
        openapi_config=None,
        logging_config=None,  # the program that starts the server configures logging
        exception_handlers=in_openai_shape(_EXCEPTION_HANDLERS),
    )
    return AccessMiddleware(litestar)


def _pages(store: Store) -> list[HTTPRouteHandler]:
    """What people open in a browser, without a token."""
    return [*consent_page_routes(store), *page_routes(), *documentation_routes(), *icon_routes(store)]


def _authenticators(
    store: Store, limiter: TokenLimiter, sockets: OpenSockets, failures: FailureBackoff | None, peers: Peers
) -> Authenticators:
    failures = failures or FailureBackoff()
    authentication = Authenticator(store.tokens, failures, limiter, store.client_secrets, peers.passed_on)
    return Authenticators(SocketAuthenticator(authentication, sockets), RestAuthenticator(authentication), failures)


def _audio_routes(store: Store, services: Services, rest: RestAuthenticator) -> list[HTTPRouteHandler]:
    """The REST routes that recognise, synthesise or compare speech."""
    synthesis, recognition = SynthesisServices.of(services), RecognitionServices.of(services)
    return [
        *speech_routes(synthesis, services.capabilities_of(None), rest.audio),
        *transcription_routes(recognition, services.workers, rest.audio),
        *voiceprint_feature_routes(
            store,
            rest.voiceprints,
            encoder=services.speaker_encoder,
            voice_activity=services.voice_activity,
            workers=services.workers,
            keep_audio=lambda: services.keep_enrolment_audio,
        ),
    ]


def _bot_routes(
    store: Store,
    bots: BotDirectory,
    services: Services | None,
    voices: Sequence[Voice],
    chats: TextChats | None,
    rest: RestAuthenticator,
) -> list[HTTPRouteHandler]:
    voice_ids = services.voice_ids if services else [voice.voice_id for voice in voices]
    return [
        *bot_routes(store, bots, voice_ids, rest),
        *bot_trial_routes(bots, rest.bots),
        *(openai_routes(services, bots, chats, rest) if services else ()),
    ]
