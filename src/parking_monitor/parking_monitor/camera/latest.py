"""Read a live camera in a thread of its own, and keep only its newest frame."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from parking_monitor.camera.errors import (
    CameraClosedError,
    CameraError,
    DamagedPictureError,
    FrameTimeoutError,
)
from parking_monitor.camera.pacing import Thinner
from parking_monitor.camera.source import Report, SourceInfo
from parking_monitor.values import Frame

_RELEASE_WAIT_S = 0.25


class Connection(Protocol):
    """Be one opened camera; used by the reader's thread alone."""

    def grab(self) -> None:
        """Wait for the next picture; raise CameraLostError when there will be none."""

    def retrieve(self) -> Frame:
        """Return the picture that was grabbed; raise DamagedPictureError when it cannot be used."""

    def info(self, first: Frame) -> SourceInfo:
        """Return what was got, given the first frame."""

    def release(self) -> None:
        """Give the camera back."""


class LatestFrameReader:
    """Drain a camera without pause, so that a slow consumer gets the newest frame, never an old one.

    A driver can hang in a call that nothing ends. Such a thread is left behind
    when the reader is closed, and gives the camera back when the call returns;
    `released` tells when. OpenCV's captures are not safe to release while
    another thread reads them, so nobody else does it.

    Args:
        connect: opens the camera, in the thread.
        rate_hz: frames beyond this rate are thinned out; None for all.
        name: names the camera in errors, and the thread.
        report: takes lines for the log: the first damaged picture, and each
            power of two of them.
    """

    def __init__(
        self, connect: Callable[[], Connection], *, rate_hz: float | None, name: str, report: Report
    ) -> None:
        self._connect = connect
        self._name = name
        self._report = report
        self._damaged = 0
        self._thinner = Thinner(rate_hz)
        self._changed = threading.Condition()
        self._info: SourceInfo | None = None
        self._frame: Frame | None = None
        self._error: CameraError | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f'camera {name}', daemon=True)

    def open(self, timeout_s: float) -> SourceInfo:
        """Start to read, wait for the first frame and return what was got.

        Raises:
            FrameTimeoutError: when no frame came in time.
            CameraError: what the connection raised.
            CameraClosedError: when the reader was closed meanwhile.
        """
        with self._changed:
            if not self._closed:
                self._thread.start()
            self._wait(lambda: self._info is not None, timeout_s)
            if self._info is None:
                raise FrameTimeoutError(f'{self._name}: no frame within {timeout_s:g} s of opening')
            return self._info

    def take(self, timeout_s: float) -> Frame:
        """Return the newest frame, once; raises like `open`."""
        with self._changed:
            self._wait(lambda: self._frame is not None, timeout_s)
            frame, self._frame = self._frame, None
            if frame is None:
                raise FrameTimeoutError(f'{self._name}: no frame within {timeout_s:g} s')
            return frame

    def close(self) -> None:
        """Stop reading, and wait a moment for the camera to be given back."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(_RELEASE_WAIT_S)

    @property
    def released(self) -> bool:
        """Tell whether the thread has ended and the camera is given back."""
        return not self._thread.is_alive()

    def _wait(self, arrived: Callable[[], bool], timeout_s: float) -> None:
        self._changed.wait_for(lambda: self._closed or arrived() or self._error is not None, timeout_s)
        if self._closed:
            raise CameraClosedError(f'{self._name} was closed')
        if self._error is not None and not arrived():
            raise self._error

    def _run(self) -> None:
        try:
            connection = self._connect()
            try:
                self._drain(connection)
            finally:
                connection.release()
        except CameraError as error:
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _note_damage(self, error: DamagedPictureError) -> None:
        self._damaged += 1
        if self._damaged.bit_count() == 1:
            self._report(logging.WARNING, f'{self._name}: left out damaged picture {self._damaged}: {error}')

    def _drain(self, connection: Connection) -> None:
        while not self._closed:
            connection.grab()
            now_s = time.monotonic()
            if not self._thinner.due(now_s):
                continue
            try:
                frame = connection.retrieve()
            except DamagedPictureError as error:
                self._note_damage(error)
                continue
            self._thinner.took(now_s)
            with self._changed:
                self._info = self._info or connection.info(frame)
                self._frame = frame
                self._changed.notify_all()
