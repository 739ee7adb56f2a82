"""A paho client that a broker can neither stop nor flood."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode

from edge.redact import said

_log = logging.getLogger(__name__)

LARGEST_PACKET_BYTES = 256 << 10
"""The largest packet that is read: the longest that boxes send are their reports, of some kilobytes. With MQTT 5 the
broker is told (`Maximum Packet Size` in CONNECT) and keeps larger ones back."""


class BoundedClient(paho.Client):
    """Whatever its thread raises, and a packet that is too large, ends the connection as a lost link does."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.fault: str | None = None
        self.on_fault: Callable[[], None] | None = None
        """Called from its thread, when `fault` says what happened."""

    def loop_forever(self, timeout: float = 1.0, retry_first_connection: bool = False) -> MQTTErrorCode:
        """Do the work of paho's thread, which would end on an error without a word and leave the socket open."""
        try:
            return super().loop_forever(timeout, retry_first_connection)
        except Exception as error:  # paho's readers raise what they like on bytes that are no MQTT
            _log.debug("the connection to the broker broke", exc_info=True)
            self.fault = said(error)
            if self.on_fault:
                self.on_fault()
            return MQTTErrorCode.MQTT_ERR_PROTOCOL

    def _sock_recv(self, bufsize: int) -> bytes:
        """Read from the socket: paho asks for all that is left of a packet at once, before it holds any of it."""
        if bufsize > LARGEST_PACKET_BYTES:
            raise ValueError(f"a packet of {bufsize} bytes, {LARGEST_PACKET_BYTES} are the most")
        return super()._sock_recv(bufsize)
