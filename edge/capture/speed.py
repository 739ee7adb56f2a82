"""The vehicle's speed from a satellite receiver: NMEA 0183 over a serial line, or gpsd's JSON over TCP."""

from __future__ import annotations

import json
import math
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Literal

import pynmea2
import serial

from edge.capture import CaptureError
from edge.capture.source_connection import kept_open
from edge.i18n.texts import Sentence
from edge.messages import SPEED, Source, Speed

KMH_PER_KNOT = 1.852
KMH_PER_MPS = 3.6
FASTEST_KMH = 400.0
"""Higher values are errors of the receiver."""
_PATIENCE_S = 1.0
_LONGEST_LINE = 65_536
_GPSD_WATCH = b'?WATCH={"enable":true,"json":true};\n'

Unit = Literal["km/h", "m/s"]


def nmea_kmh(line: str) -> float | None:
    """The speed in one NMEA sentence with a right checksum: RMC with a fix, or VTG; None for any other line."""
    try:
        sentence = pynmea2.parse(line.strip(), check=True)
    except (pynmea2.ParseError, ValueError):
        return None
    kind = getattr(sentence, "sentence_type", None)
    if kind == "RMC" and sentence.status == "A":
        return _plausible(sentence.spd_over_grnd, KMH_PER_KNOT)
    if kind == "VTG" and (len(sentence.data) < 9 or sentence.data[8] != "N"):
        return _plausible(sentence.spd_over_grnd_kmph, 1.0)
    return None


def gpsd_kmh(line: str) -> float | None:
    """The speed in one report of gpsd: a TPV with a fix; None for any other line."""
    report = _object(line)
    mode = report.get("mode")
    if report.get("class") != "TPV" or not isinstance(mode, int) or mode < 2:
        return None
    return _plausible(report.get("speed"), KMH_PER_MPS)


def payload_kmh(payload: bytes, key: str | None, unit: Unit) -> float | None:
    """The speed in an MQTT payload: the number itself or, with `key`, that field of a JSON object."""
    try:
        text = payload.decode("utf-8")
        value = float(text) if key is None else _object(text).get(key)
    except ValueError:
        return None
    return _plausible(value, 1.0 if unit == "km/h" else KMH_PER_MPS)


class NmeaReceiver:
    """A receiver on a serial device."""

    def __init__(self, device: str, baud: int, now: Callable[[], float]) -> None:
        self._device, self._baud, self._now = device, baud, now

    def stream(self, stop: threading.Event) -> Iterator[Speed | Source]:
        """All speeds until `stop` is set; opened again after each failure."""
        return kept_open(SPEED, lambda: self._read(stop), self._now, stop)

    def _read(self, stop: threading.Event) -> Iterator[Speed]:
        try:
            with serial.Serial(self._device, self._baud, timeout=_PATIENCE_S) as line:
                while not stop.is_set():
                    raw = line.readline(_LONGEST_LINE)
                    kmh = nmea_kmh(raw.decode("ascii", "replace"))
                    if kmh is not None:
                        yield Speed(self._now(), kmh)
        except (OSError, ValueError) as error:
            raise CaptureError(Sentence("receiver_fault", device=self._device, error=str(error))) from error


class GpsdClient:
    """The speed as gpsd reports it."""

    def __init__(self, host: str, port: int, now: Callable[[], float]) -> None:
        self._host, self._port, self._now = host, port, now

    def stream(self, stop: threading.Event) -> Iterator[Speed | Source]:
        """All speeds until `stop` is set; connected again after each failure."""
        return kept_open(SPEED, lambda: self._read(stop), self._now, stop)

    def _read(self, stop: threading.Event) -> Iterator[Speed]:
        try:
            with socket.create_connection((self._host, self._port), timeout=_PATIENCE_S) as connection:
                connection.sendall(_GPSD_WATCH)
                for line in _lines(connection, stop):
                    kmh = gpsd_kmh(line)
                    if kmh is not None:
                        yield Speed(self._now(), kmh)
        except OSError as error:
            raise CaptureError(Sentence("gpsd_fault", place=f"{self._host}:{self._port}", error=str(error))) from error


def _lines(connection: socket.socket, stop: threading.Event) -> Iterator[str]:
    """The lines until the other side closes the connection or `stop` is set."""
    waiting = b""
    while not stop.is_set():
        try:
            piece = connection.recv(4096)
        except TimeoutError:
            continue
        if not piece:
            return
        *whole, waiting = (waiting + piece).split(b"\n")
        if len(waiting) > _LONGEST_LINE:
            raise OSError("it sends lines without an end")
        for line in whole:
            yield line.decode("utf-8", "replace")


def _object(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _plausible(value: object, factor: float) -> float | None:
    """The speed in km/h; None: not a number, or not a plausible speed."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        kmh = float(value) * factor
    except OverflowError:
        return None
    return kmh if math.isfinite(kmh) and 0.0 <= kmh <= FASTEST_KMH else None
