"""Keep what a model says, which is slow to come by, under a key of all that it depends on."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.results import FOLDER
from parking_monitor.values import Box, Detection

CACHE = FOLDER / 'cache'

Found = list[list[Detection]]
"""What was found in each frame."""


def key_of(*parts: str | bytes | Path) -> str:
    """Return a key for texts and the contents of files."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            digest.update(part.name.encode())
            digest.update(part.read_bytes())
        else:
            digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b'\0')
    return digest.hexdigest()[:16]


def load(name: str, key: str) -> Found | None:
    """Return what is kept, if anything is."""
    path = CACHE / f'{name}-{key}.json'
    if not path.is_file():
        return None
    frames = json.loads(path.read_text())
    return [
        [Detection(label, score, Box(x, y, w, h)) for label, score, x, y, w, h in frame] for frame in frames
    ]


def save(name: str, key: str, found: Sequence[Sequence[Detection]]) -> None:
    """Keep what was found, in place of what is out of date."""
    CACHE.mkdir(parents=True, exist_ok=True)
    for old in CACHE.glob(f'{name}-????????????????.json'):
        old.unlink()
    rows = [
        [(d.label, d.confidence, d.box.x, d.box.y, d.box.width, d.box.height) for d in frame]
        for frame in found
    ]
    path = CACHE / f'{name}-{key}.json'
    partial = path.with_suffix('.partial')
    partial.write_text(json.dumps(rows))
    partial.replace(path)
