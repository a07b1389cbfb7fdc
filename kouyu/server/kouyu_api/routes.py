"""All of kouyu's own endpoints."""

from collections.abc import Sequence

import msgspec
from litestar.types import ControllerRouterHandler

from kouyu.engines.tts.engine import Voice
from kouyu.server.access.failure_backoff import FailureBackoff
from kouyu.server.access.rest_authentication import RestAuthenticator
from kouyu.server.access.socket_authentication import SocketAuthenticator
from kouyu.server.kouyu_api.bot_endpoints import endpoint_routes
from kouyu.server.kouyu_api.configuration import configuration_routes
from kouyu.server.kouyu_api.diagnostics import diagnostics_route, turn_routes
from kouyu.server.kouyu_api.failures import ServersFailures, failure_routes
from kouyu.server.kouyu_api.found_conversations import found_conversation_routes
from kouyu.server.kouyu_api.live_connections import live_connection_routes
from kouyu.server.kouyu_api.login import login_routes
from kouyu.server.kouyu_api.recent_metrics import recent_metrics_routes
from kouyu.server.kouyu_api.sounds import sound_routes
from kouyu.server.kouyu_api.status import ServerState, status_routes
from kouyu.server.kouyu_api.tokens import token_routes
from kouyu.server.kouyu_api.users import user_routes
from kouyu.server.peers.peers import Peers
from kouyu.store.store import Store
from kouyu.store.token_records import ALL_PERMISSIONS


class Authenticators(msgspec.Struct, frozen=True):
    """Authenticators for REST and WebSockets, with one shared count of failures."""

    sockets: SocketAuthenticator
    rest: RestAuthenticator
    failures: FailureBackoff


def kouyu_api_routes(
    store: Store, authenticators: Authenticators, state: ServerState, voices: Sequence[Voice], peers: Peers
) -> list[ControllerRouterHandler]:
    """The route handlers."""
    seeing = authenticators.rest.permitting("diagnostics")
    watching = authenticators.rest.permitting("diagnostics", "own_diagnostics")
    failures = ServersFailures(state.failures, peers)
    return [
        diagnostics_route(authenticators.sockets, state.watcher_hub, peers),
        *turn_routes(state.watcher_hub, watching, peers),
        *live_connection_routes(state.watcher_hub, watching, peers),
        *login_routes(store.tokens, authenticators.failures, authenticators.rest),
        *configuration_routes(voices, authenticators.rest.permitting(*ALL_PERMISSIONS, "own_diagnostics")),
        *sound_routes(store, authenticators.rest.text),
        *user_routes(store, authenticators.rest.permitting("administration")),
        *token_routes(store, authenticators.rest.permitting("administration")),
        *found_conversation_routes(store, authenticators.rest.text),
        *failure_routes(failures, seeing),
        *endpoint_routes(state.agents_of, failures, seeing),
        *status_routes(state, seeing, peers),
        *(recent_metrics_routes(state.recent, seeing, state.siblings) if state.recent else ()),
    ]
