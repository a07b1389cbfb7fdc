"""What an HTTP request's multipart form holds, read by the standard library."""

import email.message
from collections.abc import Iterator


def form_parts(content_type: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    """Each part's name and content, in order."""
    form = email.message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    for part in form.walk():
        name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            yield name, content
