import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from parking_monitor.camera.capture import (
    CameraEvent,
    Capture,
    Ended,
    Lost,
    Opened,
    OpenFailed,
    Retrying,
)
from parking_monitor.camera.device import VideoDevice
from parking_monitor.camera.errors import CameraNotFoundError
from parking_monitor.camera.pacing import Backoff
from parking_monitor.camera.source import FrameSource, Pace, SourceSpec
from parking_monitor.camera.sources import open_source
from parking_monitor.camera.stream import StreamSource
from parking_monitor.camera.v4l2 import V4l2Source
from parking_monitor.values import Frame
from tests.support.patience import PATIENCE_S
from tests.unit.camera.builders import CLIP_FRAMES, PretendedDevice, wait_until, write_clip
from tests.unit.camera.mjpeg_server import PASSWORD, MjpegServer

QUICK = Backoff(first_s=0.02, limit_s=0.1)


class Watcher:
    """Run a capture, and keep what it tells."""

    def __init__(self, source_factory: Callable[[], FrameSource], **settings: object) -> None:
        self.events: queue.Queue[CameraEvent] = queue.Queue()
        self.frames: queue.Queue[Frame] = queue.Queue()
        settings = {'backoff': QUICK, **settings}
        self.capture = Capture(
            source_factory,
            self.frames.put,
            self.events.put,
            **settings,  # type: ignore[arg-type]  # each test names its own settings
        )

    def await_event(self, kind: type[CameraEvent]) -> CameraEvent:
        """Return the next event of a kind; those before it are dropped."""
        while True:
            event = self.events.get(timeout=PATIENCE_S)
            if isinstance(event, kind):
                return event

    def await_frame(self) -> Frame:
        """Return the next frame."""
        return self.frames.get(timeout=PATIENCE_S)


Watch = Callable[..., Watcher]


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Start captures, and stop them within a second."""
    started: list[Watcher] = []

    def start(source_factory: Callable[[], FrameSource], **settings: object) -> Watcher:
        started.append(Watcher(source_factory, **settings))
        started[-1].capture.start()
        return started[-1]

    yield start
    for watcher in started:
        assert watcher.capture.stop(timeout_s=1.0)


def cameras(devices: list[PretendedDevice]) -> Callable[[], FrameSource]:
    """Return a factory of sources that open these devices, one after another, and then find none."""
    left = iter(devices)

    def open_next(path: str) -> VideoDevice:
        device = next(left, None)
        if device is None:
            raise CameraNotFoundError(f'{path} does not exist')
        return device

    return lambda: V4l2Source('/dev/video0', SourceSpec(source='0'), opener=open_next)


def test_frames_are_delivered_and_counted(watch: Watch) -> None:
    watcher = watch(cameras([PretendedDevice(rate_hz=100)]))
    assert isinstance(watcher.await_event(Opened), Opened)
    frames = [watcher.await_frame() for _ in range(20)]
    statistics = watcher.capture.statistics()
    assert statistics.frames >= 20
    assert statistics.last_frame_ns >= frames[-1].stamp_ns
    assert statistics.last_frame_age_s is not None
    assert statistics.last_frame_age_s < 5
    assert 0 < statistics.rate_hz < 110
    assert statistics.info is not None
    assert (statistics.lost, statistics.failures) == (0, 0)


def test_before_the_first_frame_the_statistics_say_nothing(watch: Watch) -> None:
    watcher = watch(cameras([]))
    watcher.await_event(OpenFailed)
    statistics = watcher.capture.statistics()
    assert (statistics.frames, statistics.last_frame_age_s, statistics.rate_hz, statistics.info) == (
        0,
        None,
        0.0,
        None,
    )


def test_an_unplugged_camera_is_reported_and_comes_back(watch: Watch) -> None:
    first, second = PretendedDevice(), PretendedDevice()
    watcher = watch(cameras([first, second]))
    watcher.await_event(Opened)
    first.unplugged.set()
    lost = watcher.await_event(Lost)
    assert 'camera lost: /dev/video0 gives no more frames' in str(lost)
    assert 'trying again in' in str(watcher.await_event(Retrying))
    assert 'camera open: v4l2' in str(watcher.await_event(Opened))
    wait_until(lambda: second.grabbed > 3)
    assert watcher.capture.statistics().lost == 1


def test_a_camera_that_hangs_is_lost_and_not_opened_again_before_the_driver_returns(watch: Watch) -> None:
    hanging, second = PretendedDevice(), PretendedDevice()
    watcher = watch(cameras([hanging, second]), frame_timeout_s=0.3)
    watcher.await_event(Opened)
    hanging.hung.set()
    assert 'no frame within 0.3 s' in str(watcher.await_event(Lost))
    assert 'has not returned' in str(watcher.await_event(OpenFailed))
    assert second.grabbed == 0
    hanging.resume.set()
    watcher.await_event(Opened)
    assert hanging.released.is_set()


def test_it_tries_for_as_long_as_it_takes_with_growing_waits(watch: Watch) -> None:
    watcher = watch(cameras([]), backoff=Backoff(first_s=0.01, limit_s=0.04, jitter=0.0))
    waits_s = []
    for failures in range(1, 8):
        event = watcher.await_event(Retrying)
        assert isinstance(event, Retrying)
        assert event.failures == failures
        waits_s.append(event.delay_s)
    assert waits_s == [0.01, 0.02, 0.04, 0.04, 0.04, 0.04, 0.04]
    assert watcher.capture.running


def test_a_camera_that_keeps_dying_does_not_reset_the_back_off(watch: Watch) -> None:
    devices = [PretendedDevice() for _ in range(3)]
    watcher = watch(cameras(devices))
    for failures, device in enumerate(devices, start=1):
        watcher.await_frame()
        wait_until(lambda device=device: device.grabbed > 0)  # type: ignore[misc]  # binds this round's device
        device.unplugged.set()
        event = watcher.await_event(Retrying)
        assert isinstance(event, Retrying)
        assert event.failures == failures


def test_steady_frames_reset_the_back_off(watch: Watch) -> None:
    devices = [PretendedDevice() for _ in range(3)]
    watcher = watch(cameras(devices), steady_s=0.05)
    for device in devices:
        watcher.await_event(Opened)
        wait_until(lambda: watcher.capture.statistics().failures == 0)
        device.unplugged.set()
        event = watcher.await_event(Retrying)
        assert isinstance(event, Retrying)
        assert event.failures == 1


def test_a_stream_that_is_cut_off_is_read_again_when_its_server_is_back(watch: Watch) -> None:
    server = MjpegServer()
    address = server.address
    watcher = watch(lambda: StreamSource(address, SourceSpec(source=address)))
    watcher.await_frame()
    server.stop()
    events = [watcher.await_event(Lost), watcher.await_event(OpenFailed), watcher.await_event(Retrying)]
    with MjpegServer(server.port):
        events.append(watcher.await_event(Opened))
        back_ns = time.time_ns()
        while watcher.await_frame().stamp_ns < back_ns:
            pass
        assert watcher.capture.stop()
    assert PASSWORD not in ' '.join(f'{event} {event!r}' for event in events)


def test_a_clip_ends_and_is_not_opened_again(watch: Watch, tmp_path: Path) -> None:
    clip = str(write_clip(tmp_path / 'clip.mp4'))
    spec = SourceSpec(source=clip, pace=Pace.GRAPH)
    watcher = watch(lambda: open_source(spec))
    for _ in range(CLIP_FRAMES):
        watcher.capture.acknowledge(watcher.await_frame().stamp_ns)
    ended = watcher.await_event(Ended)
    assert str(ended) == f'source ended after {CLIP_FRAMES} frames'
    wait_until(lambda: not watcher.capture.running)
    assert watcher.capture.statistics().info is None


def test_a_file_that_comes_late_is_played_then(watch: Watch, tmp_path: Path) -> None:
    path = tmp_path / 'clip.mp4'
    watcher = watch(lambda: open_source(SourceSpec(source=str(path))))
    assert 'no camera' in str(watcher.await_event(OpenFailed))
    write_clip(tmp_path / 'partial.mp4').rename(path)
    watcher.await_event(Opened)
    assert watcher.capture.statistics().lost == 0


def test_a_slow_recording_is_not_taken_for_lost(watch: Watch, tmp_path: Path) -> None:
    clip = str(write_clip(tmp_path / 'clip.mp4'))
    spec = SourceSpec(source=clip, pace=Pace.GRAPH, acknowledge_deadline_s=0.3)
    watcher = watch(lambda: open_source(spec), frame_timeout_s=0.05, backoff=Backoff())
    watcher.await_frame()
    watcher.await_frame()
    assert watcher.capture.statistics().lost == 0


@pytest.mark.parametrize('phase', ['opening', 'reading', 'hung', 'waiting to retry'])
def test_it_stops_in_time_whatever_it_is_at(phase: str) -> None:
    device = PretendedDevice(rate_hz=0.05 if phase == 'opening' else 100)
    watcher = Watcher(cameras([] if phase == 'waiting to retry' else [device]), backoff=Backoff())
    watcher.capture.start()
    if phase == 'opening':
        wait_until(lambda: bool(device.asked))
    elif phase == 'waiting to retry':
        watcher.await_event(Retrying)
    else:
        watcher.await_frame()
    if phase == 'hung':
        device.hung.set()
        time.sleep(0.05)
    assert watcher.capture.stop(timeout_s=PATIENCE_S)
    device.unplugged.set()
    device.resume.set()
    if phase != 'waiting to retry':
        assert device.released.wait(PATIENCE_S)


def test_stopping_before_starting_is_harmless() -> None:
    watcher = Watcher(cameras([]))
    assert watcher.capture.stop()


def test_no_thread_is_left_after_many_losses(watch: Watch) -> None:
    before = threading.active_count()
    watcher = watch(cameras([]), backoff=Backoff(first_s=0.001, limit_s=0.001))
    for _ in range(50):
        watcher.await_event(Retrying)
    assert watcher.capture.stop()
    wait_until(lambda: threading.active_count() <= before)
