"""The text that has come and has not been dealt with."""


class Incoming:
    """A short piece of text that is eaten from its front."""

    def __init__(self) -> None:
        self.text = ""

    def take(self, size: int) -> str:
        """Remove the first ``size`` characters and give them."""
        taken, self.text = self.text[:size], self.text[size:]
        return taken
