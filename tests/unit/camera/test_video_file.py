import itertools
import threading
import time
from pathlib import Path

import pytest

from parking_monitor.camera.errors import CameraClosedError, CameraNotFoundError, SourceError
from parking_monitor.camera.source import Pace, SourceSpec
from parking_monitor.camera.video_file import VideoFileSource
from parking_monitor.values import Frame
from tests.support.shared import shared_path
from tests.unit.camera.builders import CLIP_FRAMES, CLIP_HZ, Log, frame_number, write_clip


@pytest.fixture(scope='module')
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clip of 20 frames at 100 Hz."""
    return write_clip(tmp_path_factory.mktemp('clip') / 'clip.mp4')


def spec_of(path: Path, **wanted: object) -> SourceSpec:
    return SourceSpec(source=str(path), **wanted)  # type: ignore[arg-type]  # each test names its own wishes


def play_by_graph(path: Path, most: int = 1000, **wanted: object) -> list[Frame]:
    """Read a clip as a graph does that acknowledges each frame at once."""
    source = VideoFileSource(path, spec_of(path, pace=Pace.GRAPH, **wanted))
    source.open()
    frames = []
    for frame in itertools.islice(iter(lambda: source.read(1), None), most):
        frames.append(frame)
        source.acknowledge(frame.stamp_ns)
    source.close()
    return frames


def test_what_was_got_is_told(clip: Path) -> None:
    source = VideoFileSource(clip, spec_of(clip, width=1920, height=1080))
    info = source.open()
    source.close()
    assert (info.kind, info.width, info.height, info.rate_hz) == ('video', 64, 48, CLIP_HZ)
    assert info.can_end
    assert not info.live
    assert not info.jpeg_passthrough


def test_by_the_graph_every_frame_comes_once_and_bears_its_place(clip: Path) -> None:
    frames = play_by_graph(clip)
    assert [frame_number(frame.image) for frame in frames] == list(range(CLIP_FRAMES))
    start_ns = frames[0].stamp_ns
    assert [frame.stamp_ns - start_ns for frame in frames] == [n * 10_000_000 for n in range(CLIP_FRAMES)]


def test_by_the_graph_it_is_as_fast_as_the_graph(tmp_path: Path) -> None:
    slow = write_clip(tmp_path / 'slow.mp4', rate_hz=0.1)
    start_s = time.monotonic()
    assert len(play_by_graph(slow)) == CLIP_FRAMES
    assert time.monotonic() - start_s < CLIP_FRAMES / 0.1 / 2


def test_by_the_graph_an_unacknowledged_frame_holds_it_up_to_the_deadline(clip: Path) -> None:
    log = Log()
    source = VideoFileSource(clip, spec_of(clip, pace=Pace.GRAPH, acknowledge_deadline_s=0.1, report=log))
    source.open()
    source.read(1)
    start_s = time.monotonic()
    frame = source.read(1)
    assert frame is not None
    assert frame_number(frame.image) == 1
    assert time.monotonic() - start_s >= 0.09
    assert 'not acknowledged' in log.lines[0]
    source.close()


def test_by_the_clock_it_takes_its_own_time_and_bears_the_time_of_delivery(clip: Path) -> None:
    source = VideoFileSource(clip, spec_of(clip))
    source.open()
    start_s = time.monotonic()
    numbers, before_ns = [], time.time_ns()
    for frame in iter(lambda: source.read(1), None):
        numbers.append(frame_number(frame.image))
        assert time.monotonic() - start_s >= numbers[-1] / CLIP_HZ - 0.001
        assert before_ns <= frame.stamp_ns <= time.time_ns()
        before_ns = frame.stamp_ns
    assert numbers == sorted(set(numbers))
    source.close()


def test_by_the_clock_late_frames_are_skipped(clip: Path) -> None:
    source = VideoFileSource(clip, spec_of(clip))
    source.open()
    source.read(1)
    time.sleep(0.105)
    frame = source.read(1)
    assert frame is not None
    assert frame_number(frame.image) >= 10
    source.close()


def test_a_lower_rate_leaves_frames_out(clip: Path) -> None:
    frames = play_by_graph(clip, rate_hz=20.0)
    assert [frame_number(frame.image) for frame in frames] == [0, 5, 10, 15]
    assert frames[1].stamp_ns - frames[0].stamp_ns == 50_000_000


def test_a_higher_rate_than_its_own_has_no_effect(clip: Path) -> None:
    assert len(play_by_graph(clip, rate_hz=500.0)) == CLIP_FRAMES


@pytest.mark.parametrize('rate_hz', [CLIP_HZ, 25.0])
def test_a_loop_goes_on_counting_time(clip: Path, rate_hz: float) -> None:
    step = int(CLIP_HZ / rate_hz)
    frames = play_by_graph(clip, most=30, loop=True, rate_hz=rate_hz)
    assert [frame_number(frame.image) for frame in frames] == [n * step % CLIP_FRAMES for n in range(30)]
    gaps_ns = {after.stamp_ns - before.stamp_ns for before, after in itertools.pairwise(frames)}
    assert gaps_ns == {round(1e9 / rate_hz)}


def test_a_clip_that_loops_does_not_end(clip: Path) -> None:
    source = VideoFileSource(clip, spec_of(clip, loop=True))
    assert not source.open().can_end
    source.close()


def test_the_end_stays_the_end(clip: Path) -> None:
    source = VideoFileSource(clip, spec_of(clip, pace=Pace.GRAPH, acknowledge_deadline_s=0.001))
    source.open()
    while source.read(1) is not None:
        pass
    assert source.read(1) is None
    source.close()


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(CameraNotFoundError, match=r'nothing\.mp4 does not exist'):
        VideoFileSource(tmp_path / 'nothing.mp4', spec_of(tmp_path)).open()


@pytest.mark.parametrize('content', [b'', b'not a video', bytes(10_000)])
def test_a_file_that_is_no_video_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / 'broken.mp4'
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r'broken\.mp4'):
        VideoFileSource(path, spec_of(path)).open()


def test_a_video_without_frames_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / 'empty.avi', frames=0)
    with pytest.raises(SourceError, match=r'empty\.avi'):
        VideoFileSource(path, spec_of(path)).open()


def test_a_clip_that_is_cut_off_plays_what_is_there(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / 'whole.avi').read_bytes()
    (tmp_path / 'cut.avi').write_bytes(whole[: len(whole) * 4 // 5])
    frames = play_by_graph(tmp_path / 'cut.avi')
    assert 1 <= len(frames) < CLIP_FRAMES


def test_closing_wakes_who_waits_for_a_frame(clip: Path) -> None:
    source = VideoFileSource(clip, spec_of(clip, rate_hz=0.1))
    source.open()
    source.read(1)
    threading.Timer(0.02, source.close).start()
    with pytest.raises(CameraClosedError):
        source.read(20)


def test_the_lane_clip_plays() -> None:
    frames = play_by_graph(shared_path('footage/lane/car-detection.mp4'), most=6, rate_hz=2.5)
    assert {(frame.width, frame.height) for frame in frames} == {(768, 432)}
    assert (frames[-1].stamp_ns - frames[0].stamp_ns) / 1e9 == pytest.approx(2.0)
