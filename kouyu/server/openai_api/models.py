"""``/openai/v1/models``: the bots that a token may talk to; and the lists of voices that Open WebUI reads."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.types import Guard
from msgspec import Struct

from kouyu.agents.bot_definition import BotDefinition
from kouyu.domain import errors
from kouyu.engines.tts.engine import Voice
from kouyu.server.openai_api.errors import PREFIX, OpenAIError, openai_operation
from kouyu.server.sockets.client_acceptance import unknown
from kouyu.store.token_records import TokenRecord

SPEECH_MODELS: Final = ("tts-1", "whisper-1")
"""Names under which clients ask for speech and for its recognition. They are no bots and not in the list."""

Definitions = Callable[[str], Mapping[str, BotDefinition]]
"""The bots that an owner's clients may talk to."""


class Model(Struct, frozen=True, kw_only=True):
    """A bot as a model. ``created`` is 0: kouyu's list does not know."""

    id: str
    name: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "kouyu"


class ModelList(Struct, frozen=True, kw_only=True):
    """The models."""

    data: tuple[Model, ...]
    object: Literal["list"] = "list"


class NamedChoice(Struct, frozen=True):
    """Something that can be chosen."""

    id: str
    name: str


class SpeechModelList(Struct, frozen=True):
    """The models that speak."""

    models: tuple[NamedChoice, ...]


class SpeechVoiceList(Struct, frozen=True):
    """The voices, the default one first."""

    voices: tuple[NamedChoice, ...]


def known_bot(bots_of: Definitions, token: TokenRecord, wanted: str) -> BotDefinition:
    """The bot that a request names as its model. Raises OpenAIError if there is none that this token may talk to."""
    known = _permitted(bots_of, token)
    if fault := unknown("bot", wanted, known):
        raise OpenAIError(errors.NOT_FOUND, f"model: {fault}", param="model", name="model_not_found")
    return known[wanted]


def _permitted(bots_of: Definitions, token: TokenRecord) -> dict[str, BotDefinition]:
    return {bot_id: bot for bot_id, bot in bots_of(token.owner).items() if not token.refuses_bot(bot_id)}


def model_routes(bots_of: Definitions, voices: Sequence[Voice], guard: Guard) -> list[HTTPRouteHandler]:
    """The route handlers."""

    @get(
        f"{PREFIX}/models",
        guards=[guard],
        opt=openai_operation("The bots, as models", data=ModelList),
    )
    async def openai_models(request: Request[Any, Any, Any]) -> Response[bytes]:
        models = tuple(Model(id=bot_id, name=bot.name) for bot_id, bot in _permitted(bots_of, request.user).items())
        return _json(ModelList(data=models))

    @get(
        f"{PREFIX}/models/{{bot_id:str}}",
        guards=[guard],
        opt=openai_operation("One bot, as a model", data=Model),
    )
    async def openai_model(request: Request[Any, Any, Any], bot_id: FromPath[str]) -> Response[bytes]:
        if bot_id in SPEECH_MODELS:
            return _json(Model(id=bot_id, name=bot_id))
        return _json(Model(id=bot_id, name=known_bot(bots_of, request.user, bot_id).name))

    @get(
        f"{PREFIX}/audio/models",
        opt=openai_operation("The models that speak", data=SpeechModelList, open=True),
    )
    async def openai_speech_models() -> Response[bytes]:
        """What Open WebUI reads, without a token."""
        return _json(SpeechModelList((NamedChoice(SPEECH_MODELS[0], SPEECH_MODELS[0]),)))

    @get(
        f"{PREFIX}/audio/voices",
        opt=openai_operation("The voices", data=SpeechVoiceList, open=True),
    )
    async def openai_voices() -> Response[bytes]:
        """What Open WebUI reads, without a token."""
        return _json(SpeechVoiceList(tuple(NamedChoice(voice.voice_id, voice.name) for voice in voices)))

    return [openai_models, openai_model, openai_speech_models, openai_voices]


def _json(answer: Struct) -> Response[bytes]:
    return Response(msgspec.json.encode(answer), media_type=MediaType.JSON)
