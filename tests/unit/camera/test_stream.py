import threading
import time
from collections.abc import Iterator

import pytest

from parking_monitor import jpeg
from parking_monitor.camera.errors import CameraClosedError, CameraLostError, FrameTimeoutError
from parking_monitor.camera.source import SourceSpec
from parking_monitor.camera.stream import StreamSource
from tests.unit.camera.builders import grey, read_until_it_fails, wait_until
from tests.unit.camera.mjpeg_server import PASSWORD, MjpegServer


@pytest.fixture
def server() -> Iterator[MjpegServer]:
    """Serve a stream."""
    with MjpegServer() as server:
        yield server


def stream_of(address: str, **wanted: object) -> StreamSource:
    return StreamSource(address, SourceSpec(source=address, **wanted))  # type: ignore[arg-type]  # as each test wants


def test_a_stream_of_jpegs_is_passed_through_undecoded(server: MjpegServer) -> None:
    source = stream_of(server.address)
    before_ns = time.time_ns()
    info = source.open()
    frame = source.read(2)
    source.close()
    assert frame is not None
    assert frame.jpeg == server.picture
    assert before_ns <= frame.stamp_ns <= time.time_ns()
    assert (info.kind, info.width, info.height) == ('stream', 160, 120)
    assert info.jpeg_passthrough
    assert info.rate_hz == 0
    assert info.live
    assert source.released


def test_a_slow_reader_is_given_the_newest_frame(server: MjpegServer) -> None:
    source = stream_of(server.address)
    source.open()
    wait_until(lambda: server.sent > 30)
    newest = server.picture = jpeg.encode(grey(200, 160, 120))
    server.sent = 0
    wait_until(lambda: server.sent > 10)
    reads = 1
    while (frame := source.read(1)) is not None and frame.jpeg != newest:
        reads += 1
    source.close()
    # A queue would give the old pictures first, more than 30 of them.
    assert reads <= 10


def test_a_stream_is_thinned_to_the_wanted_rate(server: MjpegServer) -> None:
    source = stream_of(server.address, rate_hz=40.0)
    source.open()
    stamps_ns = [frame.stamp_ns for frame in (source.read(1) for _ in range(6)) if frame is not None]
    source.close()
    # Five intervals, of which the last frame may come a quarter early.
    assert (stamps_ns[-1] - stamps_ns[0]) / 1e9 >= 4.7 / 40


def test_a_stream_that_is_cut_off_is_lost(server: MjpegServer) -> None:
    source = stream_of(server.address)
    source.open()
    server.stop()
    with pytest.raises(CameraLostError, match='no more frames') as lost:
        read_until_it_fails(source, timeout_s=2)
    source.close()
    assert PASSWORD not in str(lost.value)


def test_a_stream_that_falls_silent_is_noticed_and_its_connection_ended(server: MjpegServer) -> None:
    source = stream_of(server.address, read_timeout_s=0.3)
    source.open()
    server.stalled.set()
    with pytest.raises(FrameTimeoutError):
        read_until_it_fails(source, timeout_s=0.1)
    source.close()
    wait_until(lambda: source.released)


def test_no_secret_shows_when_a_stream_fails(server: MjpegServer, capfd: pytest.CaptureFixture[str]) -> None:
    wrong = server.address.replace(f'joe:{PASSWORD}', f'joe:not{PASSWORD}')
    refused = f'rtsp://joe:{PASSWORD}@127.0.0.1:1/live'
    unknown = f'http://joe:{PASSWORD}@host.invalid/live?pwd={PASSWORD}'
    for address in (wrong, refused, unknown):
        source = stream_of(address, open_timeout_s=2.0)
        with pytest.raises(CameraLostError, match=r'joe:\*\*\*@') as failure:
            source.open()
        source.close()
        assert PASSWORD not in f'{failure.value!r} {source.__dict__.get("_name")}'
    printed = capfd.readouterr()
    assert PASSWORD not in printed.out + printed.err


def test_a_server_that_never_answers_is_given_up(server: MjpegServer) -> None:
    server.stalled.set()
    source = stream_of(server.address, open_timeout_s=0.3)
    with pytest.raises(CameraLostError):
        source.open()
    source.close()
    wait_until(lambda: source.released)


def test_closing_wakes_who_opens(server: MjpegServer) -> None:
    server.stalled.set()
    source = stream_of(server.address, open_timeout_s=20.0)
    threading.Timer(0.05, source.close).start()
    start_s = time.monotonic()
    with pytest.raises(CameraClosedError):
        source.open()
    assert time.monotonic() - start_s < 10
    server.stop()
    wait_until(lambda: source.released)
