"""What can be seen of a live session by whoever may watch it: docs/diagnostics.md."""
