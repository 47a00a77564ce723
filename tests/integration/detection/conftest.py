import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.patience import PATIENCE_S


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """Check that a test leaves no process and no shared memory of a fake model."""
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    segments = _segments()
    yield
    left = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
    _, alive = psutil.wait_procs(left, timeout=PATIENCE_S if left else 0)
    assert not alive, f'left behind: {alive}'
    deadline = time.monotonic() + PATIENCE_S  # others on this machine may be ending a model just now
    while dead := [name for name in _segments() - segments if _is_of_a_dead_model(name)]:
        assert time.monotonic() < deadline, f'left in /dev/shm: {dead}'
        time.sleep(0.05)


def _segments() -> set[str]:
    return {path.name for path in Path('/dev/shm').iterdir()}


def _is_of_a_dead_model(name: str) -> bool:
    return name.startswith('shm-fake-') and not Path(f'/proc/{name.rpartition("-")[2]}').exists()
