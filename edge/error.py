"""The base of every error whose text is for users."""

from edge.i18n.texts import Sentence


class EmvasError(Exception):
    """The request cannot be fulfilled; the message says what, where and what to do, and is shown unchanged."""

    @property
    def sentence(self) -> str:
        """The message; a `Sentence`, which other languages can render, where the error was raised with one."""
        first = self.args[0] if len(self.args) == 1 else None
        return first if isinstance(first, Sentence) else str(self)
