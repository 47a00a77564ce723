"""Name what can go wrong between Edge Impulse Studio and a model on the disk."""

from parking_monitor.detection.errors import DetectionError


class StudioError(DetectionError):
    """Say why no model came from Studio, and what to do; never holds the key."""


class StudioUnreachableError(StudioError):
    """Say that there was no proper answer; there may be one later."""


class StudioBusyError(StudioError):
    """Say how long Studio wants no more requests.

    Attributes:
        retry_after_s: seconds to wait; 0 when it does not say.
    """

    def __init__(self, retry_after_s: float) -> None:
        wait = f' for {retry_after_s:g} s' if retry_after_s else ' for a while'
        super().__init__(f'Edge Impulse Studio takes no more requests{wait} (429); it is tried again')
        self.retry_after_s = retry_after_s


class StudioRefusedError(StudioError):
    """Say what Studio answered instead of doing what it was asked."""


class StudioKeyError(StudioRefusedError):
    """Say that Studio does not take the key."""


class NoProjectError(StudioError):
    """Say that it is not clear which project to take."""


class NoBuildError(StudioError):
    """Say that a project has no such model for this processor."""


class DiskFullError(StudioError):
    """Say how much room a model needs, and how much there is."""


class StoreError(StudioError):
    """Say that the models on the disk cannot be kept."""


class UnfitModelError(StudioError):
    """Say why a model that was fetched does not run here; its version is not taken again."""


class StoppedError(StudioError):
    """Say that it was stopped meanwhile."""
