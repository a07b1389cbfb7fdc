"""Runs a speech model with onnxruntime: float arrays, and its exceptions as EngineError."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.errors import EngineError
from kouyu.engines.onnx_model import open_onnx_model


class ModelSession:
    """A model, as a file or its content, with float outputs. Its ``threads`` threads sleep between calls.

    Raises EngineUnavailable when the file or onnxruntime is missing; the text names the weight set.
    """

    def __init__(self, model: Path | bytes, *, threads: int, weight_set: str) -> None:
        self._session = open_onnx_model(model, threads=threads, weight_set=weight_set)

    def samples(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Run the model: its first output as one row. Raises EngineError."""
        return self.run(inputs).reshape(-1)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Run the model: its first output. Raises EngineError."""
        return self.run_all(inputs)[0]

    def run_all(self, inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[np.float32]]:
        """Run the model: all its outputs. Raises EngineError."""
        try:
            return [np.asarray(output, np.float32) for output in self._session.run(None, dict(inputs))]
        except Exception as error:  # onnxruntime has no base class for what it raises
            raise EngineError(f"speech synthesis failed: {error}") from error
