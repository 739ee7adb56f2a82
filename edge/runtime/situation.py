"""What the box can and cannot do right now, in a sentence, and whether it has begun."""

from __future__ import annotations

from edge.config import Config
from edge.messages import Source


class Situation:
    """Told by any thread; each name is told by one."""

    def __init__(self, config: Config) -> None:
        self._awaited = {"camera"} if config.camera.uri is not None else {"microphone"}
        self._troubles: dict[str, Source] = {}

    def note(self, source: Source) -> None:
        """Take in a word about a source or a stage; `absent` is how the box was set up or what it sheds."""
        self._awaited.discard(source.source)
        if source.state == "lost":
            self._troubles[source.source] = source
        else:
            self._troubles.pop(source.source, None)

    def worked(self, source: str) -> None:
        """One of a source's pictures or pieces of sound is worked through."""
        self._awaited.discard(source)

    @property
    def ready(self) -> bool:
        """Whether the first picture (without a camera: sound) is worked through, or it is known that none comes."""
        return not self._awaited

    @property
    def sentence(self) -> str:
        """What does not work."""
        lost = "; ".join(f"{name} lost: {source.detail}" for name, source in list(self._troubles.items()))
        return lost or ("all works" if self.ready else "waiting for the first picture or sound")
