"""Retained messages: refused ones are reported once, wait, and go out again with their latest value."""

import pytest

from edge.publish.mqtt.packets import Acknowledged, Outgoing, Publication, Token
from edge.publish.outbox.retained import RetainedMessages

DENIED = "Not authorized"


class Broker:
    """Accepts what it is offered; the test acknowledges."""

    def __init__(self) -> None:
        self.offered: list[str] = []
        self.tokens: list[Token] = []

    def offer(self, item: Outgoing) -> Token:
        assert isinstance(item, Publication)
        self.offered.append(item.payload)
        self.tokens.append(Token(1, len(self.offered)))
        return self.tokens[-1]


@pytest.fixture
def broker() -> Broker:
    return Broker()


def message(payload: str) -> Publication:
    return Publication(f"emvas/depot/bus-1/{payload}", payload, 1, True)


def test_a_refused_state_is_reported_once_and_newer_ones_wait_for_the_retry(broker: Broker) -> None:
    retained = RetainedMessages()
    retained.keep("state", message("state 1"))
    retained.send(broker.offer, 0.0)
    refused = retained.acknowledged(Acknowledged(broker.tokens[-1], DENIED), 0.1)
    assert refused == message("state 1")
    retained.keep("state", message("state 2"))
    assert not retained.waits
    retained.send(broker.offer, 1.0)
    assert broker.offered == ["state 1"]
    retained.send(broker.offer, 61.0)
    assert broker.offered == ["state 1", "state 2"]
    assert retained.acknowledged(Acknowledged(broker.tokens[-1], DENIED), 61.1) is None


def test_two_states_that_are_refused_together_are_reported_once(broker: Broker) -> None:
    retained = RetainedMessages()
    for payload in ("state 1", "state 2"):
        retained.keep("state", message(payload))
        retained.send(broker.offer, 0.0)
    reported = [retained.acknowledged(Acknowledged(token, DENIED), 0.1) for token in broker.tokens]
    assert [found is not None for found in reported] == [True, False]


def test_a_topic_that_was_accepted_meanwhile_is_reported_when_it_is_refused_anew(broker: Broker) -> None:
    retained = RetainedMessages()
    for at_s, refusal in ((0.0, DENIED), (61.0, None), (62.0, DENIED)):
        retained.keep("state", message(f"state {at_s}"))
        retained.send(broker.offer, at_s)
        reported = retained.acknowledged(Acknowledged(broker.tokens[-1], refusal), at_s)
        assert (reported is not None) == (refusal is not None)


def test_a_refused_topic_holds_back_no_other_and_a_new_connection_tries_at_once(broker: Broker) -> None:
    retained = RetainedMessages()
    retained.keep("state", message("state"))
    retained.send(broker.offer, 0.0)
    retained.acknowledged(Acknowledged(broker.tokens[-1], DENIED), 0.1)
    retained.keep("info", message("info"))
    assert retained.waits
    retained.send(broker.offer, 1.0)
    assert broker.offered == ["state", "info"]
    retained.renew()
    retained.send(broker.offer, 2.0)
    assert broker.offered == ["state", "info", "state", "info"]
    assert retained.acknowledged(Acknowledged(broker.tokens[2], DENIED), 2.1) is not None
