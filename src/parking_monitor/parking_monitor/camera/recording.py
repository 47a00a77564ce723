"""Play what has a clock of its own: the part that videos, pictures and simulations share."""

import abc
import dataclasses
import logging
import threading

from parking_monitor.camera.errors import CameraClosedError, CameraLostError, DamagedPictureError
from parking_monitor.camera.pacer import Pacer
from parking_monitor.camera.source import FrameSource, SourceInfo, SourceSpec
from parking_monitor.values import Frame

_MOST_DAMAGED = 100


class RecordingSource(FrameSource):
    """Play frames by number, paced by their own clock or by the graph.

    With `Pace.CLOCK` a frame bears the time at which it is delivered, and
    frames that are late are skipped. With `Pace.GRAPH` no frame is skipped: the
    next one is given when the last was acknowledged, or after the deadline, and
    a frame bears the time of the first frame plus its place in the recording.

    A subclass starts, shows and finishes; its calls never overlap.

    Args:
        spec: what is wanted.
        max_skip_s: how much of the recording may be skipped at a time to catch
            up with the clock; 0 skips nothing.
    """

    def __init__(self, spec: SourceSpec, *, max_skip_s: float = 1.0) -> None:
        self.spec = spec
        self._max_skip_s = max_skip_s
        self._in_use = threading.Lock()
        self._closed = False
        self._pacer: Pacer | None = None
        self._next = 0

    @abc.abstractmethod
    def start(self) -> SourceInfo:
        """Open the recording; called once. `rate_hz` of what it returns must be above 0."""

    @abc.abstractmethod
    def show(self, number: int) -> Frame | None:
        """Return a frame of the recording, or None behind its end.

        Args:
            number: counts frames at `rate_hz` from 0; it only grows, and goes on
                growing when a recording loops.

        Returns:
            The frame, its `stamp_ns` the place in the recording: nanoseconds
            from the start, counted on when it loops.

        Raises:
            DamagedPictureError: when this frame cannot be shown; the next one is tried.
        """

    @abc.abstractmethod
    def finish(self) -> None:
        """Give back what `start` took; called at most once, only after `start` succeeded."""

    def open(self) -> SourceInfo:
        """Open the recording."""
        with self._in_use:
            self._check_open()
            info = self.start()
            self._pacer = Pacer(
                self.spec.pace,
                info.rate_hz,
                acknowledge_deadline_s=self.spec.acknowledge_deadline_s,
                max_skip_s=self._max_skip_s,
                report=self.spec.report,
            )
            return info

    def read(self, timeout_s: float) -> Frame | None:
        """Return the next frame when it is due, or None at the end."""
        if self._pacer is None:
            raise CameraClosedError('the recording is not open')
        skip = self._pacer.advance(timeout_s)
        with self._in_use:
            self._check_open()
            self._next += skip
            frame = self._show_next()
            return frame and dataclasses.replace(frame, stamp_ns=self._pacer.stamp(frame.stamp_ns))

    def close(self) -> None:
        """Close the recording."""
        with self._in_use:
            if self._closed:
                return
            self._closed = True
            if self._pacer is not None:
                self._pacer.close()
                self.finish()

    def acknowledge(self, stamp_ns: int) -> None:
        """Let the next frame come, with `Pace.GRAPH`."""
        if self._pacer is not None:
            self._pacer.acknowledge(stamp_ns)

    def _check_open(self) -> None:
        if self._closed:
            raise CameraClosedError('the recording was closed')

    def _show_next(self) -> Frame | None:
        for _ in range(_MOST_DAMAGED):
            number = self._next
            self._next += 1
            try:
                return self.show(number)
            except DamagedPictureError as error:
                self.spec.report(logging.WARNING, f'left out a damaged picture: {error}')
        raise CameraLostError(f'{_MOST_DAMAGED} pictures in a row are damaged')
