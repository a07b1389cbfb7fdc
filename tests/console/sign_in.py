"""The link that signs a browser in to the page."""

import subprocess
import sys

from tests.end_to_end.running_server import RunningServer


def login_of(server: RunningServer) -> str:
    """A new link to this server's page, as ``kouyu token link`` prints it. It has all permissions."""
    command = [sys.executable, "-m", "kouyu", "token", "link", "--data-dir", str(server.folder / "data")]
    printed = subprocess.run(command, cwd=server.folder, capture_output=True, text=True, check=True).stdout
    return server.http + "/#login=" + printed.split("#login=")[1].split()[0]
