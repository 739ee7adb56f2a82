"""Errors of the connection to the broker as sentences with a remedy, for `emvas run` and `emvas listen`."""

from __future__ import annotations

import socket
import ssl
from datetime import datetime, timezone

from paho.mqtt.reasoncodes import ReasonCode

from edge.config.delivery import MqttConfig
from edge.i18n.texts import Sentence

_OTHER_VERSION = "Unsupported protocol version"
"""A reason code of MQTT 5 (chapter 2.4), as paho names it; paho translates those of 3.1.1 to them."""
_ABOUT_TIME = frozenset({9, 10})
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL."""


def of_refusal(reason: str, config: MqttConfig) -> str:
    """The broker refused the connection."""
    place, user = _place(config), _user(config)
    refusals = {
        "Bad user name or password": Sentence("broker_wrong_password", place=place, user=user),
        "Not authorized": Sentence("broker_not_authorized", place=place, user=user),
        _OTHER_VERSION: Sentence("broker_other_version", place=place),
        "Client identifier not valid": Sentence("broker_client_id", place=place),
        "Session taken over": Sentence("broker_session_taken", place=place),
        "QoS not supported": Sentence("broker_without_qos", place=place),
        "Retain not supported": Sentence("broker_without_retain", place=place),
        "Packet too large": Sentence("broker_packet_too_large", place=place),
        "Server busy": Sentence("broker_busy", place=place),
        "Server shutting down": Sentence("broker_shutting_down", place=place),
        "Banned": Sentence("broker_banned", place=place),
    }
    return refusals.get(reason) or Sentence("broker_refused", place=place, reason=reason)


def of_subscription(path: str, reason: str, config: MqttConfig) -> str:
    """The broker refused a subscription."""
    return Sentence("broker_no_subscription", place=_place(config), user=_user(config), topic=path, reason=reason)


def of_publication(path: str, reason: str, config: MqttConfig) -> str:
    """The broker refused a publication."""
    return Sentence("broker_no_publication", place=_place(config), user=_user(config), topic=path, reason=reason)


def of_hanging_up(what: str, config: MqttConfig) -> str:
    """The broker closes the connection at one publication or subscription."""
    return Sentence("broker_hangs_up", place=_place(config), what=what, user=_user(config))


def of_size(path: str, size_bytes: int, config: MqttConfig) -> str:
    """A message is larger than the broker's maximum packet size."""
    return Sentence("broker_message_too_large", topic=path, size=size_bytes, place=_place(config))


def of_twin(path: str, config: MqttConfig) -> str:
    """Another client publishes as this box."""
    return Sentence("broker_twin", topic=path, place=_place(config))


def of_lost_connection(config: MqttConfig, again: bool) -> str:
    """The broker closed the connection without a reason; `again`: soon after its start, like the one before."""
    if not again:
        return Sentence("broker_lost", place=_place(config))
    return Sentence("broker_ends_connections", place=_place(config), user=_user(config))


def of_fault(fault: str, config: MqttConfig) -> str:
    """The broker sent a packet that cannot be read."""
    return Sentence("broker_unreadable", place=_place(config), fault=fault)


def of_no_answer(config: MqttConfig) -> str:
    """The connection ended before the broker sent anything."""
    place = _place(config)
    if not config.tls:
        return Sentence("broker_no_mqtt", place=place)
    if config.cert_file:
        return Sentence("broker_no_mqtt_over_tls_with_certificate", place=place)
    return Sentence("broker_no_mqtt_over_tls", place=place)


def is_about_version(reason: ReasonCode | None) -> bool:
    """Whether the broker refused the MQTT version, so that the other may work."""
    return reason is not None and reason.getName() == _OTHER_VERSION


def of_error(error: Exception, config: MqttConfig) -> str:
    """The connection could not be opened."""
    place = _place(config)
    sentence: str
    if isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in _ABOUT_TIME:
        now = f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC"
        sentence = Sentence("certificate_not_valid_now", place=place, error=error.verify_message, now=now)
    elif isinstance(error, ssl.SSLCertVerificationError):
        sentence = Sentence("certificate_not_trusted", place=place, error=error.verify_message)
    elif isinstance(error, ssl.SSLError):
        sentence = Sentence("broker_no_tls", place=place, error=str(error.reason))
    elif isinstance(error, ConnectionRefusedError):
        sentence = Sentence("broker_not_there", place=place)
    elif isinstance(error, socket.gaierror):
        sentence = Sentence("host_unknown", host=config.host)
    elif isinstance(error, TimeoutError):
        sentence = Sentence("broker_silent_tls", place=place) if config.tls else Sentence("broker_silent", place=place)
    elif isinstance(error, ConnectionResetError):
        sentence = of_no_answer(config)
    elif isinstance(error, OSError) and error.filename:
        sentence = Sentence("certificate_unreadable", file=str(error.filename), error=str(error.strerror), place=place)
    else:
        sentence = Sentence("broker_unreachable", place=place, error=str(error))
    return sentence


def _user(config: MqttConfig) -> Sentence:
    return Sentence("client_named", name=repr(config.username)) if config.username else Sentence("client_nameless")


def _place(config: MqttConfig) -> str:
    return f"{config.host}:{config.port}"
