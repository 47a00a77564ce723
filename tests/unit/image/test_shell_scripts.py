"""All shell scripts of the project, under shellcheck."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.workspace import ROOT


def shell_scripts() -> list[str]:
    listed = subprocess.run(
        ['git', 'ls-files', '--cached', '--others', '--exclude-standard'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    if not listed:
        pytest.skip('this is no git checkout')
    return [name for name in listed if (ROOT / name).is_file() and _is_shell(ROOT / name)]


def _is_shell(path: Path) -> bool:
    with path.open('rb') as file:
        first = file.readline(80)
    return first.startswith(b'#!') and first.rstrip().endswith((b'/sh', b'/bash', b'env bash'))


def test_shellcheck_has_nothing_to_say() -> None:
    shellcheck = Path(sys.prefix) / 'bin' / 'shellcheck'
    if not shellcheck.exists():
        pytest.skip('shellcheck is not installed; run: make setup')
    scripts = shell_scripts()
    assert 'docker/entrypoint.sh' in scripts
    # SC1091: what is sourced is made by colcon, later.
    run = subprocess.run(
        [shellcheck, '--exclude=SC1091', *scripts], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout) == (0, '')
