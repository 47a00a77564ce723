"""Run the tool: in this process for speed, or as the program that a person types."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from provisioning import command

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / 'provisioning' / 'parking-provision'
RUN_LIMIT_S = 600


@dataclass(frozen=True)
class Outcome:
    """What a run ended with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    def steps(self, subject: str) -> dict[tuple[str, str], str]:
        """Return the outcomes of a --json run, by what and name."""
        (found,) = (one for one in self.json['subjects'] if one['subject'] == subject)
        return {(step['what'], step['name']): step['outcome'] for step in found['steps']}

    def details(self) -> str:
        return '\n'.join(step['detail'] for one in self.json['subjects'] for step in one['steps'])


class Cli:
    """Run commands with the test's environment and its certs folder."""

    def __init__(self, capsys: pytest.CaptureFixture[str], environment: dict[str, str], certs: Path) -> None:
        self._capsys = capsys
        self.environment = environment
        self.certs = certs

    def __call__(self, *arguments: str, certs: Path | None = None) -> Outcome:
        """Run a command in this process; without --json, as for a person."""
        words = ['parking-provision', *arguments]
        if arguments[0] != 'list':
            words += ['--certs', str(certs or self.certs)]
        self._capsys.readouterr()
        with (
            patch.object(sys, 'argv', words),
            patch.dict('os.environ', self.environment),
            pytest.raises(SystemExit) as ended,
        ):
            command.main()
        written = self._capsys.readouterr()
        code = ended.value.code
        return Outcome(code if isinstance(code, int) else 0, written.out, written.err)

    def start(self, *arguments: str, certs: Path | None = None) -> 'subprocess.Popen[str]':
        """Start a command as a process of its own."""
        return subprocess.Popen(
            [PROGRAM, *arguments, '--certs', certs or self.certs],
            env={'PATH': '/usr/bin:/bin', 'HOME': str(self.certs.parent), **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, certs: Path | None = None) -> Outcome:
        """Run a command as a process of its own."""
        process = self.start(*arguments, certs=certs)
        out, err = process.communicate(timeout=RUN_LIMIT_S)
        return Outcome(process.returncode, out, err)
