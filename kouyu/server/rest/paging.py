"""Lists in numbered pages (rest.md 1.4)."""

from collections.abc import Sequence
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

T = TypeVar("T")

PageNumber = Annotated[int, Meta(ge=1, le=1_000_000, description="Counts from 1. One past the end is empty.")]
PageSize = Annotated[int, Meta(ge=1, le=100)]


class Page(Struct, frozen=True, kw_only=True):
    """Which page."""

    page_num: PageNumber = 1
    page_size: PageSize = 20

    def of(self, items: Sequence[T]) -> tuple[T, ...]:
        """The items on this page."""
        return tuple(items[(self.page_num - 1) * self.page_size : self.page_num * self.page_size])
