import threading
import time

import pytest

from parking_monitor.camera.errors import CameraClosedError, FrameTimeoutError
from parking_monitor.camera.pacer import Pacer
from parking_monitor.camera.source import Pace
from tests.unit.camera.builders import Log


def test_by_the_clock_frames_are_due_an_interval_apart_and_bear_the_time_of_now() -> None:
    pacer = Pacer(Pace.CLOCK, rate_hz=50)
    start_s = time.monotonic()
    ticks = sum(1 + pacer.advance(timeout_s=1) for _ in range(6))
    assert time.monotonic() - start_s >= (ticks - 1) / 50
    before_ns = time.time_ns()
    assert before_ns <= pacer.stamp(123_000_000_000) <= time.time_ns()


def test_by_the_clock_a_frame_that_is_not_due_yet_can_be_asked_for_again() -> None:
    pacer = Pacer(Pace.CLOCK, rate_hz=10)
    pacer.advance(timeout_s=1)
    start_s = time.monotonic()
    with pytest.raises(FrameTimeoutError):
        pacer.advance(timeout_s=0.01)
    assert pacer.advance(timeout_s=1) == 0
    assert time.monotonic() - start_s >= 0.09


def test_by_the_clock_what_came_too_late_is_skipped() -> None:
    pacer = Pacer(Pace.CLOCK, rate_hz=100)
    pacer.advance(timeout_s=1)
    time.sleep(0.105)
    assert pacer.advance(timeout_s=1) >= 9


def test_by_the_graph_the_next_frame_waits_for_the_acknowledgement() -> None:
    pacer = Pacer(Pace.GRAPH, rate_hz=1)
    pacer.advance(timeout_s=1)
    stamp_ns = pacer.stamp(0)
    pacer.acknowledge(stamp_ns - 1)
    with pytest.raises(FrameTimeoutError):
        pacer.advance(timeout_s=0.01)
    threading.Timer(0.05, pacer.acknowledge, (stamp_ns,)).start()
    start_s = time.monotonic()
    assert pacer.advance(timeout_s=1) == 0
    assert time.monotonic() - start_s >= 0.04


def test_by_the_graph_a_frame_bears_its_place_in_the_recording() -> None:
    pacer = Pacer(Pace.GRAPH, rate_hz=1)
    before_ns = time.time_ns()
    first_ns = pacer.stamp(0)
    assert before_ns <= first_ns <= time.time_ns()
    assert pacer.stamp(7_000_000_000) - first_ns == 7_000_000_000


def test_by_the_graph_a_frame_that_nobody_acknowledges_does_not_stop_the_recording() -> None:
    log = Log()
    pacer = Pacer(Pace.GRAPH, rate_hz=1, acknowledge_deadline_s=0.05, report=log)
    pacer.advance(timeout_s=1)
    pacer.stamp(0)
    start_s = time.monotonic()
    pacer.advance(timeout_s=1)
    assert time.monotonic() - start_s >= 0.04
    assert log.lines == ['a frame was not acknowledged within 0.05 s; going on with the next']


@pytest.mark.parametrize('pace', list(Pace))
def test_closing_wakes_who_waits(pace: Pace) -> None:
    pacer = Pacer(pace, rate_hz=0.01)
    pacer.advance(timeout_s=1)
    pacer.stamp(0)
    threading.Timer(0.02, pacer.close).start()
    with pytest.raises(CameraClosedError):
        pacer.advance(timeout_s=10)
    with pytest.raises(CameraClosedError):
        pacer.advance(timeout_s=10)
