"""The errors that engines raise; no other exceptions leave an engine."""


class EngineError(Exception):
    """A call of an engine failed. ``retryable``: the same call may succeed later."""

    def __init__(self, msg: str, *, retryable: bool = False) -> None:
        super().__init__(msg)
        self.retryable = retryable


class EngineOverloaded(EngineError):
    """Too much work waits already. The same call may succeed later."""

    def __init__(self, msg: str = "the engines are overloaded") -> None:
        super().__init__(msg, retryable=True)


class EngineUnavailable(EngineError):
    """An engine cannot start: a library or its weights are missing. The text names the command that helps."""
