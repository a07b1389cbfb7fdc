"""The page of a running server in Chromium, driven by the scenarios of browser/."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.sdk.node_project import NodeProject

RUN = Path(__file__).parent / "browser" / "run.mjs"


@dataclass(frozen=True)
class Page(NodeProject):
    """A browser, and the WAV file that its microphone plays in a loop."""

    chromium: str
    microphone: Path

    def does(self, scenarios: str, name: str, *, may_fail: str = "status of 40", **given: Any) -> Any:
        """What the scenario ``name`` of ``browser/scenarios/<scenarios>.mjs`` gives.

        ``phone``, ``dark``, ``locale``, ``width`` and ``height`` say what the browser is like; the rest is the
        scenario's. ``may_fail``: what stands in the faults that the scenario provokes. Checks that the page had no
        other fault and spoke with no other host than its server.
        """
        where = {"CHROMIUM": self.chromium, "MICROPHONE": str(self.microphone)}
        seen = self._run([str(RUN), scenarios, name], given, **where)
        assert set(seen.pop("hosts")) == {self.server.http.removeprefix("http://")}
        errors = seen.pop("errors")
        assert not [error for error in errors if "status of 40" not in error and may_fail not in error], errors
        return seen
