"""Make the venv of a contender from hashed requirements, once."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.results import console

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / 'build' / 'contenders'
PATIENCE_S = 900.0


class EnvironmentMissingError(RuntimeError):
    """Say why a contender cannot run here."""


def python_of(name: str) -> Path:
    """Return the Python of a contender's venv, making it where it is missing or out of date.

    Raises:
        EnvironmentMissingError: when its packages cannot be installed.
    """
    requirements = ROOT / 'requirements' / f'contenders-{name}.txt'
    build = ROOT / 'requirements' / 'build.txt'
    venv = FOLDER / name
    wanted = hashlib.sha256(sys.version.encode() + requirements.read_bytes() + build.read_bytes()).hexdigest()
    stamp, python = venv / '.stamp', venv / 'bin' / 'python'
    if stamp.is_file() and stamp.read_text() == wanted and python.exists():
        return python
    console.print(
        f'making build/contenders/{name} from requirements/{requirements.name} (one to three minutes)'
    )
    shutil.rmtree(venv, ignore_errors=True)
    pip = [str(python), '-m', 'pip', 'install', '--disable-pip-version-check', '--require-hashes', '-q']
    _run(name, [sys.executable, '-m', 'venv', str(venv)])
    # One of norfair's packages has no wheel: it is built with the pinned setuptools.
    _run(name, [*pip, '-r', str(build)])
    _run(name, [*pip, '--no-build-isolation', '-r', str(requirements)])
    stamp.write_text(wanted)
    return python


def _run(name: str, command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise EnvironmentMissingError(f'{name}: not installed within {PATIENCE_S:.0f} s') from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ['no reason given'])[-1]
        raise EnvironmentMissingError(f'{name}: {" ".join(command[:4])} ... failed: {last}')
