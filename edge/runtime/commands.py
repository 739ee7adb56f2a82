"""Handles the commands that come over MQTT; those that change decisions run in the deciding thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from edge.alerts.condition import KINDS
from edge.alerts.suppression import AlertCommandError
from edge.bundle.bundle import Bundle
from edge.bundle.selftest import self_test
from edge.capture.camera import Camera
from edge.capture.microphone import Microphone
from edge.config import Config
from edge.config.purpose import permitted
from edge.error import EmvasError
from edge.messages import Message, Summary
from edge.publish.commands.receiver import Answer, Outcome
from edge.publish.commands.requests import (
    AcknowledgeRequest,
    Command,
    CommandRequest,
    ReportRequest,
    RequestError,
    RestartSourceRequest,
    SelfTestRequest,
    SensitivityRequest,
    SnoozeRequest,
)
from edge.publish.publisher import Publisher
from edge.runtime.event_queue import CommandEvent
from edge.runtime.live import LiveRunner

LEAST_PAUSE_S = 60.0
"""Between two self-tests, and between two restarts of one source, so that restarts cannot blind the box."""
_BUSY = "the box is too busy to take the order: send it again"

Done = tuple[list[Message], dict[str, Any]]


class CommandHandler:
    """An `Executor` of `edge.publish.commands` for one run."""

    def __init__(
        self,
        config: Config,
        runner: LiveRunner,
        bundle: Bundle,
        publisher: Publisher,
        now: Callable[[], float],
    ) -> None:
        self._config, self._runner, self._decisions = config, runner, runner.decisions
        self._bundle, self._publisher, self._now = bundle, publisher, now
        runner.carry_out = self.carry_out
        self._moved: dict[str, float] = {}
        self._done_s: dict[str, float] = {}
        self._handlers: dict[type[CommandRequest], Callable[[Any], Done]] = {
            SnoozeRequest: self._snooze,
            AcknowledgeRequest: self._acknowledge,
            SensitivityRequest: self._sensitivity,
            ReportRequest: self._report,
        }

    def __call__(self, command: Command, answer: Answer) -> None:
        """Start a command; the thread that handles it calls `answer`."""
        request = command.request
        try:
            if isinstance(request, SelfTestRequest):
                self._paced("self_test")
                threading.Thread(target=self._self_test, args=(answer,), name="self-test", daemon=True).start()
            elif isinstance(request, RestartSourceRequest):
                answer(Outcome(self._restart(request.source)))
            elif not self._runner.command(CommandEvent(request, answer)):
                answer(Outcome(error=_BUSY))
        except EmvasError as error:
            answer(Outcome(error=str(error)))

    def carry_out(self, command: CommandEvent) -> list[Message]:
        """Handle a command in the deciding thread."""
        request, answer = command.request, command.answer
        try:
            messages, data = self._handlers[type(request)](request)
            self._publisher.set_by_commands(self._now(), self._decisions.snoozed_s, self._moved)
        except EmvasError as error:
            answer(Outcome(error=str(error)))
            return []
        except BaseException as error:
            answer(Outcome(error=f"the order failed: {type(error).__name__}"))
            raise
        answer(Outcome(data))
        return messages

    def _snooze(self, request: SnoozeRequest) -> Done:
        kind, now_s = request.kind, self._now()
        if kind in KINDS and kind not in self._config.allowance.alerts:
            raise RequestError(f"kind: {kind} is never raised where the purpose is {self._config.purpose.value}")
        try:
            messages = self._decisions.snooze(now_s, kind, request.seconds)
        except AlertCommandError as error:
            field = "seconds" if kind in KINDS and KINDS[kind].snoozable else "kind"
            raise RequestError(f"{field}: {error}") from None
        return messages, {"kind": kind, "seconds": request.seconds}

    def _acknowledge(self, request: AcknowledgeRequest) -> Done:
        try:
            return self._decisions.acknowledge(self._now(), request.id), {"id": request.id}
        except AlertCommandError as error:
            raise RequestError(f"id: {error}") from None

    def _sensitivity(self, request: SensitivityRequest) -> Done:
        section, key = request.setting.split(".")
        content = self._config.model_dump()
        if not content[section].get("enabled", True):
            raise RequestError(f"setting: {section} is switched off in the configuration of this box")
        before = content[section][key]
        content[section][key] = request.value
        try:
            config = Config.model_validate(content)
        except ValidationError as error:
            raise RequestError(f"value: {error.errors()[0]['msg']}") from None
        self._decisions.retune(config)
        self._config = config
        self._moved[request.setting] = request.value
        return [], {"setting": request.setting, "before": before, "value": request.value}

    def _report(self, _request: ReportRequest) -> Done:
        so_far = permitted(self._decisions.so_far(self._now()), self._config.allowance)
        assert isinstance(so_far, Summary)
        return [], self._publisher.report(so_far).model_dump(mode="json", by_alias=True)

    def _restart(self, source: str) -> dict[str, Any]:
        wanted = Camera if source == "camera" else Microphone
        capture = next((item for item in self._runner.captures if isinstance(item, wanted)), None)
        if capture is None:
            from_camera = source == "microphone" and self._config.microphone.device == "camera"
            raise RequestError(f"source: {'its sound comes from the camera' if from_camera else 'this box has none'}")
        if isinstance(capture, Camera) and capture.uri.is_file:
            raise RequestError("source: the camera is a file, which plays once")
        self._paced(source)
        capture.restart()
        return {"source": source}

    def _self_test(self, answer: Answer) -> None:
        began_s = time.monotonic()
        try:
            checks = list(self_test(self._bundle))
        except Exception as error:  # the thread's last guard: whatever a model's runtime raises is the answer
            answer(Outcome(error=f"the self-test failed: {' '.join(str(error).split())}"))
            return
        failed = [f"{check.role}/{check.graph}" for check in checks if not check.passed]
        seconds = round(time.monotonic() - began_s, 1)
        answer(Outcome({"passed": not failed, "graphs": len(checks), "failed": failed, "seconds": seconds}))

    def _paced(self, what: str) -> None:
        now_s = self._now()
        left_s = self._done_s.get(what, now_s - LEAST_PAUSE_S) + LEAST_PAUSE_S - now_s
        if left_s > 0:
            raise RequestError(f"op: {what} was asked for less than a minute ago; ask again in {left_s:.0f} s")
        self._done_s[what] = now_s
