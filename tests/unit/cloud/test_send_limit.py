import itertools

import pytest

from parking_monitor.cloud.send_limit import SendLimit


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now_s = [100.0]
    monkeypatch.setattr('parking_monitor.cloud.send_limit.time.monotonic', lambda: now_s[0])
    return now_s


def test_in_no_second_more_is_sent_than_allowed(clock: list[float]) -> None:
    limit = SendLimit(100)
    sent_s: list[float] = []
    for _ in range(5000):
        room, _ = limit.room()
        for _ in range(min(room, 7)):
            limit.take()
            sent_s.append(clock[0])
        clock[0] += 0.001

    assert len(sent_s) >= 470
    assert all(later - earlier > 1.0 for earlier, later in zip(sent_s, sent_s[100:], strict=False))


def test_they_are_spread_over_the_second(clock: list[float]) -> None:
    limit = SendLimit(100)
    bursts: list[int] = []
    for _ in range(1000):
        room, _ = limit.room()
        bursts.append(room)
        for _ in range(room):
            limit.take()
        clock[0] += 0.01

    assert max(bursts[1:]) <= 2
    assert max(later + earlier for earlier, later in itertools.pairwise(bursts)) <= 6


def test_it_tells_when_there_is_room_again(clock: list[float]) -> None:
    limit = SendLimit(100)
    while limit.room()[0]:
        limit.take()
    _, wait_s = limit.room()
    clock[0] += wait_s + 1e-9

    assert limit.room()[0] == 1


def test_without_a_limit_there_is_always_room() -> None:
    limit = SendLimit(0)
    for _ in range(1000):
        limit.take()

    assert limit.room()[0] > 1000
