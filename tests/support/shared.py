"""Find the footage and public models beside the repository, or skip with the reason."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / 'shared'


def shared_path(relative: str) -> Path:
    """Return a path below `../shared`; skip the test where it is absent."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f'needs ../shared/{relative}, which lies beside the repository and not in it')
    return path
