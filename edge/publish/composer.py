"""What one box says, as publications: each body on its topic, with the keeping of that topic's row."""

from __future__ import annotations

from edge.config.appliance import BoxConfig
from edge.publish import builders, payloads
from edge.publish.mqtt.events import Publication
from edge.publish.payloads import StatusWord
from edge.publish.topics import TOPICS, path_of


class Composer:
    """Knows the box's place in the topics, the run that speaks and the version of the program."""

    def __init__(self, base: str, box: BoxConfig, origin: builders.Origin, software: str) -> None:
        self._base, self._box, self._origin, self._software = base, box, origin, software

    def path(self, name: str) -> str:
        """Where the topic of this name is for this box."""
        return path_of(name, self._base, self._box)

    def publication(self, name: str, body: payloads.Body) -> Publication:
        """A body as it is sent on the topic of this name."""
        topic = TOPICS[name]
        schema = (("schema", str(payloads.SCHEMA)),)
        return Publication(self.path(name), body.encoded(), topic.qos, topic.retained, topic.expiry_s, schema)

    def status(self, state: StatusWord, connection: int, why: str | None = None) -> Publication:
        """Whether the box is there; `connection` is the number of the connection that the word is about."""
        return self.publication("status", builders.status(state, self._origin.boot, connection, self._software, why))

    def goodbye(self, connection: int, failure: str | None) -> Publication:
        """The last word of a run: `stopped`, or `failed` with what made it end."""
        return self.status("stopped" if failure is None else "failed", connection, failure)
