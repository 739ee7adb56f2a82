"""Speeds out of sentences, reports and payloads; and out of a serial line and a gpsd."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import tty
from collections.abc import Iterator

import pynmea2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.capture.speed import GpsdClient, NmeaReceiver, gpsd_kmh, nmea_kmh, payload_kmh
from edge.messages import Source, Speed

RMC = "$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A"
VTG = "$GPVTG,054.7,T,034.4,M,005.5,N,010.2,K*48"


def test_published_sentences():
    assert nmea_kmh(RMC) == pytest.approx(22.4 * 1.852)
    assert nmea_kmh(VTG + "\r\n") == pytest.approx(10.2)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "noise",
        RMC.replace("*6A", "*6B"),
        str(pynmea2.RMC("GP", "RMC", ("123519", "V", "", "", "", "", "22.4", "", "230394", "", ""))),
        str(pynmea2.VTG("GP", "VTG", ("", "T", "", "M", "", "N", "", "K", "N"))),
        str(pynmea2.VTG("GP", "VTG", ("", "T", "", "M", "1", "N", "nan", "K", "A"))),
        "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47",
    ],
)
def test_sentences_without_a_speed(line: str):
    assert nmea_kmh(line) is None


@given(st.floats(0, 200))
def test_every_speed_over_ground_comes_back(knots: float):
    fields = ("123519", "A", "4807.038", "N", "01131.000", "E", f"{knots:.3f}", "84.4", "230394", "", "")
    assert nmea_kmh(str(pynmea2.RMC("GN", "RMC", fields))) == pytest.approx(knots * 1.852, abs=0.001)
    report = {"class": "TPV", "mode": 3, "speed": knots}
    assert gpsd_kmh(json.dumps(report)) == pytest.approx(knots * 3.6) or knots * 3.6 > 400
    assert payload_kmh(str(knots).encode(), None, "km/h") == knots


numbers = st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=5), st.lists(st.integers()))


@given(st.text(max_size=90), st.binary(max_size=60), numbers, numbers)
def test_nothing_else_is_a_speed_that_no_vehicle_drives(text: str, raw: bytes, speed: object, mode: object):
    reports = [text, json.dumps({"class": "TPV", "mode": mode, "speed": speed}), json.dumps([speed])]
    found = [nmea_kmh(text), nmea_kmh("$GPRMC," + text), *map(gpsd_kmh, reports)]
    found += [payload_kmh(raw, key, "m/s") for key in (None, "speed")]
    found.append(payload_kmh(json.dumps({"speed": speed}).encode(), "speed", "m/s"))
    assert all(kmh is None or 0 <= kmh <= 400 for kmh in found)


def test_a_report_without_a_fix_is_no_speed():
    assert gpsd_kmh('{"class":"TPV","mode":1,"speed":3.0}') is None
    assert gpsd_kmh('{"class":"SKY"}') is None


def test_a_key_names_the_field():
    assert payload_kmh(b'{"v": 10}', "v", "m/s") == pytest.approx(36)
    assert payload_kmh(b'{"v": 10}', "speed", "m/s") is None
    assert payload_kmh(b"10", "v", "m/s") is None


def first(stream: Iterator[Speed | Source], stop: threading.Event) -> Speed | Source:
    item = next(stream)
    stop.set()
    return item


def test_a_receiver_on_a_serial_line():
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    stop = threading.Event()

    def send() -> None:
        while not stop.wait(0.05):
            os.write(ours, b"half a sent\r\n" + RMC.encode() + b"\r\n")

    thread = threading.Thread(target=send)
    thread.start()
    item = first(NmeaReceiver(os.ttyname(theirs), 9600, time.monotonic).stream(stop), stop)
    thread.join()
    assert isinstance(item, Speed)
    assert item.speed_kmh == pytest.approx(41.48, abs=0.01)


def test_a_receiver_that_is_not_there():
    stop = threading.Event()
    item = first(NmeaReceiver("/dev/no-receiver", 9600, time.monotonic).stream(stop), stop)
    assert isinstance(item, Source)
    assert (item.source, item.state) == ("speed", "lost")
    assert "/dev/no-receiver" in item.detail


def test_gpsd_is_asked_and_answers():
    server = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []

    def answer() -> None:
        link, _ = server.accept()
        asked.append(link.recv(100))
        link.sendall(b'{"class":"VERSION"}\n{"class":"TPV","mo')
        link.sendall(b'de":3,"speed":10.0}\n')

    thread = threading.Thread(target=answer)
    thread.start()
    stop = threading.Event()
    item = first(GpsdClient("127.0.0.1", server.getsockname()[1], time.monotonic).stream(stop), stop)
    thread.join()
    assert isinstance(item, Speed)
    assert item.speed_kmh == pytest.approx(36)
    assert asked[0].startswith(b"?WATCH=")
