"""Opens a model file on onnxruntime, for every engine that runs one."""

from pathlib import Path
from typing import Any

from kouyu.engines.errors import EngineUnavailable


def open_onnx_model(model: Path | bytes, *, threads: int, purpose: str, weight_set: str) -> Any:
    """An ``onnxruntime.InferenceSession``; ``threads`` threads work on a call and sleep between calls. Blocking.

    ``model`` is a file, or what was in one. Raises EngineUnavailable when onnxruntime is missing, which ``purpose``
    needs, or the model is missing or bad; the text then names the weight set to fetch.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineUnavailable(f"{purpose} needs onnxruntime: pip install onnxruntime") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads would take the cores from the recogniser and the language model.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # It plans memory anew for each shape of input, and keeps what the plans need: no two sentences are of one length.
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    try:
        source = model if isinstance(model, bytes) else str(model)
        session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no base class for what it raises on a bad file
        name = weight_set if isinstance(model, bytes) else model
        raise EngineUnavailable(f"{name} cannot be loaded ({error}); try: kouyu models fetch {weight_set}") from error
    # It keeps the bytes of the file, to open it anew on another provider, which there is none.
    session.disable_fallback()
    session._model_bytes = None
    return session
