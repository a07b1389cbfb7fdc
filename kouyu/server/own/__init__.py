"""kouyu's own endpoints, which are no part of the protocol: docs/diagnostics.md."""
