"""A console of rich for text from outside."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from kouyu.text.visible import visible


class SafeConsole(Console):
    """A console on which no text controls the terminal (``saying.py``) or is rich's markup: square brackets are what
    they are."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """As the base class, with control characters shown as escape sequences, before their width is measured."""
        return super().render_str(visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As the base class, with control characters shown as escape sequences in what is no string but a Text."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))
