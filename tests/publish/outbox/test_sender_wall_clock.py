"""A box that starts in 1970 and learns the time later: what waits for the broker and what is stored is put right."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from mqtt_helpers import alert

from edge.config.delivery import StoreConfig
from edge.messages import Summary, TripFigures
from edge.publish import publications
from edge.publish.mqtt.packets import Token
from edge.publish.outbox.outbox import Outbox
from edge.publish.outbox.sender import HISTORICAL_S, Sender
from edge.publish.publications import corrected
from edge.publish.topics import TOPICS
from edge.run_registry import Clocks, ClockState, Start, Sync, started
from edge.store import Timeline, TimelineReader

NOW_S = 1_790_000_000.0
TIME = re.compile(r"\d{4}-\d\d-\d\dT")


@dataclass
class Machine:
    """Clocks that a test moves: the wall clock is wrong until it is synchronized."""

    up_s: float = 20.0
    wall_error_s: float = -NOW_S
    synced: bool = False
    kernel: str = "kernel-1"

    @property
    def clocks(self) -> Clocks:
        return Clocks(lambda: self.up_s, self.wall_s, self.state, lambda: self.kernel)

    def wall_s(self) -> float:
        return NOW_S + self.up_s + (0.0 if self.synced else self.wall_error_s)

    def state(self) -> ClockState:
        return "synced" if self.synced else "unsynced"


def put(outbox: Outbox, machine: Machine, origin: publications.RunOrigin, number: int) -> None:
    body = publications.alert(alert(number), replace(origin, clock=machine.state()))
    outbox.put("alert", TOPICS["alert"].rank, "emvas/alert", publications.encoded(body), origin.boot, machine.up_s)


def sent(sender: Sender) -> list[dict[str, object]]:
    found = []
    for number, (entry, publication) in enumerate(sender.room()):
        sender.sent(entry, Token(1, number))
        found.append(json.loads(publication.payload))
    return found


def test_what_waits_since_1970_goes_out_with_the_right_time_also_from_the_run_before(tmp_path: Path) -> None:
    machine = Machine()
    first = Outbox(tmp_path / "outbox.db")
    begun = machine.wall_s()
    Sender(first, started("run-1", begun, machine.clocks), machine.clocks)
    put(first, machine, publications.RunOrigin("run-1", begun), 5)
    first.close()
    machine.up_s = 60.0  # the program was killed and is started again; the kernel goes on
    second = Outbox(tmp_path / "outbox.db")
    origin = publications.RunOrigin("run-2", machine.wall_s())
    sender = Sender(second, started("run-2", origin.start_wall_s, machine.clocks), machine.clocks)
    put(second, machine, origin, 10)
    assert sender.correction() is None
    assert [payload["start"][:4] for payload in sent(sender)] == ["1970", "1970"]  # type: ignore[index]
    machine.up_s, machine.synced = 110.0, True
    assert sender.correction() == NOW_S + 60.0
    sender.restart()
    run_1, run_2 = sent(sender)
    assert run_1["start"] == publications.iso_utc(NOW_S + 20.0 + 5 - 1.6)
    assert run_2["start"] == publications.iso_utc(NOW_S + 60.0 + 10 - 1.6)
    assert run_1["clock"] == run_2["clock"] == "corrected"
    assert run_1["duration_ms"] == run_2["duration_ms"] == 1600
    second.close()


def test_another_kernels_run_cannot_be_put_right_and_says_so(tmp_path: Path) -> None:
    machine = Machine()
    first = Outbox(tmp_path / "outbox.db")
    Sender(first, started("run-1", machine.wall_s(), machine.clocks), machine.clocks)
    put(first, machine, publications.RunOrigin("run-1", machine.wall_s()), 5)
    first.close()
    machine.kernel, machine.up_s = "kernel-2", 30.0
    second = Outbox(tmp_path / "outbox.db")
    sender = Sender(second, started("run-2", machine.wall_s(), machine.clocks), machine.clocks)
    machine.up_s, machine.synced = 90.0, True
    assert sender.correction() is not None
    (payload,) = sent(sender)
    assert (payload["clock"], str(payload["start"])[:4]) == ("unsynced", "1970")
    second.close()


def test_every_time_of_what_waits_is_put_right() -> None:
    origin = publications.RunOrigin("run", 0.0, "unsynced")
    period = Summary(300.0, 0.0, 300.0, {}, None, 0.1, {}, 1.0, trip=TripFigures(0.0, 300.0, None, {}, {}, 0.9))
    for body in (publications.alert(alert(7), origin), publications.summary(period, origin)):
        stored = json.loads(publications.encoded(body))
        right = corrected(stored, NOW_S)
        times = [name for name, value in stored.items() if isinstance(value, str) and TIME.match(value)]
        assert times
        assert all(right[name] != stored[name] and str(right[name]).startswith("2026") for name in times)
        assert not stored.get("trip") or right["trip"]["end"] == right["end"]
        assert corrected(right, NOW_S) == right
        assert corrected(stored, None) == stored


def test_the_timeline_of_a_box_that_learns_the_time_after_90_s(tmp_path: Path) -> None:
    machine, path = Machine(), tmp_path / "timeline.db"
    start = started("run", machine.wall_s(), machine.clocks)
    timeline = Timeline(path, start, StoreConfig(retention_days=1), machine.clocks)
    for second in range(0, 180, 10):
        machine.up_s = 20.0 + second
        machine.synced = machine.synced or second >= 90
        timeline.write(alert(second))
    timeline.close()
    reader = TimelineReader(path)
    assert reader.between("alert", 0.0, 1e6) == []
    found = reader.between("alert", NOW_S, NOW_S + 1000)
    assert [record["wall_s"] for record in found] == [NOW_S + 20.0 + second for second in range(0, 180, 10)]
    assert {record["duration_s"] for record in found} == {1.6}


@pytest.mark.parametrize("jump_s", [-1e9, -3600.0, 3600.0, 1e8])
def test_a_jump_of_the_wall_clock_moves_no_duration_and_no_order(tmp_path: Path, jump_s: float) -> None:
    machine = Machine(synced=True)
    timeline = Timeline(
        tmp_path / "timeline.db", started("run", machine.wall_s(), machine.clocks), clocks=machine.clocks
    )
    outbox = Outbox(tmp_path / "outbox.db")
    origin = publications.RunOrigin("run", machine.wall_s())
    sender = Sender(outbox, started("run", machine.wall_s(), machine.clocks), machine.clocks)
    put(outbox, machine, origin, 1)
    timeline.write(alert(1))
    jumped = Clocks(lambda: machine.up_s, lambda: machine.wall_s() + jump_s, machine.state, lambda: machine.kernel)
    sender._clocks, timeline._clocks = jumped, jumped
    machine.up_s += HISTORICAL_S - 1
    put(outbox, machine, origin, 2)
    timeline.write(alert(2))
    timeline.close()
    payloads_sent = sent(sender)
    assert [payload["historical"] for payload in payloads_sent] == [False, False]
    assert [payload["start"] for payload in payloads_sent] == [origin.utc(number - 1.6) for number in (1, 2)]
    found = TimelineReader(tmp_path / "timeline.db").between("alert", 0.0, 1e11)
    assert [record["wall_s"] for record in found] == [origin.start_wall_s + 1, origin.start_wall_s + 2]
    outbox.close()


def test_the_kernel_is_asked_once_a_second_until_it_says_yes() -> None:
    machine, asked = Machine(), []

    def state() -> ClockState:
        asked.append(machine.up_s)
        return machine.state()

    sync = Sync(Clocks(lambda: machine.up_s, machine.wall_s, state))
    for _ in range(40):
        machine.up_s += 0.1
        assert sync.offset_s() is None
    assert 3 <= len(asked) <= 5
    machine.synced, machine.up_s = True, machine.up_s + 2
    assert sync.offset_s() == pytest.approx(NOW_S)
    assert sync.offset_s() is None


def test_a_period_names_its_monotonic_times() -> None:
    body = publications.summary(Summary(9.0, 1.5, 9.0, {}, None, None, {"x": 1}, 1.0), publications.RunOrigin("r", 0.0))
    assert (body.start_mono_ms, body.end_mono_ms) == (1500, 9000)


def test_a_clock_set_while_the_models_load_is_put_right_and_never_called_synced(tmp_path: Path) -> None:
    """A box without a battery clock starts in 1970; chrony steps the clock 4 s later, before anything is opened."""
    machine = Machine()
    begun = Start.now("run", machine.clocks)
    machine.up_s, machine.synced = 24.0, True
    outbox = Outbox(tmp_path / "outbox.db")
    sender = Sender(outbox, begun, machine.clocks)
    origin = publications.RunOrigin(begun.name, begun.wall_s, begun.clock)
    early = publications.alert(alert(5), origin)
    assert (early.clock, early.start[:4]) == ("unsynced", "1970")
    outbox.put("alert", TOPICS["alert"].rank, "emvas/alert", publications.encoded(early), origin.boot, machine.up_s)
    right_s = sender.correction()
    assert right_s == NOW_S + 20.0
    origin.set_right(right_s)
    (payload,) = sent(sender)
    assert (payload["clock"], payload["start"]) == ("corrected", publications.iso_utc(NOW_S + 20.0 + 5 - 1.6))
    late = publications.alert(alert(3000), origin)
    assert (late.clock, late.start) == ("synced", publications.iso_utc(NOW_S + 20.0 + 3000 - 1.6))
    outbox.close()


def test_retention_keeps_the_alert_of_a_box_whose_clock_was_set_while_it_started(tmp_path: Path) -> None:
    machine, path = Machine(), tmp_path / "timeline.db"
    begun = Start.now("run", machine.clocks)
    machine.up_s, machine.synced = 24.0, True
    timeline = Timeline(path, begun, StoreConfig(retention_days=1), machine.clocks)
    timeline.write(alert(5))
    for _ in range(300):
        machine.up_s += 1.0
        timeline.turn()
    timeline.close()
    (kept,) = TimelineReader(path).between("alert", 0.0, 1e11)
    assert kept["wall_s"] == NOW_S + 25.0


@pytest.mark.parametrize("moved_s", [-86_400.0 * 365, 86_400.0 * 365 * 20])
def test_a_clock_set_by_hand_or_gps_that_nobody_vouches_for_deletes_nothing(tmp_path: Path, moved_s: float) -> None:
    """`date -s` does not tell the kernel that its clock is right: the run's time stays unknown, and all is kept."""
    machine, path = Machine(), tmp_path / "timeline.db"
    timeline = Timeline(path, Start.now("run", machine.clocks), StoreConfig(retention_days=1), machine.clocks)
    timeline.write(alert(5))
    machine.wall_error_s = moved_s
    for _ in range(300):
        machine.up_s += 1.0
        timeline.turn()
    timeline.close()
    assert len(TimelineReader(path).between("alert", -1e11, 1e12)) == 1


def test_a_clock_that_becomes_trusted_between_two_looks_is_not_trusted_for_the_start() -> None:
    machine, looks = Machine(), iter(["unsynced", "synced"])
    clocks = Clocks(lambda: 1.0, machine.wall_s, lambda: next(looks), lambda: "k")  # type: ignore[arg-type,return-value]
    assert Start.now("run", clocks).clock == "unsynced"
