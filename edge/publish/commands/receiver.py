"""Receives commands over MQTT: checks each, passes it on for execution once, and publishes the response."""

from __future__ import annotations

import logging
import queue
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edge.config.appliance import BoxConfig
from edge.config.delivery import Op
from edge.publish.commands.idempotency_log import REMEMBERED, CompletedCommand, IdempotencyLog
from edge.publish.commands.requests import LARGEST_BYTES, REQUESTS, Command, RequestError, read_request, transaction_of
from edge.publish.mqtt.packets import Publication, Received
from edge.publish.payloads import SCHEMA, CommandFigures, ResponsePayload
from edge.publish.publications import encoded, is_sendable
from edge.publish.topics import TOPICS, Address, path_of

_log = logging.getLogger(__name__)

MOST_REQUESTS, WITHIN_S = 10, 10.0
"""Requests above this rate are ignored: a person or a backend sends a few, a fault or an attacker thousands."""
_LONGEST_TOPIC = 256
_LONGEST_CORRELATION_BYTES = 256


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a command: `data`, or the error that prevented it."""

    data: Mapping[str, Any] | None = None
    error: str | None = None


Answer = Callable[[Outcome], None]
Executor = Callable[[Command, Answer], None]
"""Executes a command or starts its execution without waiting; calls the answer once, from any thread."""


@dataclass(frozen=True, slots=True)
class _Reply:
    """Where a response is published."""

    path: str
    op: str
    transaction: str | None
    correlation: bytes | None


@dataclass(slots=True)
class _Job:
    """A command that was passed on; `waiting` are the requests that still need its response."""

    command: Command
    boot: str
    """The run that passed it on."""
    waiting: list[_Reply] = field(default_factory=list)
    outcome: Outcome | None = None


def refuse_all(_command: Command, answer: Answer) -> None:
    """Refuse every command: the executor of a replay, or of a box that still starts."""
    answer(Outcome(error="the box cannot execute commands now: ask again when it runs"))


class CommandReceiver:
    """Used by one thread; only the outcomes come from other threads."""

    def __init__(
        self,
        base: str,
        box: BoxConfig,
        boot: str,
        allow: Sequence[Op],
        wake: Callable[[], None],
        idempotency_log: IdempotencyLog,
    ) -> None:
        """`wake` is called when a response waits in `answers`; `idempotency_log` survives this run."""
        self.execute: Executor = refuse_all
        self._base, self._box, self._boot, self._allow, self._wake = base, box, boot, allow, wake
        self._own_replies = path_of("response", base, box, op="")
        self._log_of_commands = idempotency_log
        self._jobs: OrderedDict[str, _Job] = OrderedDict()
        for done in idempotency_log.load():
            self._remember(_Job(done.command, done.boot, outcome=Outcome(done.data)))
        self._times_s: deque[float] = deque(maxlen=MOST_REQUESTS)
        self._done: queue.SimpleQueue[tuple[_Job, Outcome]] = queue.SimpleQueue()
        self._answers: list[Publication] = []
        self._counts = {"done": 0, "refused": 0, "ignored": 0}

    @property
    def figures(self) -> CommandFigures:
        """How many commands there were."""
        return CommandFigures(**self._counts)

    def take(self, event: Received, address: Address, now_s: float) -> None:
        """Take one message of a request topic; its response may follow at once or later."""
        if event.retained or len(event.payload) > LARGEST_BYTES or not self._in_time(now_s):
            self._counts["ignored"] += 1
            return
        reply = self._reply(event, address.op or "")
        try:
            command = read_request(address.op or "", event.payload)
            if command.op not in self._allow:
                raise RequestError(f"op: {command.op} is switched off; commands.allow does not name it")
            self._hand_on(command, reply)
        except RequestError as error:
            self._counts["refused"] += 1
            self._answers.append(self._response(reply, Outcome(error=str(error)), self._boot))

    def answers(self) -> list[Publication]:
        """The responses since the last call. Completed commands are on disk by then, unless the disk fails."""
        while True:
            try:
                job, outcome = self._done.get_nowait()
            except queue.Empty:
                break
            self._counts["done" if outcome.error is None else "refused"] += 1
            result = outcome.error or "done"
            _log.warning("command %s %s: %s", job.command.op, job.command.request.model_dump(exclude_none=True), result)
            job.outcome = outcome
            if outcome.error is None and job.command.request.transaction:
                self._log_of_commands.keep(CompletedCommand(job.command, outcome.data or {}, job.boot))
            self._answers += [self._response(reply, outcome, job.boot) for reply in job.waiting]
            job.waiting.clear()
        self._log_of_commands.save()
        ready, self._answers = self._answers, []
        return ready

    def _in_time(self, now_s: float) -> bool:
        if len(self._times_s) == MOST_REQUESTS and now_s - self._times_s[0] < WITHIN_S:
            return False
        self._times_s.append(now_s)
        return True

    def _hand_on(self, command: Command, reply: _Reply) -> None:
        transaction = command.request.transaction
        job = self._jobs.get(transaction) if transaction else None
        if job is None:
            job = _Job(command, self._boot, [reply])
            self._remember(job)
            self.execute(command, self._answer_of(job))
        elif job.command != command:
            raise RequestError("transaction: it has named another command already; take a new one")
        elif job.outcome is None:
            job.waiting.append(reply)
        else:
            self._answers.append(self._response(reply, job.outcome, job.boot))

    def _remember(self, job: _Job) -> None:
        if transaction := job.command.request.transaction:
            self._jobs[transaction] = job
            while len(self._jobs) > REMEMBERED:
                self._jobs.popitem(last=False)

    def _answer_of(self, job: _Job) -> Answer:
        def answer(outcome: Outcome) -> None:
            self._done.put((job, outcome))
            self._wake()

        return answer

    def _reply(self, event: Received, op: str) -> _Reply:
        """Use the requested response topic only below this box's `response`, so that no client can write as the box."""
        op = op if op in REQUESTS else "unknown"
        path = path_of("response", self._base, self._box, op)
        requested = event.response_topic or ""
        if requested.startswith(self._own_replies) and len(requested) <= _LONGEST_TOPIC and is_sendable(requested):
            path = requested
        correlation = event.correlation
        if correlation is not None and len(correlation) > _LONGEST_CORRELATION_BYTES:
            correlation = None
        return _Reply(path, op, transaction_of(event.payload), correlation)

    def _response(self, reply: _Reply, outcome: Outcome, boot: str) -> Publication:
        topic, ok = TOPICS["response"], outcome.error is None
        data = dict(outcome.data or {}) if ok else None
        body = ResponsePayload(
            boot=boot,
            transaction=reply.transaction,
            op=reply.op,
            status="ok" if ok else "error",
            data=data,
            error=outcome.error,
        )
        schema = (("schema", str(SCHEMA)),)
        payload = encoded(body)
        return Publication(reply.path, payload, topic.qos, topic.retained, topic.expiry_s, schema, reply.correlation)
