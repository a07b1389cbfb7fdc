"""Saves the pictures inside a client's messages as uploads, recognises the speech in them, and reads pictures again."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from kouyu.audio.pcm import Samples, joined
from kouyu.audio.uplink_decoding import open_decoder
from kouyu.domain.configuration import Configuration, InputAudio
from kouyu.domain.errors import INTERNAL, InvalidField, ProtocolError
from kouyu.domain.pictures import picture_type
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.errors import EngineError
from kouyu.protocol.wire import Heard, Loaded, Media, Picture, Prepared, Saved, Speech
from kouyu.serving.recordings import Recordings
from kouyu.serving.transcribing import as_configured
from kouyu.store.errors import StoreError
from kouyu.store.files import Files


class PreparedMedia(msgspec.Struct, frozen=True):
    """What became of the media of a message, in their order, and all that was said in them."""

    results: tuple[Prepared, ...]
    spoken: Samples


class MediaPreparation:
    """Prepares media for one session."""

    def __init__(
        self,
        files: Files,
        *,
        most_file_bytes: int,
        recordings: Recordings | None,
        configuration: Callable[[], Configuration],
        count_audio: Callable[[float], None],
        keep_sound: Callable[[str, Samples], None] | None,
    ) -> None:
        """``files`` are the uploads of the client's owner. ``recordings`` None: speech in messages is not recognised.
        ``keep_sound`` gets the content of a message, before it is saved, and the speech in it; None: it is not kept."""
        self._files = files
        self._most_file_bytes = most_file_bytes
        self._recordings = recordings
        self._configuration = configuration
        self._count_audio = count_audio
        self._keep_sound = keep_sound

    async def prepared(self, media: Sequence[Media]) -> PreparedMedia:
        """Prepare ``media``, one after the other. Raises StoreError, and ProtocolError for what cannot be used."""
        results: list[Prepared] = []
        spoken: list[Samples] = []
        for each in media:
            match each:
                case Picture():
                    results.append(await self._save(each))
                case Speech():
                    audio = await asyncio.to_thread(_decoded, each.content, self._configuration().input_audio)
                    spoken.append(audio)
                    results.append(await self._recognise(each, audio))
                case _:
                    results.append(await self._load(each.file_id))
        return PreparedMedia(tuple(results), joined(spoken))

    def keep(self, content: str, prepared: PreparedMedia) -> None:
        """Have the speech of a message saved with it, if the settings say so; ``content`` is the message's."""
        if self._keep_sound is not None and len(prepared.spoken):
            self._keep_sound(content, prepared.spoken)

    async def _save(self, picture: Picture) -> Saved:
        size = len(picture.content)
        if size > self._most_file_bytes:
            allowed = f"at most {self._most_file_bytes} bytes ([files] max_bytes)"
            raise InvalidField(picture.path, f"{size} bytes", allowed)
        name = f"picture.{picture_type(picture.content).partition('/')[2]}"
        return Saved((await self._files.add(name, picture.content)).id)

    async def _load(self, file_id: str) -> Loaded:
        record = await self._files.get(file_id)
        try:
            return Loaded(b"" if record is None else await self._files.content(record))
        except StoreError:
            return Loaded(b"")

    async def _recognise(self, speech: Speech, audio: Samples) -> Heard:
        self._count_audio(len(audio) / SPEECH_RATE)
        if self._recordings is None:
            raise InvalidField(f"{speech.path}", "audio", "none: audio in messages is not recognised here")
        configuration = self._configuration()
        how = as_configured(configuration.asr_config, configuration.turn_detection.interrupt_config)
        try:
            return Heard(await self._recordings.words(audio, how))
        except EngineError as fault:
            raise ProtocolError(INTERNAL, f"{speech.path}: {fault}") from fault


def _decoded(content: bytes, input_audio: InputAudio) -> Samples:
    decoder = open_decoder(input_audio)
    try:
        return joined([decoder.feed(content), decoder.flush()])
    finally:
        decoder.close()
