"""Say what part of its places each camera counts for, where several see the same bays."""

from collections import Counter
from collections.abc import Collection

from parking_fleet.store.values import CameraState


def bay_shares(cameras: Collection[CameraState]) -> dict[tuple[str, str], float]:
    """Return the share of each camera of one floor by its key, above 0 to 1: the sum counts each bay once.

    A bay that two cameras see is half a place of either. What a camera counts beside its bays is its own.
    """
    seen_by = Counter(bay.name for camera in cameras for bay in camera.bays)
    return {camera.key: _share(camera, seen_by) for camera in cameras}


def _share(camera: CameraState, seen_by: Counter[str]) -> float:
    if not camera.bays:
        return 1.0
    beside = max(camera.capacity - len(camera.bays), 0)
    own = sum(1 / seen_by[bay.name] for bay in camera.bays)
    return (own + beside) / (len(camera.bays) + beside)
