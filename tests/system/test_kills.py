"""The small form of `make proof-kills`: real processes and a real broker, killed with signal 9 at random moments."""

from __future__ import annotations

import pytest
from mqtt_helpers import needs_mosquitto

from benchmarks.delivery.kills import kill_broker, kill_daemon
from benchmarks.delivery.witness import Witness

pytestmark = needs_mosquitto


def test_a_box_killed_again_and_again_loses_no_alert_that_it_had_raised() -> None:
    found = kill_daemon(6)
    assert found["faults"] == []
    assert found["heard"] >= found["raised"] > 0
    assert found["integrity_checks"] >= 2 * (6 - found["before_its_first_alert"])


def test_a_broker_killed_again_and_again_gets_every_alert() -> None:
    found = kill_broker(3)
    assert found["faults"] == []
    assert found["heard"] >= found["raised"] > 0


def test_the_proof_lets_alerts_overtake_the_past_and_summaries_and_nothing_else() -> None:
    witness = Witness(9)
    witness.first.update({("b", n): ("a", n) for n in (1, 2, 9, 3, 10, 4)})
    assert "2 first arrivals came out of order" in witness.faults([])
    witness.historical.update({("b", 3), ("b", 4)})
    assert witness.faults([]) == []
    assert witness.overtaken == 2
    witness.first[("b", 8)] = None
    assert witness.faults([]) == []
    witness.first[("b", 7)] = None
    assert "1 first arrivals came out of order" in witness.faults([])


@pytest.mark.parametrize(
    ("first", "raised", "fault"),
    [
        ({("b", 1): ("a", 0)}, [("a", 0), ("a", 1)], "1 raised steps never arrived"),
        ({("b", 1): ("a", 0), ("b", 2): ("a", 0)}, [("a", 0)], "1 steps stand under two numbers"),
        ({("b", 2): ("a", 0), ("b", 1): ("a", 1)}, [], "1 first arrivals came out of order"),
    ],
)
def test_the_proof_finds_what_is_wrong(
    first: dict[tuple[str, int], tuple[str, int]], raised: list[tuple[str, int]], fault: str
) -> None:
    witness = Witness(9)
    witness.first.update(first)
    (found,) = witness.faults(raised)
    assert fault in found
