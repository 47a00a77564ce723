import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest

from parking_monitor.camera.device import VideoDevice
from parking_monitor.camera.errors import (
    CameraClosedError,
    CameraError,
    CameraLostError,
    CameraNotFoundError,
    FrameTimeoutError,
)
from parking_monitor.camera.source import SourceSpec
from parking_monitor.camera.v4l2 import V4l2Source, capture_stamp, device_name, list_ports, open_device
from tests.support.patience import PATIENCE_S
from tests.unit.camera.builders import Log, PretendedDevice, read_until_it_fails, wait_until

MakeSource = Callable[..., V4l2Source]


@pytest.fixture
def source_of() -> Iterator[MakeSource]:
    """Make sources of pretended devices, and close them."""
    made: list[V4l2Source] = []

    def make(
        devices: dict[str, VideoDevice | CameraError], path: str = '/dev/video0', **wanted: object
    ) -> V4l2Source:
        def open_pretended(path: str) -> VideoDevice:
            device = devices[path]
            if isinstance(device, CameraError):
                raise device
            return device

        ports = [int(path.removeprefix('/dev/video')) for path in devices]
        spec = SourceSpec(source=path, **wanted)  # type: ignore[arg-type]  # each test names its own wishes
        made.append(V4l2Source(path, spec, opener=open_pretended, ports=lambda: ports))
        return made[-1]

    yield make
    for source in made:
        source.close()


def test_mjpeg_is_passed_through_undecoded_and_without_the_drivers_padding(source_of: MakeSource) -> None:
    device = PretendedDevice()
    source = source_of({'/dev/video0': device})
    info = source.open()
    frame = source.read(1)
    assert frame is not None
    assert frame.jpeg == device.picture()
    assert frame.image is None
    assert (frame.width, frame.height) == (info.width, info.height) == (640, 480)
    assert info.jpeg_passthrough
    assert info.pixel_format == 'MJPG'
    assert info.live
    assert not info.can_end


def test_a_camera_without_mjpeg_gives_pixels(source_of: MakeSource) -> None:
    source = source_of({'/dev/video0': PretendedDevice(formats=('YUYV',))})
    info = source.open()
    frame = source.read(1)
    assert frame is not None
    assert frame.jpeg is None
    assert frame.image is not None
    assert frame.image.shape == (480, 640, 3)
    assert (info.pixel_format, info.jpeg_passthrough) == ('YUYV', False)


def test_size_and_rate_are_asked_for_and_what_was_got_is_told(source_of: MakeSource) -> None:
    device = PretendedDevice(rate_hz=100)
    source = source_of({'/dev/video0': device}, width=1200, height=700, rate_hz=50.0)
    info = source.open()
    assert device.asked[cv2.CAP_PROP_FRAME_WIDTH] == 1200
    assert device.asked[cv2.CAP_PROP_FPS] == 50
    assert device.asked[cv2.CAP_PROP_BUFFERSIZE] == 2
    assert (info.width, info.height) == (1280, 720)
    assert (info.rate_hz, info.native_rate_hz) == (50, 100)
    assert str(info) == 'v4l2 /dev/video0: 1280x720, 50 Hz of 100, MJPG passed through'


def test_a_rate_that_the_camera_does_not_have_is_reached_by_thinning(source_of: MakeSource) -> None:
    device = PretendedDevice(rate_hz=200)
    source = source_of({'/dev/video0': device}, rate_hz=40.0)
    source.open()
    stamps_ns = [frame.stamp_ns for frame in (source.read(1) for _ in range(6)) if frame is not None]
    # Five intervals, of which the last frame may come a quarter early.
    assert (stamps_ns[-1] - stamps_ns[0]) / 1e9 >= 4.7 / 40
    assert device.asked[cv2.CAP_PROP_FPS] == 40


def test_a_frame_bears_the_time_at_which_the_driver_took_it(source_of: MakeSource) -> None:
    device = PretendedDevice()
    device.age_s = 0.5
    source = source_of({'/dev/video0': device})
    before_ns = time.time_ns()
    source.open()
    frame = source.read(1)
    assert frame is not None
    assert before_ns - 0.5e9 <= frame.stamp_ns <= time.time_ns() - 0.5e9


@pytest.mark.parametrize('age_s', [-100.0, 6.0, 1e6])
def test_a_time_of_another_clock_is_not_believed(age_s: float) -> None:
    before_ns = time.time_ns()
    assert before_ns <= capture_stamp((time.monotonic() - age_s) * 1000) <= time.time_ns()


def test_a_slow_reader_gets_the_newest_frame(source_of: MakeSource) -> None:
    device = PretendedDevice(rate_hz=200)
    source = source_of({'/dev/video0': device})
    source.open()
    wait_until(lambda: device.grabbed > 25)
    frame = source.read(1)
    assert frame is not None
    assert frame.stamp_ns >= device.captured_ns[24] - 1e6


def test_auto_takes_the_first_port_that_delivers_and_says_so(source_of: MakeSource) -> None:
    log = Log()
    devices: dict[str, VideoDevice | CameraError] = {
        '/dev/video0': CameraLostError('/dev/video0 is in use'),
        '/dev/video2': (metadata := PretendedDevice()),
        '/dev/video3': PretendedDevice(),
        '/dev/video4': (unused := PretendedDevice()),
    }
    metadata.unplugged.set()
    source = source_of(devices, path='auto', report=log)
    assert source.open().description == '/dev/video3'
    assert log.lines == [
        'Looking for a camera in port 0:',
        'Looking for a camera in port 2:',
        'Looking for a camera in port 3:',
        'Camera V4L2 (480.0 x 640.0) found in port 3',
        'Camera V4L2 (480.0 x 640.0) in port 3 selected.',
    ]
    assert metadata.released.wait(PATIENCE_S)
    assert unused.grabbed == 0
    assert source.read(1) is not None


def test_auto_says_what_was_wrong_with_each_port(source_of: MakeSource) -> None:
    source = source_of({'/dev/video0': CameraLostError('/dev/video0 is in use')}, path='auto')
    with pytest.raises(CameraNotFoundError, match='/dev/video0 is in use'):
        source.open()


def test_auto_without_any_device_says_so(source_of: MakeSource) -> None:
    with pytest.raises(CameraNotFoundError, match='plugged in'):
        source_of({}, path='auto').open()


def test_auto_goes_past_a_port_that_hangs(source_of: MakeSource) -> None:
    hanging = PretendedDevice()
    hanging.hung.set()
    source = source_of(
        {'/dev/video0': hanging, '/dev/video1': PretendedDevice()}, path='auto', open_timeout_s=0.3
    )
    assert source.open().description == '/dev/video1'
    hanging.resume.set()


def test_an_unplugged_camera_is_lost_and_given_back(source_of: MakeSource) -> None:
    device = PretendedDevice()
    source = source_of({'/dev/video0': device})
    source.open()
    device.unplugged.set()
    with pytest.raises(CameraLostError, match='/dev/video0 gives no more frames'):
        read_until_it_fails(source, timeout_s=1)
    assert device.released.wait(PATIENCE_S)


def test_a_hung_driver_is_left_behind_and_gives_the_device_back_when_it_returns(
    source_of: MakeSource,
) -> None:
    device = PretendedDevice()
    source = source_of({'/dev/video0': device})
    source.open()
    device.hung.set()
    with pytest.raises(FrameTimeoutError, match='/dev/video0: no frame within'):
        read_until_it_fails(source, timeout_s=0.1)
    source.close()  # the driver that hangs is not waited for
    assert not source.released
    assert not device.released.is_set()
    device.resume.set()
    assert device.released.wait(PATIENCE_S)
    wait_until(lambda: source.released)


def test_a_camera_that_never_gives_a_frame_is_not_open(source_of: MakeSource) -> None:
    device = PretendedDevice(rate_hz=0.1)
    source = source_of({'/dev/video0': device}, open_timeout_s=0.05)
    with pytest.raises(CameraLostError, match='of opening'):
        source.open()
    device.unplugged.set()


def test_closing_wakes_who_opens() -> None:
    blocked = threading.Event()

    def open_slowly(_path: str) -> VideoDevice:
        blocked.wait(PATIENCE_S)
        return PretendedDevice()

    source = V4l2Source('/dev/video0', SourceSpec(source='0'), opener=open_slowly)
    threading.Timer(0.02, source.close).start()
    with pytest.raises(CameraClosedError):
        source.open()
    blocked.set()
    wait_until(lambda: source.released)


def test_a_source_that_was_closed_does_not_open(source_of: MakeSource) -> None:
    source = source_of({'/dev/video0': PretendedDevice()})
    source.close()
    with pytest.raises(CameraClosedError):
        source.open()


def test_damaged_pictures_are_left_out_and_reported_ever_more_rarely(source_of: MakeSource) -> None:
    log = Log()
    device = PretendedDevice()
    device.damage = lambda number, data: data[:200] if number % 4 else data
    source = source_of({'/dev/video0': device}, report=log)
    source.open()
    for _ in range(3):
        frame = source.read(1)
        assert frame is not None
        assert frame.jpeg == device.picture()
    assert [line.split(':')[1] for line in log.lines[:3]] == [
        ' left out damaged picture 1',
        ' left out damaged picture 2',
        ' left out damaged picture 4',
    ]


def test_the_ports_are_the_numbers_of_the_devices_in_order(tmp_path: Path) -> None:
    for name in ('video10', 'video2', 'video', 'videox', 'vide1'):
        (tmp_path / name).touch()
    assert list_ports(tmp_path) == [2, 10]


def test_a_device_is_called_what_its_driver_calls_it(tmp_path: Path) -> None:
    (tmp_path / 'video3').mkdir()
    (tmp_path / 'video3' / 'name').write_text('HD Webcam\n')
    by_id = tmp_path / 'usb-HD-index0'
    by_id.symlink_to('/dev/video3')
    assert device_name(str(by_id), tmp_path) == f'HD Webcam ({by_id})'
    assert device_name('/dev/video4', tmp_path) == '/dev/video4'


def test_a_device_that_is_not_there_is_not_found() -> None:
    with pytest.raises(CameraNotFoundError, match='/dev/video999 does not exist; there is'):
        open_device('/dev/video999')


def test_a_file_that_is_no_device_cannot_be_used(tmp_path: Path) -> None:
    plain = tmp_path / 'video0'
    plain.touch()
    with pytest.raises(CameraLostError, match='not a camera'):
        open_device(str(plain))
