"""Ids in requests."""

from typing import Annotated

from msgspec import Meta

from kouyu.domain.text_ranges import LONGEST_ID

Id = Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)]
"""An id that must be given."""
OptionalId = Annotated[str, Meta(max_length=LONGEST_ID)]
"""An id, or "" for none."""
