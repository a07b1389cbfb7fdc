"""Prints lines for people. Text from outside (transcripts, names, errors of models and servers) cannot control the
terminal: its control characters are shown as escape sequences."""

import click

from kouyu.text.visible import visible


def say(text: str = "", *, err: bool = False) -> None:
    """Print lines; ``err``: on standard error."""
    click.echo(visible(text), err=err)
