"""Each item that is spoken has one encoder, in the format of its orders, and several items at once keep theirs."""

from collections.abc import AsyncGenerator, Sequence

import numpy as np
import pytest

from kouyu.audio.downlink_encoding import AudioEncoder, open_encoder
from kouyu.conversation.answers_apart import ITEMS_AT_ONCE
from kouyu.conversation.effects import Speak
from kouyu.conversation.inputs import Input, SpeechAudio
from kouyu.domain.configuration import Configuration, OutputAudio, OutputCodec
from kouyu.engines.scheduler import Priority
from kouyu.engines.tts.engine import AudioPiece, SynthesisOptions, Voice
from kouyu.session import speech_output
from kouyu.session.speech_output import SpeechOutput

RATE = 24_000


class Tone:
    """Speaks a tenth of a second for everything."""

    def voices(self) -> Sequence[Voice]:
        return (Voice(voice_id="tone", name="Tone", engine="tone", languages=("en",)),)

    async def synthesize(
        self, text: str, options: SynthesisOptions, priority: Priority
    ) -> AsyncGenerator[AudioPiece, None]:
        yield AudioPiece(np.full(RATE // 10, 0.25, np.float32), RATE)

    async def close(self) -> None: ...


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[OutputCodec]:
    """The codecs of the encoders that were opened, in order."""
    codecs: list[OutputCodec] = []

    def opening(output_audio: OutputAudio) -> AudioEncoder:
        codecs.append(output_audio.codec)
        return open_encoder(output_audio)

    monkeypatch.setattr(speech_output, "open_encoder", opening)
    return codecs


def order(item: int, codec: OutputCodec = "pcm") -> Speak:
    configuration = Configuration(output_audio=OutputAudio(codec=codec))
    return Speak(item, item, "Hi.", first=True, urgent=True, configuration=configuration, chat_id="c")


async def test_an_item_goes_on_in_the_format_of_its_next_order(opened: list[OutputCodec]) -> None:
    reported: list[Input] = []
    output = SpeechOutput(Tone(), reported.append)
    for codec in ("pcm", "pcm", "g711u"):
        await output.speak(order(1, codec))
    output.close()
    assert opened == ["pcm", "g711u"]
    sizes = [len(report.packet) for report in reported if isinstance(report, SpeechAudio)]
    assert sum(sizes) == 2 * RATE // 10 * 2 + 800, "the last is at 8 kHz, one byte a sample"


async def test_an_item_that_goes_on_keeps_its_encoder_while_others_come_and_go(opened: list[OutputCodec]) -> None:
    output = SpeechOutput(Tone(), lambda _: None)
    for item in range(2, 4 * ITEMS_AT_ONCE):
        await output.speak(order(1))
        await output.speak(order(item))
    assert len(opened) == 1 + 4 * ITEMS_AT_ONCE - 2
    await output.speak(order(2))
    output.close()
    assert len(opened) == 1 + 4 * ITEMS_AT_ONCE - 1, "one that was not used for long is opened again"
