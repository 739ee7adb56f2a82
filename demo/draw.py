"""`python -m demo.draw`: draw the drive that the package carries anew, after its code or its story has changed."""

from __future__ import annotations

import json

from rich.progress import Progress

from demo.clip import drawing_of, write_clip
from demo.drive import DRIVE_CLIP
from demo.story import DRIVE
from edge.bundle.bundle import Bundle
from edge.shipped import BUNDLE


def main() -> None:
    """Write `demo/drive.mp4` and `demo/drive.json`, in two minutes."""
    with Progress() as progress:
        bar = progress.add_task("drawing the drive", total=1.0)
        told = write_clip(DRIVE, Bundle(BUNDLE), DRIVE_CLIP.video, lambda share: progress.update(bar, completed=share))
    truth = {"drawn_by": drawing_of(DRIVE).hexdigest(), **told}
    DRIVE_CLIP.truth.write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
