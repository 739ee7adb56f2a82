"""The one base of every error that is the user's to read."""


class EmvasError(Exception):
    """Something asked for cannot be done; the message says what, where and what to do, and is shown as it is."""
