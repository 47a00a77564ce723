"""Replace a small file so that a power cut leaves the old content or the new, never a part."""

import os
from pathlib import Path


def write_durably(path: Path, content: str | bytes) -> None:
    """Put a text or bytes in the place of a file's content, safe on the disk once this returns.

    It is written whole under another name first. Missing folders are made.

    Raises:
        OSError: when that is not possible; then the old content is still there.
    """
    beside = path.with_name(f'{path.name}.new')
    path.parent.mkdir(parents=True, exist_ok=True)
    with beside.open('wb') as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
