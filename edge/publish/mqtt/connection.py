"""One connection to the broker, from CONNECT to DISCONNECT: one paho client, used once."""

from __future__ import annotations

import logging
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.config.delivery import MqttConfig
from edge.publish.mqtt import connection_errors
from edge.publish.mqtt.packets import (
    Acknowledged,
    Connected,
    Event,
    Limits,
    Publication,
    Received,
    Subscription,
    SubscriptionDenied,
    Token,
)
from edge.redact import error_line

_log = logging.getLogger(__name__)

V5, V311 = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311
PROTOCOL_NAMES = {V5: "MQTT 5", V311: "MQTT 3.1.1"}

_KEEPALIVE_S = 30
_CONNECT_S = 5.0
_ANSWER_S = 10.0
GOODBYE_S = 2.0
"""How long a clean disconnect may take."""
MOST_WAITING = 1000
"""Received messages that the owner has not taken yet. Above this the client stops reading, so memory is bounded."""
_LOOK_S = 0.05
WILL_DELAY_S = 20
"""MQTT 5: a box that reconnects within this time (a tunnel, a restart of the broker) is not reported as offline."""
LARGEST_PACKET_BYTES = 256 << 10
"""The largest packet that is read; the longest messages of boxes are reports of some kilobytes. With MQTT 5 the broker
gets this limit (`Maximum Packet Size` in CONNECT) and does not send larger ones."""


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
            self.fault = error_line(error)
            if self.on_fault:
                self.on_fault()
            return MQTTErrorCode.MQTT_ERR_PROTOCOL

    def _sock_recv(self, bufsize: int) -> bytes:
        """Read from the socket: paho requests the rest of a packet at once, before it has any of it."""
        if bufsize > LARGEST_PACKET_BYTES:
            raise ValueError(f"a packet of {bufsize} bytes, {LARGEST_PACKET_BYTES} are the most")
        return super()._sock_recv(bufsize)


class Connection:
    """One connection: `accepted` by the broker, or refused with `refusal`, or neither."""

    def __init__(
        self,
        config: MqttConfig,
        client_id: str,
        number: int,
        protocol: MQTTProtocolVersion,
        will: Publication | None,
        keep_s: int = 0,
        owner_settles: bool = False,
    ) -> None:
        self.number = number
        self.protocol = protocol
        self.accepted = False
        self.refusal: ReasonCode | None = None
        self.unfit: str | None = None
        """The feature that a box needs and this broker does not support."""
        self._config = config
        self._will = will
        # MQTT 5: the session ends with the connection if there is no will to delay and nothing to keep. A clean start
        # would end the old session and so send its will at once.
        self._session_s = max(keep_s, 2 * WILL_DELAY_S if will else 0)
        self._answered = threading.Event()
        self._over = threading.Event()
        self._closed = threading.Event()
        self._client = BoundedClient(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=protocol,
            clean_session=None if protocol == V5 else not keep_s,
            reconnect_on_failure=False,
        )
        self._client.manual_ack_set(owner_settles)

    @property
    def connected(self) -> bool:
        """Whether a publication can be sent now."""
        return self.accepted and not self._over.is_set()

    @property
    def fault(self) -> str | None:
        """The error of this side: the broker sent a packet that cannot be read."""
        return self._client.fault

    def serve(self, events: queue.SimpleQueue[Event | None], subscribe: Sequence[str]) -> None:
        """Connect and stay until the connection ends or `end` is called. OSError, ValueError: no connection."""
        self._listen(events, subscribe)
        try:
            self._stay()
        finally:  # a reference cycle of callbacks and client would keep sockets open until a garbage collection
            self._client.on_connect = self._client.on_disconnect = self._client.on_publish = None
            self._client.on_message = self._client.on_subscribe = self._client.on_fault = None

    def _stay(self) -> None:
        self._connect()
        self._client.loop_start()
        if self._answered.wait(_ANSWER_S) and self.accepted:
            self._over.wait()
            if self.fault is None:
                self._client.disconnect()
                self._closed.wait(GOODBYE_S)
        sock = self._client.socket()
        if isinstance(sock, socket.socket) and not self._closed.is_set():
            sock.shutdown(socket.SHUT_RDWR)  # if the peer does not close: paho's thread ends with its socket
        self._client.loop_stop()

    def end(self) -> None:
        """Make `serve` disconnect and return; called from another thread."""
        self._over.set()
        self._answered.set()

    def publish(self, publication: Publication) -> Token:
        """Give one message to the network; if the connection is ending, its delivery is unknown."""
        properties = publish_properties(publication, PacketTypes.PUBLISH) if self.protocol == V5 else None
        info = self._client.publish(
            publication.path, publication.payload.encode(), publication.qos, publication.retained, properties
        )
        return Token(self.number, info.mid)

    def subscribe(self, subscription: Subscription) -> Token | None:
        """Subscribe to one topic; None if the connection is gone."""
        _, packet = self._client.subscribe(subscription.path, 1)
        return None if packet is None else Token(self.number, packet)

    def settle(self, token: Token) -> None:
        """Acknowledge a received message, so that the broker deletes it; from any thread."""
        self._client.ack(token.packet, 1)

    def answered_nothing(self) -> bool:
        """Whether the broker closed the connection without a reason, as some do for an unknown MQTT version."""
        return self._closed.is_set() and not (self.accepted or self.refusal or self.unfit)

    def _connect(self) -> None:
        client, config = self._client, self._config
        client.connect_timeout = _CONNECT_S
        if config.username is not None:
            client.username_pw_set(config.username, config.password())
        if config.tls:
            for file in (config.ca_file, config.cert_file, config.key_file):
                if file:  # ssl's errors do not name the file
                    Path(file).open("rb").close()
            context = ssl.create_default_context(cafile=config.ca_file)
            if config.cert_file:
                context.load_cert_chain(config.cert_file, config.key_file)
            client.tls_set_context(context)
        if self._will:
            properties = publish_properties(self._will, PacketTypes.WILLMESSAGE) if self.protocol == V5 else None
            client.will_set(self._will.path, self._will.payload, self._will.qos, self._will.retained, properties)
        if self.protocol == V5:
            properties = empty_properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = self._session_s
            properties.MaximumPacketSize = LARGEST_PACKET_BYTES
            clean = self._session_s == 0
            client.connect(config.host, config.port, _KEEPALIVE_S, clean_start=clean, properties=properties)
        else:
            client.connect(config.host, config.port, _KEEPALIVE_S)

    def _listen(self, events: queue.SimpleQueue[Event | None], subscribe: Sequence[str]) -> None:
        def on_connect(client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, properties: Any) -> None:
            if reason.is_failure:
                self.refusal = reason
            elif self._will and (missing := _missing(properties)):
                self.unfit = missing
            else:
                if subscribe:
                    client.subscribe([(path, 1) for path in subscribe])
                self.accepted = True
                events.put(Connected(self.number, PROTOCOL_NAMES[self.protocol], _limits(properties)))
            self._answered.set()

        def on_disconnect(_client: paho.Client, _data: Any, flags: Any, reason: ReasonCode, _properties: Any) -> None:
            if flags.is_disconnect_packet_from_server:
                self.refusal = reason
            self._closed.set()
            self.end()

        def on_fault() -> None:
            self._closed.set()
            self.end()

        def on_publish(_client: paho.Client, _data: Any, packet: int, reason: ReasonCode, _properties: Any) -> None:
            events.put(Acknowledged(Token(self.number, packet), str(reason) if reason.is_failure else None))

        def on_message(_client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
            received = _received(message, Token(self.number, message.mid))
            while events.qsize() >= MOST_WAITING and not self._over.is_set():
                time.sleep(_LOOK_S)
            events.put(received)

        def on_subscribe(_client: paho.Client, _data: Any, packet: int, reasons: Any, _properties: Any) -> None:
            failed = next((str(reason) for reason in reasons if reason.is_failure), None)
            events.put(Acknowledged(Token(self.number, packet), failed))
            for path, reason in zip(subscribe, reasons, strict=False):
                if reason.is_failure:
                    events.put(SubscriptionDenied(connection_errors.of_subscription(path, str(reason), self._config)))

        client = self._client
        client.on_connect, client.on_disconnect, client.on_fault = on_connect, on_disconnect, on_fault
        client.on_publish, client.on_message, client.on_subscribe = on_publish, on_message, on_subscribe


def _missing(properties: Any) -> str | None:
    """The feature that a box needs and the broker lacks by its CONNACK (MQTT 5, chapter 3.2.2.3)."""
    if getattr(properties, "MaximumQoS", 1) < 1:
        return "QoS not supported"
    return None if getattr(properties, "RetainAvailable", 1) else "Retain not supported"


def _limits(properties: Any) -> Limits:
    return Limits(getattr(properties, "MaximumPacketSize", None), getattr(properties, "ReceiveMaximum", 65_535))


def _received(message: paho.MQTTMessage, token: Token) -> Received:
    """UnicodeDecodeError: the topic is not UTF-8, so the sender violates MQTT (chapter 1.5.4)."""
    properties = message.properties  # none in 3.1.1; a missing property is a missing attribute
    topic, correlation = getattr(properties, "ResponseTopic", None), getattr(properties, "CorrelationData", None)
    return Received(message.topic, bytes(message.payload), message.retain, topic, correlation, token)


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
