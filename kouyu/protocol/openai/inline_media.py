"""Pictures and audio inside a client's items. An item is read twice: to find them, and once the session has saved or
recognised them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from kouyu.domain.client_json import decode_base64
from kouyu.domain.content import LONGEST_ADDRESS
from kouyu.domain.errors import InvalidField
from kouyu.domain.pictures import PICTURES, is_data_uri, picture_in
from kouyu.protocol.openai.audio_formats import BYTES_PER_SECOND, AudioFormat
from kouyu.protocol.openai.faults import missing
from kouyu.protocol.wire import Heard, Media, Picture, Prepared, Saved, Speech

MOST_BYTES: Final = 3_900_000
"""Of one picture, or of the audio of one part: in base64 an event with it just fits into a WebSocket message of 5 MiB
(LARGEST_MESSAGE)."""
LONGEST_AUDIO_S: Final = 120
"""Of the audio of one part: what the client sends next waits until it is recognised."""
_IMAGE: Final = (
    f"the http or https URL of a picture, of at most {LONGEST_ADDRESS} characters; or {PICTURES} of at most "
    f"{MOST_BYTES} bytes, as a data URI in base64"
)
_NOT_YET: Final = Saved("0")
_Result = TypeVar("_Result", bound=Prepared)


class InlineMedia:
    """The media of the items of one event, in their order."""

    def __init__(self, audio_format: AudioFormat, prepared: Sequence[Prepared] | None = None) -> None:
        """``audio_format`` is that of the session's input. ``prepared`` is what became of the media that the reading
        before has found; None: this reading finds them, and what it reads of them is a placeholder."""
        self._audio_format = audio_format
        self._prepared = None if prepared is None else iter(prepared)
        self.found: list[Media] = []

    def picture(self, value: object, path: str) -> str | Saved:
        """The URL of a picture, or the upload that one has become which is a data URI. Raises InvalidField."""
        if not isinstance(value, str):
            raise InvalidField(path, value, _IMAGE)
        if not is_data_uri(value):
            if not value.startswith(("https://", "http://")) or len(value) > LONGEST_ADDRESS:
                raise InvalidField(path, value, _IMAGE)
            return value
        if self._prepared is not None:
            return self._next(Saved)
        self.found.append(Picture(picture_in(value, path, MOST_BYTES), path))
        return _NOT_YET

    def transcript(self, part: Mapping[str, Any], path: str) -> str:
        """What is said in the audio of a part that has no transcript. Raises InvalidField or RefusedEvent."""
        if self._prepared is not None:
            return self._next(Heard).transcript
        allowed = f"{self._most_audio} bytes of {self._audio_format}, the session's input format, in base64"
        value, path = part.get("audio"), f"{path}.audio"
        if value is None:
            raise missing(path, f"at most {allowed}; or a transcript")
        try:
            content = decode_base64(value) if isinstance(value, str) else b""
        except ValueError as fault:
            raise InvalidField(path, value, f"at most {allowed}") from fault
        if len(content) < self._sample_bytes or len(content) > self._most_audio:
            raise InvalidField(path, f"{len(content)} bytes", f"1 to {allowed}")
        self.found.append(Speech(content[: len(content) // self._sample_bytes * self._sample_bytes], path))
        return ""

    @property
    def _most_audio(self) -> int:
        return min(MOST_BYTES, LONGEST_AUDIO_S * BYTES_PER_SECOND[self._audio_format])

    @property
    def _sample_bytes(self) -> int:
        return 2 if self._audio_format == "audio/pcm" else 1

    def _next(self, kind: type[_Result]) -> _Result:
        assert self._prepared is not None
        prepared = next(self._prepared)
        assert isinstance(prepared, kind)
        return prepared
