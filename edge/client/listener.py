"""What the readers of a fleet's messages share: one connection, open inside `with`, and loops that can be ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from edge.config.delivery import MqttConfig
from edge.publish.mqtt.client import MqttClient

_ListenerT = TypeVar("_ListenerT", bound="Listener")


class Listener:
    """Connected inside `with`; reconnects with a jittered back-off if the broker is missing or restarts."""

    def __init__(
        self,
        broker: str | MqttConfig,
        settings: Mapping[str, Any],
        client_id: str,
        topics: Callable[[str], Sequence[str]],
        keep_s: int,
        owner_settles: bool = False,
    ) -> None:
        """`topics` gives what to subscribe to below the base topic; the other arguments are those of `MqttClient`.

        Raises:
            pydantic.ValidationError: one of the `settings` (keys of section `mqtt`) is wrong.
        """
        self._config = broker if isinstance(broker, MqttConfig) else MqttConfig(host=broker, **settings)
        subscribe = topics(self._config.base)
        self._client = MqttClient(
            self._config, client_id, subscribe=subscribe, keep_s=keep_s, owner_settles=owner_settles
        )
        self._stopped = False

    def __enter__(self: _ListenerT) -> _ListenerT:
        self._client.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._client.stop()

    def stop(self) -> None:
        """End the loops over what arrives; for another thread or a signal handler."""
        self._stopped = True
        self._client.events.put(None)
