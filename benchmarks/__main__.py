"""Run all benchmarks, or those that are named: `make bench BENCH=pipeline`."""

import importlib
from typing import Annotated

import typer

NAMES = ('pipeline', 'model', 'accuracy', 'delivery', 'fleet')


def bench(
    names: Annotated[list[str] | None, typer.Argument(help=f'Of {", ".join(NAMES)}; none for all.')] = None,
) -> None:
    """Run benchmarks one after another; each prints a table and writes build/bench/<name>.json."""
    wanted = names or list(NAMES)
    for name in wanted:
        if name not in NAMES:
            raise typer.BadParameter(f'{name!r} is not a benchmark; there are {", ".join(NAMES)}')
    for name in wanted:
        importlib.import_module(f'benchmarks.{name}').main()


if __name__ == '__main__':
    typer.run(bench)
