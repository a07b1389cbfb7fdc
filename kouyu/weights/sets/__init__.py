"""The built-in weight sets, by what they do. `catalogue` finds them by name."""
