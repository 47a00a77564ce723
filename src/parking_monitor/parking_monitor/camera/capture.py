"""Keep frames coming: open a source, read it, and reconnect for as long as it takes."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from parking_monitor.camera.errors import CameraClosedError, CameraError, CameraLostError, FrameTimeoutError
from parking_monitor.camera.pacing import Backoff, RateMeter
from parking_monitor.camera.source import FrameSource, SourceInfo
from parking_monitor.values import Frame


@dataclass(frozen=True, slots=True)
class Opened:
    """Tell that the source is open and has shown its first frame."""

    info: SourceInfo

    def __str__(self) -> str:
        """Return the line for the log."""
        return f'camera open: {self.info}'


@dataclass(frozen=True, slots=True)
class OpenFailed:
    """Tell that the source could not be opened."""

    reason: str

    def __str__(self) -> str:
        """Return the line for the log."""
        return f'no camera: {self.reason}'


@dataclass(frozen=True, slots=True)
class Lost:
    """Tell that a source which was open gives no more frames."""

    reason: str

    def __str__(self) -> str:
        """Return the line for the log."""
        return f'camera lost: {self.reason}'


@dataclass(frozen=True, slots=True)
class Retrying:
    """Tell when the source is opened again."""

    delay_s: float
    failures: int

    def __str__(self) -> str:
        """Return the line for the log."""
        return f'trying again in {self.delay_s:.1f} s (failed {self.failures} times in a row)'


@dataclass(frozen=True, slots=True)
class Ended:
    """Tell that a source which can end has ended; nothing more will come."""

    frames: int

    def __str__(self) -> str:
        """Return the line for the log."""
        return f'source ended after {self.frames} frames'


CameraEvent = Opened | OpenFailed | Lost | Retrying | Ended


@dataclass(frozen=True, slots=True)
class CaptureStatistics:
    """Hold how a capture fares.

    Attributes:
        frames: frames delivered since the start.
        lost: how often an open source was lost.
        failures: failed attempts in a row; 0 while frames come.
        last_frame_ns: stamp of the last frame; 0 before the first.
        last_frame_age_s: time since it was delivered; None before the first.
        rate_hz: frames a second that were delivered of late.
        info: what was got, None while nothing is open.
    """

    frames: int
    lost: int
    failures: int
    last_frame_ns: int
    last_frame_age_s: float | None
    rate_hz: float
    info: SourceInfo | None


class Capture:
    """Read a source in a thread, and open it anew whenever it fails.

    No error of a camera ends it; only `stop`, the end of a source that can end,
    or an exception of the caller's own functions do.

    Args:
        source_factory: makes a new source for each attempt; may raise CameraError.
        on_frame: takes each frame, in the capture's thread.
        on_event: takes what happens, in the capture's thread.
        backoff: spaces the attempts; it begins anew once frames came for `steady_s`.
        frame_timeout_s: a live source without a frame for so long, or for two
            of its intervals if that is longer, is lost.
        steady_s: after so many seconds of frames a source counts as sound.
    """

    def __init__(
        self,
        source_factory: Callable[[], FrameSource],
        on_frame: Callable[[Frame], None],
        on_event: Callable[[CameraEvent], None],
        *,
        backoff: Backoff | None = None,
        frame_timeout_s: float = 5.0,
        steady_s: float = 5.0,
    ) -> None:
        self._source_factory = source_factory
        self._on_frame = on_frame
        self._on_event = on_event
        self._backoff = backoff or Backoff()
        self._frame_timeout_s = frame_timeout_s
        self._steady_s = steady_s
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._source: FrameSource | None = None
        self._info: SourceInfo | None = None
        self._frames = 0
        self._lost = 0
        self._failures = 0
        self._last_frame_ns = 0
        self._last_frame_s: float | None = None
        self._meter = RateMeter()
        self._thread = threading.Thread(target=self._run, name='camera capture', daemon=True)

    def start(self) -> None:
        """Begin to capture."""
        self._thread.start()

    def stop(self, timeout_s: float = 1.0) -> bool:
        """Stop capturing; return whether the thread has ended in time.

        It ends well within a second, unless a function of the caller holds it up.
        """
        self._stopping.set()
        with self._lock:
            source = self._source
        if source is not None:
            source.close()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def running(self) -> bool:
        """Tell whether frames may still come."""
        return self._thread.is_alive()

    def acknowledge(self, stamp_ns: int) -> None:
        """Pass on that the frame with this stamp was dealt with, see `Pace.GRAPH`."""
        with self._lock:
            source = self._source
        if source is not None:
            source.acknowledge(stamp_ns)

    def statistics(self) -> CaptureStatistics:
        """Return how the capture fares now."""
        now_s = time.monotonic()
        with self._lock:
            return CaptureStatistics(
                frames=self._frames,
                lost=self._lost,
                failures=self._failures,
                last_frame_ns=self._last_frame_ns,
                last_frame_age_s=None if self._last_frame_s is None else now_s - self._last_frame_s,
                rate_hz=self._meter.rate_hz(now_s),
                info=self._info,
            )

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self._serve_once():
                return
            with self._lock:
                self._failures += 1
                failures = self._failures
            delay_s = self._backoff.delay_s(failures)
            self._on_event(Retrying(delay_s, failures))
            self._stopping.wait(delay_s)

    def _serve_once(self) -> bool:
        """Open the source and deliver until it fails; tell whether that was for good."""
        try:
            source = self._renew_source()
            try:
                self._deliver(source)
            finally:
                source.close()
        except CameraClosedError:
            return True
        except CameraError as error:
            self._note_failure(str(error))
            return self._stopping.is_set()
        return True

    def _renew_source(self) -> FrameSource:
        if self._source is not None and not self._source.released:
            raise CameraLostError('the driver has not returned from the last read yet')
        source = self._source_factory()
        with self._lock:
            self._source = source
        if self._stopping.is_set():
            source.close()
        return source

    def _deliver(self, source: FrameSource) -> None:
        info = source.open()
        opened_s = time.monotonic()
        with self._lock:
            self._info = info
        self._on_event(Opened(info))
        while not self._stopping.is_set():
            frame = self._next_frame(source, info)
            if frame is None:
                self._end()
                return
            self._note_frame(frame, opened_s)
            self._on_frame(frame)

    def _next_frame(self, source: FrameSource, info: SourceInfo) -> Frame | None:
        patience_s = max(self._frame_timeout_s, 2 / info.rate_hz if info.rate_hz > 0 else 0.0)
        while True:
            try:
                return source.read(patience_s)
            except FrameTimeoutError:
                # A recording keeps its own time: its next frame is just not due yet.
                if info.live:
                    raise

    def _note_frame(self, frame: Frame, opened_s: float) -> None:
        now_s = time.monotonic()
        with self._lock:
            self._frames += 1
            self._last_frame_ns = frame.stamp_ns
            self._last_frame_s = now_s
            self._meter.note(now_s)
            if now_s - opened_s >= self._steady_s:
                self._failures = 0

    def _note_failure(self, reason: str) -> None:
        with self._lock:
            was_open = self._info is not None
            self._info = None
            self._lost += was_open
        self._on_event(Lost(reason) if was_open else OpenFailed(reason))

    def _end(self) -> None:
        with self._lock:
            self._info = None
            frames = self._frames
        self._on_event(Ended(frames))
