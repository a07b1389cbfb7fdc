"""All routes of OpenAI's API."""

from litestar.handlers import HTTPRouteHandler

from kouyu.assembly.bot_directory import BotDirectory
from kouyu.audio_sessions.services import RecognitionServices, SynthesisServices
from kouyu.server.access.rest_authentication import RestAuthenticator
from kouyu.server.openai_api.chats import chat_routes
from kouyu.server.openai_api.client_secrets import client_secret_routes
from kouyu.server.openai_api.models import model_routes
from kouyu.server.openai_api.speech import speech_routes
from kouyu.server.openai_api.transcriptions import transcription_routes
from kouyu.serving.services import Services
from kouyu.text_chats.text_chats import TextChats


def openai_routes(
    services: Services, bots: BotDirectory, chats: TextChats | None, rest: RestAuthenticator
) -> list[HTTPRouteHandler]:
    """The route handlers below ``/openai/v1``. Without ``chats``, bots are not asked."""
    synthesis, recognition = SynthesisServices.of(services), RecognitionServices.of(services)
    return [
        *speech_routes(synthesis, services.capabilities_of(None), rest.audio),
        *transcription_routes(recognition, services.workers, rest.audio),
        *(chat_routes(services, bots.definitions_of, chats, rest) if chats else ()),
        *client_secret_routes(services.store, services.default_voice_id, rest.permitting("voice")),
        *model_routes(bots.definitions_of, services.synthesizer.voices(), rest.client),
    ]
