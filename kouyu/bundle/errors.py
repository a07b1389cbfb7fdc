"""What goes wrong when a bundle is made."""


class BundleError(Exception):
    """A bundle cannot be made. The text says why, and what helps."""
