"""Read a Dockerfile (docker/Dockerfile unless another is named): what it copies, and what it installs."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.workspace import ROOT

PATH = ROOT / 'docker' / 'Dockerfile'


@dataclass(frozen=True)
class Instruction:
    """Hold one instruction, its lines joined, and the stage that it belongs to."""

    name: str
    arguments: str
    stage: str


def instructions(path: Path = PATH) -> list[Instruction]:
    """Return all instructions; those before the first stage are of the stage ''."""
    text = re.sub(r'^\s*#.*\n', '', path.read_text(), flags=re.MULTILINE)
    found: list[Instruction] = []
    stage = ''
    for line in re.sub(r'\\\n\s*', ' ', text).splitlines():
        if not line.strip():
            continue
        name, _, arguments = line.strip().partition(' ')
        if name == 'FROM':
            stage = arguments.rpartition(' ')[2]
        found.append(Instruction(name, arguments.strip(), stage))
    return found


def of(name: str, stage: str | None = None, path: Path = PATH) -> list[Instruction]:
    """Return the instructions of a name, of one stage or of all."""
    return [one for one in instructions(path) if one.name == name and stage in {None, one.stage}]


def copied(path: Path = PATH) -> list[str]:
    """Return all paths of the project that are copied into any stage."""
    sources = []
    for one in of('COPY', path=path):
        words = one.arguments.split()
        if not any(word.startswith('--from=') for word in words):
            sources += [word for word in words[:-1] if not word.startswith('--')]
    return sources


def apt_packages(stage: str | None = None) -> list[str]:
    """Return the names after `apt-get install`."""
    names = []
    for one in of('RUN', stage):
        for match in re.finditer(r'apt-get install ([^&]*)', one.arguments):
            names += [word for word in match[1].split() if not word.startswith('-')]
    return names
