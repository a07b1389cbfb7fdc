"""`python -m kouyu` is `kouyu`."""

from kouyu.cli.main import run

run()
