"""The numbers of orders to engines and agents."""


class OrderNumbers:
    """Gives each order a number of its own; a report that carries another number is late and is dropped."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """A number never given before on this connection."""
        self._last += 1
        return self._last
