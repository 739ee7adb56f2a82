"""Packets: the limits on what is read, in a paho client that no packet can stop, and the properties of what is sent."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.publish.mqtt.events import Publication
from edge.redact import said

_log = logging.getLogger(__name__)

LARGEST_PACKET_BYTES = 256 << 10
"""The largest packet that is read; the longest messages of boxes are reports of some kilobytes. With MQTT 5 the broker
gets this limit (`Maximum Packet Size` in CONNECT) and does not send larger ones."""
WILL_DELAY_S = 20
"""MQTT 5: a box that reconnects within this time (a tunnel, a restart of the broker) is not reported as offline."""


class BoundedClient(paho.Client):
    """An error in its thread, or a packet that is too large, ends the connection like a lost network."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.fault: str | None = None
        self.on_fault: Callable[[], None] | None = None
        """Called from its thread after `fault` was set."""

    def loop_forever(self, timeout: float = 1.0, retry_first_connection: bool = False) -> MQTTErrorCode:
        """Run paho's loop, which would otherwise end silently on an error and leave the socket open."""
        try:
            return super().loop_forever(timeout, retry_first_connection)
        except Exception as error:  # paho's readers raise what they like on bytes that are no MQTT
            _log.debug("the connection to the broker broke", exc_info=True)
            self.fault = said(error)
            if self.on_fault:
                self.on_fault()
            return MQTTErrorCode.MQTT_ERR_PROTOCOL

    def _sock_recv(self, bufsize: int) -> bytes:
        """Read from the socket: paho requests the rest of a packet at once, before it has any of it."""
        if bufsize > LARGEST_PACKET_BYTES:
            raise ValueError(f"a packet of {bufsize} bytes, {LARGEST_PACKET_BYTES} are the most")
        return super()._sock_recv(bufsize)


def packet_bytes(publication: Publication) -> int:
    """The length of its PUBLISH packet with MQTT 5, at most (chapter 3.3): heads, topic, properties and payload."""
    properties = publish_properties(publication, PacketTypes.PUBLISH).pack()  # type: ignore[no-untyped-call]
    return 5 + 2 + len(publication.path.encode()) + 2 + len(properties) + len(publication.payload.encode())


def publish_properties(publication: Publication, packet: int) -> Properties:
    """The MQTT 5 properties of a message or, for packet type WILLMESSAGE, of a will."""
    properties = empty_properties(packet)
    properties.ContentType = "application/json"
    properties.PayloadFormatIndicator = 1
    if publication.properties:
        properties.UserProperty = list(publication.properties)
    if publication.correlation is not None:
        properties.CorrelationData = publication.correlation
    if publication.expiry_s is not None:
        properties.MessageExpiryInterval = publication.expiry_s
    if packet == PacketTypes.WILLMESSAGE:
        properties.WillDelayInterval = WILL_DELAY_S
    return properties


def empty_properties(packet: int) -> Properties:
    """MQTT 5 properties for a packet of this type, none set yet."""
    return Properties(packet)  # type: ignore[no-untyped-call]
