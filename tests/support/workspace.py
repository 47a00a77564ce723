"""Find and run the programs that the workspace installs."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ament_index_python.packages import get_package_prefix

ROOT = Path(__file__).resolve().parents[2]


def program(name: str) -> str:
    """Return the path of a program of parking_monitor."""
    return str(Path(get_package_prefix('parking_monitor'), 'lib', 'parking_monitor', name))


def run(
    *arguments: str, environment: Mapping[str, str] | None = None, deadline_s: float = 600
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return what it said."""
    return subprocess.run(
        arguments,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=deadline_s,
        check=False,
        cwd=ROOT,
    )
