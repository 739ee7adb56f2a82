"""The made-up drive as the package carries it; `demo.draw` drew it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip and its ground truth: `events` with kind, start_s and end_s, speech with its text."""

    video: Path
    truth: Path

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The events of one kind, in order."""
        found = json.loads(self.truth.read_text(encoding="utf-8"))["events"]
        return [event for event in found if event["kind"] == kind]


DRIVE_CLIP = Clip(Path(__file__).with_name("drive.mp4"), Path(__file__).with_name("drive.json"))
"""66 s of `demo.story.DRIVE`: an animated public-domain portrait and synthetic speech."""
