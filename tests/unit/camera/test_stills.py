import time
from pathlib import Path

import cv2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking_monitor import jpeg
from parking_monitor.camera.errors import CameraNotFoundError, SourceError
from parking_monitor.camera.source import Pace, SourceSpec
from parking_monitor.camera.stills import StillsSource, list_pictures, natural_order
from parking_monitor.values import Frame
from tests.support.shared import shared_path
from tests.unit.camera.builders import Log, grey


def put_jpeg(path: Path, level: int = 100) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = jpeg.encode(grey(level))
    path.write_bytes(data)
    return data


def spec_of(folder: Path, **wanted: object) -> SourceSpec:
    return SourceSpec(source=str(folder), **wanted)  # type: ignore[arg-type]  # each test names its own wishes


def play(folder: Path, most: int = 100, **wanted: object) -> list[Frame]:
    source = StillsSource(folder, spec_of(folder, pace=Pace.GRAPH, **wanted))
    source.open()
    frames: list[Frame] = []
    while len(frames) < most and (frame := source.read(1)) is not None:
        frames.append(frame)
        source.acknowledge(frame.stamp_ns)
    source.close()
    return frames


def test_pictures_come_folder_by_folder_with_numbers_by_their_value(tmp_path: Path) -> None:
    for name in ('b/2.jpg', 'b/10.jpeg', 'a10/1.PNG', 'a9/1.jpg', 'shot12.jpg', 'shot3.JPG'):
        put_jpeg(tmp_path / name)
    for other in ('notes.txt', 'b/2.xml', '._shot3.jpg', 'x.gif', '.thumbnails/2.jpg'):
        (tmp_path / other).parent.mkdir(exist_ok=True)
        (tmp_path / other).write_text('other')
    names = [str(path.relative_to(tmp_path)) for path in list_pictures(tmp_path)]
    assert names == ['a9/1.jpg', 'a10/1.PNG', 'b/2.jpg', 'b/10.jpeg', 'shot3.JPG', 'shot12.jpg']


@settings(max_examples=40)
@given(names=st.lists(st.text('aA019-. ', min_size=1, max_size=6), max_size=10))
def test_the_order_of_any_names_does_not_hang_on_how_they_were_found(names: list[str]) -> None:
    paths = [Path(name) for name in names]
    orders = [sorted(found, key=natural_order) for found in (paths, paths[::-1])]
    assert [natural_order(path) for path in orders[0]] == [natural_order(path) for path in orders[1]]


@settings(max_examples=40)
@given(numbers=st.lists(st.integers(0, 10**12), unique=True, max_size=10))
def test_numbered_pictures_come_in_the_order_of_their_numbers(numbers: list[int]) -> None:
    paths = sorted((Path(f'p{number}.jpg') for number in numbers), key=natural_order)
    assert [int(path.stem[1:]) for path in paths] == sorted(numbers)


def test_a_jpeg_is_passed_through_and_a_png_is_decoded(tmp_path: Path) -> None:
    data = put_jpeg(tmp_path / '1.jpg')
    cv2.imwrite(str(tmp_path / '2.png'), grey(30, 20, 10))
    first, second = play(tmp_path)
    assert first.jpeg == data
    assert first.image is None
    assert second.image is not None
    assert (second.width, second.height, int(second.image[0, 0, 0])) == (20, 10, 30)


def test_what_was_got_is_told(tmp_path: Path) -> None:
    put_jpeg(tmp_path / '1.jpg')
    source = StillsSource(tmp_path, spec_of(tmp_path))
    info = source.open()
    source.close()
    assert (info.kind, info.width, info.height, info.rate_hz) == ('stills', 64, 48, 1.0)
    assert info.jpeg_passthrough
    assert info.can_end


def test_a_rate_below_one_spaces_the_stamps(tmp_path: Path) -> None:
    for number in range(3):
        put_jpeg(tmp_path / f'{number}.jpg')
    stamps_ns = [frame.stamp_ns for frame in play(tmp_path, rate_hz=0.1)]
    assert [stamp_ns - stamps_ns[0] for stamp_ns in stamps_ns] == [0, 10_000_000_000, 20_000_000_000]


def test_by_the_clock_no_picture_is_skipped_for_being_late(tmp_path: Path) -> None:
    wanted = [put_jpeg(tmp_path / f'{number}.jpg', level=number) for number in range(4)]
    source = StillsSource(tmp_path, spec_of(tmp_path, rate_hz=200.0))
    source.open()
    got = []
    while (frame := source.read(1)) is not None:
        got.append(frame.jpeg)
        time.sleep(0.02)
    source.close()
    assert got == wanted


@pytest.mark.parametrize('damaged', [b'', b'garbage', jpeg.encode(grey(1))[:300]])
def test_a_picture_that_cannot_be_read_is_left_out_and_reported(tmp_path: Path, damaged: bytes) -> None:
    log = Log()
    first = put_jpeg(tmp_path / '1.jpg', 10)
    (tmp_path / '2.jpg').write_bytes(damaged)
    (tmp_path / '3.png').write_bytes(damaged)
    last = put_jpeg(tmp_path / '4.jpg', 40)
    assert [frame.jpeg for frame in play(tmp_path, report=log)] == [first, last]
    assert ['2.jpg' in log.lines[0], '3.png' in log.lines[1], len(log.lines)] == [True, True, 2]


def test_a_damaged_first_picture_does_not_keep_the_folder_shut(tmp_path: Path) -> None:
    (tmp_path / '1.jpg').write_bytes(b'garbage')
    put_jpeg(tmp_path / '2.jpg')
    assert len(play(tmp_path)) == 1


def test_a_loop_begins_again_and_sees_new_pictures(tmp_path: Path) -> None:
    old = put_jpeg(tmp_path / '1.jpg', 10)
    source = StillsSource(
        tmp_path, spec_of(tmp_path, pace=Pace.GRAPH, loop=True, acknowledge_deadline_s=0.001)
    )
    assert not source.open().can_end
    new = put_jpeg(tmp_path / '2.jpg', 20)
    got = [frame.jpeg for frame in (source.read(1) for _ in range(5)) if frame is not None]
    source.close()
    assert got == [old, old, new, old, new]


def test_an_empty_folder_is_refused_with_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / 'notes.txt').touch()
    with pytest.raises(SourceError, match=r'looked for \*\.jpg, \*\.jpeg and \*\.png'):
        StillsSource(tmp_path, spec_of(tmp_path)).open()


def test_a_folder_of_garbage_is_refused(tmp_path: Path) -> None:
    (tmp_path / '1.jpg').write_bytes(b'garbage')
    with pytest.raises(SourceError, match='none of its 1 pictures'):
        StillsSource(tmp_path, spec_of(tmp_path)).open()


def test_a_missing_folder_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(CameraNotFoundError, match='nowhere'):
        StillsSource(tmp_path / 'nowhere', spec_of(tmp_path)).open()


def test_the_pictures_of_the_lot_come_in_order() -> None:
    folder = shared_path('footage/lot/sequence1')
    frames = play(folder)
    assert [frame.jpeg for frame in frames] == [path.read_bytes() for path in sorted(folder.glob('*.jpg'))]
    assert {(frame.width, frame.height) for frame in frames} == {(1280, 720)}
