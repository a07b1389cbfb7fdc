"""The ``/v1/audio/...`` endpoints over WebSockets and REST: synthesis, recognition and interpretation."""
