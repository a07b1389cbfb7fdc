"""The endpoints that only speak, only listen, or interpret: ``/v1/audio/...``, over WebSockets and REST."""
