"""Say what a source of frames is: what is wanted of it, what was got, how it is read."""

import abc
import enum
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from parking_monitor.camera.errors import SourceError
from parking_monitor.values import Frame

Report = Callable[[int, str], None]
"""Take a line for the log: a level of `logging`, and the text."""


def log_report(level: int, text: str) -> None:
    """Write a line to the log of this package."""
    logging.getLogger('parking_monitor.camera').log(level, '%s', text)


class Pace(enum.StrEnum):
    """Say who sets the pace of a recording.

    CLOCK: its own clock; frames that are late are skipped. GRAPH: whoever
    acknowledges its frames; none is skipped.
    """

    CLOCK = 'clock'
    GRAPH = 'graph'


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """Hold what is wanted of a source.

    Attributes:
        source: the `source` of fleet.yaml, see `address.parse_source`. It may
            hold a password and is therefore left out of `repr`.
        width: wanted width in pixels; cameras give the nearest they have,
            recordings ignore it. None for the camera's own.
        height: wanted height in pixels, with `width` or not at all.
        rate_hz: wanted frames a second; more than that is thinned out. None
            for the source's own.
        pace: who sets the pace of a recording.
        loop: begin a recording again at its end.
        open_timeout_s: longest time from opening a camera to its first frame.
        read_timeout_s: longest silence of a network stream before it is lost.
        acknowledge_deadline_s: with `Pace.GRAPH`, the longest wait for the
            acknowledgement of a frame.
        report: takes lines for the log.

    Raises:
        SourceError: when a value is out of its range.
    """

    source: str = field(repr=False)
    width: int | None = None
    height: int | None = None
    rate_hz: float | None = None
    pace: Pace = Pace.CLOCK
    loop: bool = False
    open_timeout_s: float = 10.0
    read_timeout_s: float = 5.0
    acknowledge_deadline_s: float = 5.0
    report: Report = log_report

    def __post_init__(self) -> None:
        if (self.width is None) != (self.height is None):
            raise SourceError(f'width {self.width} and height {self.height}: give both or neither')
        for name in (
            'width',
            'height',
            'rate_hz',
            'open_timeout_s',
            'read_timeout_s',
            'acknowledge_deadline_s',
        ):
            value = getattr(self, name)
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise SourceError(f'{name} is {value}; it must be a number above 0')


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInfo:
    """Hold what was got of a source.

    Attributes:
        kind: 'v4l2', 'stream', 'video', 'stills', or the scheme of a source
            that was registered by the caller.
        description: for people: name and address, without credentials.
        width: width of its first frame in pixels.
        height: height of its first frame in pixels.
        rate_hz: frames a second that are delivered; 0 when the source does not say.
        native_rate_hz: frames a second that the source itself has; 0 when it
            does not say.
        pixel_format: the FourCC of what the source gives, or the file suffixes.
        jpeg_passthrough: frames are the source's own JPEGs, never decoded.
        can_end: the source ends by itself.
        live: the pictures are of now and come when they come; otherwise the
            source is a recording with a clock of its own.
    """

    kind: str
    description: str
    width: int
    height: int
    rate_hz: float
    native_rate_hz: float
    pixel_format: str
    jpeg_passthrough: bool
    can_end: bool
    live: bool

    def __str__(self) -> str:
        """Return one line for the log."""
        rate = f'{self.rate_hz:g} Hz' if self.rate_hz else 'rate unknown'
        if self.native_rate_hz > self.rate_hz > 0:
            rate += f' of {self.native_rate_hz:g}'
        form = f'{self.pixel_format} passed through' if self.jpeg_passthrough else self.pixel_format
        return f'{self.kind} {self.description}: {self.width}x{self.height}, {rate}, {form}'


class FrameSource(abc.ABC):
    """Give frames, one after another, from one opening to one closing.

    A source is opened once; after `close` a new one is made. `open` and `read`
    belong to one thread, `close` and `acknowledge` may come from any.
    """

    @abc.abstractmethod
    def open(self) -> SourceInfo:
        """Open the source and return what was got.

        Raises:
            CameraNotFoundError: when there is nothing at the address.
            CameraLostError: when it is there but gives no frame.
            SourceError: when it can never give one.
            CameraClosedError: when it was closed meanwhile.
        """

    @abc.abstractmethod
    def read(self, timeout_s: float) -> Frame | None:
        """Return the next frame, or None when the source has ended.

        Raises:
            FrameTimeoutError: when none came within `timeout_s`.
            CameraLostError: when none will come any more.
            CameraClosedError: when it was closed meanwhile.
        """

    @abc.abstractmethod
    def close(self) -> None:
        """Give the source back, and wake who waits in `open` or `read`."""

    def acknowledge(self, stamp_ns: int) -> None:
        """Take note that the frame with this stamp was dealt with.

        Only recordings at `Pace.GRAPH` wait for it; the others ignore it.
        """
        del stamp_ns

    @property
    def released(self) -> bool:
        """Tell whether, after `close`, the driver has let go of the device."""
        return True
