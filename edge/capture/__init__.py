"""Where pictures and sound come from: live cameras, microphones and media files, behind one URI scheme."""

from edge.error import EmvasError


class CaptureError(EmvasError):
    """A source that cannot be opened or read; the message says which, what is wrong and what to do."""
