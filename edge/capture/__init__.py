"""Sources of frames, audio and speed: live cameras, microphones, media files and speed receivers."""

from edge.error import EmvasError


class CaptureError(EmvasError):
    """A source that cannot be opened or read; the message says which, what is wrong and what to do."""
