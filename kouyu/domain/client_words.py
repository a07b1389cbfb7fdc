"""What a protocol calls the things that hints for a client's developer are about."""

import msgspec


class ClientWords(msgspec.Struct, frozen=True, kw_only=True):
    """The names that a client's developer knows; by default those of no protocol."""

    event_type: str = "event type"
    configure: str = "a request for a configuration"
    append: str = "audio"
    complete: str = "the end of a turn"
    clear: str = "the request to discard audio"
    push_to_talk: str = "push to talk"
    free_talk: str = "free talk"
