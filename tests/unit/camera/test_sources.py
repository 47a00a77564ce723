import math
from pathlib import Path

import pytest

from parking_monitor.camera.errors import SourceError
from parking_monitor.camera.source import FrameSource, SourceInfo, SourceSpec
from parking_monitor.camera.sources import open_source
from parking_monitor.camera.stills import StillsSource
from parking_monitor.camera.stream import StreamSource
from parking_monitor.camera.v4l2 import V4l2Source
from parking_monitor.camera.video_file import VideoFileSource
from parking_monitor.values import Frame


class SimulatedSource(FrameSource):
    """Stand for a source that another subject has."""

    def __init__(self, scene: str, spec: SourceSpec) -> None:
        self.scene = scene
        self.spec = spec

    def open(self) -> SourceInfo:
        raise NotImplementedError

    def read(self, timeout_s: float) -> Frame | None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(
    ('text', 'kind'),
    [
        ('0', V4l2Source),
        ('auto', V4l2Source),
        ('/dev/v4l/by-id/usb-X', V4l2Source),
        ('rtsp://host/1', StreamSource),
        ('http://host/video', StreamSource),
        ('clip.mp4', VideoFileSource),
    ],
)
def test_a_text_becomes_its_kind_of_source(text: str, kind: type[FrameSource]) -> None:
    assert isinstance(open_source(SourceSpec(source=text)), kind)


def test_a_folder_becomes_a_source_of_stills(tmp_path: Path) -> None:
    assert isinstance(open_source(SourceSpec(source=str(tmp_path))), StillsSource)


def test_a_scheme_that_was_registered_is_made_by_its_factory() -> None:
    spec = SourceSpec(source='sim:lot')
    source = open_source(spec, {'sim': SimulatedSource})
    assert isinstance(source, SimulatedSource)
    assert (source.scene, source.spec) == ('lot', spec)


def test_a_scheme_that_nobody_registered_is_refused() -> None:
    with pytest.raises(SourceError, match='unknown scheme sim'):
        open_source(SourceSpec(source='sim:lot'))


@pytest.mark.parametrize(
    ('wanted', 'complaint'),
    [
        ({'width': 640}, 'give both or neither'),
        ({'width': 0, 'height': 480}, 'width is 0'),
        ({'rate_hz': -1.0}, r'rate_hz is -1\.0'),
        ({'rate_hz': math.nan}, 'rate_hz is nan'),
        ({'open_timeout_s': 0.0}, r'open_timeout_s is 0\.0'),
    ],
)
def test_a_wish_out_of_range_is_refused(wanted: dict[str, float], complaint: str) -> None:
    with pytest.raises(SourceError, match=complaint):
        SourceSpec(source='0', **wanted)  # type: ignore[arg-type]  # wrong values are the point


def test_what_is_wanted_does_not_show_the_password() -> None:
    assert 'S3CR3T' not in repr(SourceSpec(source='rtsp://joe:S3CR3T@host/1'))
