"""Hugging Face's speech-to-speech on the weights that kouyu uses, served as its own command serves it.

    .venv-peers-s2s/bin/python bench/peers/bots/speech_to_speech_bot.py '{"port": 8765, ...}'

Runs in an environment of its own, without kouyu. The peer brings no Piper, and takes Silero's weights from GitHub and
those of the sentence splitter from NLTK's site. Here Piper is one more of its voices, Silero's weights come from their
package, and sentences are split by the same algorithm (Punkt) without a list of abbreviations.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import nltk
import numpy as np
import soxr
import torch
from nltk.tokenize.punkt import PunktSentenceTokenizer
from piper import PiperVoice

VAD_STOP_MS = 200
"""Recognition begins then, as with Pipecat. The peer's default of 64 ms cuts "How are you today?" into pieces, each of
which is below its shortest speech of 384 ms and discarded."""
PIPELINE_RATE = 16_000
BLOCK = 512
"""Samples of a piece of audio in its pipeline."""

nltk.data.find = lambda *_, **__: ""
nltk.sent_tokenize = lambda text, *_, **__: PunktSentenceTokenizer().tokenize(text)

from speech_to_speech import backend_registry  # noqa: E402
from speech_to_speech.baseHandler import BaseHandler  # noqa: E402
from speech_to_speech.pipeline.messages import AUDIO_RESPONSE_DONE, EndOfResponse  # noqa: E402


@dataclass
class PiperArguments:
    """Options of its command."""

    piper_voice: str = ""


class PiperHandler(BaseHandler):
    """Piper, a sentence after the other."""

    def setup(
        self, should_listen: Event, voice: str, cancel_scope: Any = None, speculative_turns: Any = None, **_: Any
    ) -> None:
        self.should_listen, self.cancel_scope, self.speculative_turns = should_listen, cancel_scope, speculative_turns
        self.voice = PiperVoice.load(voice)
        list(self.voice.synthesize("Hello."))

    def process(self, spoken: Any) -> Iterator[Any]:
        turn = (spoken.turn_id, spoken.turn_revision)
        if isinstance(spoken, EndOfResponse):
            if not self.speculative_turns.wait_for_gate(*turn):
                if spoken.response_key is None:
                    return
                spoken.cleanup_only = True
            yield AUDIO_RESPONSE_DONE
            return
        if not self.speculative_turns.wait_for_gate(*turn, commit=True) or not spoken.text.strip():
            return
        generation = self.cancel_scope.generation
        for piece in self.voice.synthesize(spoken.text):
            samples = soxr.resample(piece.audio_float_array, self.voice.config.sample_rate, PIPELINE_RATE)
            pcm = np.clip(samples * 32768, -32768, 32767).astype(np.int16)
            pcm = np.pad(pcm, (0, -len(pcm) % BLOCK))
            for begin in range(0, len(pcm), BLOCK):
                if self.cancel_scope.is_stale(generation):
                    return
                yield pcm[begin : begin + BLOCK]


def create_piper(context: Any, config: Any) -> PiperHandler:
    """The handler of a pipeline."""
    return PiperHandler(
        context.stop_event,
        queue_in=context.queue_in,
        queue_out=context.queue_out,
        setup_args=(context.should_listen,),
        setup_kwargs={
            **config,
            "cancel_scope": context.cancel_scope,
            "speculative_turns": context.speculative_turns,
        },
    )


def silero(*_: Any, **__: Any) -> tuple[Any, None]:
    """What ``torch.hub.load`` gives for Silero."""
    from silero_vad import load_silero_vad

    return load_silero_vad(), None


def end_of_turn(options: dict[str, Any]) -> list[str]:
    """``silence``: an answer is spoken after as much silence as kouyu waits for. ``smart``: its own defaults."""
    if options["end_of_turn"] == "smart":
        return ["--smart_turn_model_path", options["smart_turn"]]
    rest = options["silence_ms"] - VAD_STOP_MS
    return ["--no_smart_turn", "--min_silence_ms", str(VAD_STOP_MS), "--speculative_reopen_ms", str(rest)]


def command(options: dict[str, Any]) -> list[str]:
    """The arguments of its command."""
    return [
        *("serve", "--host", "127.0.0.1", "--port", str(options["port"]), "--log_level", "warning"),
        *("--stt", "faster-whisper", "--faster_whisper_stt_model_name", options["whisper"]),
        *("--faster_whisper_stt_device", "cpu", "--faster_whisper_stt_compute_type", "int8"),
        *("--faster_whisper_stt_gen_beam_size", "5", "--enable_live_transcription", "False"),
        *("--llm_backend", "chat-completions", "--model_name", options["model"]),
        *("--responses_api_base_url", options["base_url"], "--responses_api_api_key", "none"),
        *("--init_chat_prompt", options["system"], "--stream_batch_sentences", "1"),
        *("--tts", "piper", "--piper_voice", options["voice"]),
        *end_of_turn(options),
    ]


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    torch.hub.load = silero
    backend_registry.TTS_BACKENDS["piper"] = backend_registry.BackendSpec(
        "piper", "tts", PiperArguments, create_piper, config_prefix="piper"
    )
    from speech_to_speech.cli import main

    sys.argv = [str(Path(sys.argv[0])), *command(told)]
    main()
