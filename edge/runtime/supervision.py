"""All components of one run: made here, so that what they have in common is said once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from edge.messages import Source
from edge.runtime.component import Component, Ends, Report
from edge.runtime.health import Health

_log = logging.getLogger(__name__)
_Part = TypeVar("_Part")


class Supervision:
    """Components are made by any thread before the run, and looked at by the one that judges."""

    def __init__(
        self, report: Report | None = None, health: Health | None = None, freeze: Callable[[str], None] | None = None
    ) -> None:
        """`report` hears what the components say of themselves, in their own threads; by default it is only logged."""
        self.health = health or Health()
        self.report: Report = report or _logged
        self._freeze = freeze
        self._components: list[Component[Any]] = []

    def component(
        self, name: str, make: Callable[[], _Part], part: _Part, ends: Ends = "never", patience_s: float | None = None
    ) -> Component[_Part]:
        """A part of this run (`Component.__init__`)."""
        made = Component(name, make, part, self.report, self.health, ends, patience_s, self._freeze)
        self._components.append(made)
        return made

    def bare(self, name: str, ends: Ends = "never", patience_s: float | None = None) -> Component[None]:
        """A part that nothing has to be built for: a thread, or one that holds what cannot be lost."""
        return self.component(name, lambda: None, None, ends, patience_s)

    def stuck(self, now_s: float) -> str | None:
        """Why the process is to be started anew: a part hangs at `now_s` (monotonic) or cannot be begun anew."""
        return next((why for part in self._components if (why := part.broken or part.hangs(now_s))), None)


def _logged(source: Source) -> None:
    _log.warning("%s %s %s", source.source, source.state, source.detail)
