"""Live view of sessions for watchers with permission: docs/diagnostics.md."""
