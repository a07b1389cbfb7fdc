"""Opens a speech model on onnxruntime with few threads, and keeps its errors inside the engine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.errors import EngineError, EngineUnavailable


class ModelSession:
    """A model file that gives one array of samples. ``threads`` threads work on a call and sleep between calls.

    Raises EngineUnavailable when the file or onnxruntime is missing; the text names the weight set.
    """

    def __init__(self, file: Path, *, threads: int, weight_set: str) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise EngineUnavailable("speech synthesis needs onnxruntime: pip install onnxruntime") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Spinning threads would take the cores from the recogniser and the language model.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has no base class for what it raises on a bad file
            raise EngineUnavailable(
                f"{file} cannot be loaded ({error}); try: kouyu models fetch {weight_set}"
            ) from error

    def samples(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Run the model: its first output as one row. Raises EngineError."""
        try:
            output = self._session.run(None, dict(inputs))[0]
        except Exception as error:  # as above
            raise EngineError(f"speech synthesis failed: {error}") from error
        return np.asarray(output, np.float32).reshape(-1)
