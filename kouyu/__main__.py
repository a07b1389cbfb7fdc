"""`python -m kouyu` is `kouyu`."""

from kouyu.cli.main import main

main(prog_name="kouyu")
