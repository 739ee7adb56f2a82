from __future__ import annotations

import threading
import time

import pytest

from edge.runtime.event_queue import BoundedQueue, QueueEnded


def test_the_newest_picture_replaces_what_waits_and_the_loss_is_counted() -> None:
    slot: BoundedQueue[int] = BoundedQueue(1)
    assert [slot.newest(number) for number in (1, 2, 3)] == [0, 1, 1]
    assert slot.take() == 3


def test_a_full_queue_refuses_and_says_so() -> None:
    queue: BoundedQueue[int] = BoundedQueue(2)
    assert [queue.offer(number) for number in (1, 2, 3)] == [True, True, False]
    assert queue.take() == 1
    assert queue.offer(4)
    assert [queue.take(), queue.take()] == [2, 4]


def test_what_waits_at_the_end_is_still_taken() -> None:
    queue: BoundedQueue[int] = BoundedQueue(4)
    queue.offer(1)
    queue.end()
    assert not queue.offer(2)
    assert queue.take() == 1
    with pytest.raises(QueueEnded):
        queue.take()


def test_waiting_for_room_ends_with_the_queue() -> None:
    queue: BoundedQueue[int] = BoundedQueue(1)
    queue.put(1)
    waiting = threading.Thread(target=queue.put, args=(2,))
    waiting.start()
    time.sleep(0.05)
    assert waiting.is_alive()
    queue.end()
    waiting.join(1)
    assert not waiting.is_alive()
    assert queue.take(0.1) == 1


def test_nothing_within_the_time_is_none() -> None:
    assert BoundedQueue[int](1).take(0.01) is None


def test_every_item_passes_once_whatever_the_threads_do() -> None:
    queue: BoundedQueue[int] = BoundedQueue(3)
    taken: list[int] = []
    lock = threading.Lock()

    def take_all() -> None:
        while True:
            try:
                item = queue.take()
            except QueueEnded:
                return
            with lock:
                taken.append(item if item is not None else -1)

    takers = [threading.Thread(target=take_all) for _ in range(3)]
    givers = [threading.Thread(target=lambda n=n: [queue.put(100 * n + i) for i in range(100)]) for n in range(3)]
    for thread in takers + givers:
        thread.start()
    for thread in givers:
        thread.join()
    queue.end()
    for thread in takers:
        thread.join()
    assert sorted(taken) == list(range(300))
