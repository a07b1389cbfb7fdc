"""A bot's prompt: a Jinja2 template over the turn's variables, plus facts about the user (uplink.md, chat_config)."""

import math
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from kouyu.agents.agent import AgentError
from kouyu.agents.prompt_rendering import (
    LONGEST_PROMPT,
    CheapTemplate,
    MalformedTemplate,
    PromptTooLong,
    TemplateFault,
    cheap_template,
    rendered_prompt,
)
from kouyu.workers.limited import LimitedWorkers, WorkFailed
from kouyu.workers.messages import Limits

_LIMITS: Final = Limits(
    cpu_s=2, wall_s=6.0, memory_bytes=256 * 1024 * 1024, output_bytes=4 * LONGEST_PROMPT, niceness=0
)
_MOST_WORK: Final = 10_000_000
"""Limit on nodes of a cheap template times characters of its variables: about 10 ms. Beyond it the workers render."""
_REMEMBERED: Final = 4
_OF_ANY_VARIABLES: Final = (MalformedTemplate.__name__, PromptTooLong.__name__, "")


class PromptTemplate:
    """A prompt with ``{{variable}}`` in it. Code in it is sandboxed; values of variables are never run as templates.

    ``owner`` names the bot in errors. Raises AgentError, with the line, when the template is not well formed.

    A template of cheap nodes alone (``prompt_rendering``) is rendered at once. ``workers`` render those with loops,
    arithmetic or calls; the result for the same variables is cached, since a turn needs it several times.
    """

    def __init__(self, text: str, *, owner: str, defaults: Mapping[str, str], workers: LimitedWorkers) -> None:
        self._text = text
        self._owner = owner
        self._defaults = dict(defaults)
        self._workers = workers
        self._remembered: OrderedDict[tuple[tuple[str, str], ...], str] = OrderedDict()
        try:
            self._cheap: CheapTemplate | None = cheap_template(text)
        except TemplateFault as fault:
            raise self._error(str(fault)) from fault

    async def render(self, variables: Mapping[str, str]) -> str:
        """Render with ``variables``, else the defaults, else empty values. Raises AgentError with the line."""
        given = self._defaults | dict(variables)
        if self._cheap is not None and self._cheap.size * sum(map(len, given.values())) <= _MOST_WORK:
            try:
                return self._cheap.render(given)
            except TemplateFault as fault:
                raise self._error(str(fault)) from fault
        try:
            return await self._rendered_by_worker(given)
        except WorkFailed as fault:
            raise self._error(str(fault) if fault.kind else f"rendering it {fault}") from fault

    async def check(self) -> None:
        """Render without variables. Raises AgentError for errors that no variables would avoid."""
        try:
            if self._cheap is None:
                await self._rendered_by_worker(self._defaults)
        except WorkFailed as fault:
            if fault.kind in _OF_ANY_VARIABLES:
                raise self._error(str(fault) if fault.kind else f"rendering it {fault}") from fault

    async def _rendered_by_worker(self, given: dict[str, str]) -> str:
        key = tuple(sorted(given.items()))
        if key not in self._remembered:
            rendered = await self._workers.run(rendered_prompt, self._text, given, limits=_LIMITS)
            self._remembered[key] = rendered.decode()
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return self._remembered[key]

    def _error(self, what: str) -> AgentError:
        return AgentError(f"The prompt of {self._owner}, {what}")


SPEAKERS_FACT: Final = (
    "Several people may be talking with you. Where a message of the user begins with a name in brackets, that person "
    "says it: the voice was recognised. Answer without brackets."
)
"""For conversations in which a speaker was recognised."""


def position_fact(extra_params: Mapping[str, str]) -> str:
    """Return a sentence with the user's position; empty unless latitude and longitude are both numbers."""
    try:
        latitude, longitude = float(extra_params["latitude"]), float(extra_params["longitude"])
    except (KeyError, ValueError):
        return ""
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        return ""
    return f"The user is at latitude {latitude:.6f}, longitude {longitude:.6f}."
