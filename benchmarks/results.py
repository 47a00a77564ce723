"""Write what a benchmark found, in the form that all of them share."""

import json
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

FOLDER = Path('build/bench')
console = Console(highlight=False, soft_wrap=True)

Number = int | float | str | None


def write(name: str, summary: Mapping[str, Number], **details: object) -> Path:
    """Write `build/bench/<name>.json`: a flat `summary`, and the details beside it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f'{name}.json'
    path.write_text(json.dumps({'summary': dict(summary), **details}, indent=2) + '\n')
    console.print(f'{name}: ' + ', '.join(f'{key} {value}' for key, value in summary.items()))
    console.print(f'written to {path}\n')
    return path
