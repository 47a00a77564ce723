"""Make a sample of a picture: hide what it must not show, name it, label it, keep it."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from parking_monitor import jpeg, privacy
from parking_monitor.cloud.collect_memory import CollectMemory
from parking_monitor.cloud.sample import (
    Category,
    Reason,
    Sample,
    category_of,
    content_hash,
    name_of,
    suggested,
)
from parking_monitor.cloud.sample_store import SampleStore
from parking_monitor.cloud.scene_hash import is_new_scene, scene_hash
from parking_monitor.values import Detection

JPEG_QUALITY = 90


class Privacy(enum.StrEnum):
    """Say what may leave the device: nothing, pictures without fine detail, or pictures as they are."""

    LOCAL = 'local'
    BLUR = 'blur'
    NONE = 'none'


@dataclass(frozen=True, slots=True)
class Picture:
    """Hold one picture of a camera as JPEG, and its time, nanoseconds since the Unix epoch."""

    camera: str
    stamp_ns: int
    jpeg: bytes


class Collector:
    """Take pictures into the store.

    Args:
        store: where they are kept.
        memory: what was collected before.
        hides: what is done to them before they are kept.
        testing_share: so many of them, 0 to 1, are for testing.
        suggests_labels: whether the boxes of the model go along.
    """

    def __init__(
        self,
        store: SampleStore,
        memory: CollectMemory,
        *,
        hides: Privacy = Privacy.BLUR,
        testing_share: float = 0.2,
        suggests_labels: bool = True,
    ) -> None:
        self._store = store
        self._memory = memory
        self._hides = hides
        self._testing_share = testing_share
        self._suggests_labels = suggests_labels

    def is_new_scene(self, picture: Picture) -> bool:
        """Return whether a picture is unlike those that were collected of its camera.

        Raises:
            jpeg.JpegError: when it cannot be decoded.
        """
        return is_new_scene(scene_hash(picture.jpeg), self._memory.scenes(picture.camera))

    def take(
        self, picture: Picture, reason: Reason, cars: Sequence[Detection] | None = None, model: str = ''
    ) -> Sample | None:
        """Keep a picture.

        Suggested labels go with pictures that the model is unsure about and that are to train with. What
        is for testing goes without, so that no model is ever judged by its own word.

        Args:
            picture: as the camera gave it.
            reason: why.
            cars: what the model found, boxes in pixels; None when it cannot be suggested.
            model: name and version.

        Returns:
            What is kept; None when this very picture was collected before, or there is no room.

        Raises:
            jpeg.JpegError: when it cannot be decoded.
            StoreError: when it cannot be written.
        """
        content = content_hash(picture.jpeg)
        if self._memory.is_known(content):
            return None
        category = category_of(content, self._testing_share)
        suggests = (
            self._suggests_labels and cars is not None and reason.is_unsure and category is Category.TRAINING
        )
        sample = Sample(
            name=name_of(picture.camera, picture.stamp_ns, content),
            camera=picture.camera,
            stamp_ns=picture.stamp_ns,
            reason=reason,
            category=category,
            boxes=suggested(cars or (), jpeg.size(picture.jpeg)) if suggests else None,
            model=model,
        )
        scene = scene_hash(picture.jpeg)
        is_kept = self._store.put(sample, self._hidden(picture))
        self._memory.remember(picture.camera, content, scene)
        return sample if is_kept else None

    def _hidden(self, picture: Picture) -> bytes:
        if self._hides is not Privacy.BLUR:
            return picture.jpeg
        image = jpeg.decode(picture.jpeg)
        return jpeg.encode(privacy.blurred(image, self._memory.car_px(picture.camera)), JPEG_QUALITY)
