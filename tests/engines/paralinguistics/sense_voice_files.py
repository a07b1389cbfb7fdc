"""A model file laid out as SenseVoice's, and its tokens, so that the library runs as it does with the real weights.

It has one weight and always answers the same: a language, an emotion, an event, and the words that it was given.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from kouyu.engines.sense_voice_model import MODEL_FILE, TOKENS_FILE
from kouyu.model_files.onnx_file import Graph, Node, Value, onnx_model

TOKENS: Final = (
    *("<blk>", "<s>", "<|en|>", "<|Speech|>", "<|withitn|>", "<|woitn|>"),
    *("<|ANGRY|>", "<|HAPPY|>", "<|NEUTRAL|>", "<|SAD|>", "<|SURPRISED|>", "<|FEARFUL|>", "<|DISGUSTED|>"),
    *("<|EMO_UNKNOWN|>", "<|zh|>", "<|nospeech|>", "▁good", "▁morning", "你", "好", "。"),
)
FEATURES: Final = 560
_INT32: Final = 6
"""TensorProto.DataType.INT32."""


def write_sense_voice(
    folder: Path, emotion: str = "<|NEUTRAL|>", *, language: str = "<|en|>", words: Sequence[str] = ()
) -> None:
    """Into an existing folder. What the model answers are TOKENS."""
    lines = (f"{token} {number}\n" for number, token in enumerate(TOKENS))
    (folder / TOKENS_FILE).write_text("".join(lines), encoding="utf-8")
    (folder / MODEL_FILE).write_bytes(
        onnx_model(_graph([language, emotion, "<|Speech|>", "<|woitn|>", *words]), "tests")
        + _integer_inputs()
        + _meta_data()
    )


def _graph(answer: Sequence[str]) -> Graph:
    spoken = [TOKENS.index(token) for token in answer]
    tags = np.eye(len(TOKENS), dtype=np.float32)[spoken][None]
    silence = np.zeros((FEATURES, len(TOKENS)), np.float32)
    return Graph(
        name="sense voice",
        nodes=(
            Node("MatMul", ("x", "silence"), ("words",)),
            Node("Concat", ("tags", "words"), ("logits",), {"axis": 1}),
        ),
        weights={"silence": silence, "tags": tags},
        inputs=(Value("x", ("N", "T", FEATURES)),),
        outputs=(Value("logits", ("N", "L", len(TOKENS))),),
    )


def _integer_inputs() -> bytes:
    """More of the graph: a protobuf message that comes twice is merged."""
    inputs = b""
    for name in ("x_length", "language", "text_norm"):
        shape = _field(2, _field(1, _field(2, b"N")))
        tensor = _field(1, b"\x08" + bytes([_INT32]) + shape)
        inputs += _field(11, _field(1, name.encode()) + _field(2, tensor))
    return _field(7, inputs)


def _meta_data() -> bytes:
    known = {
        "vocab_size": len(TOKENS),
        "lfr_window_size": 7,
        "lfr_window_shift": 6,
        "normalize_samples": 0,
        "with_itn": 14,
        "without_itn": 15,
        "lang_auto": 0,
        "lang_zh": 3,
        "lang_en": 4,
        "lang_yue": 7,
        "lang_ja": 11,
        "lang_ko": 12,
        "neg_mean": ",".join(["0"] * FEATURES),
        "inv_stddev": ",".join(["1"] * FEATURES),
        "model_type": "sense_voice_ctc",
    }
    return b"".join(
        _field(14, _field(1, name.encode()) + _field(2, str(value).encode())) for name, value in known.items()
    )


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited protobuf field; ``number`` is below 16."""
    size = b""
    left = len(content)
    while left > 0x7F:
        size += bytes([left & 0x7F | 0x80])
        left >>= 7
    return bytes([number << 3 | 2]) + size + bytes([left]) + content
