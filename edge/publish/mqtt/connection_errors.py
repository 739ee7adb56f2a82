"""What is wrong with the connection to the broker, in words that say what to do; shared by `emvas run` and `listen`."""

from __future__ import annotations

import socket
import ssl
from datetime import datetime, timezone

from paho.mqtt.reasoncodes import ReasonCode

from edge.config.delivery import MqttConfig

_REFUSALS = {
    "Bad user name or password": "does not accept {user}: the user name or its password is wrong",
    "Not authorized": "does not let {user} in: the user name or its password is wrong, or an ACL forbids it",
    "Unsupported protocol version": "speaks another version of MQTT",
    "Client identifier not valid": "does not accept this box's name as a client id",
    "Session taken over": "gave the connection to another client with the same name: do two boxes share box.id?",
    "QoS not supported": "takes no QoS 1 (Maximum QoS 0), so it would lose alerts unseen: it must allow QoS 1",
    "Retain not supported": "retains nothing (Retain Available 0), so nobody could know that this box is gone: it must "
    "allow retained messages",
    "Packet too large": "takes no packet as large as this box sent: it must allow some kilobytes",
    "Server busy": "is busy",
    "Server shutting down": "is shutting down",
    "Banned": "has banned this box",
}
"""Reason codes of MQTT 5 (chapter 2.4), to which paho translates those of 3.1.1."""


_ABOUT_TIME = frozenset({9, 10})
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL."""
_ACL = "does its ACL allow that?"


def of_refusal(reason: str, config: MqttConfig) -> str:
    """The broker answered, but not with yes."""
    said = _REFUSALS.get(reason, f"refused the connection: {reason}").format(user=_user(config))
    return f"the broker at {_place(config)} {said}" + ("" if said.endswith("?") else ".")


def of_subscription(path: str, said: str, config: MqttConfig) -> str:
    """The broker let this client in but not listen."""
    return f"the broker at {_place(config)} does not let {_user(config)} subscribe to {path} ({said}): {_ACL}"


def of_publication(path: str, said: str, config: MqttConfig) -> str:
    """The broker let this client in but does not take what it says."""
    return f"the broker at {_place(config)} does not let {_user(config)} publish on {path} ({said}): {_ACL}"


def of_hanging_up(what: str, config: MqttConfig) -> str:
    """The broker ended the connection whenever this client said or asked for one thing."""
    return (
        f"the broker at {_place(config)} hangs up on {what}: does its ACL allow that to {_user(config)}? It is held "
        "back and tried again from time to time; the rest goes on."
    )


def of_size(path: str, size_bytes: int, config: MqttConfig) -> str:
    """What this client says is more than the broker takes at once."""
    return (
        f"a message on {path} needs {size_bytes} bytes, more than the broker at {_place(config)} takes (Maximum Packet "
        "Size): it waits; the broker must allow more."
    )


def of_twin(path: str, config: MqttConfig) -> str:
    """Another client says that it is this box."""
    return (
        f"somebody else speaks on {path} at the broker at {_place(config)}: two boxes have the same box.site and "
        "box.id, and each ends the other's connections; give one of them another box.id"
    )


def of_lost_connection(config: MqttConfig, again: bool) -> str:
    """The connection ended without a word; `again`: as the one before, soon after it stood."""
    if not again:
        return f"the connection to the broker at {_place(config)} was lost."
    return (
        f"the broker at {_place(config)} ends each connection soon after it stands: does its ACL allow what "
        f"{_user(config)} says and hears, or is another client there with the same name (do two boxes share box.id)?"
    )


def of_fault(fault: str, config: MqttConfig) -> str:
    """What the broker sent could not be read."""
    return f"the broker at {_place(config)} sent what cannot be read ({fault}): the connection is made anew."


def of_no_answer(config: MqttConfig) -> str:
    """The connection ended before the broker said anything."""
    hint = "is it an MQTT port, without TLS?"
    if config.tls:
        wants = (
            "does it trust cert_file" if config.cert_file else "does it want a client certificate (cert_file, key_file)"
        )
        hint = f"is it really a TLS port, {wants}?"
    return f"the broker at {_place(config)} does not answer in MQTT: {hint}"


def is_about_version(reason: ReasonCode | None) -> bool:
    """Whether the broker refused the version of MQTT and may speak the other."""
    return reason is not None and reason.getName() == "Unsupported protocol version"


def of_error(error: Exception, config: MqttConfig) -> str:
    """There is not even a connection."""
    place = _place(config)
    if isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in _ABOUT_TIME:
        said = (
            f"the certificate of the broker at {place} is not valid now ({error.verify_message}): is the clock right? "
            f"It says {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC."
        )
    elif isinstance(error, ssl.SSLCertVerificationError):
        said = (
            f"the certificate of the broker at {place} is not trusted ({error.verify_message}): the CA file must hold "
            "the authority that signed it, and its name must be the host's."
        )
    elif isinstance(error, ssl.SSLError):
        said = f"no TLS with {place} ({error.reason}): is it a TLS port, are the certificate files right?"
    elif isinstance(error, ConnectionRefusedError):
        said = f"no broker answers at {place}: is it running, are host and port right?"
    elif isinstance(error, socket.gaierror):
        said = f"the host name {config.host} is not known here: is it right, does this machine have a network?"
    elif isinstance(error, TimeoutError):
        hint = "is it a TLS port" if config.tls else "does a firewall stand between"
        said = f"no answer from {place}: is the host reachable, {hint}?"
    elif isinstance(error, ConnectionResetError):
        said = of_no_answer(config)
    elif isinstance(error, OSError) and error.filename:
        said = f"{error.filename} cannot be read ({error.strerror}), so there is no connection to {place}."
    else:
        said = f"no connection to {place}: {error}."
    return said


def _user(config: MqttConfig) -> str:
    return f"user {config.username!r}" if config.username else "a client without a name"


def _place(config: MqttConfig) -> str:
    return f"{config.host}:{config.port}"
