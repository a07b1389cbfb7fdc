"""What a person reads in a message's content."""

from typing import Final

from kouyu.domain.content import AudioPart, FilePart, ImagePart, TextPart, parse_parts
from kouyu.domain.errors import ProtocolError
from kouyu.domain.messages import ContentType

_KINDS: Final = {ImagePart: "image", FilePart: "file", AudioPart: "audio"}


def readable(content: str, content_type: ContentType) -> str:
    """The text of a message: of ``object_string`` its text parts, and the kind of each other part in brackets."""
    if content_type != "object_string":
        return content
    try:
        parts = parse_parts(content)
    except ProtocolError:
        return content
    return "\n".join(part.text if isinstance(part, TextPart) else f"[{_KINDS[type(part)]}]" for part in parts)
