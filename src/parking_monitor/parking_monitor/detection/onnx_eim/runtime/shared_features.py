"""Make the shared memory that a client writes features into."""

import mmap
import os
from typing import Any

_FOLDER = '/dev/shm'  # noqa: S108  (where Linux keeps POSIX shared memory)


class SharedFeatures:
    """Own a POSIX shared memory segment, by its file as shm_overview(7) documents it.

    Unlike `multiprocessing.shared_memory` this needs no second process.
    """

    def __init__(self, elements: int) -> None:
        self.elements = elements
        self.name = f'/shm-{os.urandom(6).hex()}'
        descriptor = os.open(_FOLDER + self.name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            os.ftruncate(descriptor, elements * 4)
            self.memory = mmap.mmap(descriptor, elements * 4)
        finally:
            os.close(descriptor)

    def announcement(self) -> dict[str, Any]:
        """Return what the hello answer says of it."""
        return {
            'elements': self.elements,
            'name': self.name,
            'size_bytes': self.elements * 4,
            'type': 'float32',
        }

    def remove(self) -> None:
        """Remove the segment; it lives on where it is mapped."""
        os.unlink(_FOLDER + self.name)  # noqa: PTH108  (pathlib would double the start-up's imports)
