"""Network cameras that announce themselves: ONVIF devices, asked for by WS-Discovery."""

from __future__ import annotations

import importlib.util
import logging
from urllib.parse import unquote, urlsplit

from edge.capture.devices import Device, Found

_CAMERA = "NetworkVideoTransmitter"
"""The type of every ONVIF camera (ONVIF Core Specification, 7.3.1)."""
_NAME = "/name/"
_WAIT_S = 3
NEEDS = "network cameras are looked for with: pip install 'emvas-edge[onvif]'"


def network_cameras(wait_s: int = _WAIT_S) -> Found:
    """The ONVIF cameras that answer within `wait_s`; user, password and path stand in each camera's manual."""
    found = Found()
    if importlib.util.find_spec("wsdiscovery") is None:
        found.missing.append(NEEDS)
        return found
    from wsdiscovery.discovery import ThreadedWSDiscovery

    logging.getLogger("wsdiscovery").setLevel(logging.ERROR)
    search = ThreadedWSDiscovery()
    try:
        search.start()
        services = search.searchServices(timeout=wait_s)
        answers = {(_host(service), _name(service)) for service in services if _is_camera(service)}
    except OSError as error:  # a machine without a network
        found.missing.append(f"network cameras cannot be looked for: {error.strerror or error}")
        return found
    finally:
        search.stop()
    for host, name in sorted(answers):
        found.devices.append(Device(f"rtsp://USER:PASSWORD@{host}/PATH", name, "ONVIF; the path is in its manual"))
    if not answers:
        found.missing.append("no network camera announces itself by ONVIF; rtsp:// and http:// work all the same")
    return found


def _is_camera(service: object) -> bool:
    return any(_CAMERA in str(kind) for kind in service.getTypes())  # type: ignore[attr-defined]


def _host(service: object) -> str:
    addresses = service.getXAddrs()  # type: ignore[attr-defined]
    return urlsplit(str(addresses[0])).hostname or "" if addresses else ""


def _name(service: object) -> str:
    scopes = [unquote(str(scope)) for scope in service.getScopes()]  # type: ignore[attr-defined]
    return next((scope.partition(_NAME)[2] for scope in scopes if _NAME in scope), "network camera")
