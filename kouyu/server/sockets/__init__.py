"""The WebSocket endpoints beside ``/v1/chat``: routes and thin translation."""
