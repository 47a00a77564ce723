"""Turn the `source` of fleet.yaml into a source of frames."""

from collections.abc import Callable, Mapping
from pathlib import Path

from parking_monitor.camera.address import AddressKind, parse_source
from parking_monitor.camera.source import FrameSource, SourceSpec
from parking_monitor.camera.stills import StillsSource
from parking_monitor.camera.stream import StreamSource
from parking_monitor.camera.v4l2 import V4l2Source
from parking_monitor.camera.video_file import VideoFileSource

Factory = Callable[[str, SourceSpec], FrameSource]
"""Make a source of what follows `scheme:`, and of what is wanted."""


def open_source(spec: SourceSpec, factories: Mapping[str, Factory] | None = None) -> FrameSource:
    """Make the source that a spec names, ready for its `open`.

    Args:
        spec: what is wanted.
        factories: makes the sources of further schemes, such as 'sim'; this is
            where other subjects join.

    Raises:
        SourceError: when the source is written wrongly.
    """
    factories = factories or {}
    address = parse_source(spec.source, factories)
    match address.kind:
        case AddressKind.DEVICE:
            return V4l2Source(address.target, spec)
        case AddressKind.STREAM:
            return StreamSource(address.target, spec)
        case AddressKind.SCHEME:
            return factories[address.scheme](address.target, spec)
        case AddressKind.PATH:
            path = Path(address.target).expanduser()
            return StillsSource(path, spec) if path.is_dir() else VideoFileSource(path, spec)
