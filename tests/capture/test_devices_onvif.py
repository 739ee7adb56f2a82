"""ONVIF cameras that announce themselves."""

from __future__ import annotations

import sys

import pytest

from edge.capture.devices import NEEDS, network_cameras


def test_without_the_library_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wsdiscovery", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert network_cameras().missing == [NEEDS]


def test_of_what_announces_itself_the_cameras_are_told_by_name_and_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the library's own messages; what a network does with multicast is not tried here."""
    pytest.importorskip("wsdiscovery")
    from wsdiscovery import QName, Scope
    from wsdiscovery.discovery import ThreadedWSDiscovery
    from wsdiscovery.service import Service

    network = "http://www.onvif.org/ver10/network/wsdl"
    announced = [
        Service(
            types=[QName(network, kind)],
            scopes=[Scope("onvif://www.onvif.org/name/Front%20door")],
            xAddrs=[f"http://{host}/onvif/device_service"],
            epr=host, instanceId="1",
        )
        for kind, host in (("NetworkVideoTransmitter", "10.0.0.7"), ("Printer", "10.0.0.8"))
    ]  # fmt: skip
    for name in ("start", "stop"):
        monkeypatch.setattr(ThreadedWSDiscovery, name, lambda _self: None)
    monkeypatch.setattr(ThreadedWSDiscovery, "searchServices", lambda _self, timeout: announced)
    found = [(device.name, device.setting) for device in network_cameras().devices]
    assert found == [("Front door", "rtsp://USER:PASSWORD@10.0.0.7/PATH")]
    announced.clear()
    assert "no network camera announces itself" in network_cameras().missing[0]
