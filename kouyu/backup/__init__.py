"""A server's whole state in one file: written while the server runs, verified when it is restored."""
