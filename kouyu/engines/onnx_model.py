"""Opens a model file with onnxruntime, for every engine that uses one."""

from pathlib import Path
from typing import Any

from kouyu.engines.errors import EngineUnavailable


def open_onnx_model(model: Path | bytes, *, threads: int, weight_set: str) -> Any:
    """Return an ``onnxruntime.InferenceSession``; its ``threads`` threads sleep between calls. Blocking.

    ``model`` is a file, or its content. Raises EngineUnavailable if the model is missing or invalid;
    the text names the weight set to fetch.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads would take the cores from the recogniser and the language model.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # It would plan memory for each input shape and keep it; but hardly two sentences have the same length.
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    try:
        source = model if isinstance(model, bytes) else str(model)
        session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no base class for what it raises on a bad file
        name = weight_set if isinstance(model, bytes) else model
        raise EngineUnavailable(f"{name} cannot be loaded ({error}); try: kouyu models fetch {weight_set}") from error
    # It keeps the file's bytes to reload the model on another provider, which never happens here.
    session.disable_fallback()
    session._model_bytes = None
    return session
