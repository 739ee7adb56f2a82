"""The parts of a diagnosis, each a file of the archive gathered by one function, and the removal of secrets.

Frames, audio and transcripts are never in it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import yaml

from edge.capture.devices import cameras, microphones
from edge.config import Config
from edge.process import as_owner_of, python_command
from edge.redact import MASK, redacted, without_secrets
from edge.run_registry import clock_state
from edge.runtime.degradation import ZONES
from edge.store.reader import TimelineReader

_LOG_LINES = 1000
_UNITS = ("emvas-edge", "emvas-dashboard")
_CHECK_S = 180.0
_PAGE_S = 5.0
_RECENT = 200
_DAY_S = 86_400.0
_OF_ALERT = ("wall_s", "t_s", "type", "alert", "level", "start_s", "duration_s")
"""Without `evidence`: figures about a person stay on the box."""
_OF_SOURCE = ("wall_s", "t_s", "source", "state", "detail")
_EMVAS = python_command("from edge.cli.main import main; main()")
_SHORTEST = 3
"""Shorter secrets would match parts of many words."""
_SHORTEST_IN_QUERY = 6
"""Short values of a query, such as `main` and `640`, are not secrets."""


@dataclass(frozen=True, slots=True)
class Box:
    """The box that is diagnosed."""

    config_path: Path
    config: Config
    bundle: Path
    state: Path

    @property
    def timeline(self) -> Path:
        """The file of its timeline."""
        return self.state / self.config.store.path


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the archive."""

    name: str
    meaning: str
    gather: Callable[[Box], str]
    """Raises OSError, sqlite3.Error or subprocess.SubprocessError if the content is not available."""


def _versions(_box: Box) -> str:
    found = {item.name: item.version for item in importlib.metadata.distributions() if item.name}
    return _json({"python": sys.version, "platform": platform.platform(), "packages": dict(sorted(found.items()))})


def _config(box: Box) -> str:
    plain = without_secrets(box.config.model_dump(mode="json"))
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)


def _bundle(box: Box) -> str:
    return (box.bundle / "bundle.yaml").read_text(encoding="utf-8")


def _check(box: Box) -> str:
    """The output of `emvas check --json`, in a process of its own: a model that crashes must not end this one."""
    command = [*_EMVAS, "check", "--config", str(box.config_path), "--bundle", str(box.bundle), "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_CHECK_S)
    return done.stdout if done.stdout.strip() else f"exit code {done.returncode}\n{done.stderr}"


def _log(_box: Box) -> str:
    units = [argument for unit in _UNITS for argument in ("--unit", unit)]
    command = ["journalctl", *units, "--lines", str(_LOG_LINES), "--output", "short-iso", "--no-pager", "--quiet"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_CHECK_S)
    if done.returncode:
        raise OSError(done.stderr.strip() or f"journalctl ended with {done.returncode}")
    if not done.stdout.strip():
        raise OSError("the journal has no lines of the services, or this user may not read it (group systemd-journal)")
    return done.stdout


def _devices(_box: Box) -> str:
    return _json({"cameras": dataclasses.asdict(cameras()), "microphones": dataclasses.asdict(microphones())})


def _machine(box: Box) -> str:
    disk = shutil.disk_usage(next(place for place in (box.state, *box.state.absolute().parents) if place.exists()))
    zones = {_line(zone / "type"): _line(zone / "temp") for zone in sorted(ZONES.glob("thermal_zone*"))}
    memory = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()[:3]
    return _json({
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "clock": clock_state(),
        "model": _line(Path("/proc/device-tree/model")), "uptime_s": time.monotonic(), "load": os.getloadavg(),
        "processors": os.cpu_count(), "memory": memory, "temperatures_millicelsius": zones,
        "disk": {"total_bytes": disk.total, "free_bytes": disk.free},
    })  # fmt: skip


def _databases(box: Box) -> str:
    found: dict[str, dict[str, Any]] = {}
    with as_owner_of(box.state):
        for path in sorted(box.state.glob("*.db*")):
            found[path.name] = {"bytes": path.stat().st_size}
            if path.suffix == ".db":
                uri = f"{path.resolve().as_uri()}?mode=ro"
                with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
                    found[path.name]["integrity"] = connection.execute("PRAGMA quick_check(5)").fetchall()
    return _json(found)


def _recent(box: Box) -> str:
    reader, now_s = TimelineReader(box.timeline), time.time()
    fields = {"alert": _OF_ALERT, "source": _OF_SOURCE}
    with as_owner_of(box.timeline.parent):
        found = {kind: reader.between(kind, now_s - _DAY_S, now_s + _DAY_S)[-_RECENT:] for kind in fields}
    return _json({kind: [{k: row.get(k) for k in fields[kind]} for row in rows] for kind, rows in found.items()})


def _metrics(box: Box) -> str:
    health = box.config.health
    if health.port is None:
        raise FileNotFoundError("health.port is not set")
    return "\n".join(_page(f"http://{health.host}:{health.port}/{page}") for page in ("healthz", "metrics"))


def _page(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=_PAGE_S) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:  # a 503 answer gives reasons
        return error.read().decode()


PARTS: tuple[Part, ...] = (
    Part("versions.json", "versions of Python, the system and every package", _versions),
    Part("config.yaml", "the configuration in use, secrets replaced by ***", _config),
    Part("bundle.yaml", "the manifest of the models", _bundle),
    Part("check.json", "what `emvas check` found", _check),
    Part("log.txt", f"the last {_LOG_LINES} lines of the services' log", _log),
    Part("devices.json", "cameras and microphones", _devices),
    Part("machine.json", "clock, load, memory, temperatures and disk", _machine),
    Part("databases.json", "sizes and integrity of timeline and outbox", _databases),
    Part("recent.json", "alerts (kind, level, times) and sources of the last day", _recent),
    Part("metrics.txt", "/healthz and /metrics of the running box", _metrics),
)
NOT_IN_IT = (
    "frames and audio (the box keeps none), transcripts, faces, scores and emotions of persons, the evidence "
    "of alerts, the databases themselves, passwords, user names, tokens and keys"
)


def _line(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\x00\n ")
    except OSError:
        return None


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n"


def known_secrets(config: Config) -> list[str]:
    """User names, passwords and query values of the camera's address and of the broker, the longest first."""
    found: set[str] = set()
    login, at, place = (config.camera.uri or "").partition("://")[2].rpartition("@")
    if at:
        user, _, password = login.partition(":")
        found |= {login, user, password}
    found |= {value for _, value in parse_qsl(place.partition("?")[2]) if len(value) >= _SHORTEST_IN_QUERY}
    found |= {unquote(secret) for secret in found}
    if config.mqtt is not None:
        found.add(config.mqtt.username or "")
        with contextlib.suppress(OSError):  # the password file is missing
            found.add(config.mqtt.password() or "")
    found |= {value for name, value in os.environ.items() if redacted(f"{name}=x") != f"{name}=x"}
    return sorted((secret for secret in found if len(secret) >= _SHORTEST), key=len, reverse=True)


def cleaned(text: str, secrets: list[str]) -> str:
    """`text` without known secrets and without values that look like secrets."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return redacted(text)
