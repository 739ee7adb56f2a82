"""The installed release and its trial: a pure state machine.

A new release is on trial until it has run well for long enough. Each start of the box on trial is counted before
anything else happens; a clean stop gives its start back, a crash, a watchdog's kill or a power cut does not. When
`MOST_STARTS` are used up, the next start takes the release back. What was proven is never taken back by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge.error import EmvasError

MOST_STARTS = 3
"""Starts that a release on trial may use; chosen. Small, because each costs the box its boot time."""


class NoPreviousReleaseError(EmvasError):
    """There is no earlier release for a rollback."""


@dataclass(frozen=True, slots=True)
class ReleaseState:
    """The releases of one store, by name."""

    current: str | None = None
    previous: str | None = None
    """The proven release that `current` replaced; None: no rollback is possible."""
    starts: int | None = None
    """Starts used up on trial; None: `current` is not on trial."""
    taken_back: str | None = None
    """The last release that failed its trial or was rolled back by hand, until the next is installed."""
    trial: str | None = None
    """Name of the trial of `current`; verdicts about other trials are ignored."""

    @property
    def on_trial(self) -> bool:
        """Whether `current` is still on trial."""
        return self.starts is not None

    def installed(self, name: str, trial: str) -> ReleaseState:
        """Make `name` current, on trial if there is a proven release for a rollback."""
        proven = self.previous if self.on_trial else self.current
        return ReleaseState(name) if proven is None else ReleaseState(name, proven, 0, trial=trial)

    def started(self) -> ReleaseState:
        """The box starts: count the start, or roll back a release that has used its starts."""
        if self.starts is None:
            return self
        if self.starts >= MOST_STARTS:
            return self.rolled_back()
        return replace(self, starts=self.starts + 1)

    def stopped_cleanly(self) -> ReleaseState:
        """A clean stop does not count against the release."""
        return replace(self, starts=self.starts - 1) if self.starts else self

    def confirmed(self) -> ReleaseState:
        """The release has run well for long enough."""
        return replace(self, starts=None, trial=None)

    def judged(self, trial: str, proven: bool) -> ReleaseState:
        """Apply the box's verdict on the trial."""
        if trial != self.trial or not self.on_trial:
            return self
        return self.confirmed() if proven else self.rolled_back()

    def rolled_back(self) -> ReleaseState:
        """Roll back to the previous release. NoPreviousReleaseError: there is none."""
        if self.previous is None:
            raise NoPreviousReleaseError("there is no earlier release to go back to: install the one that is wanted")
        return ReleaseState(self.previous, None, None, taken_back=self.current)
