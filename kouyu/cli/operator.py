"""Who runs a command, for the audit log."""

import getpass

from kouyu.store.audit import Actor


def operator() -> Actor:
    """The user of this machine who runs the command."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        name = "unknown"
    return Actor(f"command line: {name}")
