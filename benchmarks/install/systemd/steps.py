"""The steps of the proof: install, kill, hang, stop, failing configuration and bundle, uninstall."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.install.systemd.box import UNIT, Box, configuration
from edge.error import EmvasError

_BACK_S, _TRIAL_S, _CLEAN_S, _SCORE = 150.0, 420.0, 5.0, 2.5
_DASHBOARD = "emvas-dashboard.service"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried."""

    what: str
    passed: bool
    found: str
    seconds: float


class Proof:
    """The steps on one box; each notes what it found."""

    def __init__(self, box: Box, told: Callable[[Step], None]) -> None:
        self.steps: list[Step] = []
        self._box, self._told = box, told

    def step(self, what: str, work: Callable[[], tuple[bool, str]]) -> None:
        """Do one, and go on when it fails."""
        began_s = time.monotonic()
        try:
            passed, found = work()
        except (EmvasError, TimeoutError) as error:
            passed, found = False, f"{error}\n{self._box.journal(30)}"
        self.steps.append(Step(what, passed, found, round(time.monotonic() - began_s, 1)))
        self._told(self.steps[-1])

    def all(self) -> None:
        """Every step, in an order that each leaves the box ready for the next."""
        self.step("emvas install, config install, bundle install", self.install)
        self.step("the units are locked up", self.score)
        self.step("the service becomes ready", self.ready)
        self.step("its process has no privileges", self.privileges)
        self.step("the page answers on loopback", self.page)
        self.step("kill -9: started again", self.killed)
        self.step("a stage hangs: the watchdog starts it again", self.frozen)
        self.step("it stops cleanly", self.stopped)
        self.step("a configuration that cannot start is taken back", self.bad_config)
        self.step("a bundle with which a stage hangs is taken back", self.bad_bundle)
        self.step("emvas uninstall", self.uninstall)

    def install(self) -> tuple[bool, str]:
        """The commands put everything in place, twice without harm."""
        box = self._box
        first, again = box.emvas("install"), box.emvas("install")
        box.put("/opt/box.yaml", configuration())
        box.emvas("config", "install", "/opt/box.yaml")
        box.emvas("bundle", "install", "/opt/first.tar")
        enabled = box.container.run("systemctl", "is-enabled", UNIT).stdout.strip()
        owner = box.container.run("stat", "-c", "%U:%G %a", "/var/lib/emvas").stdout.strip()
        passed = first.count("written") == again.count("unchanged") == 4 and enabled == "enabled"
        return passed and owner == "emvas:emvas 750", f"4 files, {enabled}, /var/lib/emvas {owner}"

    def score(self) -> tuple[bool, str]:
        """What systemd itself says of both units."""
        found = {}
        for unit in (UNIT, _DASHBOARD):
            said = self._box.container.run("systemd-analyze", "security", "--no-pager", unit).stdout
            found[unit] = float(re.findall(r"Overall exposure level for \S+: ([0-9.]+)", said)[0])
        return max(found.values()) <= _SCORE, ", ".join(f"{unit} {score}" for unit, score in found.items())

    def ready(self) -> tuple[bool, str]:
        """Type=notify: `systemctl start` returns when the box says that it works."""
        self._box.container.run("systemctl", "start", UNIT)  # returns when Type=notify says ready
        facts, status = self._box.facts(), self._box.status()
        return facts.state == "active" and facts.restarts == 0, f"{facts.state}, MQTT status {status}"

    def privileges(self) -> tuple[bool, str]:
        """What the kernel says of the main process."""
        text = self._box.container.run("cat", f"/proc/{self._box.facts().pid}/status").stdout
        known = dict(re.findall(r"^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):\s+(\S+)", text, re.M))
        passed = known["Uid"] != "0" and known["NoNewPrivs"] == "1" and known["Seccomp"] == "2"
        passed = passed and not int(known["CapEff"], 16) and not int(known["CapBnd"], 16)
        return passed, ", ".join(f"{name} {value}" for name, value in known.items())

    def page(self) -> tuple[bool, str]:
        """Through the loopback only, from inside."""
        self._box.container.run("systemctl", "start", _DASHBOARD)
        command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--retry", "30", "--retry-connrefused"]
        code = self._box.container.run(*command, "--retry-delay", "1", "http://127.0.0.1:8080/", check=False).stdout
        state = self._box.container.run("systemctl", "is-active", _DASHBOARD, check=False).stdout.strip()
        self._box.container.run("systemctl", "stop", _DASHBOARD)
        return code.startswith(("2", "3", "401")) and state == "active", f"HTTP {code}, {state}"

    def killed(self) -> tuple[bool, str]:
        """As a fault in a driver's library would end it."""
        before = self._box.facts()
        self._box.container.run("kill", "-9", str(before.pid))
        seconds = self._box.until(lambda now: now.pid not in (0, before.pid) and now.state == "active", _BACK_S)
        restarts = self._box.facts().restarts - before.restarts
        return restarts == 1, f"ready again after {seconds:.1f} s, MQTT status {self._box.status()}"

    def frozen(self) -> tuple[bool, str]:
        """The test hook lets vision hang some seconds after the box was ready."""
        self._box.freeze("vision:30")
        try:
            self._box.container.run("systemctl", "restart", UNIT)
            restarts = self._box.facts().restarts
            seconds = self._box.until(lambda now: now.restarts > restarts, _BACK_S)
            said = [line for line in self._box.journal(60).splitlines() if "watchdog" in line.lower()]
        finally:
            self._box.freeze(None)
        self._box.container.run("systemctl", "restart", UNIT)
        back = self._box.facts().state
        return bool(said) and back == "active", f"{seconds:.1f} s after ready: {said[-1] if said else '-'}; then {back}"

    def stopped(self) -> tuple[bool, str]:
        """Within the time that the box promises."""
        pid, began_s = self._box.facts().pid, time.monotonic()
        self._box.container.run("systemctl", "stop", "--no-block", UNIT)
        while self._box.alive(pid):
            time.sleep(0.05)
        seconds = time.monotonic() - began_s
        self._box.container.run("systemctl", "stop", UNIT)
        facts, status = self._box.facts(), self._box.status()
        passed = facts.state == "inactive" and facts.result == "success" and seconds <= _CLEAN_S
        return passed, f"{seconds:.1f} s, {facts.result}, MQTT status {status}"

    def bad_config(self) -> tuple[bool, str]:
        """A valid one whose provider this machine does not have."""
        self._box.put("/opt/bad.yaml", configuration(provider="cuda"))  # valid, and this machine has none
        return self._tried("config", "/opt/bad.yaml")

    def bad_bundle(self) -> tuple[bool, str]:
        """A sound one with which a stage hangs at every start."""
        self._box.freeze("vision:30")
        return self._tried("bundle", "/opt/second.tar", lambda: self._box.freeze(None))

    def uninstall(self) -> tuple[bool, str]:
        """The services go, what was recorded stays."""
        said = self._box.emvas("uninstall")
        left = self._box.container.run("systemctl", "list-unit-files", "emvas*", check=False).stdout
        kept = self._box.container.run("ls", "/var/lib/emvas").stdout.split()
        return "0 unit files" in left and "timeline.db" in kept, f"{said.count('removed')} files removed, data kept"

    def _tried(self, kind: str, source: str, mended: Callable[[], None] = lambda: None) -> tuple[bool, str]:
        """Install something that fails, start the box, and wait until it runs again with what it had."""
        store = {"config": "config", "bundle": "models"}[kind]
        before = self._releases()[store]["current"]
        self._box.emvas(kind, "install", source)
        self._box.container.run("systemctl", "reset-failed", UNIT, check=False)
        self._box.container.run("systemctl", "start", "--no-block", UNIT)
        try:
            seconds = self._box.until(lambda _: self._releases()[store]["current"] == before, _TRIAL_S)
        except TimeoutError:
            self._box.emvas(kind, "rollback")
            raise
        finally:
            mended()
        self._box.container.run("systemctl", "restart", UNIT)
        facts, after = self._box.facts(), self._releases()[store]
        self._box.container.run("systemctl", "stop", UNIT)
        passed = facts.state == "active" and after["current"] == before and after["taken_back"] is not None
        return passed, f"{after['taken_back']} was taken back after {seconds:.0f} s; then {facts.state}"

    def _releases(self) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = json.loads(
            self._box.emvas("releases", "show", "--state", "/var/lib/emvas", "--json")
        )
        return found
