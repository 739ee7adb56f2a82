"""Frames of the shared clips for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge.capture.media import MediaFile
from edge.messages import Frame


def frames(data_dir: Path, clip: str, every: int = 1) -> Iterator[Frame]:
    """Every `every`-th frame of `clips/CLIP`."""
    pictures = (item for item in MediaFile(data_dir / "clips" / clip).read() if isinstance(item, Frame))
    for number, frame in enumerate(pictures):
        if number % every == 0:
            yield frame
