"""What one run leaves behind: its outbox on the way to the broker, and its timeline."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from edge.config import Config
from edge.messages import Source
from edge.publish.publisher import Publisher
from edge.redact import said
from edge.run_registry import Start
from edge.runtime.sinks import Sink
from edge.status import SystemStatus
from edge.store.folder import StateFolder
from edge.store.timeline import Timeline

_OUTBOX_FILE = "outbox.db"


class Stores:
    """Timeline and, where the configuration has a broker, publisher; open from `with` to its end.

    `sinks` has the publisher first: an alert that stands in the timeline is safe in the outbox, whatever kills the
    process.
    """

    def __init__(self, config: Config, folder: Path, start: Start, status: SystemStatus | None = None) -> None:
        """`folder` holds the files; `start` is when the run began; `status` knows what is lost."""
        self.failure: str | None = None
        """Why the run ended though nobody asked it to; set before the end of `with` when no error tells it."""
        self.publisher: Publisher | None = None
        if config.mqtt is not None:
            self.publisher = Publisher(config, folder / _OUTBOX_FILE, start, status)
        self.timeline = Timeline(folder / config.store.path, start, config.store)
        self._folder = StateFolder(folder)
        self.sinks: list[Sink] = [self.publisher, self.timeline] if self.publisher else [self.timeline]

    def turn(self, t_s: float) -> list[Source]:
        """To be called about once a second: write what is due; return what there is to tell about the stores."""
        self.timeline.turn()
        news = self.timeline.news(t_s)
        if self.publisher:
            self.publisher.turn(t_s)
            news += self.publisher.news(t_s)
        return self._folder.told(news, t_s)

    @property
    def broken(self) -> str | None:
        """Why nothing is delivered any more, which only a new start of the process mends."""
        return self.publisher.broken if self.publisher else None

    def __enter__(self) -> Stores:
        if self.publisher:
            self.publisher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.timeline.close()
        if self.publisher:
            self.publisher.stop(said(error) if isinstance(error, Exception) else self.failure)
