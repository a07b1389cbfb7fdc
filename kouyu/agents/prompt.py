"""A bot's prompt: a Jinja2 template over the turn's variables, and facts about the user (uplink.md, chat_config)."""

import math
from collections.abc import Mapping
from types import TracebackType
from typing import Final

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from kouyu.agents.agent import AgentError

_environment: Final = ImmutableSandboxedEnvironment(undefined=jinja2.ChainableUndefined, autoescape=False)
_FILE_NAME: Final = "<template>"


class PromptTemplate:
    """A prompt with ``{{variable}}`` in it. Code in it is sandboxed; values of variables are never run as templates.

    ``owner`` names the bot in errors. Raises AgentError, with the line, when the template is not well formed.
    """

    def __init__(self, text: str, *, owner: str, defaults: Mapping[str, str]) -> None:
        self._owner = owner
        self._defaults = dict(defaults)
        try:
            self._template = _environment.from_string(text)
        except jinja2.TemplateSyntaxError as fault:
            raise self._error(fault.lineno, fault.message or "syntax error") from fault

    def render(self, variables: Mapping[str, str]) -> str:
        """The prompt with ``variables`` filled in, else the defaults, else nothing. Raises AgentError with the line."""
        try:
            return self._template.render(self._defaults | dict(variables)).strip()
        except Exception as fault:  # a template may raise anything
            raise self._error(_line(fault.__traceback__), f"{type(fault).__name__}: {fault}") from fault

    def _error(self, line: int | None, what: str) -> AgentError:
        return AgentError(f"The prompt of {self._owner}, line {line or '?'}: {what}")


def _line(trace: TracebackType | None) -> int | None:
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILE_NAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


SPEAKERS_FACT: Final = (
    "Several people may be talking with you. Where a message of the user begins with a name in brackets, that person "
    "says it: the voice was recognised. Answer without brackets."
)
"""For conversations in which somebody's voice was recognised."""


def position_fact(extra_params: Mapping[str, str]) -> str:
    """A sentence for the model that says where the user is; empty unless latitude and longitude are both numbers."""
    try:
        latitude, longitude = float(extra_params["latitude"]), float(extra_params["longitude"])
    except (KeyError, ValueError):
        return ""
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        return ""
    return f"The user is at latitude {latitude:.6f}, longitude {longitude:.6f}."
