"""What the driver was warned with in the cab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True)
class Warned:
    """A signal began or ended at an output in the cab."""

    kind: ClassVar[str] = "warned"
    t_s: float
    """When its first sample was handed to the device, or the line was switched."""
    output: Literal["speaker", "gpio", "relay"]
    signal: str
    """A signal of `edge.warning.patterns`; of a line the level that it shows."""
    type: Literal["begin", "end"]
    alert: str = ""
    """The id of the alert that it is about; empty for the chime at the start."""
    times: int = 0
    """How often it had sounded when it ended."""
