"""What a broker hangs up on is found by what was on its way, and nothing that it takes is ever held back; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.publish.mqtt.flow_control import SILENT_S, WINDOW, InFlight
from edge.publish.mqtt.packets import Limits, Token

ALERT, SUMMARY, STATE, ANNOUNCEMENT = "a/alert", "a/summary", "a/state", "ha/config"


@dataclass
class Broker:
    """Takes what it is offered in order, and hangs up on what is forbidden; a box says all anew at each connection."""

    forbidden: set[str] = field(default_factory=set)
    now_s: float = 0.0
    cuts: int = 0
    taken: list[str] = field(default_factory=list)
    blamed: list[str] = field(default_factory=list)
    _packets: int = 0

    def __post_init__(self) -> None:
        self.traffic = InFlight({ALERT, SUMMARY})
        self.begin()

    def begin(self) -> None:
        blame = self.traffic.begin(Limits(), self.now_s)
        if blame and not blame.again:
            self.blamed.append(blame.name)

    def offer(self, names: list[tuple[str, str]]) -> None:
        """Go through all of them in one connection, as far as it lasts."""
        waiting = dict(names)
        while sent := self._send(waiting):
            for token, name, topic in sent:
                if name in self.forbidden or topic in self.forbidden:
                    self.cuts += 1
                    self.now_s += 1.0
                    self.begin()
                    return
                self.traffic.acknowledged(token)
                self.taken.append(name)
                del waiting[name]

    def _send(self, waiting: dict[str, str]) -> list[tuple[Token, str, str]]:
        sent = []
        for name, topic in waiting.items():
            if self.traffic.takes(name, topic, self.now_s):
                self._packets += 1
                self.traffic.sent(Token(1, self._packets), name, topic, self.now_s)
                sent.append((Token(1, self._packets), name, topic))
        return sent


ALL = [(ALERT, ALERT), (SUMMARY, SUMMARY), (STATE, STATE), (ANNOUNCEMENT, ANNOUNCEMENT)]


def test_without_a_cut_all_goes_at_once_up_to_the_window() -> None:
    traffic = InFlight(set())
    traffic.begin(Limits(), 0.0)
    for number in range(30):
        if traffic.takes(f"a #{number}", "a", 0.0):
            traffic.sent(Token(1, number), f"a #{number}", "a", 0.0)
    assert sum(traffic.takes("b", "b", 0.0) for _ in range(1)) == 0
    assert traffic.acknowledged(Token(1, WINDOW - 1)) is None
    assert traffic.takes("b", "b", 0.0)


def test_the_third_cut_is_enough_where_one_thing_was_alone() -> None:
    broker = Broker({ANNOUNCEMENT})
    while not broker.blamed:
        broker.offer(ALL)
    assert (broker.cuts, broker.blamed) == (3, [ANNOUNCEMENT])
    broker.offer(ALL)
    assert broker.cuts == 3
    assert {ALERT, SUMMARY, STATE} <= set(broker.taken)


def test_what_is_held_back_is_tried_again_with_growing_waits_until_it_is_taken() -> None:
    broker, tries = Broker({ANNOUNCEMENT, ALERT}), []
    for _ in range(5000):
        before = broker.cuts
        broker.offer([(ALERT, ALERT)])
        tries += [round(broker.now_s)] if broker.cuts > before else []
        broker.now_s += 0.1
    waits = [b - a for a, b in pairwise(tries)]
    assert waits[1:5] == sorted(waits[1:5])
    assert max(waits) <= 62, "an alert is tried within a minute"
    broker.forbidden.clear()
    broker.now_s += 61
    broker.offer([(ALERT, ALERT)])
    assert broker.taken[-1:] == [ALERT]
    assert broker.traffic.held(broker.now_s) == frozenset()


def test_what_has_no_answer_counts_as_taken_when_the_connection_holds() -> None:
    traffic = InFlight(set())
    traffic.begin(Limits(), 0.0)
    traffic.sent(Token(1, 1), "health", "health", 0.0, answered=False)
    traffic.acknowledged(Token(1, 1))  # paho's word that it is written: the broker has not said a thing
    traffic.settle(SILENT_S - 0.1)
    for second in (1.0, 2.0):
        assert traffic.begin(Limits(), second) is None
        traffic.sent(Token(2, 1), "health", "health", second, answered=False)
    blame = traffic.begin(Limits(), 3.0)
    assert blame is not None
    assert blame.name == "health"


def test_a_whole_topic_is_held_back_where_its_message_was_one_of_many_refused() -> None:
    traffic = InFlight({ALERT})
    for connection in range(5):
        blame = traffic.begin(Limits(), float(connection))
        if blame:
            break
        assert traffic.takes(f"{SUMMARY} #1", SUMMARY, float(connection))
        traffic.sent(Token(connection, 1), f"{SUMMARY} #1", SUMMARY, float(connection))
    assert blame is not None
    traffic.widen(blame.name, blame.topic)
    assert not traffic.takes(f"{SUMMARY} #2", SUMMARY, 3.5)
    assert traffic.takes(f"{ALERT} #3", ALERT, 3.5)
    assert traffic.takes(f"{SUMMARY} #2", SUMMARY, 10.0)
    traffic.sent(Token(9, 2), f"{SUMMARY} #2", SUMMARY, 10.0)
    assert not traffic.takes(f"{ALERT} #3", ALERT, 10.0), "a trial goes alone"
    assert traffic.acknowledged(Token(9, 2)) == SUMMARY


@given(st.integers(1, 65_535))
def test_a_broker_s_receive_maximum_is_kept(most: int) -> None:
    traffic = InFlight(set())
    traffic.begin(Limits(in_flight=most), 0.0)
    sent = 0
    while traffic.takes(f"a #{sent}", "a", 0.0):
        traffic.sent(Token(1, sent), f"a #{sent}", "a", 0.0)
        sent += 1
    assert sent == min(most, WINDOW)


@settings(max_examples=60, deadline=None)
@given(
    forbidden=st.sets(st.sampled_from([SUMMARY, STATE, ANNOUNCEMENT]), max_size=3),
    order=st.permutations(ALL),
)
def test_whatever_is_forbidden_in_whatever_order_the_rest_is_taken_after_few_cuts(
    forbidden: set[str], order: list[tuple[str, str]]
) -> None:
    broker = Broker(forbidden)
    for _ in range(14):
        broker.offer(order)
    assert {name for name, _ in ALL} - forbidden <= set(broker.taken)
    assert set(broker.blamed) == forbidden
    assert broker.cuts <= 3 * len(forbidden)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=60))
def test_a_bad_line_on_which_anything_is_taken_in_between_holds_nothing_back(cuts: list[bool]) -> None:
    broker = Broker()
    for number, cut in enumerate(cuts):
        broker.forbidden = {f"{ALERT} #{number}"} if cut else set()
        broker.offer([(f"{ALERT} #{number}", ALERT)])
    assert broker.blamed == []
