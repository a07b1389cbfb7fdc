"""What an engine may raise; nothing else leaves an engine."""


class EngineError(Exception):
    """An engine could not do what was asked. ``retryable`` says whether the same call may succeed later."""

    def __init__(self, msg: str, *, retryable: bool = False) -> None:
        super().__init__(msg)
        self.retryable = retryable


class EngineUnavailable(EngineError):
    """An engine cannot start: a library or its weights are missing. The text names the command that helps."""
