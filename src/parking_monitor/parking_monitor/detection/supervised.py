"""Keep a detector running for months: restart its model when it dies or hangs."""

import enum
import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from parking_monitor.detection.detector import Detector
from parking_monitor.detection.errors import FrameError, ModelError, ModelStartError
from parking_monitor.detection.model_info import ModelInfo
from parking_monitor.detection.runner import Deadlines
from parking_monitor.values import Detections, Frame

_log = logging.getLogger(__name__)


class DetectorState(enum.StrEnum):
    """Name what a supervised detector is doing.

    WAITING is the pause before a failed model is started again.
    """

    STARTING = 'starting'
    RUNNING = 'running'
    WAITING = 'waiting to restart'
    CLOSED = 'closed'


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorStatus:
    """Hold how a supervised detector is doing.

    Attributes:
        info: what the latest model that ran says of itself; None before the first.
        starts: how often a model was started with success, swaps included.
        unknown_labels: the wanted labels that the latest model that ran never answers.
        restarts: how often a model had to be started again, with success or not.
        failures: how often a model died, hung or did not start, swaps left out.
        frames_detected: frames that were answered.
        frames_missed: frames that were not, because there was no model or it failed.
        frames_refused: frames that could not be decoded.
        last_error: the latest failure; it stays after recovery.
        inference_ms: of the latest frame, as the host saw it.
    """

    state: DetectorState
    model_path: Path
    info: ModelInfo | None = None
    pid: int | None = None
    unknown_labels: tuple[str, ...] = ()
    starts: int = 0
    restarts: int = 0
    failures: int = 0
    frames_detected: int = 0
    frames_missed: int = 0
    frames_refused: int = 0
    last_error: str = ''
    inference_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOff:
    """Hold how long to wait before a restart: `first_s`, doubled each time up to `longest_s`.

    A model that ran for `longest_s` begins anew.
    """

    first_s: float = 0.5
    longest_s: float = 30.0

    def wait_s(self, failures: int) -> float:
        """Return the wait after so many failures in a row, 1 or more."""
        return min(self.first_s * 2.0 ** min(failures - 1, 32), self.longest_s)


class SupervisedDetector:
    """Run a model like `Detector`, but outlive it.

    A thread of this object starts, checks, ends and restarts the model, so that
    `detect` waits for nothing but an answer. A model counts as running once it
    has classified an even grey picture, which is its first request.

    `detect` is for one thread at a time; all else may be called from any.

    Args:
        model_path: the `.eim` or `.onnx` file; it need not work, or exist, yet.
        labels: the labels to answer; none for all that the model has.
        confidence: the least confidence to answer, 0 to 1.
        deadlines: how long the model may take.
        back_off: how long to wait before restarts.

    Raises:
        ValueError: when the confidence is not within 0 to 1.
    """

    def __init__(
        self,
        model_path: str | Path,
        labels: Iterable[str] = (),
        confidence: float = 0.5,
        *,
        deadlines: Deadlines | None = None,
        back_off: BackOff | None = None,
    ) -> None:
        self._deadlines = deadlines or Deadlines()
        self._back_off = back_off or BackOff()
        self._settings = Detector(model_path, labels, confidence)  # never started; checks and holds them
        self._running: Detector | None = None
        self._candidate: Detector | None = None  # what the keeper is starting
        self._alive: set[Detector] = set()
        self._failed: list[Detector] = []  # what the keeper has to end
        self._failures = 0
        self._running_since = 0.0
        self._start_at = 0.0
        self._status = DetectorStatus(state=DetectorState.STARTING, model_path=Path(model_path))
        self._changed = threading.Condition()  # guards all of the above
        self._in_use = threading.Lock()  # held while a frame is detected, so that a swap waits for it
        self._swapping = threading.Lock()
        self._keeper = threading.Thread(target=self._keep, name='model-keeper', daemon=True)
        self._keeper.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def status(self) -> DetectorStatus:
        """Return how the detector is doing; this never waits for the model."""
        return self._status

    @property
    def is_kept(self) -> bool:
        """Return whether the thread that restarts the model is alive, which it is until `close`."""
        return self._keeper.is_alive()

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the labels that are answered; none means all."""
        return self._settings.labels

    @labels.setter
    def labels(self, labels: Iterable[str]) -> None:
        with self._changed:
            self._settings.labels = labels
            self._apply_settings()

    @property
    def confidence(self) -> float:
        """Return the least confidence that is answered, 0 to 1."""
        return self._settings.confidence

    @confidence.setter
    def confidence(self, confidence: float) -> None:
        with self._changed:
            self._settings.confidence = confidence
            self._apply_settings()

    def wait_until_running(self, timeout_s: float) -> bool:
        """Wait for the model to run; return whether it does."""
        with self._changed:
            return self._changed.wait_for(lambda: self._running is not None, timeout_s)

    def detect(self, frame: Frame) -> Detections | None:
        """Find the objects in a frame; None where that failed, which `status` explains."""
        with self._in_use:
            detector = self._running
            if detector is None:
                self._note(frames_missed=self._status.frames_missed + 1)
                return None
            try:
                detections = detector.detect(frame)
            except FrameError as error:
                self._note(frames_refused=self._status.frames_refused + 1, last_error=str(error))
                return None
            except ModelError as error:
                self._note(frames_missed=self._status.frames_missed + 1)
                self._drop(detector, error)
                return None
            self._note(frames_detected=self._status.frames_detected + 1, inference_ms=detections.inference_ms)
            return detections

    def swap(self, model_path: str | Path) -> ModelInfo:
        """Start and check another model, then put it in the place of this one.

        Frames go to the old model until then.

        Raises:
            ModelError: with the reason why the other model was refused; the old one stays.
        """
        with self._swapping:
            detector = self._make(Path(model_path))  # told to end by `close`, like all that are alive
            try:
                detector.start()
                detector.check()
                with self._in_use:
                    replaced = self._replace_by(detector)
            except ModelError as error:
                self._end(detector)
                self._note(last_error=str(error))
                raise
        for old in replaced:
            self._end(old)
        return detector.info

    def close(self) -> None:
        """End the model, and any that is being started."""
        with self._changed:
            self._running = None
            self._note(state=DetectorState.CLOSED, pid=None)
            alive = tuple(self._alive)
            self._changed.notify_all()
        for detector in alive:
            self._end(detector)
        self._keeper.join()

    def _keep(self) -> None:
        while (candidate := self._next_candidate()) is not None:
            try:
                candidate.start()
                candidate.check()
            except ModelError as error:
                self._end(candidate)
                self._give_up(candidate, error)
            else:
                self._install(candidate)

    def _next_candidate(self) -> Detector | None:
        """Wait until a model has to be started, ending failed ones meanwhile; None when all is over."""
        while True:
            with self._changed:
                failed, self._failed = self._failed, []
                if self._status.state is DetectorState.CLOSED:
                    return None
                remaining_s = self._start_at - time.monotonic()
                if not failed and self._running is None and remaining_s <= 0:
                    restarts = self._status.restarts + (1 if self._failures else 0)
                    self._note(state=DetectorState.STARTING, restarts=restarts)
                    self._candidate = self._make(self._status.model_path)
                    return self._candidate
                if not failed:
                    self._changed.wait(remaining_s if self._running is None else None)
            for detector in failed:
                self._end(detector)

    def _install(self, candidate: Detector) -> None:
        with self._changed:
            wanted = self._candidate is candidate and self._status.state is not DetectorState.CLOSED
            if wanted:
                self._run(candidate)
        if not wanted:
            self._end(candidate)

    def _give_up(self, candidate: Detector, error: ModelError) -> None:
        with self._changed:
            if self._candidate is candidate and self._status.state is not DetectorState.CLOSED:
                self._candidate = None
                self._wait_before_restart(error)

    def _drop(self, detector: Detector, error: ModelError) -> None:
        with self._changed:
            if self._running is not detector:
                return  # closed or swapped meanwhile
            self._running = None
            self._failed.append(detector)
            if time.monotonic() - self._running_since >= self._back_off.longest_s:
                self._failures = 0
            self._wait_before_restart(error)

    def _replace_by(self, detector: Detector) -> tuple[Detector, ...]:
        """Make a checked detector the running one; return those that it replaces."""
        with self._changed:
            if self._status.state is DetectorState.CLOSED:
                raise ModelStartError(f'the detector was closed before model {detector.model_path.name} ran')
            replaced = tuple(old for old in (self._running, self._candidate) if old is not None)
            self._failures = 0
            self._run(detector)
            return replaced

    def _run(self, detector: Detector) -> None:
        self._candidate, self._running = None, detector
        self._running_since = time.monotonic()
        self._apply_settings(
            state=DetectorState.RUNNING,
            model_path=detector.model_path,
            info=detector.info,
            pid=detector.pid,
            starts=self._status.starts + 1,
        )
        self._changed.notify_all()

    def _wait_before_restart(self, error: ModelError) -> None:
        self._failures += 1
        wait_s = self._back_off.wait_s(self._failures)
        self._start_at = time.monotonic() + wait_s
        failures = self._status.failures + 1
        self._note(state=DetectorState.WAITING, pid=None, last_error=str(error), failures=failures)
        self._changed.notify_all()
        _log.warning('%s; restarting in %g s', str(error), wait_s)  # a kept record must not keep frames

    def _make(self, model_path: Path) -> Detector:
        detector = Detector(model_path, self.labels, self.confidence, deadlines=self._deadlines)
        with self._changed:
            if self._status.state is DetectorState.CLOSED:
                raise ModelStartError(f'the detector was closed before model {model_path.name} was started')
            self._alive.add(detector)
        return detector

    def _end(self, detector: Detector) -> None:
        detector.close()
        with self._changed:
            self._alive.discard(detector)

    def _apply_settings(self, **changes: Any) -> None:
        """Set what the running model answers, and note that with other changes of the status."""
        if self._running is not None:
            self._running.labels = self.labels
            self._running.confidence = self.confidence
            self._note(unknown_labels=self._running.unknown_labels, **changes)

    def _note(self, **changes: Any) -> None:
        with self._changed:
            self._status = replace(self._status, **changes)
