"""The simulated drivers are what they claim to be, and the judge of the box sees what the box does."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.fatigue.__main__ import main
from benchmarks.fatigue.drivers import habits
from benchmarks.fatigue.drivers.drives import Drive, drive, truth
from benchmarks.fatigue.drivers.face_stream import faces
from benchmarks.fatigue.drivers.figures import figures, verdicts
from benchmarks.fatigue.drivers.frame_loss import Loss
from benchmarks.fatigue.drivers.people import BLINK_MS, draw
from benchmarks.fatigue.drivers.population import AXIS, STEPS, population, settings
from benchmarks.fatigue.drivers.scoring import judge, looked_away, rate_per_10_h, share
from benchmarks.fatigue.drivers.script import Move, Script, Spell
from edge.alerts.condition import DISTRACTION, MICROSLEEP
from edge.config.decision import FatigueConfig
from edge.messages import Alert, Face, Level, Reason


def stream(drawn: Drive) -> list[Face]:
    return list(faces(drawn.script, drawn.person, drawn.loss, drawn.fps, drawn.rng))


def found(kind: str) -> int:
    return next(number for number in range(100) if drive(number, 3).kind == kind)


def test_the_same_number_is_the_same_drive() -> None:
    assert stream(drive(4, 1)) == stream(drive(4, 1))
    assert stream(drive(4, 1)) != stream(drive(4, 2))


def test_a_stream_reads_the_lids_it_was_given() -> None:
    person = replace(draw(np.random.default_rng(1)), open=0.32, shut=0.05, white=0.002, wander=0.004)
    script = Script(20.0, lids=[Move(5.0, 8.0, 1.0)], hidden=[Spell(12.0, 13.0, Reason.DARK)])
    seen = stream(Drive(0, "nodding", person, script, 15.0, Loss(0.0), np.random.default_rng(2)))
    times = np.array([face.t_s for face in seen])
    assert (np.diff(times) > 0).all()
    assert times[-1] == pytest.approx(20.0, abs=0.1)
    assert all(face.eye_opening == pytest.approx(0.05, abs=0.03) for face in seen if 5 < face.t_s < 8)
    assert all(face.eye_opening == pytest.approx(0.32, abs=0.03) for face in seen if face.t_s < 4)
    assert all(face.reason is Reason.DARK and face.eye_opening is None for face in seen if 12 < face.t_s < 13)
    assert truth(script).microsleeps == (pytest.approx((4.86, 8.14), abs=0.05),)


@pytest.mark.parametrize("bursts", [False, True])
def test_lost_frames_are_as_many_as_said(bursts: bool) -> None:
    lost = Loss(0.4, bursts).frames(np.random.default_rng(5), 60_000, 15.0)
    assert lost.mean() == pytest.approx(0.4, abs=0.04)
    runs = np.diff(np.flatnonzero(np.diff(lost.astype(int))))[::2]
    assert (runs.mean() > 4) == bursts


def test_blinks_last_as_the_literature_says() -> None:
    script, rng = Script(3600.0), np.random.default_rng(1)
    habits.blink(script, replace(draw(rng), blinks_per_min=15.0), rng, lambda _: 0.0)
    assert len(script.lids) == pytest.approx(900, rel=0.1)
    fine = np.arange(0, 3600, 0.001)
    edges = np.flatnonzero(np.diff((script.openness(fine) < 0.3).astype(int)))
    ends = [right - left for left, right in pairwise(edges)][::2]
    assert np.mean(ends) == pytest.approx(BLINK_MS, rel=0.15)


def test_nobody_alert_shuts_the_eyes_and_every_nodder_does() -> None:
    drawn = [drive(number, 3) for number in range(40)]
    real = {kind: [truth(d.script) for d in drawn if d.kind == kind] for kind in ("alert", "nodding")}
    assert all(not t.microsleeps and t.drowsy_from_s is None for t in real["alert"])
    assert all(t.microsleeps for t in real["nodding"])
    assert all(1.5 <= b - a <= 6.6 for t in real["nodding"] for a, b in t.microsleeps)


def test_nothing_is_said_of_eyes_never_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    number, drawn = found("nodding"), drive(found("nodding"), 3)
    drawn.script.hidden.append(Spell(0.0, 75.0, Reason.EYES_HIDDEN))
    monkeypatch.setattr("benchmarks.fatigue.drivers.scoring.drive", lambda *_: drawn)
    outcome = judge(number, 3, FatigueConfig())
    assert (outcome.usable, outcome.warnings, outcome.stray) == (0.0, (), 0)
    assert all(sleep.hidden and sleep.told_after_s is None for sleep in outcome.microsleeps)


def test_a_clear_nodder_is_told_at_the_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    person = replace(draw(np.random.default_rng(1)), open=0.32, shut=0.05, white=0.002, wander=0.004)
    script = Script(60.0, lids=[Move(30.0, 34.0, 1.0, 0.08, 0.15)])
    drawn = Drive(0, "nodding", person, script, 15.0, Loss(0.0), np.random.default_rng(2))
    monkeypatch.setattr("benchmarks.fatigue.drivers.scoring.drive", lambda *_: drawn)
    (sleep,) = judge(0, 1, FatigueConfig()).microsleeps
    assert sleep.told_after_s == pytest.approx(1.5, abs=0.15)


@pytest.mark.parametrize(
    ("road_s", "right"), [(0.2, True), (0.9, False)], ids=["no pause between the looks", "a look at the road between"]
)
def test_looks_that_follow_each_other_by_chance_are_a_right_warning(
    monkeypatch: pytest.MonkeyPatch, road_s: float, right: bool
) -> None:
    person = replace(draw(np.random.default_rng(1)), open=0.32, shut=0.05, white=0.002, wander=0.004)
    shoulder = Move(30.0, 31.4, -60.0)
    mirror = Move(31.8 + road_s, 33.4 + road_s, -40.0)
    instruments = Move(33.7 + road_s, 35.0 + road_s, 25.0)
    script = Script(60.0, yaw_deg=[shoulder, mirror], pitch_deg=[instruments])
    alert = Alert(33.6, id="a", alert=DISTRACTION, type="new", level=Level.WARNING, start_s=30.0, duration_s=3.6)
    assert looked_away(alert, script) == right
    assert not looked_away(replace(alert, alert=MICROSLEEP), script)
    monkeypatch.setattr(
        "benchmarks.fatigue.drivers.scoring.drive",
        lambda *_: Drive(0, "alert", person, script, 15.0, Loss(0.0), np.random.default_rng(2)),
    )
    outcome = judge(0, 1, FatigueConfig())
    assert outcome.warnings == ()
    assert outcome.looks_away == right


def test_sensitivity_stays_within_the_bounds_of_the_configuration() -> None:
    assert settings(0.0) == FatigueConfig()
    for end, index in ((-1.0, 0), (1.0, 1)):
        assert all(getattr(settings(end), name) == pytest.approx(pair[index]) for name, pair in AXIS.items())


def test_figures_do_not_depend_on_the_number_of_workers() -> None:
    one, two = population(4, 1, 1), population(4, 1, 2)
    assert one == two
    report = figures(one, 1)
    assert [p["sensitivity"] for p in report["sensitivity"]] == sorted((0.0, *STEPS))
    assert verdicts(report)


def test_intervals() -> None:
    assert rate_per_10_h(0, 100.0) == (0.0, 0.0, pytest.approx(0.369, abs=0.001))
    assert rate_per_10_h(4, 10.0) == (4.0, pytest.approx(1.09, abs=0.01), pytest.approx(10.24, abs=0.01))
    assert share(95, 100) == (0.95, pytest.approx(0.888, abs=0.002), pytest.approx(0.978, abs=0.002))


def test_the_command_writes_a_page_figures_and_plots(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    arguments = ["--only", "drivers", "--drivers", "3", "--workers", "1", "--out", str(tmp_path)]
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "drivers.json",
        "drivers.md",
        "drivers_delay.svg",
        "drivers_sensitivity.svg",
    ]
    assert json.loads((tmp_path / "drivers.json").read_text())["drivers"] == 3
    assert "does not show" in (tmp_path / "drivers.md").read_text()
