"""Splits Kokoro's network where it can run in parts: phonemes to frames, frames to sound."""

import hashlib
from pathlib import Path
from typing import Final

import msgspec

from kouyu.engines.tts.onnx_convolutions import int8_matmul_is_exact, with_products
from kouyu.engines.tts.onnx_parts import cut_at, outputs_of, with_outputs

FRAMES: Final = "/decoder/decoder/decode.3/Div_4_output_0"
"""(1, 512, frames): the features of each frame."""

SOURCE: Final = "/decoder/decoder/generator/Concat_3_output_0"
"""(1, 22, 60 a frame and one more): the spectrum of a hum at the right pitch."""


_ENERGY: Final = "/encoder/N_proj/Conv_output_0"
"""The energy of each frame, above 0 where something can be heard."""


class KokoroParts(msgspec.Struct, frozen=True):
    """The network as two models."""

    front: bytes
    """Phonemes to FRAMES, SOURCE and the energy of each frame, (1, 1, frames): above 0 where something can be heard."""
    sound: bytes
    """FRAMES, SOURCE and statistics to samples."""
    statistics: list[str]
    """The names of the statistics."""
    fingerprint: str
    """Of ``sound``."""


def parts_of(file: Path) -> KokoroParts:
    """Split the published model: takes 1 s. Raises OSError, BadModel."""
    front, generator = _halves(file)
    statistics = outputs_of(generator, "ReduceMean")
    _, sound = cut_at(generator, statistics)
    fingerprint = hashlib.blake2b(sound, digest_size=8).hexdigest()
    return KokoroParts(with_outputs(front, (_ENERGY,)), sound, statistics, fingerprint)


def measuring_part_of(file: Path) -> bytes:
    """FRAMES and SOURCE to samples, normalised with their own statistics, and these statistics, in the same order.

    Raises OSError, BadModel.
    """
    _, generator = _halves(file)
    return with_outputs(generator, outputs_of(generator, "ReduceMean"))


def _halves(file: Path) -> tuple[bytes, bytes]:
    model = file.read_bytes()
    return cut_at(with_products(model) if int8_matmul_is_exact() else model, (FRAMES, SOURCE))
