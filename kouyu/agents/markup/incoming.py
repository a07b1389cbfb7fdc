"""The buffer of text that has come and is not yet processed."""


class Incoming:
    """A short buffer of text, consumed from its front."""

    def __init__(self) -> None:
        self.text = ""

    def take(self, size: int) -> str:
        """Remove and return the first ``size`` characters."""
        taken, self.text = self.text[:size], self.text[size:]
        return taken
