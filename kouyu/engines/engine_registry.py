"""Engines by name: those built in, and those that other packages add through entry points.

A package adds an engine by naming its factory in its own metadata::

    [project.entry-points."kouyu.asr"]
    my-recognizer = "my_package.recognizer:MyRecognizer"

Such a factory takes the scheduler (one for voice activity or noise suppression takes nothing) and may be a coroutine
function. An entry point wins over a built-in engine of the same name. Nothing is imported before it is asked for.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Literal, TypeAlias

from kouyu.engines.errors import EngineUnavailable

Kind: TypeAlias = Literal["vad", "denoise", "asr", "emotion", "tts"]

BUILT_IN: Final[Mapping[Kind, Mapping[str, str]]] = {
    "vad": {"silero": "kouyu.engines.vad.silero:SileroVoiceActivity"},
    "denoise": {"webrtc": "kouyu.engines.denoise.webrtc:WebRtcSuppressor"},
    "asr": {
        "whisper": "kouyu.engines.asr.whisper:WhisperRecognizer",
        "openai": "kouyu.engines.asr.openai:OpenAIRecognizer",
    },
    "emotion": {"sense-voice": "kouyu.engines.paralinguistics.sense_voice:SenseVoiceEmotion.load"},
    "tts": {
        "piper": "kouyu.engines.tts.piper:PiperSynthesizer.load",
        "kokoro": "kouyu.engines.tts.kokoro:KokoroSynthesizer.load",
        "openai": "kouyu.engines.tts.openai:OpenAISpeech",
    },
}
"""``module:factory`` by kind and name."""


def names(kind: Kind) -> tuple[str, ...]:
    """The names of all known engines of a kind, sorted."""
    return tuple(sorted(_known(kind)))


def factory(kind: Kind, name: str) -> Callable[..., Any]:
    """What makes the engine; its module is imported now.

    Raises EngineUnavailable for an unknown name (the text lists the known ones) and for an engine that cannot be
    imported.
    """
    known = _known(kind)
    if name not in known:
        raise EngineUnavailable(f"no {kind} engine is called {name!r}; known: {', '.join(sorted(known)) or 'none'}")
    try:
        made: Callable[..., Any] = known[name].load()
    except (ImportError, AttributeError) as error:
        raise EngineUnavailable(f"the {kind} engine {name!r} cannot be loaded: {error}") from error
    return made


def _known(kind: Kind) -> dict[str, EntryPoint]:
    group = f"kouyu.{kind}"
    built_in = {name: EntryPoint(name, value, group) for name, value in BUILT_IN[kind].items()}
    return built_in | {entry.name: entry for entry in entry_points(group=group)}
