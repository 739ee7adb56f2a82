"""A hook for tests of the watchdog: a stage that hangs. Set only there: `EMVAS_TEST_FREEZE=vision:20`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from edge.error import EmvasError

VARIABLE = "EMVAS_TEST_FREEZE"
"""`STAGE:SECONDS`: from so many seconds after the start on, the next call of that stage never returns."""


class FreezeError(EmvasError):
    """The variable says something else."""


def freezer(now: Callable[[], float], environment: Mapping[str, str] = os.environ) -> Callable[[str], None] | None:
    """What to call with the name of a stage before it works; None without the variable.

    Raises:
        FreezeError: the variable is not of the form `vision:20`.
    """
    order = environment.get(VARIABLE)
    if order is None:
        return None
    stage, _, seconds = order.partition(":")
    try:
        from_s = float(seconds)
    except ValueError:
        raise FreezeError(f"{VARIABLE} is {order!r}; give a stage and seconds, as in vision:20") from None

    def freeze(name: str) -> None:
        while name == stage and now() >= from_s:
            time.sleep(1.0)

    return freeze
