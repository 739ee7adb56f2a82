"""The one way to name a camera: `v4l2:///dev/video0`, `rtsp://...`, `http://...`, `csi://0`, `file:///path`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.capture import CaptureError
from edge.config.perception import CAMERA_SCHEMES, NETWORK_SCHEMES
from edge.redact import address


@dataclass(frozen=True, slots=True)
class SourceUri:
    """A parsed URI; `target` is what comes after `://` (a path, a sensor number, or host and path)."""

    scheme: str
    target: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.target}"

    @property
    def path(self) -> Path:
        """The target of `file` and `v4l2` as a path; `file://clip.mp4` is relative to the working folder."""
        return Path(self.target)

    @property
    def is_file(self) -> bool:
        """Whether the source ends by itself."""
        return self.scheme == "file"

    @property
    def printable(self) -> str:
        """Scheme, host and path: without the login and the query that a network camera's URI may carry."""
        return address(str(self)) if self.scheme in NETWORK_SCHEMES else str(self)


def parse_uri(text: str) -> SourceUri:
    """Parse a camera URI.

    Raises:
        CaptureError: the scheme is not one of `CAMERA_SCHEMES`, or nothing follows it.
    """
    scheme, separator, target = text.partition("://")
    if not separator or scheme not in CAMERA_SCHEMES:
        allowed = ", ".join(f"{name}://" for name in CAMERA_SCHEMES)
        raise CaptureError(f"{address(text)!r} is no camera URI: it starts with one of {allowed}")
    if not target:
        raise CaptureError(
            f"{address(text)!r} names no camera: write for example v4l2:///dev/video0 or file:///clips/a.mp4"
        )
    if scheme == "csi" and not target.isdecimal():
        raise CaptureError(f"{address(text)!r}: csi:// is followed by the sensor's number, for example csi://0")
    return SourceUri(scheme, target)
