"""All of kouyu's own endpoints."""

from collections.abc import Sequence

import msgspec
from litestar.types import ControllerRouterHandler

from kouyu.engines.tts.engine import Voice
from kouyu.server.access.door import Door
from kouyu.server.access.failed_handshakes import FailedHandshakes
from kouyu.server.access.rest_door import RestDoor
from kouyu.server.kouyu_api.configuration import configuration_routes
from kouyu.server.kouyu_api.diagnostics import diagnostics_route, turn_routes
from kouyu.server.kouyu_api.login import login_routes
from kouyu.server.kouyu_api.sounds import sound_routes
from kouyu.server.kouyu_api.status import ServerState, status_routes
from kouyu.store.store import Store
from kouyu.store.tokens import ALL_PERMISSIONS


class Doors(msgspec.Struct, frozen=True):
    """Who lets clients in. They share the count of failures."""

    sockets: Door
    rest: RestDoor
    failures: FailedHandshakes


def own_routes(
    store: Store, doors: Doors, state: ServerState, voices: Sequence[Voice]
) -> list[ControllerRouterHandler]:
    """The route handlers."""
    watching = doors.rest.permitting("diagnostics", "own_diagnostics")
    return [
        diagnostics_route(doors.sockets, state.board),
        *turn_routes(state.board, watching),
        *login_routes(store.tokens, doors.failures, doors.rest),
        *configuration_routes(voices, doors.rest.permitting(*ALL_PERMISSIONS, "own_diagnostics")),
        *sound_routes(store, doors.rest.guard),
        *status_routes(state, doors.rest.permitting("diagnostics")),
    ]
