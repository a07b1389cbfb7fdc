"""``POST /v1/audio/voices/clone`` (rest.md 2.2): always an error, since no engine can clone a voice.

The request is checked first, so that a client learns of its own mistakes too.
"""

from typing import Annotated, Any, Final, Literal

from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard
from msgspec import Meta, Struct

from kouyu.audio.format_detection import LONGEST_START, file_kind
from kouyu.domain.errors import FILE_FORMAT_REFUSED, NOT_IMPLEMENTED, ProtocolError
from kouyu.server.openapi.operation import described
from kouyu.server.rest.ids import OptionalId
from kouyu.server.rest.typed import typed_form
from kouyu.server.rest.uploads import FORM_BYTES, read_form

_MOST_BYTES: Final = 10 * 1024 * 1024
_Text = Annotated[str, Meta(max_length=10_000)]


class CloneVoice(Struct, frozen=True, kw_only=True):
    """The parts of the form beside `file`."""

    voice_name: Annotated[str, Meta(min_length=7, max_length=100, description="More than 6 characters.")]
    audio_format: Annotated[
        Literal["wav", "mp3", "ogg", "m4a", "aac", "pcm"], Meta(description="`pcm` is 16 bit, mono, 24000 Hz.")
    ]
    language: Literal["zh", "en", "ja", "es", "id", "pt"] | None = None
    voice_id: OptionalId | None = None
    preview_text: _Text | None = None
    text: _Text | None = None
    space_id: OptionalId | None = None
    description: _Text | None = None


class CloneVoiceForm(CloneVoice, frozen=True, kw_only=True):
    """The whole form."""

    file: bytes


def clone_routes(guard: Guard) -> list[HTTPRouteHandler]:
    """The route handler."""

    @post(
        "/v1/audio/voices/clone",
        guards=[guard],
        request_max_body_size=_MOST_BYTES + FORM_BYTES,
        status_code=200,
        opt=described("Always an error: no engine here clones voices", "Audio", form=CloneVoiceForm),
    )
    async def clone(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Refused: no engine of this server can clone a voice."""
        form = await read_form(request)
        asked = typed_form(form.texts(), CloneVoice)
        _, content = form.file(most_bytes=_MOST_BYTES)
        if asked.audio_format != "pcm" and not file_kind(content[:LONGEST_START]):
            allowed = "a WAV, MP3, Ogg, M4A or AAC file"
            raise ProtocolError(FILE_FORMAT_REFUSED, f"file: it holds no readable audio; allowed: {allowed}")
        raise ProtocolError(NOT_IMPLEMENTED, "no speech engine of this server can clone a voice")

    return [clone]
