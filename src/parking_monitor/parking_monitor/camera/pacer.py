"""Wait for the moment at which the next frame of a recording is to be given."""

import logging
import threading
import time

from parking_monitor.camera.errors import CameraClosedError, FrameTimeoutError
from parking_monitor.camera.pacing import PlaybackClock
from parking_monitor.camera.source import Pace, Report, log_report


class Pacer:
    """Pace a recording by its own clock, or by whoever acknowledges its frames.

    For each frame: `advance`, then `stamp`. `close` and `acknowledge` may come
    from another thread.

    Args:
        pace: who sets the pace.
        rate_hz: frames a second that are delivered.
        acknowledge_deadline_s: with `Pace.GRAPH`, the longest wait for an
            acknowledgement; after it the next frame is given all the same.
        max_skip_s: with `Pace.CLOCK`, see `PlaybackClock`; 0 skips nothing.
        report: takes lines for the log.
    """

    def __init__(
        self,
        pace: Pace,
        rate_hz: float,
        *,
        acknowledge_deadline_s: float = 5.0,
        max_skip_s: float = 1.0,
        report: Report = log_report,
    ) -> None:
        self._pace = pace
        self._clock = PlaybackClock(rate_hz, max_skip_s)
        self._deadline_s = acknowledge_deadline_s
        self._report = report
        self._changed = threading.Condition()
        self._closed = False
        self._plan: tuple[int, float] | None = None
        self._start_ns: int | None = None
        self._outstanding_ns: int | None = None
        self._delivered_s = 0.0

    def advance(self, timeout_s: float) -> int:
        """Wait until the next frame is due; return how many to skip before it.

        Raises:
            FrameTimeoutError: when it is not due within `timeout_s`; call again.
            CameraClosedError: when the pacer was closed meanwhile.
        """
        with self._changed:
            if self._pace is Pace.GRAPH:
                self._await_acknowledgement(timeout_s)
                return 0
            if self._plan is None:
                self._plan = self._clock.plan(time.monotonic())
            skip, due_s = self._plan
            wait_s = due_s - time.monotonic()
            self._wait(min(wait_s, timeout_s))
            if wait_s > timeout_s:
                raise FrameTimeoutError(f'the next frame is not due within {timeout_s:g} s')
            self._plan = None
            return skip

    def stamp(self, place_ns: int) -> int:
        """Return the stamp of the frame given now, in Unix nanoseconds.

        Args:
            place_ns: place of the frame in the recording, in nanoseconds from
                its start. With `Pace.GRAPH` the stamp is the time of the first
                frame plus this; with `Pace.CLOCK` it is now.
        """
        now_ns = time.time_ns()
        if self._pace is Pace.CLOCK:
            return now_ns
        with self._changed:
            if self._start_ns is None:
                self._start_ns = now_ns
            self._outstanding_ns = self._start_ns + place_ns
            self._delivered_s = time.monotonic()
            return self._outstanding_ns

    def acknowledge(self, stamp_ns: int) -> None:
        """Take note that the frame with this stamp, and those before it, were dealt with."""
        with self._changed:
            if self._outstanding_ns is not None and stamp_ns >= self._outstanding_ns:
                self._outstanding_ns = None
                self._changed.notify_all()

    def close(self) -> None:
        """Wake who waits; every later wait fails at once."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _await_acknowledgement(self, timeout_s: float) -> None:
        if self._outstanding_ns is None:
            self._wait(0.0)
            return
        left_s = self._delivered_s + self._deadline_s - time.monotonic()
        self._changed.wait_for(lambda: self._closed or self._outstanding_ns is None, min(left_s, timeout_s))
        if self._outstanding_ns is not None and not self._closed:
            if left_s > timeout_s:
                raise FrameTimeoutError(f'the last frame was not acknowledged within {timeout_s:g} s')
            self._report(
                logging.WARNING,
                f'a frame was not acknowledged within {self._deadline_s:g} s; going on with the next',
            )
            self._outstanding_ns = None
        self._wait(0.0)

    def _wait(self, wait_s: float) -> None:
        if self._changed.wait_for(lambda: self._closed, max(0.0, wait_s)):
            raise CameraClosedError('the source was closed')
